"""What a run has seen, and the table that says so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from tests.soak.judge import Stale
from tests.soak.options import Options

DETAILS: Final = 10


@dataclass
class Tally:
    """Counts of everything. Times are seconds. ``failed``: reads without an answer, by reason.

    ``acknowledged``: from sending a write to its answer, without the time the origin took.
    ``lags``: how stale the answers of other nodes were where that is no violation.
    """

    reads: int = 0
    hits: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    writes: Counter[str] = field(default_factory=Counter)
    purges: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    violations: Counter[str] = field(default_factory=Counter)
    details: list[str] = field(default_factory=list)
    longest: float = 0.0
    acknowledged: list[float] = field(default_factory=list)
    lags: list[float] = field(default_factory=list)
    seconds: float = 0.0

    def violated(self, kind: str, detail: str) -> None:
        """Something happened that must not."""
        self.violations[kind] += 1
        if len(self.details) < DETAILS:
            self.details.append(f"{kind}: {detail}")

    def stale(self, stale: Stale, what: str, *, violation: bool) -> None:
        """An answer was older than what was acknowledged before."""
        if not violation:
            self.lags.append(stale.seconds)
            return
        self.longest = max(self.longest, stale.seconds)
        seen, promised = stale.seen, stale.promised
        self.violated(
            "stale",
            f"{seen.cell} version {seen.version} from node {stale.read.node} at "
            f"{stale.read.at:.4f} s; version {promised.version} was acknowledged by node "
            f"{promised.node} at {promised.at:.4f} s, {stale.seconds * 1000:.2f} ms before; {what}",
        )

    @property
    def hit_rate(self) -> float:
        """Hits among answered reads, in percent."""
        return 100 * self.hits / max(1, self.reads)

    @property
    def pending_share(self) -> float:
        """Pending among executed writes and purges, in percent."""
        pending = self.writes["pending"] + self.purges["pending"]
        done = self.writes["acknowledged"] + self.purges["acknowledged"]
        return 100 * pending / max(1, pending + done)

    def line(self) -> str:
        """Where the run stands."""
        return (
            f"{self.seconds:6.1f} s  {self.reads:9,} reads  {self.hit_rate:5.1f} % hits  "
            f"{self.writes['acknowledged']:6,} writes  {self.purges['acknowledged']:5,} purges  "
            f"{sum(self.faults.values()):4} faults  {sum(self.violations.values()):4} violations"
        )

    def table(self, options: Options) -> str:
        """The whole result."""
        rows = [
            ("mode", _described(options)),
            ("reads", f"{self.reads:,} answered"),
            ("failed reads", _counted(self.failed)),
            ("hit rate", f"{self.hit_rate:.1f} %"),
            ("reads per second", f"{self.reads / max(self.seconds, 0.001):,.0f}"),
            ("mutations", _counted(self.writes)),
            ("purges by API", _counted(self.purges)),
            ("pending", f"{self.pending_share:.2f} % of both"),
            ("time to acknowledge", _spread(self.acknowledged)),
            ("faults", _counted(self.faults)),
            ("longest staleness", f"{self.longest * 1000:.1f} ms"),
        ]
        if not options.everywhere:
            rows.append(("stale on other nodes", _spread(self.lags)))
        rows.append(("violations", _counted(self.violations)))
        lines = [f"{name:22}{value}" for name, value in rows]
        return "\n".join([*lines, *(f"  {detail}" for detail in self.details)])


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which ``share`` (0 to 1) of them lie; 0 of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def _spread(seconds: Sequence[float]) -> str:
    middle, last, most = (1000 * percentile(seconds, share) for share in (0.5, 0.99, 1.0))
    return f"{len(seconds):,}; median {middle:.1f} ms, p99 {last:.1f} ms, most {most:.1f} ms"


def _counted(counter: Counter[str]) -> str:
    found = ", ".join(f"{name} {count:,}" for name, count in sorted(counter.items()))
    return found or "none"


def _described(options: Options) -> str:
    words = [options.mode, f"seed {options.seed}", f"swr {options.swr}"]
    words.append("with faults" if options.faults else "without faults")
    if options.without:
        words.append(f"without {options.without}")
    return ", ".join(words)
