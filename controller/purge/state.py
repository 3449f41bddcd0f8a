"""How a Varnish stands, as values for readiness, metrics and people."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Literal, assert_never

from controller.errors import (
    LogUnavailable,
    NodeError,
    NodeMisbehaved,
    NodeRefused,
    NodeUnreachable,
)
from controller.purge.batch import PurgeRequest


class NodeStatus(StrEnum):
    """How a node stands. Only ``READY`` means that it has every purge and the right plan."""

    STARTING = "starting"
    BEHIND = "behind"
    READY = "ready"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    MISBEHAVING = "misbehaving"


@dataclass(frozen=True, slots=True)
class NodeState:
    """What is known of a node. ``seq`` is its cursor; ``lag`` for how many seconds the oldest purge
    that it has not applied has been waiting.

    ``since`` is when ``status`` last changed; ``boot``, ``digest`` and ``plan`` are the node's own
    words when it last spoke.
    """

    address: str
    status: NodeStatus
    since: datetime
    seq: int | None = None
    lag: float = 0.0
    boot: str | None = None
    digest: str | None = None
    plan: str | None = None
    error: str | None = None

    @property
    def up_since(self) -> datetime | None:
        """When its cache was empty last: the start of its varnishd's child process."""
        started = (self.boot or "").partition("-")[0]
        return datetime.fromtimestamp(int(started), UTC) if started.isdecimal() else None

    @property
    def reachable(self) -> bool:
        """Whether it answered when last asked, be it with a refusal."""
        return self.status not in (NodeStatus.STARTING, NodeStatus.UNREACHABLE)

    def become(self, status: NodeStatus, error: str | None = None) -> NodeState:
        """The state with ``status`` from now on; a node that is ready has nothing waiting."""
        since = self.since if status is self.status else datetime.now(UTC)
        lag = 0.0 if status is NodeStatus.READY else self.lag
        return replace(self, status=status, since=since, lag=lag, error=error)


@dataclass(slots=True)
class NodeCounts:
    """What the worker has done since it was made, for metrics."""

    requests: int = 0
    keys: int = 0
    matches: int = 0
    flushes: int = 0
    failures: int = 0
    unchased: int = 0
    """Runs before which an answer's own key was not found in time."""

    def sent(self, request: PurgeRequest, matches: int) -> None:
        """A PURGE was answered."""
        self.matches += matches
        self.requests += 1
        self.keys += request.keys
        self.flushes += request.flush is not None


@dataclass(frozen=True, slots=True)
class Touched:
    """What an entry of the log did at a node. ``matches`` are Varnish's own count, for all entries
    that went in the same PURGEs: one for each key of an object, and none for objects so new that
    they were purged by their own keys. ``objects`` are those of ``controller.purge.registry``.
    """

    matches: int
    objects: int


NodeResult = Literal["applied", "lapsed", "pending", "unreachable", "refused"]


@dataclass(frozen=True, slots=True)
class NodeOutcome:
    """What became of a purge at one node when the wait ended.

    "lapsed": the node has no lease, so it serves no hits, and will have applied the purge before it
    does. The other results but "applied" mean that it comes later. ``milliseconds`` count from the
    call. Where it is applied and this is a node of this controller: ``matches`` is what Varnish
    counted for the PURGEs in which it went, ``objects`` how many of those known here it touched.
    """

    address: str
    result: NodeResult
    milliseconds: float
    matches: int | None = None
    objects: int | None = None

    @property
    def done(self) -> bool:
        """Whether the node can serve nothing older any more."""
        return self.result in ("applied", "lapsed")


def status_of(error: NodeError | LogUnavailable) -> NodeStatus:
    """What a failure says of the node."""
    match error:
        case NodeUnreachable():
            return NodeStatus.UNREACHABLE
        case NodeRefused():
            return NodeStatus.REFUSED
        case NodeMisbehaved():
            return NodeStatus.MISBEHAVING
        case LogUnavailable() | NodeError():
            return NodeStatus.BEHIND
        case _:
            assert_never(error)
