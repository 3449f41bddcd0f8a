"""How a Varnish stands, as values for readiness, metrics and people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


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
    """What is known of a node. ``seq`` is its cursor, ``lag`` how many entries it is behind.

    ``since`` is when ``status`` last changed; ``boot``, ``digest`` and ``plan`` are the node's own
    words when it last spoke.
    """

    address: str
    status: NodeStatus
    since: datetime
    seq: int | None = None
    lag: int = 0
    boot: str | None = None
    digest: str | None = None
    plan: str | None = None
    error: str | None = None

    @property
    def reachable(self) -> bool:
        """Whether it answered when last asked, be it with a refusal."""
        return self.status not in (NodeStatus.STARTING, NodeStatus.UNREACHABLE)


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
