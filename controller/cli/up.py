"""``shellac up``: demo origin, controller and varnishd together, in the foreground."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import shutil
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from controller.cli.children import Child, Children
from controller.cli.direct import is_alone
from controller.errors import AddressInUse, StartFailed
from controller.pushed_schema import pushed_file
from controller.schemaless import LOST
from vclgen.compile import compile_vcl
from vclgen.config import Address, Config, NoSchema
from vclgen.render import vcl_of
from vclgen.start import varnishd_arguments
from vclgen.varnishd import find_varnishd

READY_SECONDS: Final = 60.0
POLL_SECONDS: Final = 0.05
READY_QUERY: Final = "query ShellacReady { __typename }"
"""Named, so that its stored answer is nobody's first hit."""
SECRET_BYTES: Final = 24
DEMO_LATENCY: Final = "100ms"
"""So that a hit can be felt."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What to start. ``arguments`` make the controller read the same config as this process.

    ``demo`` is the demo origin's address, None for somebody's own API.
    """

    config: Config
    arguments: Sequence[str]
    demo: Address | None
    token: str


def prepare(config: Config) -> str:
    """Make the state directory, the node's secret and the admin token; returns the token.

    The token is ``SHELLAC_ADMIN_TOKEN`` if that is set, else one that is kept in the directory.
    """
    config.state_dir.mkdir(parents=True, exist_ok=True)
    ensure_secret(config.secret_file)
    return os.environ.get("SHELLAC_ADMIN_TOKEN") or ensure_secret(config.state_dir / "admin.token")


def ensure_secret(file: Path) -> str:
    """The secret in ``file``, made where there is none, readable by its owner alone."""
    with suppress(FileNotFoundError):
        return file.read_text().strip()
    secret = secrets.token_urlsafe(SECRET_BYTES)
    file.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as opened:
        opened.write(secret + "\n")
    return secret


async def run_up(setup: Setup, say: Callable[[str], None]) -> None:
    """Start everything, say when a query went through, run until stopped.

    Raises:
        StartFailed: an address is taken, a program is missing, a child ended.
        VclError: the VCL does not compile.
    """
    config = setup.config
    vcl = config.state_dir / "default.vcl"
    text = vcl_of(config)
    vcl.write_text(text)
    await asyncio.to_thread(compile_vcl, text)
    check_ports(setup)
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    is_ready = asyncio.Event()
    # Before, nodes and origin are unreachable by nature; afterwards each line is news.
    async with Children(lambda line: say(line) if is_ready.is_set() else None) as children:
        await _start_all(setup, children, vcl)
        died = asyncio.create_task(children.first_death())
        ready = asyncio.create_task(_ready(setup, say))
        stop = asyncio.create_task(stopped.wait())
        try:
            await asyncio.wait({died, ready, stop}, return_when=asyncio.FIRST_COMPLETED)
            if ready.done():
                ready.result()
                is_ready.set()
                await asyncio.wait({died, stop}, return_when=asyncio.FIRST_COMPLETED)
            if died.done():
                died.result()
        finally:
            for task in (died, ready, stop):
                task.cancel()
    say("stopped")


def check_ports(setup: Setup) -> None:
    """Make sure that nothing listens where something is to be started.

    Raises:
        AddressInUse: naming the address, its config key and what to do.
    """
    config = setup.config
    wanted = {
        "varnish.listen": config.varnish.listen,
        "varnish.adminListen": config.varnish.admin_listen,
    }
    if not is_alone(config):
        wanted |= {
            "controller.gatewayListen": config.controller.gateway_listen,
            "controller.adminListen": config.controller.admin_listen,
            "controller.passListen": config.controller.pass_listen,
        }
    if config.varnish.proxy_listen is not None:
        wanted["varnish.proxyListen"] = config.varnish.proxy_listen
    if setup.demo is not None:
        wanted["the demo origin"] = setup.demo
    for key, address in wanted.items():
        family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                tried.bind((address.host, address.port))
            except OSError as error:
                raise AddressInUse(
                    f"{address} ({key}) cannot be used: {error.strerror}. "
                    "Stop what listens there, or set another address in the config"
                ) from error


async def _start_all(setup: Setup, children: Children, vcl: Path) -> None:
    python = sys.executable
    if setup.demo is not None:
        await children.start(
            "demo", [python, "-m", "demo", "--listen", str(setup.demo), "--latency", DEMO_LATENCY]
        )
    if not is_alone(setup.config):
        await children.start(
            "controller",
            [python, "-m", "controller.cli", "serve", *setup.arguments],
            {"SHELLAC_ADMIN_TOKEN": setup.token},
        )
    await start_varnish(setup.config, children, vcl)


async def start_varnish(config: Config, children: Children, vcl: Path) -> Child:
    """Start varnishd in the foreground with the parameters its VCL needs."""
    work = config.state_dir / "varnish"
    shutil.rmtree(work, ignore_errors=True)
    arguments = varnishd_arguments(config, vcl)
    # No jail: the state directory belongs to whoever runs this, and varnishd's jail user
    # could not read it. The images and packages for production keep theirs.
    return await children.start(
        "varnishd", [find_varnishd(), "-F", "-j", "none", "-n", str(work.absolute()), *arguments]
    )


async def _ready(setup: Setup, say: Callable[[str], None]) -> None:
    """Wait until a query went through Varnish, controller and origin; then say so."""
    config = setup.config
    health = f"http://{config.controller.admin_listen.reachable}/readyz"
    if is_alone(config):
        health = f"http://{config.varnish.admin_listen.reachable}/_shellac/health"
    public = f"http://{config.varnish.listen.reachable}{config.path}"
    deadline = asyncio.get_running_loop().time() + READY_SECONDS
    last = f"{health} does not answer"
    async with httpx.AsyncClient(timeout=10) as client:
        while asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(POLL_SECONDS)
            with suppress(httpx.TransportError):
                state = await client.get(health)
                if state.status_code != 200:
                    last = state.text
                    continue
                if config.profile == "gateway":
                    answer = await client.post(public, json={"query": READY_QUERY})
                else:
                    # By GET, for only those are cached.
                    answer = await client.get(public, params={"query": READY_QUERY})
                if answer.status_code not in (502, 503, 504):
                    _say_what_is_lost(config, say)
                    say(f"ready {public}")
                    return
                last = answer.text
    raise StartFailed(
        f"not ready after {READY_SECONDS:g} s: {_shortened(last)}. Ask {health} what is missing"
    )


def _say_what_is_lost(config: Config, say: Callable[[str], None]) -> None:
    if isinstance(config.schema_source, NoSchema) and not pushed_file(config.state_dir).is_file():
        say("running without a schema (schema: false)")
        for lost in LOST:
            say(f"  {lost}")


def _shortened(text: str) -> str:
    with suppress(ValueError):
        text = json.dumps(json.loads(text))
    return text[:500]
