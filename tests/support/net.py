"""Ports and waiting for tests that start real servers."""

import itertools
import os
import socket
import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


_CANDIDATES = itertools.cycle(range(10_000, 32_000))
"""Below what a kernel gives to outgoing connections, so that none of them takes one meanwhile."""
_LOCK = threading.Lock()


def free_port() -> int:
    """A TCP port on 127.0.0.1 on which nothing listened at the moment of the call.

    No process gets the same one twice, and processes that run beside each other begin apart.
    """
    with _LOCK:
        for port in _CANDIDATES:
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError:
                    continue
                return port
    raise AssertionError("the candidates never end")


def _begin_apart() -> None:
    # By the golden section of the range: neighbouring process ids are thousands of ports apart.
    for _ in range(os.getpid() * 13_597 % 22_000):
        next(_CANDIDATES)


_begin_apart()


def listens(port: int) -> bool:
    """Whether something accepts connections on 127.0.0.1:port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_for(
    probe: Callable[[], T | None], *, what: str, timeout: float = 60.0, every: float = 0.02
) -> T:
    """Call `probe` until its value is true, and return that value.

    `timeout` and `every` are seconds. A probe that raises ends the wait at once.
    """
    deadline = time.monotonic() + timeout
    while True:
        value = probe()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {timeout:g} s for {what}")
        time.sleep(every)
