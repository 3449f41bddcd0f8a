"""``shellac reload``: the config of the file, in the running Varnish and its controller.

First every VCL is compiled and loaded, then the controller changes, then Varnish: what is wrong
with the config is found while nothing has changed. Between the last two steps each has another
config than the other, and requests that would be fetched and stored pass (docs/reload.md).
"""

from __future__ import annotations

import difflib
import secrets
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any, Final

import httpx
import typer

from controller.cli.configs import choose
from controller.cli.direct import is_alone, require_controller
from controller.cli.purges import TokenOption, UrlOption, kept_token
from controller.cli.shape import Shape, ShapeOption
from controller.cli.varnishadm import Varnishadm, reached
from controller.errors import NodeMisbehaved, RequestRefused
from vclgen.config import Config
from vclgen.include import FILE_NAME, HEAD
from vclgen.render import vcl_of

PREFIX: Final = "shellac-"
"""The names of the VCLs that are loaded here begin so; the first one of a varnishd is ``boot``."""
WAIT_SECONDS: Final = 30.0
POLL_SECONDS: Final = 0.05
Reloaded = Mapping[str, Any]
"""The answer to ``POST /reload``: ``digest``, ``plan`` and ``changed``."""


def reload_command(
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="The config file of the running service.")
    ] = None,
    origin: Annotated[
        str | None, typer.Option("--origin", help="As `shellac up` or `serve` was started with.")
    ] = None,
    environment: Annotated[
        str | None, typer.Option("--environment", help="As it was started with.")
    ] = None,
    workdir: Annotated[
        list[Path] | None,
        typer.Option("-n", help="varnishd's working directory. Default: the one of `shellac up`."),
    ] = None,
    address: Annotated[
        list[str] | None,
        typer.Option("-T", help="varnishd's management address, instead. Both may be repeated."),
    ] = None,
    secret: Annotated[
        Path | None, typer.Option("-S", help="The file with the secret of -T (`varnishd -S`).")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show how the VCL would change, and change nothing.")
    ] = False,
    shape: ShapeOption = Shape.DEFAULT,
    url: UrlOption = None,
    token: TokenOption = None,
) -> None:
    """Put a changed config in place, in Varnish and its controller; nothing that is served stops.

    Returns once every node answers with the new config. If the config or the VCL is wrong, or a
    change needs a restart, nothing has changed.
    """
    chosen = choose(config, origin, environment).config
    admin = _Admin(url or f"http://{chosen.controller.admin_listen.reachable}", chosen, token)
    if shape is Shape.INCLUDE:
        if dry_run:
            raise typer.BadParameter("shows nothing with --as include", param_hint="--dry-run")
        require_controller(
            chosen, fix="reload the Varnish of the VCL that includes it, and no more"
        )
        _wait(admin, admin.reload(), chosen)  # who runs that Varnish has reloaded it before
        return
    workdirs = workdir or ([] if address else [chosen.state_dir / "varnish"])
    varnishes = list(reached(workdirs, address or [], secret))
    for varnish in varnishes:
        _refuse_host(varnish)
    vcl = vcl_of(chosen)
    if dry_run:
        for varnish in varnishes:
            sys.stdout.writelines(_difference(varnish, vcl))
        return
    name = f"{PREFIX}{chosen.digest}-{secrets.token_hex(3)}"
    file = chosen.state_dir / f"{name}.vcl"
    file.write_text(vcl)
    try:
        reloaded = _exchange(varnishes, name, file, vcl, None if is_alone(chosen) else admin)
        file.replace(chosen.state_dir / "default.vcl")
    finally:
        file.unlink(missing_ok=True)
    if reloaded is None:
        typer.echo(f"reloaded: config {chosen.digest}")
    else:
        _wait(admin, reloaded, chosen)


def _wait(admin: _Admin, reloaded: Reloaded, config: Config) -> None:
    admin.wait(reloaded["plan"])
    typer.echo(f"reloaded: config {reloaded['digest']}; {_kept(config, reloaded['changed'])}")


