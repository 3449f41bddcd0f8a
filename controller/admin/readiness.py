"""Whether this controller can do its work, and what is missing if not."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from controller.admin.state import AdminState
from controller.errors import LogUnavailable
from controller.purge.state import NodeState, NodeStatus
from controller.schemaless import LOST


async def readiness(state: AdminState) -> tuple[bool, dict[str, Any]]:
    """Ready or not, and the state of schema, log and nodes as JSON values. ``lost`` is what there
    is not while the controller runs without a schema on purpose.

    Ready means: the schema is there if one is wanted, the keys that verify tokens were fetched
    once, the log can be read, and every node has every purge, the plan, and the VCL of this config.
    The origin's health is told and does not count: hits go on without it.
    """
    log = await _log(state)
    nodes = own_nodes(state)
    ready = (
        state.schema_error is None
        and all(keys.loaded for keys in state.key_sets)
        and log["error"] is None
        and all(node["status"] == NodeStatus.READY.value for node in nodes)
        and all(node["error"] is None for node in nodes)
    )
    return ready, {
        "ready": ready,
        "service": state.policy.service,
        "schema": {
            "digest": state.index.digest if state.index is not None else None,
            "error": state.schema_error,
            "lost": list(LOST) if state.index is None and state.schema_error is None else [],
        },
        "keys": [{"url": keys.url, "error": keys.error} for keys in state.key_sets],
        "log": log,
        "nodes": nodes,
        "origins": origins(state),
    }


def origins(state: AdminState) -> list[dict[str, Any]]:
    """How each server of the origin stands, as JSON values."""
    servers = state.director.servers if state.director is not None else ()
    return [
        {
            "url": server.name,
            "weight": server.weight,
            "healthy": server.healthy,
            "asked": server.asked,
            "refused": server.refused,
            "error": server.error,
        }
        for server in servers
    ]


async def _log(state: AdminState) -> dict[str, Any]:
    log = state.purger.log
    try:
        position = await log.position()
    except LogUnavailable as error:
        return {"id": None, "head": None, "trimmed": None, "error": str(error)}
    return {**asdict(position), "error": None}


def own_nodes(state: AdminState) -> list[dict[str, Any]]:
    """How each node of this controller stands, as JSON values."""
    return [_node(node.state, state.policy.digest) for node in state.purger.nodes]


async def peers(state: AdminState) -> list[dict[str, Any]]:
    """The nodes of every controller that have asked for a lease lately (``purge.wait: all``).

    Raises:
        LogUnavailable: they are not known.
    """
    if state.purger.peers is None:
        return []
    return [asdict(peer) for peer in await state.purger.peers.listed()]


def _node(node: NodeState, config_digest: str) -> dict[str, Any]:
    """A node's state; with an error where it runs the VCL of another config.

    Such a node stores nothing (docs/protocol.md, X-Shellac-Again), which somebody should hear of.
    """
    error = node.error
    if error is None and node.digest is not None and node.digest != config_digest:
        error = (
            f"runs the VCL of config {node.digest}, the controller that of {config_digest}: "
            "render again and load it"
        )
    return {
        "address": node.address,
        "status": node.status.value,
        "since": node.since.isoformat(timespec="milliseconds"),
        "reachable": node.reachable,
        "upSince": node.up_since.isoformat() if node.up_since else None,
        "seq": node.seq,
        "lag": round(node.lag, 3),
        "boot": node.boot,
        "digest": node.digest,
        "plan": node.plan,
        "error": error,
    }
