"""Which server of the origin a request goes to: the healthy ones in turn, by weight.

Pure: whoever asks a server says how it went. Health is counted as Varnish's probes count it: of the
last ``window`` probes ``threshold`` must be good.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from yarl import URL

from vclgen.config import Config
from vclgen.config.origins import OriginProbe

logger = logging.getLogger(__name__)


class Server:
    """One server. ``asked`` counts the requests it got or should have got, ``refused`` those for
    which there was no connection, ``failed`` the probes that were not good. ``error`` is what was
    wrong last, None since the last good probe.
    """

    def __init__(self, url: str, *, weight: int = 1, probe: OriginProbe | None = None) -> None:
        self.url: Final = URL(url)
        self.name: Final = url.partition("?")[0]  # a query string can hold a key
        self.weight: Final = weight
        self.credit = 0
        self.asked = 0
        self.refused = 0
        self.failed = 0
        self.error: str | None = None
        self._threshold = probe.threshold if probe is not None else 0
        initial = self._threshold if probe is None or probe.initial is None else probe.initial
        self._probes = deque([True] * initial, maxlen=probe.window if probe is not None else 0)

    @property
    def healthy(self) -> bool:
        """Whether enough of its last probes were good. Always, where nothing probes."""
        return sum(self._probes) >= self._threshold

    def probed(self, error: str | None) -> None:
        """Take in a probe; ``error`` is what was wrong, None if it was good."""
        before = self.healthy
        self._probes.append(error is None)
        self.error = error
        self.failed += error is not None
        self._tell(before)

    def refuse(self, error: str) -> None:
        """No connection could be made for a request: sick until the next good probe, however many
        were good before.
        """
        before = self.healthy
        self.refused += 1
        self.error = error
        if self._threshold:
            self._probes.clear()
            self._probes.extend([True] * (self._threshold - 1))
        self._tell(before)

    def _tell(self, before: bool) -> None:
        if self.healthy and not before:
            logger.info("the origin %s is healthy again", self.name)
        elif before and not self.healthy:
            logger.warning("the origin %s is sick: %s", self.name, self.error)


class Director:
    """All servers of the origin."""

    def __init__(self, servers: Sequence[Server]) -> None:
        self.servers: Final = tuple(servers)
        self._all_sick = False

    def order(self, asked: Sequence[Server] = ()) -> list[Server]:
        """Every server, best first. ``asked`` are those that had the same request before.

        Healthy before sick, seldom asked before often asked. Among equals it is a weighted round
        robin: each gains its weight, and the first one pays the weight of all.
        """
        first = min(self._rank(server, asked) for server in self.servers)
        equals = [server for server in self.servers if self._rank(server, asked) == first]
        for server in equals:
            server.credit += server.weight
        chosen = max(equals, key=lambda server: server.credit)
        chosen.credit -= sum(server.weight for server in equals)
        self._tell(sick=first[0])
        rest = [server for server in self.servers if server is not chosen]
        rest.sort(key=lambda server: (*self._rank(server, asked), -server.credit))
        return [chosen, *rest]

    def _rank(self, server: Server, asked: Sequence[Server]) -> tuple[bool, int]:
        return not server.healthy, asked.count(server)

    def _tell(self, *, sick: bool) -> None:
        if sick and not self._all_sick:
            logger.error("no origin is healthy: all are asked as if they were")
        self._all_sick = sick


def director_of(config: Config) -> Director:
    """The servers that the config names."""
    probe = config.probe
    return Director(
        [Server(server.url, weight=server.weight, probe=probe) for server in config.servers]
    )


class OriginMetrics(Collector):
    """The state of the servers of now, for ``/metrics``."""

    def __init__(self, director: Callable[[], Director]) -> None:
        self._director = director

    def collect(self) -> Iterator[Metric]:
        """For Prometheus."""
        servers = self._director().servers
        healthy = GaugeMetricFamily(
            "shellac_origin_healthy", "1 while an origin is healthy", labels=["origin"]
        )
        for server in servers:
            healthy.add_metric([server.name], float(server.healthy))
        yield healthy
        described = {
            "asked": "Requests that went to an origin, or would have with a connection",
            "refused": "Those of them for which there was no connection",
            "failed": "Probes that were not good",
        }
        for name, text in described.items():
            family = CounterMetricFamily(f"shellac_origin_{name}", text, labels=["origin"])
            for server in servers:
                family.add_metric([server.name], getattr(server, name))
            yield family