def _refuse_host(varnish: Varnishadm) -> None:
    """Raises NodeMisbehaved where the whole VCL would take the place of one that includes ours."""
    if varnish.includes(varnish.listed().active, HEAD):
        raise NodeMisbehaved(
            f"varnishd at {varnish} serves by a VCL that includes {FILE_NAME}: render that again "
            "with --as include, reload varnishd, then `shellac reload --as include`"
        )


def _exchange(
    varnishes: Sequence[Varnishadm], name: str, file: Path, vcl: str, admin: _Admin | None
) -> Reloaded | None:
    """Load it everywhere, change the controller, if there is one, then every Varnish; what is
    loaded in vain goes.
    """
    with ExitStack() as in_vain:
        for varnish in varnishes:
            varnish.load(name, file, vcl)
            in_vain.callback(varnish.discard, name)
        reloaded = None if admin is None else admin.reload()
        in_vain.pop_all()
    for varnish in varnishes:
        before = varnish.listed().active
        varnish.use(name)
        # The one before may still be serving. It has the index of the tags as well (every VCL
        # imports xkey), so that there is never a moment without.
        for other in varnish.listed().others:
            if other != before and (other == "boot" or other.startswith(PREFIX)):
                varnish.discard(other)
    return reloaded


class _Admin:
    """The controller's admin listener."""

    def __init__(self, address: str, config: Config, token: str | None) -> None:
        self._address = address.rstrip("/")
        self._digest = config.digest
        self._headers = {"stellate-token": token or kept_token(config)}

    def reload(self) -> Reloaded:
        """Make the controller read its config again.

        Raises:
            RequestRefused: it goes on with the one it has.
        """
        reloaded: Reloaded = self._ask("POST", "/reload", {"digest": self._digest})
        return reloaded

    def wait(self, plan: str | None) -> None:
        """Wait until every node of the controller runs this config, has every purge and, unless
        that is None, the plan.

        Raises:
            NodeMisbehaved: one does not, in time.
        """
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            nodes = self._ask("GET", "/nodes")["nodes"]
            behind = [node for node in nodes if not _has(node, self._digest, plan)]
            if not behind:
                return
            if time.monotonic() > deadline:
                found = "; ".join(
                    f"{node['address']} has config {node['digest']} and is {node['status']}"
                    for node in behind
                )
                raise NodeMisbehaved(f"not every node has config {self._digest}: {found}")
            time.sleep(POLL_SECONDS)

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        url = f"{self._address}{path}"
        try:
            response = httpx.request(method, url, json=body, headers=self._headers, timeout=60)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise RequestRefused(0, f"{url} cannot be reached: {error}", "UNREACHABLE") from error
        try:
            answer = response.json()
        except ValueError as error:
            message = f"{url} is no Shellac: it answers {response.status_code} without JSON"
            raise RequestRefused(response.status_code, message, "NOT_JSON") from error
        if response.status_code != 200:
            errors = answer.get("errors") or [{"message": f"{url} answers {answer}"}]
            messages = "; ".join(str(error.get("message")) for error in errors)
            raise RequestRefused(response.status_code, messages, "REFUSED")
        return answer


def _has(node: Mapping[str, Any], digest: str, plan: str | None) -> bool:
    """Whether a node runs this config; with a schema also that it is ready with that."""
    ready = plan is None or (node["plan"], node["status"]) == (plan, "ready")
    return bool(node["digest"] == digest and ready)


def _kept(config: Config, changed: bool) -> str:
    if not changed:
        return "what is stored stays in use"
    if config.profile == "gateway":
        return "what was stored under the one before is not used any more"
    return "what is stored stays in use where its key is the same"


def _difference(varnish: Varnishadm, vcl: str) -> list[str]:
    active = varnish.listed().active
    return list(
        difflib.unified_diff(
            varnish.shown(active).splitlines(keepends=True),
            vcl.splitlines(keepends=True),
            f"{active} ({varnish})",
            "this config",
        )
    )
