"""One wrk run, and its numbers."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

# wrk's own report is for people; `done` prints the same as JSON, on the last line.
_SCRIPT = """
wrk.method = "%(method)s"
%(body)s
%(headers)s
function done(summary, latency)
    io.write(string.format(
        '\\n{"requests": %%d, "microseconds": %%d, "failed": %%d, "p50": %%d, "p99": %%d}\\n',
        summary.requests, summary.duration,
        summary.errors.status + summary.errors.connect + summary.errors.read
            + summary.errors.write + summary.errors.timeout,
        latency:percentile(50), latency:percentile(99)))
end
"""


@dataclass(frozen=True, slots=True)
class Load:
    """A request that wrk repeats."""

    name: str
    url: str
    headers: Mapping[str, str]
    body: str | None = None

    def script(self) -> str:
        headers = {"Accept-Encoding": "gzip", **self.headers}
        return _SCRIPT % {
            "method": "GET" if self.body is None else "POST",
            "body": "" if self.body is None else f"wrk.body = {lua(self.body)}",
            "headers": "\n".join(
                f"wrk.headers[{lua(name)}] = {lua(value)}" for name, value in headers.items()
            ),
        }


@dataclass(frozen=True, slots=True)
class Figures:
    """What one run of wrk saw; latencies in milliseconds."""

    per_second: float
    p50: float
    p99: float


class LoadError(Exception):
    """wrk did not run, or some of its requests failed."""


def run(load: Load, *, seconds: int, connections: int, folder: Path) -> Figures:
    """Repeat the request for `seconds` over `connections`, from one thread.

    Raises:
        LoadError: an answer was not 2xx or a connection failed: such figures mean nothing.
    """
    script = folder / "load.lua"
    script.write_text(load.script())
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(script), load.url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 30)
    if done.returncode != 0:
        raise LoadError(f"wrk: {done.stderr.strip() or done.stdout.strip()}")
    seen = json.loads(done.stdout.strip().splitlines()[-1])
    if seen["failed"] or not seen["requests"]:
        raise LoadError(f"{load.name}: {seen['failed']} of {seen['requests']} requests failed")
    return Figures(
        per_second=seen["requests"] / seen["microseconds"] * 1_000_000,
        p50=seen["p50"] / 1000,
        p99=seen["p99"] / 1000,
    )


def lua(text: str) -> str:
    """A Lua string literal."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
