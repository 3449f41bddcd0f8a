"""The processes of a run: origin, Redis, and for each node a varnishd and its controller."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import yaml

from tests.soak.options import Options
from tests.soak.questions import HOST, PATH
from tests.soak.servers import Server
from tests.support.net import free_port, listens, wait_for
from tests.support.stack import TOKEN
from vclgen.varnishd import find_varnishd

SERVICE: Final = "soak"
LEASE: Final = "2s"
CONTROLLER_LISTENERS: Final = ("gatewayListen", "adminListen", "passListen")
READY_SECONDS: Final = 90.0
SHORT_AGE: Final = 2
LONG_AGE: Final = 3600


@dataclass(frozen=True)
class Controller:
    """A controller process and its admin listener."""

    port: int
    server: Server


@dataclass(frozen=True)
class Node:
    """A Varnish: clients ask ``port``; ``controller`` is the index of its own."""

    index: int
    port: int
    admin_port: int
    varnish: Server
    controller: int


@dataclass(frozen=True)
class Cluster:
    """Everything that runs."""

    nodes: Sequence[Node]
    controllers: Sequence[Controller]
    redis: Server | None
    origin: Server
    origin_port: int

    @property
    def servers(self) -> list[Server]:
        """In the order in which they stop."""
        varnishes = [node.varnish for node in self.nodes]
        controllers = [controller.server for controller in self.controllers]
        return [*controllers, *varnishes, *([self.redis] if self.redis else []), self.origin]


@contextlib.contextmanager
def running_cluster(options: Options) -> Iterator[Cluster]:
    """Start everything and wait until each node answers a query; stop it at the end.

    Raises:
        RuntimeError: one of them did not stop by itself.
    """
    with tempfile.TemporaryDirectory(prefix="shellac-") as folder:
        cluster = _built(options, Path(folder))
        try:
            cluster.origin.start()
            wait_for(lambda: listens(cluster.origin_port), what="the origin")
            for server in reversed(cluster.servers[:-1]):
                server.start()
            for node in cluster.nodes:
                _wait_until_it_answers(cluster, node)
            yield cluster
        except BaseException as problem:
            for server in cluster.servers:
                problem.add_note(f"--- {server.name}\n{server.output()}")
            raise
        finally:
            with contextlib.ExitStack() as stack:
                for server in reversed(cluster.servers):
                    stack.callback(server.stop)


def _wait_until_it_answers(cluster: Cluster, node: Node) -> None:
    def answers() -> bool:
        for server in cluster.servers:
            server.check_alive()
        return _answers(node)

    wait_for(answers, what=f"node {node.index} to answer", timeout=READY_SECONDS)


def _answers(node: Node) -> bool:
    try:
        answer = httpx.post(
            f"http://127.0.0.1:{node.port}{PATH}",
            json={"query": "query Ready { __typename }"},
            headers={"Host": HOST},
        )
        health = httpx.get(f"http://127.0.0.1:{node.admin_port}/_shellac/health")
    except httpx.TransportError:
        return False
    return answer.status_code == 200 and health.status_code == 200


def _built(options: Options, folder: Path) -> Cluster:
    origin_port, redis_port = free_port(), free_port()
    redis = _redis(folder, redis_port) if options.mode.startswith("pairs") else None
    shared = _shared(options, folder, origin_port, redis_port if redis else None)
    listeners = [{"listen": _local(), "adminListen": _local()} for _ in range(options.nodes)]
    served = [listeners] if options.mode == "fanout" else [[one] for one in listeners]
    controllers: list[Controller] = []
    nodes: list[Node] = []
    for index, group in enumerate(served):
        settings = {
            **shared,
            "stateDir": str(folder / f"state-{index}"),
            "controller": {key: _local() for key in CONTROLLER_LISTENERS},
        }
        urls = [f"http://{one['adminListen']}" for one in group]
        # One config for all Varnishes of a controller: its digest has to be that of their VCL.
        settings["varnish"] = {**shared["varnish"], **group[0], "nodes": urls}
        for one in group:
            server = _varnish(settings, one, folder, len(nodes))
            ports = (_port(one["listen"]), _port(one["adminListen"]))
            nodes.append(Node(len(nodes), *ports, server, index))
        controllers.append(_controller(options, settings, folder, index))
    return Cluster(nodes, controllers, redis, _origin(options, folder, origin_port), origin_port)


def _shared(options: Options, folder: Path, origin: int, redis: int | None) -> dict[str, Any]:
    age = {"maxAge": SHORT_AGE if options.swr else LONG_AGE, "swr": options.swr}
    return {
        "name": SERVICE,
        "originUrl": f"http://127.0.0.1:{origin}/graphql",
        "scopes": {"USER": "header:Authorization"},
        "rules": [
            {"types": {"Query": ["item", "items", "group"]}, "scope": "PUBLIC", **age},
            {"types": {"Query": ["mine"]}, "scope": "USER", **age},
        ],
        "purge": {
            "log": f"redis://127.0.0.1:{redis}/0" if redis else "sqlite",
            "wait": "all" if options.waits_for_all else "local",
            "lease": LEASE,
            # Longer than what a fault takes: an answer waits for its end and is acknowledged.
            "waitTimeout": "10s",
        },
        "varnish": {"secretFile": str(folder / "secret")},
    }


def _controller(
    options: Options, settings: Mapping[str, Any], folder: Path, index: int
) -> Controller:
    file = _written(settings, folder, f"controller-{index}")
    program = ["controller.cli"]
    if options.without is not None:
        program = ["tests.soak.broken", options.without]
    server = Server(
        f"controller-{index}",
        [sys.executable, "-m", *program, "serve", "--config", file],
        folder,
        env={"SHELLAC_ADMIN_TOKEN": TOKEN},
    )
    return Controller(_port(settings["controller"]["adminListen"]), server)


def _varnish(
    settings: Mapping[str, Any], listeners: Mapping[str, str], folder: Path, index: int
) -> Server:
    """A varnishd of this config that listens at ``listeners``."""
    rendered = folder / f"rendered-{index}"
    file = _written(settings, folder, f"varnish-{index}")
    render = [sys.executable, "-m", "controller.cli", "render"]
    quiet = subprocess.DEVNULL
    subprocess.run([*render, "--config", file, "--output", rendered], check=True, stderr=quiet)
    arguments = (rendered / "varnishd.args").read_text()
    for key, address in listeners.items():
        arguments = arguments.replace(f"={settings['varnish'][key]},", f"={address},")
    workdir = folder / f"v{index}"
    command = [str(find_varnishd()), "-F", "-j", "none", "-n", str(workdir)]
    return Server(f"varnish-{index}", [*command, *arguments.splitlines()], folder, workdir=workdir)


def _redis(folder: Path, port: int) -> Server:
    data = folder / "redis"
    data.mkdir()
    command = f"redis-server --port {port} --bind 127.0.0.1 --dir {data} --appendonly yes --save"
    return Server("redis", [*command.split(), ""], folder)


def _origin(options: Options, folder: Path, port: int) -> Server:
    load = options.load
    command = [sys.executable, "-m", "tests.soak.origin", "--port", str(port)]
    command += ["--items", str(load.items), "--groups", str(load.groups)]
    command += ["--latency", str(load.latency), "--seed", str(options.seed)]
    return Server("origin", command, folder)


def _written(settings: Mapping[str, Any], folder: Path, name: str) -> Path:
    file = folder / f"{name}.yaml"
    file.write_text(yaml.safe_dump(dict(settings), sort_keys=False))
    return file


def _local() -> str:
    return f"127.0.0.1:{free_port()}"


def _port(address: str) -> int:
    return int(address.rpartition(":")[2])
