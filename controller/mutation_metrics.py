"""What mutations purged, for ``/metrics``: by field of the mutation root, of the schema's alone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Final

from prometheus_client import Counter, Histogram
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

OTHER: Final = "other"
"""The label of what no schema knows, so that clients cannot make labels."""
_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)


class MutationMetrics(Collector):
    """Told by the gateway, read by the admin listener."""

    def __init__(self) -> None:
        self._purges = Counter(
            "shellac_mutation_purges", "Mutations whose purge was made", ["field"], registry=None
        )
        self._removed = Counter(
            "shellac_mutation_removed_objects",
            "Objects that Varnish counted as removed for them",
            ["field"],
            registry=None,
        )
        self._unnamed = Counter(
            "shellac_mutations_unnamed",
            "Mutations that purged nothing since nothing names a type",
            ["field"],
            registry=None,
        )
        self._seconds = Histogram(
            "shellac_mutation_purge_seconds",
            "From the origin's answer to the end of the purge",
            buckets=_SECONDS,
            registry=None,
        )

    def purged(self, fields: Iterable[str], *, removed: int, seconds: float) -> None:
        """A mutation with these root fields was purged for."""
        for name in fields:
            self._purges.labels(name).inc()
            self._removed.labels(name).inc(removed)
        self._seconds.observe(seconds)

    def unnamed(self, fields: Iterable[str]) -> None:
        """These root fields should have purged something, and nothing says what."""
        for name in fields:
            self._unnamed.labels(name).inc()

    def collect(self) -> Iterator[Metric]:
        """For Prometheus."""
        for metric in (self._purges, self._removed, self._unnamed, self._seconds):
            yield from metric.collect()


def labels(fields: Iterable[str], known: Collection[str]) -> tuple[str, ...]:
    """The labels of root fields, once each. ``known`` are the schema's."""
    return tuple(dict.fromkeys(name if name in known else OTHER for name in fields))
