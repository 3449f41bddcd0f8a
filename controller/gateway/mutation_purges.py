"""What the mutations of one request purge, and what is said of it: header, log line, metrics."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from typing import Any, Final

from controller.brain import Brain
from controller.core.instrument_source import SourceInstrumented
from controller.core.mutation import Outcome
from controller.core.mutation_types import is_exempt
from controller.core.tags import Purge, Tag
from controller.core.verdict import Mutation
from controller.gateway.headers import Header
from controller.mutation_metrics import MutationMetrics, labels
from controller.purge.purger import Intended, Purger
from controller.purge.purger import Outcome as Purged

logger = logging.getLogger(__name__)

PENDING: Final[Header] = (b"shellac-purge", b"pending")
SHOWN_TAGS: Final = 20
"""Of a purge, in its log line."""
SHOWN_LENGTH: Final = 200
"""Characters of a tag there: a client chooses how long an id is."""


@dataclass(frozen=True, slots=True)
class MutationPurger:
    """Makes the purges of mutations and reports them."""

    purger: Purger
    metrics: MutationMetrics

    def intended(self, purge: Purge) -> AbstractAsyncContextManager[Intended]:
        """Record what a write could touch. See ``Purger.intended``."""
        return self.purger.intended(purge)

    async def settle(
        self, intended: Intended, purge: Purge, fields: Sequence[str], brain: Brain
    ) -> Purged:
        """Purge what a write has changed. ``fields`` are its root fields' names."""
        started = time.perf_counter()
        purged = await intended.settle(purge)
        self.report(purge, purged, fields, brain, time.perf_counter() - started)
        return purged

    async def purge(self, purge: Purge, fields: Sequence[str], brain: Brain) -> Purged:
        """Purge what a part of an answer tells; the intent stands until the last one.

        Raises:
            LogUnavailable: it is not recorded.
        """
        started = time.perf_counter()
        purged = await self.purger.purge(purge)
        self.report(purge, purged, fields, brain, time.perf_counter() - started)
        return purged

    def report(
        self, purge: Purge, purged: Purged, fields: Sequence[str], brain: Brain, seconds: float
    ) -> None:
        """One line and the counts of one purge."""
        known = brain.mutation_fields
        if purge.tags or purge.everything:
            found = labels(fields, known)
            self.metrics.purged(found, removed=purged.removed, seconds=seconds)
            logger.info(
                "%s (%s) purged %s: %d objects in %.1f ms%s",
                shown(purge.source),
                ", ".join(found),
                "everything" if purge.everything else _tags(purge.tags),
                purged.removed,
                seconds * 1_000,
                "" if purged.acknowledged else ", pending",
            )


def mutation_purge(
    brain: Brain,
    mutation: Mutation,
    sent: SourceInstrumented[Any] | None,
    outcome: Outcome,
    metrics: MutationMetrics | None = None,
) -> Purge:
    """What a mutation changed, as far as ``outcome`` tells. ``Unknown()``: what it could touch.

    Everything where another brain has taken the place of this one since the mutation began, whose
    tags may be other ones. ``metrics`` are told of fields that purge nothing because nothing names
    a type.
    """
    effect = brain.effect(mutation, sent, outcome)
    if brain.replaced:
        return replace(effect.purge, tags=(), everything=True)
    if effect.unnamed and metrics is not None:
        metrics.unnamed(labels(effect.unnamed, brain.mutation_fields))
        name, fields = mutation.operation.name or "without a name", ", ".join(effect.unnamed)
        logger.warning("mutation %s purges nothing for %s: no type is named", name, fields)
    return effect.purge


def root_fields(brain: Brain, mutation: Mutation) -> tuple[str, ...]:
    """The names of a mutation's root fields in the schema, each once."""
    found = brain.instrumented_source(mutation.operation).layout.root_fields.values()
    names = dict.fromkeys(each.nodes[0].name.value for each in found)
    return tuple(name for name in names if not name.startswith("__"))


def purges_nothing(brain: Brain, mutation: Mutation) -> bool:
    """Whether a mutation is none of a cache's business: policy None for all it does."""
    return all(is_exempt(brain.policy, name) for name in root_fields(brain, mutation))


def purge_headers(purged: Purged) -> list[Header]:
    """What the answer says of its purge."""
    headers = [(b"shellac-purged", str(purged.removed).encode())]
    return headers if purged.acknowledged else [*headers, PENDING]


def _tags(tags: Iterable[Tag]) -> str:
    """The entities first, for they say most."""
    found = sorted(tags, key=lambda tag: (not tag.startswith("key:"), tag))
    more = f" and {len(found) - SHOWN_TAGS} more tags" if len(found) > SHOWN_TAGS else ""
    return " ".join(map(shown, found[:SHOWN_TAGS])) + more


def shown(text: str) -> str:
    """A client's text for a log line: one line, and no longer than that."""
    cut = text if len(text) <= SHOWN_LENGTH else f"{text[:SHOWN_LENGTH]}…"
    return cut if cut.isprintable() else repr(cut)
