"""Regular expressions of VCL: for what purges name, and of lists of the config."""

from __future__ import annotations

import re
from typing import Final

from vclgen.direct.profiles import Separator

LONGEST_TAG: Final = 200
"""Bytes of a tag that is purged by name; what is longer is purged by every purge of a tag."""
PATTERN_TAG: Final = r"\(\(\^\|,\)([^][()|,^$*+?{}\\\s]+)\(,\|\$\)\)(?:\||$)"
"""One tag of a Magento pattern, ``((^|,)TAG(,|$))``, and the bar behind it. What could mean more
than itself in a regular expression is no tag here, but for the dot: Magento escapes nothing, and
identifiers of CMS blocks may hold one."""
_GROUP: Final = rf"\x22[!#-+.-\[\]-~-]{{1,{LONGEST_TAG}}}\x22"
PLAIN_GROUPS: Final = rf"^(?=.{{1,16000}}$)\s*+{_GROUP}(?:\s*+,\s*+{_GROUP})*+\s*$"
"""A list of strings (RFC 9875) in which every string is a tag as objects have them: no escapes,
parameters, blanks or commas. The bound keeps it readable within Varnish's workspace."""


def anywhere(paths: tuple[str, ...]) -> str | None:
    """Paths as a regular expression that finds them at any segment of a URL's path."""
    names = "|".join(re.escape(path.strip("/")) for path in paths)
    return rf"^[^?]*/({names})(/|\?|$)" if names else None


def parameters(names: tuple[str, ...]) -> str | None:
    """URL parameters as alternatives; a trailing ``*`` stands for any ending."""
    found = "|".join(
        re.escape(name.removesuffix("*")) + ("[^=&]*" if name.endswith("*") else "")
        for name in sorted(set(names))
    )
    return found or None


def odd_tag(separator: Separator) -> str:
    """A regular expression that finds a tag which is not purged by name in a list of tags whose
    separators are tidy. xkey splits on blanks and commas: neither can be in a tag.
    """
    match separator:
        case "space":
            return rf"[^!-~ ]|,|[^ ]{{{LONGEST_TAG + 1}}}"
        case "comma":
            return rf"[^!-~]|[^,]{{{LONGEST_TAG + 1}}}"
        case "structured":  # still quoted: RFC 9875, section 2; no parameters, no escapes
            edges = r"^[^\x22]|[^\x22]$|[^\x22],|,[^\x22]"
            return rf"[^!-~]|[\x5c;]|{edges}|[^,]{{{LONGEST_TAG + 3}}}"
