"""The servers of the origin that Varnish asks itself, by the names that the VCL gives them."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from vclgen.config import Config
from vclgen.config.values import Address


@dataclass(frozen=True, slots=True)
class Server:
    """``name`` is a backend's in VCL; ``weight`` its share against the weights of the others."""

    name: str
    address: Address
    weight: int


def servers_of(config: Config) -> tuple[Server, ...]:
    """All of them, ``originUrl`` among them. The first one is ``origin``, then ``origin_2`` …"""
    found = []
    for number, server in enumerate(config.servers, start=1):
        parts = urlsplit(server.url)
        address = Address(parts.hostname or "", parts.port or 80)
        name = "origin" if number == 1 else f"origin_{number}"
        found.append(Server(name, address, server.weight))
    return tuple(found)
