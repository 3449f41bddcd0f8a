"""Purges as the clients form them, from their published code."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from controller.core.dialects.asked import Asked, Meant, Refused
from controller.core.dialects.profiles import read_purge
from controller.core.direct import Profile

MAGENTO_BYTES = 7_680
"""``maxHeaderSize`` of Magento's PurgeCache."""
FOS_BYTES = 7_500
"""``header_length`` of FOSHttpCache's Varnish client."""
API_PLATFORM_BYTES = 8_000

_SPECIAL = re.compile(r"[.\\+*?\[^\]${}()=!<>|:\-#/]")


def asked(method: str, target: str = "/", /, host: str = "shop.test", **headers: str) -> Asked:
    """A request; ``X_Cache_Tags`` stands for ``X-Cache-Tags``."""
    named = {name.replace("_", "-").lower(): (value,) for name, value in headers.items()}
    return Asked(method, host, target, named)


def meant(profile: Profile, request: Asked) -> Meant:
    """What a request means that is not refused."""
    found = read_purge(profile, request)
    assert isinstance(found, Meant), found
    return found


def refused(profile: Profile, request: Asked) -> tuple[int, str]:
    """The status and the words of a refusal."""
    found = read_purge(profile, request)
    assert isinstance(found, Refused), found
    return found.status, found.message


def tags(profile: Profile, *requests: Asked) -> list[str]:
    """The origin's tags that these requests purge, and nothing else, in order."""
    found = []
    for request in requests:
        for purge in meant(profile, request).purges:
            assert not purge.everything, purge.doubt
            found += [tag.removeprefix("origin:") for tag in purge.tags]
    return found


def preg_quote(text: str) -> str:
    """PHP's, with ``/`` as the delimiter quoted or not: clients pass none."""
    return _SPECIAL.sub(lambda found: found[0] if found[0] == "/" else f"\\{found[0]}", text)


def magento(names: Sequence[str], most: int = MAGENTO_BYTES) -> Iterator[str]:
    """The patterns of Magento's ``chunkTags``."""
    chunk: list[str] = []
    size = 0
    for each in (f"((^|,){name}(,|$))" for name in names):
        if size + len(each) + len(chunk) > most:
            yield "|".join(chunk)
            chunk, size = [], 0
        chunk.append(each)
        size += len(each)
    if chunk:
        yield "|".join(chunk)


def fos(names: Sequence[str], most: int = FOS_BYTES, *, ban: bool) -> Iterator[str]:
    """The header values of FOSHttpCache's ``invalidateTags``."""
    clean = [re.sub(r"[,\n]", "_", name) for name in names]
    quoted = list(map(preg_quote, clean)) if ban else list(names)
    glue = "|" if ban else " "
    per_header = len(quoted)
    if len(glue.join(quoted)) >= most:
        per_header = most // (max(map(len, quoted)) + 1) or 1
    for i in range(0, len(quoted), per_header):
        joined = glue.join(quoted[i : i + per_header])
        yield f"(^|,)({joined})(,|$)" if ban else joined


def api_platform(iris: Sequence[str], most: int = API_PLATFORM_BYTES) -> Iterator[str]:
    """The patterns of API Platform's VarnishPurger."""
    parts = list(map(preg_quote, iris))
    while parts:
        count = len(parts)
        while count > 1 and len("|".join(parts[:count])) > most:
            count -= 1
        yield f"({'|'.join(parts[:count])})($|\\,)"
        parts = parts[count:]


def api_platform_keys(iris: Sequence[str], most: int = API_PLATFORM_BYTES) -> Iterator[str]:
    """The header values of API Platform's VarnishXKeyPurger."""
    line = ""
    for iri in iris:
        if line and len(f"{line} {iri}") > most:
            yield line
            line = ""
        line = f"{line} {iri}" if line else iri
    if line:
        yield line


def drupal(names: Sequence[str]) -> Iterator[str]:
    """The header values of Varnish Purger's ``invalidateTags``: 15 tags each."""
    for i in range(0, len(names), 15):
        yield " ".join(names[i : i + 15])
