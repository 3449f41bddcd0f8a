"""Ports and waiting for tests that start real servers."""

import functools
import itertools
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

T = TypeVar("T")


_PORTS = range(10_000, 32_000)
"""Below what a kernel gives to outgoing connections, so that none of them takes one meanwhile."""
_SHARE = 2_000
"""How many of them a process has for itself."""
_LOCK = threading.Lock()


def free_port() -> int:
    """A TCP port on 127.0.0.1 on which nothing listened at the moment of the call.

    No process gets one of those of another process that runs at the same time, nor the same twice
    before all of its own were given out.
    """
    with _LOCK:
        for port in _own_ports():
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError:
                    continue
                return port
    raise AssertionError("the candidates never end")


@functools.cache
def _own_ports() -> Iterator[int]:
    """Those of a share whose first port this process listens on to its end, so that no other one
    takes the share.
    """
    for first in _PORTS[::_SHARE]:
        claim = socket.socket()
        try:
            claim.bind(("127.0.0.1", first))
            claim.listen()
        except OSError:
            claim.close()
            continue
        _CLAIMS.append(claim)
        return itertools.cycle(range(first + 1, first + _SHARE))
    raise RuntimeError("all ports of tests are taken by other processes")


_CLAIMS: list[socket.socket] = []


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
