"""A real redis-server: started, killed, stopped for a while, on a port that stays the same."""

from __future__ import annotations

import contextlib
import os
import signal
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import redis

from tests.support.net import free_port, wait_for
from tests.support.process import Process, running


@dataclass
class Redis:
    """One redis-server; with ``durable`` it keeps its data over a kill."""

    directory: Path
    durable: bool = True
    port: int = field(default_factory=free_port)
    process: Process | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    @contextlib.contextmanager
    def up(self) -> Iterator[None]:
        """Run it."""
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1"]
        command += ["--dir", str(self.directory), "--save", ""]
        command += ["--appendonly", "yes" if self.durable else "no"]
        with running(command, log=self.directory / f"redis-{self.port}.log") as process:
            self.process = process
            wait_for(self.answers, what="redis-server to listen")
            yield

    def answers(self) -> bool:
        with contextlib.suppress(redis.RedisError), self.client() as client:
            return bool(client.ping())
        return False

    def client(self) -> redis.Redis:
        return redis.Redis(port=self.port, decode_responses=True, socket_timeout=30)

    def kill(self) -> None:
        """kill -9, and wait until it is gone."""
        assert self.process is not None
        self.process.popen.kill()
        self.process.popen.wait()

    @contextlib.contextmanager
    def stopped(self) -> Iterator[None]:
        """SIGSTOP for as long as the body runs."""
        assert self.process is not None
        os.kill(self.process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.process.pid, signal.SIGCONT)


@contextlib.contextmanager
def running_redis(*, durable: bool = True) -> Iterator[Redis]:
    """A redis-server with an empty directory."""
    with tempfile.TemporaryDirectory(prefix="shellac-redis-") as folder:
        server = Redis(Path(folder), durable)
        with server.up():
            yield server
