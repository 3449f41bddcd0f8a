"""The demo origin as a server of its own, for these tests and for those that cache it."""

import contextlib
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.support.net import free_port, wait_for
from tests.support.process import Process, running
from tests.support.stack import describe, send


@dataclass(frozen=True)
class Demo:
    """A running demo origin with its control endpoints."""

    url: str
    process: Process
    http: httpx.Client
    threads: ThreadPoolExecutor

    def query(
        self, document: str, variables: Mapping[str, Any] | None = None, **options: Any
    ) -> httpx.Response:
        """Send one operation; `options` are those of `tests.support.stack.send`."""
        return send(self.http, self.url, document, variables, **options)

    def data(
        self, document: str, variables: Mapping[str, Any] | None = None, **options: Any
    ) -> dict[str, Any]:
        """The `data` of an answer without errors."""
        response = self.query(document, variables, **options)
        assert response.status_code == 200, describe(response)
        assert "errors" not in response.json(), describe(response)
        data: dict[str, Any] = response.json()["data"]
        return data

    def start(self, document: str) -> "Future[httpx.Response]":
        """Send a query without waiting for its answer."""
        return self.threads.submit(self.query, document)

    def requests(self, last: int = 100) -> dict[str, Any]:
        """`count`, `held`, `latency`, and the last `requests`, oldest first."""
        return self._control("GET", f"requests?last={last}")

    def reset(self) -> None:
        self._control("POST", "reset")

    def latency(self, value: str) -> None:
        self._control("POST", f"latency?value={value}")

    def hold(self, requests: int = 1) -> None:
        """Keep back the answers of the next requests until `release`."""
        self._control("POST", f"hold?requests={requests}")

    def release(self) -> None:
        self._control("POST", "release")

    def wait_until_held(self, requests: int = 1) -> None:
        wait_for(
            lambda: self.requests(last=0)["held"] == requests, what=f"{requests} held requests"
        )

    def _control(self, method: str, path: str) -> dict[str, Any]:
        response = self.http.request(method, httpx.URL(self.url).join(f"/_demo/{path}"))
        assert response.status_code == 200, describe(response)
        state: dict[str, Any] = response.json()
        return state


@contextlib.contextmanager
def running_demo(directory: Path, *options: str) -> Iterator[Demo]:
    """Start `python -m demo` with `options` on a free port; its log stands in `directory`."""
    port = free_port()
    command = [sys.executable, "-m", "demo", "--listen", f"127.0.0.1:{port}", *options]
    with running(command, log=directory / f"demo-{port}.log") as process:
        process.wait_until_listening(port)
        with httpx.Client(timeout=60) as http, ThreadPoolExecutor() as threads:
            demo = Demo(f"http://127.0.0.1:{port}/graphql", process, http, threads)
            try:
                yield demo
            except BaseException as problem:
                problem.add_note(f"--- output of the demo\n{process.output()[-4000:]}")
                # Else the threads above would wait for a held answer.
                process.popen.terminate()
                raise
