"""Keys of Stellate, and of our design, that are known but not honoured.

Ignoring a warned key changes nothing that is cached, keyed or purged. Ignoring a refused one would
be wrong or unsafe, so it stops the config, unless its value says "off".
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from vclgen.config.source import KeyPath

WARNED: Final = {
    "customAttributes": "labelled requests in Stellate's dashboard",
    "description": "described the service in Stellate's dashboard",
    "devPortal": "configured Stellate's developer portal",
    "enablePlayground": "showed GraphiQL at the edge",
    "graphiql": "showed GraphiQL at the edge",
    "httpVersion": "chose the HTTP version towards the origin; Shellac speaks 1.1",
    "schemaView": "chose what the published schema shows",
    "userId": "labelled requests in Stellate's dashboard",
    "variableLogging": "chose whether Stellate logs variables; Shellac logs none",
}
"""Each key with what it did."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a key is refused and the way out.

    ``off``: further values that mean what happens without the key, as do false, nothing, and
    ``enabled: false`` in all parts.
    """

    what: str
    fix: str
    off: tuple[Any, ...] = ()


_LIMITS: Final = "limit requests at the origin or in a proxy before Shellac, then remove the key"
_SECURITY: Final = "enforce it at the origin, then remove the key"

REFUSED: Final[Mapping[tuple[str, ...], Refused]] = {
    ("complexity",): Refused("query complexity is not computed yet", _LIMITS),
    ("getConsumerIdentifiers",): Refused(
        "rate limits by consumer are not built yet", "group by ip, header or cookie in rateLimits"
    ),
    ("partialQueryCaching",): Refused(
        "root fields cannot be cached apart yet",
        "remove it: a query is cached whole, with the shortest maxAge of its rules",
    ),
    ("persistedOperations",): Refused(
        "persisted operations are not built yet", "let the origin resolve them: they pass uncached"
    ),
    ("queryDepthLimit",): Refused("query depth is not limited yet", _SECURITY),
    ("rateLimit",): Refused(
        "the old form of a rate limit is not built yet", "write it as an entry of rateLimits"
    ),
    ("requestSigning",): Refused(
        "origin requests are not signed yet",
        "send the origin a secret with originHeaders, then remove the key",
    ),
    ("security", "aliases"): Refused("aliases are not limited yet", _SECURITY),
    ("security", "depth"): Refused("query depth is not limited yet", _SECURITY),
    ("security", "directives"): Refused("directives are not limited yet", _SECURITY),
    ("security", "suggestionsInErrors"): Refused("suggestions are not masked yet", _SECURITY),
    ("unknownOperations",): Refused(
        "only passing on unknown operations is built yet", "write pass, or remove it", off=("pass",)
    ),
}
"""By key path."""


def refusals(data: Mapping[str, Any]) -> Iterator[tuple[KeyPath, Refused]]:
    """The refused keys that ``data`` holds with a value that is not off."""
    for path, refused in REFUSED.items():
        for value in _found(data, path):
            if not _accepted(refused, value):
                yield path, refused


def without_known(data: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of ``data`` without the keys of ``WARNED`` and ``REFUSED``."""
    kept: dict[str, Any] = {key: value for key, value in data.items() if key not in WARNED}
    for path in REFUSED:
        kept = _without(kept, path)
    return kept


def did_you_mean(key: object, known: Iterable[str]) -> str:
    """Advice for an unknown key: the nearest known one."""
    names = {name.lower(): name for name in known}
    wanted = str(key).lower().replace("_", "").replace("-", "")
    near = difflib.get_close_matches(wanted, names, n=1, cutoff=0.7)
    if near:
        return f"did you mean {names[near[0]]}?"
    return "remove it; docs/config.md lists the keys"


def _accepted(refused: Refused, value: Any) -> bool:
    if any(type(value) is type(off) and value == off for off in refused.off):
        return True
    return _is_off(value)


def _is_off(value: Any) -> bool:
    """Whether a value switches its feature off: by itself, by ``enabled``, or in all its parts."""
    if isinstance(value, Mapping):
        for switch in ("enabled", "isEnabled"):
            if switch in value:
                return value[switch] in (False, None)
        return value.get("state") == "disabled" or all(map(_is_off, value.values()))
    if isinstance(value, list):
        return all(map(_is_off, value))
    return value is False or value is None


def _found(data: Any, path: tuple[str, ...]) -> Iterator[Any]:
    """The value at a path, if there is one."""
    if not path:
        yield data
    elif isinstance(data, Mapping) and path[0] in data:
        yield from _found(data[path[0]], path[1:])


def _without(data: Any, path: tuple[str, ...]) -> Any:
    first, rest = path[0], path[1:]
    if not isinstance(data, Mapping):
        return data
    if not rest:
        return {key: value for key, value in data.items() if key != first}
    return {key: _without(value, rest) if key == first else value for key, value in data.items()}
