"""Ports for servers that are ended and started again among thousands of connections."""

import random
import socket
from typing import Final

BELOW_OUTGOING: Final = range(10_000, 32_000)
"""Outgoing connections take theirs from 32,768 on (Linux, ip_local_port_range)."""


def steady_port() -> int:
    """A port on 127.0.0.1 that nothing listens on, and that no client is given meanwhile."""
    while True:
        port = random.choice(BELOW_OUTGOING)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
