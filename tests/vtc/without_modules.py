"""A generated VCL without what it needs from varnish-modules, to see whether a Varnish that these
modules are not packaged for knows the rest of it: ``python -m tests.vtc.without_modules < VCL``.

Statements of header and bodyaccess are taken out, the other calls become constants of their type.
What is left is compiled, not run.
"""

import re
import sys
from typing import Final

_PLAIN: Final = r'(?:[^()"]|"[^"\n]*")'


def _arguments(depth: int) -> str:
    inner = _PLAIN if depth == 0 else rf"(?:{_PLAIN}|{_arguments(depth - 1)})"
    return rf"\({inner}*\)"


_ARGUMENTS: Final = _arguments(4)
CHANGES: Final = (
    (r"(?m)^import (bodyaccess|header|var|vsthrottle|xkey);\n", ""),
    (rf"header\.(append|copy|regsub){_ARGUMENTS};", ""),
    (rf"header\.get{_ARGUMENTS}", '""'),
    (r"bodyaccess\.hash_req_body\(\);", ""),
    (r" \|\| bodyaccess\.len_req_body\(\) <= 0", ""),
    (rf"var\.global_set{_ARGUMENTS};", ""),
    (rf"var\.global_get{_ARGUMENTS}", '""'),
    (rf"vsthrottle\.is_denied{_ARGUMENTS}", "false"),
    (rf"vsthrottle\.remaining{_ARGUMENTS}", "0"),
    (rf"xkey\.(purge|softpurge){_ARGUMENTS}", "0"),
)


def without_modules(vcl: str) -> str:
    """The VCL that needs only what comes with Varnish itself."""
    for pattern, replacement in CHANGES:
        vcl = re.sub(pattern, replacement, vcl)
    left = re.search(r"\b(bodyaccess|header|var|vsthrottle|xkey)\.\w+\(", vcl)
    assert left is None, left
    return vcl


if __name__ == "__main__":
    sys.stdout.write(without_modules(sys.stdin.read()))
