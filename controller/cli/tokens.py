"""``shellac token``: the tokens of the admin API, in the state directory of the controller."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from pydantic import TypeAdapter, ValidationError

from controller.cli.configs import choose
from controller.cli.purges import ConfigOption, JsonOption
from controller.tokens.store import NAME, add, all_tokens, by_id, revoke, token_store
from controller.tokens.token import MAX_NAME, Scope, Token, digest, id_of, moment, new_text
from vclgen.config.values import Duration

token_app = typer.Typer(
    help="Tokens of the admin API. Run it where the controller runs: it writes to its stateDir.",
    no_args_is_help=True,
)

EnvironmentOption = Annotated[
    str | None, typer.Option("--environment", help="The entry of `environments` to apply.")
]

_COLUMNS: Final = ("id", "name", "scope", "created", "expires", "lastUsed", "revoked", "status")
_TIMES: Final = ("created", "expires", "lastUsed", "revoked")


@token_app.command("create")
def create_token(
    name: Annotated[str, typer.Option("--name", help="Who will use it; lists and logs say it.")],
    scope: Annotated[
        Scope,
        typer.Option("--scope", help="purge: the Purging API alone. admin: everything."),
    ] = Scope.PURGE,
    expires: Annotated[
        str | None, typer.Option("--expires", help="For how long, like 90d or 12h. Default: ever.")
    ] = None,
    config: ConfigOption = None,
    environment: EnvironmentOption = None,
) -> None:
    """Make a token and print it, this once."""
    now = time.time()
    text = new_text()
    token = Token(
        id=id_of(text) or "",
        name=_checked_name(name),
        scope=scope,
        sha256=digest(text.encode()),
        created=now,
        expires=None if expires is None else now + _seconds(expires),
    )
    file = _file(config, environment)
    with token_store(file) as db:
        add(db, token)
    until = "until it is revoked" if token.expires is None else f"until {moment(token.expires)}"
    typer.echo(text)
    typer.echo(
        f'Token {token.id} "{token.name}", scope {token.scope}, valid {until}. It is shown this '
        f"once: {file} holds its hash alone. Send it as `stellate-token` or as "
        "`Authorization: Bearer`.",
        err=True,
    )


@token_app.command("list")
def list_tokens(
    config: ConfigOption = None, environment: EnvironmentOption = None, as_json: JsonOption = False
) -> None:
    """Show every token there ever was, but for the token itself."""
    file = _file(config, environment)
    tokens: list[Token] = []
    if file.exists():
        with token_store(file) as db:
            tokens = all_tokens(db)
    rows = [_row(token, time.time()) for token in tokens]
    if as_json:
        typer.echo(json.dumps(rows))
    elif not rows:
        typer.echo(f"There are no tokens in {file}", err=True)
    else:
        typer.echo(_table(rows))


@token_app.command("revoke")
def revoke_tokens(
    ids: Annotated[
        list[str], typer.Argument(metavar="ID", help="As `list` shows it, or the token itself.")
    ],
    config: ConfigOption = None,
    environment: EnvironmentOption = None,
) -> None:
    """Have tokens refused from now on, by running controllers too."""
    file = _file(config, environment)
    wanted = list(dict.fromkeys(id_of(text) or text for text in ids))
    with token_store(file) as db:
        known = {id: by_id(db, id) for id in wanted}
        for id, token in known.items():
            if token is None:
                message = f"{file} has no token {id!r}; `shellac token list` shows them"
                raise typer.BadParameter(message, param_hint="ID")
        for id, token in known.items():
            assert token is not None
            revoke(db, id, time.time())
            already = " already" if token.revoked is not None else ""
            typer.echo(f'{id} "{token.name}" is{already} revoked')


def _file(config: Path | None, environment: str | None) -> Path:
    return choose(config, None, environment).config.state_dir / NAME


def _checked_name(name: str) -> str:
    if name.strip() != name or not name.isprintable() or not 0 < len(name) <= MAX_NAME:
        raise typer.BadParameter(
            f"{name!r} is no name: use 1 to {MAX_NAME} printable characters, none of them a space "
            "at an end",
            param_hint="--name",
        )
    return name


def _seconds(text: str) -> float:
    try:
        found: float = TypeAdapter(Duration).validate_python(text)
    except ValidationError as error:
        raise typer.BadParameter(error.errors()[0]["msg"], param_hint="--expires") from error
    return found


def _row(token: Token, at: float) -> dict[str, Any]:
    times = (token.created, token.expires, token.used, token.revoked)
    shown = [None if each is None else moment(each) for each in times]
    return {
        "id": token.id,
        "name": token.name,
        "scope": token.scope.value,
        **dict(zip(_TIMES, shown, strict=True)),
        "status": token.status(at),
    }


def _table(rows: Sequence[dict[str, Any]]) -> str:
    cells = [_COLUMNS, *([row[column] or "never" for column in _COLUMNS] for row in rows)]
    widths = [max(len(line[place]) for line in cells) for place in range(len(_COLUMNS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    )
