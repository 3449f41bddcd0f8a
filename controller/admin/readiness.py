"""Whether this controller can do its work, and what is missing if not."""

from __future__ import annotations

from typing import Any

from controller.admin.state import AdminState
from controller.errors import LogUnavailable
from controller.purge.state import NodeState, NodeStatus


async def readiness(state: AdminState) -> tuple[bool, dict[str, Any]]:
    """Ready or not, and the state of schema, log and nodes as JSON values.

    Ready means: the schema is there if one is wanted, the log can be read, and every node has every
    purge and the plan.
    """
    log = await _log(state)
    nodes = [node.state for node in state.purger.nodes]
    ready = (
        state.schema_error is None
        and log["error"] is None
        and all(node.status is NodeStatus.READY for node in nodes)
    )
    return ready, {
        "ready": ready,
        "service": state.policy.service,
        "schema": {
            "digest": state.index.digest if state.index is not None else None,
            "error": state.schema_error,
        },
        "log": log,
        "nodes": [_node(node) for node in nodes],
    }


async def _log(state: AdminState) -> dict[str, Any]:
    log = state.purger.log
    try:
        head, oldest = await log.head(), await log.oldest()
    except LogUnavailable as error:
        return {"id": log.id, "head": None, "oldest": None, "error": str(error)}
    return {"id": log.id, "head": head, "oldest": oldest, "error": None}


def _node(node: NodeState) -> dict[str, Any]:
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
        "error": node.error,
    }
