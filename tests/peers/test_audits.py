"""The audits of GraphQL over HTTP: the same result through Shellac, cold and warm.

A hard test of the cache key: many audits send the same document with another Accept
header, another method or variables that are not an object.
"""

import json
import subprocess
from typing import Any

import pytest

from tests.peers.peers import HERE
from tests.support.stack import Stack

pytestmark = pytest.mark.peers


def audit(node: str, url: str) -> tuple[dict[str, Any], dict[str, int]]:
    """Results by audit id, and how many answers had which `gcdn-cache`."""
    done = subprocess.run(
        [node, str(HERE / "audits.mjs"), url], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    return printed["audits"], printed["verdicts"]


def test_every_audit_ends_as_it_does_without_shellac(shellac_before_yoga: Stack, node: str) -> None:
    direct, _ = audit(node, shellac_before_yoga.origin)
    cold, cold_verdicts = audit(node, shellac_before_yoga.url)
    warm, warm_verdicts = audit(node, shellac_before_yoga.url)

    assert len(direct) >= 61
    assert {result["status"] for result in direct.values()} == {"ok"}
    assert changed(direct, cold) == {}, cold_verdicts
    assert changed(direct, warm) == {}, warm_verdicts
    # Else nothing was cached, and the comparison says nothing about keys.
    assert cold_verdicts.get("MISS", 0) > 0, cold_verdicts
    assert warm_verdicts.get("HIT", 0) > cold_verdicts.get("HIT", 0), warm_verdicts


def changed(direct: dict[str, Any], through: dict[str, Any]) -> dict[str, Any]:
    """Audits with different results, as (without, with) Shellac."""
    return {
        audit_id: (direct.get(audit_id), through.get(audit_id))
        for audit_id in direct.keys() | through.keys()
        if direct.get(audit_id) != through.get(audit_id)
    }
