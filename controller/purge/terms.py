"""On what terms a controller works with its nodes."""

from __future__ import annotations

from dataclasses import dataclass

from controller.purge.peers import Peers


@dataclass(frozen=True, slots=True)
class Lease:
    """``seconds`` of each grant. With ``gates_hits`` (``purge.wait: all``) a node without lease
    serves no hits; ``peers`` tells the other controllers, None where there are none."""

    seconds: float
    gates_hits: bool = False
    peers: Peers | None = None


@dataclass(slots=True)
class Door:
    """What opens a node's admin listener: the secret; ``service`` is whose tags they are.

    ``digest`` is that of the config, from which the node's VCL should be; a reload changes it.
    ``direct``: it fetches from the origin without the controller.
    """

    service: str
    secret: str
    digest: str
    direct: bool = False
