"""What one call of the Purging API wants, GraphQL or REST: collected first, then carried out."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import BaseModel, Field

from controller.core.register import Again
from controller.core.tags import Purge, Tag
from controller.purge.node import NodeWorker
from controller.purge.purger import Outcome, Purger
from controller.purge.refetch import MOST, Refetcher
from controller.purge.state import NodeOutcome, NodeResult

SOURCE_LENGTH: Final = 200

Tags = dict[Tag, None] | None
"""Without repetition; None is everything."""


@dataclass(frozen=True, slots=True)
class How:
    """``dry_run``: count, and purge nothing. ``refresh``: fetch the hottest of it again."""

    soft: bool = False
    dry_run: bool = False
    refresh: bool = False


@dataclass(slots=True)
class Batch:
    """What one document asked to purge. ``asked`` are the names of what was called; ``counted``
    what is not purged but counted, by the place of its wish; ``refreshed`` what is fetched again;
    ``by`` the name of the token that was sent.
    """

    asked: dict[str, None] = field(default_factory=dict)
    purged: dict[bool, Tags] = field(default_factory=dict)
    counted: dict[str, Tags] = field(default_factory=dict)
    refreshed: list[Tags] = field(default_factory=list)
    by: str | None = None

    def add(self, name: str, place: str, tags: Iterable[Tag] | None, how: How) -> None:
        """``name`` asks for a purge of ``tags``, None for everything."""
        wanted = None if tags is None else dict.fromkeys(tags)
        if how.dry_run:
            self.counted[place] = wanted
            return
        before = self.purged.get(how.soft, {})
        self.purged[how.soft] = None if before is None or wanted is None else before | wanted
        self.asked[name] = None
        if how.refresh:
            self.refreshed.append(wanted)

    def purges(self) -> list[Purge]:
        """At most one hard and one soft purge."""
        source = f"api {', '.join(self.asked)}"[:SOURCE_LENGTH]
        if self.by is not None:
            source += f" by {self.by}"
        wanted = [(soft, self.purged.get(soft, {})) for soft in (False, True)]
        return [
            Purge(tuple(tags or ()), source, soft, everything=tags is None)
            for soft, tags in wanted
            if tags is None or tags
        ]


class NodeReport(BaseModel):
    """What became of the call at one Varnish."""

    address: str
    result: NodeResult
    milliseconds: float = Field(description="From the call until this was known.")
    matches: int | None = Field(
        None, description="Varnish's own count, of keys: several for each object."
    )
    objects: int | None = Field(None, description="How many objects known here it touched.")


class Count(BaseModel):
    """How many cached objects a purge would touch."""

    objects: int
    complete: bool = Field(description="Whether there can be no more than that.")


class Refresh(BaseModel):
    """What is fetched again, in the background."""

    queued: int


class Carried(BaseModel):
    """What there is to say about one call. Members that do not apply are absent."""

    nodes: list[NodeReport] | None = None
    dryRun: dict[str, Count] | None = Field(
        default=None, description="By alias, or by position in a list."
    )
    refresh: Refresh | None = None

    def as_json(self) -> dict[str, Any]:
        """JSON values."""
        return self.model_dump(mode="json", exclude_none=True)


async def carry_out(batch: Batch, purger: Purger, refetcher: Refetcher | None) -> Carried:
    """Count, purge, wait for the nodes, and begin to fetch again.

    Raises:
        LogUnavailable: the purge is not recorded.
    """
    counts = {place: _count(purger, tags) for place, tags in batch.counted.items()}
    # Before the purge, which takes them out of the registers.
    hottest = {node: list(_hottest(purger, node, batch.refreshed)) for node in purger.nodes}
    outcomes = await asyncio.gather(*(purger.purge(purge) for purge in batch.purges()))
    queued = None
    if batch.refreshed and refetcher is not None:
        seqs = [outcome.seq for outcome in outcomes if outcome.seq is not None]
        queued = Refresh(
            queued=sum(refetcher.after(node, seqs, again) for node, again in hottest.items())
        )
    return Carried(
        nodes=node_reports(outcomes) if outcomes else None, dryRun=counts or None, refresh=queued
    )


def _count(purger: Purger, tags: Tags) -> Count:
    found = [purger.registry.estimate(node.state.boot, tags) for node in purger.nodes]
    return Count(
        objects=sum(each.objects for each in found), complete=all(each.complete for each in found)
    )


def _hottest(purger: Purger, node: NodeWorker, wanted: Sequence[Tags]) -> Iterator[Again]:
    if wanted:
        every = [tags for tags in wanted if tags is not None]
        tags = None if len(every) < len(wanted) else {tag: None for tags in every for tag in tags}
        yield from purger.registry.hottest(node.state.boot, tags, MOST)


def node_reports(outcomes: Sequence[Outcome]) -> list[NodeReport]:
    """What became of one document at each node: of its purges the one that is not applied."""
    by_node: dict[str, list[NodeOutcome]] = {}
    for node in (node for outcome in outcomes for node in outcome.nodes):
        by_node.setdefault(node.address, []).append(node)
    return [_worst(found) for found in by_node.values()]


def _worst(found: Sequence[NodeOutcome]) -> NodeReport:
    worst = max(found, key=lambda node: (not node.done, node.milliseconds))
    matches = [node.matches for node in found if node.matches is not None]
    objects = [node.objects for node in found if node.objects is not None]
    known = len(matches) == len(found)
    return NodeReport(
        address=worst.address,
        result=worst.result,
        milliseconds=worst.milliseconds,
        # A hard and a soft purge that went in the same PURGEs have one count.
        matches=max(matches) if known else None,
        objects=sum(objects) if known else None,
    )
