"""Whether this controller can do its work, and what is missing if not."""

from __future__ import annotations

from typing import Any

from controller.admin.state import AdminState
from controller.errors import LogUnavailable
from controller.purge.state import NodeState, NodeStatus


async def readiness(state: AdminState) -> tuple[bool, dict[str, Any]]:
    """Ready or not, and the state of schema, log and nodes as JSON values.

    Ready means: the schema is there if one is wanted, the log can be read, and every node has every
    purge, the plan, and the VCL of this config.
    """
    log = await _log(state)
    nodes = [_node(node.state, state.policy.digest) for node in state.purger.nodes]
    ready = (
        state.schema_error is None
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
        },
        "log": log,
        "nodes": nodes,
    }


async def _log(state: AdminState) -> dict[str, Any]:
    log = state.purger.log
    try:
        head, oldest = await log.head(), await log.oldest()
    except LogUnavailable as error:
        return {"id": log.id, "head": None, "oldest": None, "error": str(error)}
    return {"id": log.id, "head": head, "oldest": oldest, "error": None}


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
        "seq": node.seq,
        "lag": node.lag,
        "boot": node.boot,
        "digest": node.digest,
        "plan": node.plan,
        "error": error,
    }
