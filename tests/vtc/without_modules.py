"""A generated VCL without what it needs from varnish-modules, to see whether a Varnish that these
modules are not packaged for knows the rest of it: ``python -m tests.vtc.without_modules < VCL``.

Calls of header and bodyaccess are taken out, those of var and xkey become constants of their type.
What is left is compiled, not run.
"""

import re
import sys
from typing import Final

CHANGES: Final = (
    (r"(?m)^import (bodyaccess|header|var|xkey);\n", ""),
    (r"header\.(regsub|copy)\(.*\);", ""),
    (r"bodyaccess\.hash_req_body\(\);", ""),
    (r" \|\| bodyaccess\.len_req_body\(\) <= 0", ""),
    (r"var\.global_set\([^;]*\);", ""),
    (r'var\.global_get\("\w+"\)', '""'),
    (r"xkey\.(purge|softpurge)\([^()]*\)", "0"),
)


def without_modules(vcl: str) -> str:
    """The VCL that needs only what comes with Varnish itself."""
    for pattern, replacement in CHANGES:
        vcl = re.sub(pattern, replacement, vcl)
    left = re.search(r"\b(bodyaccess|header|var|xkey)\.\w+\(", vcl)
    assert left is None, left
    return vcl


if __name__ == "__main__":
    sys.stdout.write(without_modules(sys.stdin.read()))
