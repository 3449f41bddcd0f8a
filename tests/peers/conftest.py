"""Starts the peers, alone and behind Shellac. `make peers` installs them first."""

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.peers.peers import MODULES, PEERS, YOGA, Peer
from tests.support.net import free_port
from tests.support.process import running
from tests.support.stack import Stack, running_stack

SETTINGS = {
    "name": "peer",
    "rules": [{"types": ["Query"], "maxAge": 900, "swr": 60}],
}


@pytest.fixture(scope="session")
def node() -> str:
    """A Node of version 22 or later: the machine's own, else the one that npm installed."""
    own = shutil.which("node")
    bundled = sorted(MODULES.glob("node-linux-*/bin/node"))
    for candidate in [*([own] if own else []), *map(str, bundled)]:
        printed = subprocess.run([candidate, "--version"], capture_output=True, text=True)
        if printed.returncode == 0 and int(printed.stdout[1:].split(".")[0]) >= 22:
            return candidate
    pytest.fail("no Node 22: run `make peers`, which installs it")


@contextlib.contextmanager
def origin(peer: Peer, *, node: str, directory: Path) -> Iterator[str]:
    """Run one peer on a free port; its GraphQL URL."""
    port = free_port()
    command = [node, *(part.format(port=port) for part in peer.command)]
    with running(command, log=directory / f"{peer.name}.log") as process:
        process.wait_until_listening(port)
        yield f"http://127.0.0.1:{port}{peer.path}"


@contextlib.contextmanager
def shellac_before(peer: Peer, *, node: str, directory: Path) -> Iterator[Stack]:
    with (
        origin(peer, node=node, directory=directory) as url,
        running_stack({**SETTINGS, "originUrl": url}, directory=directory) as stack,
    ):
        yield stack


@pytest.fixture(params=PEERS, ids=lambda peer: peer.name)
def peer(request: pytest.FixtureRequest) -> Peer:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def shellac(peer: Peer, node: str, tmp_path: Path) -> Iterator[Stack]:
    """Shellac in front of a fresh `peer`."""
    with shellac_before(peer, node=node, directory=tmp_path) as stack:
        yield stack


@pytest.fixture
def shellac_before_yoga(node: str, tmp_path: Path) -> Iterator[Stack]:
    with shellac_before(YOGA, node=node, directory=tmp_path) as stack:
        yield stack
