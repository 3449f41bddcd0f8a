"""``shellac purge``: the Purging API from a shell."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from controller.cli.configs import choose
from controller.errors import RequestRefused
from vclgen.config import Config

purge_app = typer.Typer(help="Purge through a running controller.", no_args_is_help=True)

ConfigOption = Annotated[
    Path | None, typer.Option("--config", "-c", help="The config file of the running service.")
]
UrlOption = Annotated[
    str | None,
    typer.Option("--url", help="The controller's admin listener. Default: the config's."),
]
TokenOption = Annotated[
    str | None,
    typer.Option("--token", envvar="SHELLAC_ADMIN_TOKEN", help="Default: the one of `shellac up`."),
]
SoftOption = Annotated[bool, typer.Option("--soft", help="Mark as stale instead of removing.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]

TYPE_DOCUMENT = """\
mutation ($type: String!, $keys: [KeyFieldInput!], $soft: Boolean) {
  done: _purgeType(type: $type, keyFields: $keys, soft: $soft)
}"""
ALL_DOCUMENT = "mutation ($soft: Boolean) { done: _purgeAll(soft: $soft) }"


@purge_app.command("type")
def purge_type(
    name: Annotated[str, typer.Argument(help="The type's name.")],
    ids: Annotated[list[str] | None, typer.Option("--id", help="An entity by its `id`.")] = None,
    keys: Annotated[
        list[str] | None, typer.Option("--key", help="An entity by any key field: NAME=VALUE.")
    ] = None,
    soft: SoftOption = False,
    config: ConfigOption = None,
    url: UrlOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Purge a type, or entities of it."""
    fields = [{"name": "id", "value": value} for value in ids or ()]
    for pair in keys or ():
        key, equals, value = pair.partition("=")
        if not equals:
            raise typer.BadParameter(f"{pair!r} is not NAME=VALUE", param_hint="--key")
        fields.append({"name": key, "value": value})
    variables = {"type": name, "keys": fields or None, "soft": soft}
    _purge(TYPE_DOCUMENT, variables, config, url, token, as_json=as_json)


@purge_app.command("all")
def purge_all(
    soft: SoftOption = False,
    config: ConfigOption = None,
    url: UrlOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Purge everything the service has stored."""
    _purge(ALL_DOCUMENT, {"soft": soft}, config, url, token, as_json=as_json)


def _purge(
    document: str,
    variables: dict[str, Any],
    file: Path | None,
    url: str | None,
    token: str | None,
    *,
    as_json: bool,
) -> None:
    config = choose(file, None, None).config
    address = url or f"http://{config.controller.admin_listen.reachable}"
    answer = _send(f"{address}/{config.name}", document, variables, token or kept_token(config))
    if as_json:
        typer.echo(json.dumps(answer))
        return
    for node in answer.get("extensions", {}).get("shellac", {}).get("nodes", []):
        typer.echo("  ".join(str(value) for value in node.values()))
    typer.echo("purged")


def _send(url: str, document: str, variables: dict[str, Any], token: str) -> dict[str, Any]:
    body = {"query": document, "variables": variables}
    try:
        response = httpx.post(url, json=body, headers={"stellate-token": token}, timeout=30)
    except httpx.HTTPError as error:
        raise RequestRefused(0, f"{url} cannot be reached: {error}", "UNREACHABLE") from error
    try:
        answer = response.json()
    except ValueError as error:
        raise RequestRefused(
            response.status_code, f"{url} is no Purging API: it answers no JSON", "NOT_JSON"
        ) from error
    if errors := answer.get("errors"):
        messages = "; ".join(error.get("message", "") for error in errors)
        raise RequestRefused(response.status_code, messages, "REFUSED")
    return dict(answer)


def kept_token(config: Config) -> str:
    """The token of `shellac up`, else the one in the environment."""
    file = config.state_dir / "admin.token"
    if file.is_file():
        return file.read_text().strip()
    return os.environ.get("SHELLAC_ADMIN_TOKEN", "")
