"""Whose requests are believed: networks as the config writes them and as an ACL in VCL has them.

The templates print ``network_address`` and ``prefixlen`` of a network: both come from
``ipaddress``, so nothing but digits, letters, dots and colons can stand there.
"""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, WithJsonSchema

from vclgen.config.refusal import refusal, shown
from vclgen.config.values import LABEL

_HINT: Final = "write an address or a network, like 10.0.0.0/8, 192.0.2.7 or '2001:db8::/32'"

Network = IPv4Network | IPv6Network


def _network(value: Any) -> Network:
    if isinstance(value, IPv4Network | IPv6Network):
        return value
    if not isinstance(value, str):
        raise refusal(f"{shown(value)} is no network", _HINT)
    try:
        network = ip_network(value)
    except ValueError as error:
        raise refusal(f"{shown(value)} is no network ({error})", _HINT) from error
    if isinstance(network, IPv6Network) and network.network_address.ipv4_mapped is not None:
        raise refusal(f"{shown(value)} is IPv4 written as IPv6", "write the IPv4 network")
    return network


def _not_everybody(network: Network) -> Network:
    if network.prefixlen == 0:
        raise refusal(
            f"{shown(str(network))} trusts everybody, and so every client to say who it is",
            "name the proxies' own addresses or networks",
        )
    return network


Cidr = Annotated[
    Network,
    BeforeValidator(_network),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", LABEL: "address or network"}),
]
"""One address, or a network."""
TrustedProxy = Annotated[Cidr, AfterValidator(_not_everybody)]
"""One proxy, or the network that proxies are in."""
