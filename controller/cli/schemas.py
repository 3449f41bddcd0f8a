"""``shellac schema``: the schema of a running controller."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import httpx
import typer

from controller.cli.configs import choose
from controller.cli.purges import ConfigOption, TokenOption, UrlOption, kept_token
from controller.errors import RequestRefused

schema_app = typer.Typer(help="The schema of a running controller.", no_args_is_help=True)


@schema_app.command("push")
def push_schema(
    file: Annotated[str, typer.Argument(help="A file of SDL, or - for stdin.")],
    config: ConfigOption = None,
    url: UrlOption = None,
    token: TokenOption = None,
) -> None:
    """Use this schema from now on, whatever `schema` of the config says, until the next push."""
    try:
        sdl = sys.stdin.read() if file == "-" else Path(file).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"{file} cannot be read: {error}", param_hint="FILE") from error
    answer = _ask("POST", config, url, token, content=sdl.encode())
    changed = answer.json().get("changed")
    typer.echo("pushed: new verdicts from now on" if changed else "pushed: nothing changed")


@schema_app.command("show")
def show_schema(
    config: ConfigOption = None, url: UrlOption = None, token: TokenOption = None
) -> None:
    """Print the schema in use as SDL: a pushed one as it was pushed, any other without the
    directives applied in it.
    """
    typer.echo(_ask("GET", config, url, token).text.rstrip())


def _ask(
    method: str,
    file: Path | None,
    url: str | None,
    token: str | None,
    content: bytes | None = None,
) -> httpx.Response:
    config = choose(file, None, None).config
    address = f"{url or f'http://{config.controller.admin_listen.reachable}'}/schema"
    headers = {
        "stellate-token": token or kept_token(config),
        "content-type": "application/graphql; charset=utf-8",
    }
    try:
        response = httpx.request(method, address, content=content, headers=headers, timeout=60)
    except httpx.HTTPError as error:
        raise RequestRefused(0, f"{address} cannot be reached: {error}", "UNREACHABLE") from error
    if response.status_code != 200:
        raise RequestRefused(response.status_code, _message(response), "REFUSED")
    return response


def _message(response: httpx.Response) -> str:
    try:
        return "; ".join(str(error["message"]) for error in response.json()["errors"])
    except (ValueError, LookupError, TypeError):
        return f"{response.url} answers {response.status_code} and no reason: is it Shellac?"
