"""Metrics in Prometheus' text form, read from the running parts when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from controller.purge.purger import Purger
from controller.purge.state import NodeStatus


def purge_registry(purger: Purger) -> CollectorRegistry:
    """A registry of its own with the metrics of the purge path."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_PurgeCollector(purger))
    return registry


def exposition(registry: CollectorRegistry) -> bytes:
    """What ``/metrics`` answers."""
    return generate_latest(registry)


class _PurgeCollector(Collector):
    def __init__(self, purger: Purger) -> None:
        self._purger = purger

    def collect(self) -> Iterator[Metric]:
        recorded = CounterMetricFamily(
            "shellac_purges", "Purges recorded in the log", labels=["source"]
        )
        for source, count in self._purger.recorded.items():
            recorded.add_metric([source], count)
        yield recorded
        yield from self._gauges()
        yield from self._counters()

    def _gauges(self) -> Iterator[Metric]:
        status = GaugeMetricFamily(
            "shellac_node_status", "1 for the status a node has", labels=["node", "status"]
        )
        seq = GaugeMetricFamily("shellac_node_seq", "Last purge applied", labels=["node"])
        lag = GaugeMetricFamily(
            "shellac_node_lag_seconds",
            "For how long the oldest purge not yet applied has waited",
            labels=["node"],
        )
        up = GaugeMetricFamily(
            "shellac_node_up_since_seconds", "When its cache was empty last", labels=["node"]
        )
        since = GaugeMetricFamily(
            "shellac_node_status_since_seconds", "When the status last changed", labels=["node"]
        )
        for node in (worker.state for worker in self._purger.nodes):
            for each in NodeStatus:
                status.add_metric([node.address, each.value], float(each is node.status))
            seq.add_metric([node.address], node.seq or 0)
            lag.add_metric([node.address], node.lag)
            if node.up_since is not None:
                up.add_metric([node.address], node.up_since.timestamp())
            since.add_metric([node.address], node.since.timestamp())
        yield from (status, seq, lag, up, since)

    def _counters(self) -> Iterator[Metric]:
        described = {
            "requests": "PURGE requests sent",
            "keys": "Keys in them",
            "matches": "Matches that Varnish counted for them",
            "flushes": "Flushes",
            "failures": "Attempts that failed",
            "unchased": "Runs left unacknowledged: an answer's own key was not found in time",
        }
        for name, text in described.items():
            family = CounterMetricFamily(f"shellac_node_purge_{name}", text, labels=["node"])
            for worker in self._purger.nodes:
                family.add_metric([worker.address], getattr(worker.counts, name))
            yield family
