"""Invariant 1, Varnish's half: answers that may not be indexed yet.

Varnish makes an object hittable a moment before xkey knows its tags, so a PURGE that lands between
the two misses it and is acknowledged all the same (seen: 413 of 500). Each storable answer
therefore carries a key of its own, and whoever purges one of its tags first purges that key until
Varnish has found it (``controller.purge.chase``).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from controller.core.tags import Tag


@dataclass(frozen=True, slots=True)
class _Answer:
    at: float
    lasts: float
    tags: frozenset[Tag]


class Recent:
    """The own keys of recent answers, with at most ``most`` tags in all.

    Answers older than ``seconds`` are forgotten when ``expire`` is called: by whoever knows that
    the node was not silent meanwhile, for what a stopped Varnish was given may come to be stored
    when it goes on. Times are seconds of any clock that does not run backwards.
    """

    def __init__(self, *, seconds: float, most: int) -> None:
        self._seconds = seconds
        self._most = most
        self._count = 0
        self._answers: OrderedDict[str, _Answer] = OrderedDict()
        self._by_tag: dict[Tag, set[str]] = {}
        self.purging: frozenset[Tag] = frozenset()
        """What is being purged at the node: an answer with one of these could go with it, and its
        own key would be looked for in vain."""

    def register(self, own_key: str, tags: Collection[Tag], now: float, *, max_age: float) -> None:
        """An answer goes to Varnish: in the tick in which the fence admitted it.

        After ``max_age`` seconds it may have expired there, or have been replaced.
        """
        self._answers[own_key] = _Answer(now, now + max_age, frozenset(tags))
        self._count += len(self._answers[own_key].tags)
        for tag in tags:
            self._by_tag.setdefault(tag, set()).add(own_key)
        while self._count > self._most and len(self._answers) > 1:
            self.forget((next(iter(self._answers)),))

    def touching(self, tags: Iterable[Tag]) -> set[str]:
        """The own keys of answers that carry one of ``tags``."""
        return {key for tag in tags for key in self._by_tag.get(tag, ())}

    def lasting(self, own_keys: Iterable[str], until: float) -> dict[str, frozenset[Tag]]:
        """Those that are in Varnish until then, or still to come there, with their tags."""
        answers = self._answers
        return {key: answers[key].tags for key in own_keys if answers[key].lasts > until}

    def forget(self, own_keys: Iterable[str]) -> None:
        """These are indexed, purged, or never came to be stored."""
        for key in own_keys:
            answer = self._answers.pop(key, None)
            if answer is None:
                continue
            self._count -= len(answer.tags)
            for tag in answer.tags:
                keys = self._by_tag[tag]
                keys.discard(key)
                if not keys:
                    del self._by_tag[tag]

    def expire(self, now: float) -> None:
        """Forget what is older than ``seconds``."""
        oldest = now - self._seconds
        expired = []
        for key, answer in self._answers.items():
            if answer.at > oldest:
                break
            expired.append(key)
        self.forget(expired)
