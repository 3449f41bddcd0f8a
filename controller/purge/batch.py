"""From a run of log entries to the PURGE requests that do the same with fewest words.

Within a run order does not matter: a purge only makes objects unreachable (hard) or stale (soft),
so a hard one covers every soft one of the same tag and a flush covers everything. The cursor moves
with the last request, so a run that breaks off is repeated from its start.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from controller.core.origin_tags import (
    SOME_KEY,
    SOME_URL_KEY,
    names_a_url,
    names_objects_of_an_origin,
)
from controller.core.tags import Tag, service_tag, wire
from controller.purge.log import Entry

LINE_BYTES: Final = 7_500
"""Of one header line's value; Varnish takes 8 kB with the name (docs/protocol.md)."""
LINES: Final = 3


@dataclass(frozen=True, slots=True)
class PurgeRequest:
    """One PURGE. ``lines`` are values of ``xkey-softpurge`` if ``soft``, else of ``xkey-purge``.

    ``seq`` is the node's cursor once this is done, None before the last request of a run.
    ``flush`` is the seq that names a new data generation.
    """

    lines: tuple[str, ...] = ()
    soft: bool = False
    flush: int | None = None
    seq: int | None = None

    @property
    def keys(self) -> int:
        """How many keys it names."""
        return sum(line.count(" ") + 1 for line in self.lines)


def requests_for(entries: Sequence[Entry], service: str) -> list[PurgeRequest]:
    """The requests that apply ``entries`` (in the log's order, at least one) to a Varnish."""
    seq = entries[-1].seq
    flushes = [e.seq for e in entries if e.purge.everything and not e.purge.soft]
    if flushes:
        return [PurgeRequest(flush=flushes[-1], seq=seq)]
    hard = dict.fromkeys(tags_of(entries, service, soft=False))
    soft = dict.fromkeys(tags_of(entries, service, soft=True))
    if (everything := service_tag(service)) in soft:
        soft = {everything: None}
    requests = [
        *_requests(_keys(hard, service), soft=False),
        *_requests(_keys([tag for tag in soft if tag not in hard], service), soft=True),
    ]
    *first, last = requests or [PurgeRequest()]
    return [*first, PurgeRequest(last.lines, last.soft, last.flush, seq)]


def own_key_requests(own_keys: Sequence[str], *, soft: bool) -> list[PurgeRequest]:
    """The requests that purge answers by their own keys (``controller.core.recent``)."""
    return list(_requests(own_keys, soft=soft))


def tags_of(entries: Iterable[Entry], service: str, *, soft: bool) -> Iterator[Tag]:
    """The tags that hard or soft entries purge; everything is the service's tag."""
    for entry in entries:
        if entry.purge.soft == soft:
            yield from (service_tag(service),) if entry.purge.everything else entry.purge.tags


def all_tags_of(entries: Sequence[Entry], service: str) -> frozenset[Tag]:
    """The tags that entries purge, hard or soft."""
    return frozenset(tag for soft in (False, True) for tag in tags_of(entries, service, soft=soft))


def _keys(tags: Collection[Tag], service: str) -> list[str]:
    """The tags on the wire; with an origin's goes what some key of could not be written."""
    keys = dict.fromkeys(wire(service, tag) for tag in tags)
    if any(map(names_objects_of_an_origin, tags)):
        keys[SOME_KEY] = None
    if any(map(names_a_url, tags)):
        keys[SOME_URL_KEY] = None
    return list(keys)


def _requests(keys: Sequence[str], *, soft: bool) -> Iterator[PurgeRequest]:
    lines = list(_lines(keys))
    for i in range(0, len(lines), LINES):
        yield PurgeRequest(tuple(lines[i : i + LINES]), soft)


def _lines(keys: Sequence[str]) -> Iterator[str]:
    """As many keys on a line as it takes; keys are ASCII, so a character is a byte."""
    start, length = 0, -1
    for i, key in enumerate(keys):
        length += len(key) + 1
        if length > LINE_BYTES:
            yield " ".join(keys[start:i])
            start, length = i, len(key)
    if keys:
        yield " ".join(keys[start:])
