"""``shellac purge``: the Purging API from a shell.

Exit codes: 0 every node has applied it (or, with ``--dry-run``, it was counted); 2 the command line
or the config is wrong; 4 the controller refused it or cannot be reached, and nothing was purged;
5 it is recorded, and a node has not applied it yet.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn

import httpx
import orjson
import typer

from controller.cli.configs import choose
from controller.errors import RequestRefused
from vclgen.config import Config

PENDING: Final = 5
"""Exit code: the purge is in the log, and a node has not applied it yet."""

purge_app = typer.Typer(
    help="Purge through a running controller. Exit codes: 0 applied, 2 wrong usage, 4 refused or "
    "unreachable, 5 recorded but not yet applied by every node: it will be once they are reached.",
    no_args_is_help=True,
)

SoftOption = Annotated[bool, typer.Option("--soft", help="Mark as stale instead of removing.")]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Count what would go, and purge nothing.")
]
RefreshOption = Annotated[bool, typer.Option("--refresh", help="Then fetch the hottest again.")]
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
JsonOption = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]


@dataclass(frozen=True, slots=True)
class _Where:
    """The controller to ask, and how to print its answer."""

    config: Path | None
    url: str | None
    token: str | None
    as_json: bool


@purge_app.command("type")
def purge_type(
    name: Annotated[str, typer.Argument(help="The type's name.")],
    ids: Annotated[list[str] | None, typer.Option("--id", help="An entity by its `id`.")] = None,
    keys: Annotated[
        list[str] | None, typer.Option("--key", help="An entity by any key field: NAME=VALUE.")
    ] = None,
    soft: SoftOption = False,
    dry_run: DryRunOption = False,
    refresh: RefreshOption = False,
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
    wanted = {"type": ("String!", name), "keyFields": ("[KeyFieldInput!]", fields or None)}
    _purge("_purgeType", wanted, _how(soft, dry_run, refresh), _Where(config, url, token, as_json))


@purge_app.command("query")
def purge_query(
    names: Annotated[list[str], typer.Argument(help="Fields of the query root.")],
    soft: SoftOption = False,
    dry_run: DryRunOption = False,
    refresh: RefreshOption = False,
    config: ConfigOption = None,
    url: UrlOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Purge the answers in which a field of the query root stands, whatever its arguments."""
    wanted = {"queries": ("[String!]!", names)}
    where = _Where(config, url, token, as_json)
    _purge("_purgeQuery", wanted, _how(soft, dry_run, refresh), where)


@purge_app.command("query-field")
def purge_query_field(
    name: Annotated[str, typer.Argument(help="A field of the query root.")],
    arguments: Annotated[
        list[str] | None,
        typer.Option("--args", help="Exactly these arguments, a JSON object. May be repeated."),
    ] = None,
    soft: SoftOption = False,
    dry_run: DryRunOption = False,
    refresh: RefreshOption = False,
    config: ConfigOption = None,
    url: UrlOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Purge the answers in which a query field has exactly these arguments; by default none."""
    fields = [{"name": name, "args": _json_object(text)} for text in arguments or ["{}"]]
    wanted = {"fields": ("[QueryFieldInput!]!", fields)}
    where = _Where(config, url, token, as_json)
    _purge("_purgeQueryField", wanted, _how(soft, dry_run, refresh), where)


@purge_app.command("operation")
def purge_operation(
    names: Annotated[list[str], typer.Argument(help="Names of operations.")],
    soft: SoftOption = False,
    dry_run: DryRunOption = False,
    refresh: RefreshOption = False,
    config: ConfigOption = None,
    url: UrlOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Purge the answers to operations by their names."""
    wanted = {"names": ("[String!]!", names)}
    where = _Where(config, url, token, as_json)
    _purge("_purgeOperationName", wanted, _how(soft, dry_run, refresh), where)


@purge_app.command("id")
def purge_id(
    ids: Annotated[list[str], typer.Argument(help="Ids of entities, whatever their type.")],
    soft: SoftOption = False,
    dry_run: DryRunOption = False,
    refresh: RefreshOption = False,
    config: ConfigOption = None,
    url: UrlOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Purge entities by their ids alone (`globalIds: true`)."""
    wanted = {"ids": ("[String!]!", ids)}
    _purge("_purgeId", wanted, _how(soft, dry_run, refresh), _Where(config, url, token, as_json))


@purge_app.command("tags")
def purge_tags(
    tags: Annotated[list[str], typer.Argument(help="Tags as `shellac explain` prints them.")],
    soft: SoftOption = False,
    dry_run: DryRunOption = False,
    refresh: RefreshOption = False,
    config: ConfigOption = None,
    url: UrlOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Purge the answers that carry one of these tags."""
    wanted = {"tags": ("[String!]!", tags)}
    _purge("_purgeTags", wanted, _how(soft, dry_run, refresh), _Where(config, url, token, as_json))


@purge_app.command("all")
def purge_all(
    soft: SoftOption = False,
    dry_run: DryRunOption = False,
    refresh: RefreshOption = False,
    config: ConfigOption = None,
    url: UrlOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Purge everything the service has stored."""
    _purge("_purgeAll", {}, _how(soft, dry_run, refresh), _Where(config, url, token, as_json))


def _how(soft: bool, dry_run: bool, refresh: bool) -> dict[str, bool]:
    """The options that were given."""
    options = {"soft": soft, "dryRun": dry_run, "refresh": refresh}
    return {name: given for name, given in options.items() if given}


def _json_object(text: str) -> orjson.Fragment:
    """A JSON object, sent as it was written: a number keeps its digits."""
    try:
        found = json.loads(text, parse_constant=_no_number)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no JSON: {error}", param_hint="--args") from error
    if not isinstance(found, dict):
        raise typer.BadParameter("give a JSON object: '{\"id\": 5}'", param_hint="--args")
    return orjson.Fragment(text)


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _purge(
    field: str, wanted: Mapping[str, tuple[str, Any]], how: Mapping[str, bool], where: _Where
) -> None:
    """``wanted`` are type and value of each argument.

    Raises:
        RequestRefused: nothing was purged.
    """
    typed = {**wanted, **{name: ("Boolean", given) for name, given in how.items()}}
    declared = ", ".join(f"${name}: {type_}" for name, (type_, _) in typed.items())
    passed = ", ".join(f"{name}: ${name}" for name in typed)
    document = f"mutation ({declared}) {{ done: {field}({passed}) }}"
    if not typed:
        document = f"mutation {{ done: {field} }}"
    config = choose(where.config, None, None).config
    address = where.url or f"http://{config.controller.admin_listen.reachable}"
    url = f"{address.rstrip('/')}/{config.name}"
    variables = {name: value for name, (_, value) in typed.items()}
    status, answer = _ask(url, document, variables, where.token or kept_token(config))
    if where.as_json:
        typer.echo(json.dumps(answer))
    if answer.get("data") != {"done": True}:
        errors = answer.get("errors") or [{"message": f"{url} is no Purging API"}]
        messages = "; ".join(str(error.get("message")) for error in errors)
        raise RequestRefused(status, messages, "REFUSED")
    _report(answer.get("extensions", {}).get("shellac", {}), as_json=where.as_json)


def _ask(url: str, document: str, variables: Mapping[str, Any], token: str) -> tuple[int, Any]:
    """HTTP status and JSON object of the answer."""
    try:
        body = orjson.dumps({"query": document, "variables": variables})
    except orjson.JSONEncodeError as error:
        raise typer.BadParameter("an argument is not UTF-8") from error
    headers = {"stellate-token": token, "Content-Type": "application/json"}
    try:
        response = httpx.post(url, content=body, headers=headers, timeout=30)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise RequestRefused(0, f"{url} cannot be reached: {error}", "UNREACHABLE") from error
    try:
        answer = response.json()
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        message = f"{url} is no Purging API: it answers {response.status_code} without JSON"
        raise RequestRefused(response.status_code, message, "NOT_JSON")
    return response.status_code, answer


def _report(said: Mapping[str, Any], *, as_json: bool) -> None:
    nodes = said.get("nodes", [])
    behind = any(node["result"] not in ("applied", "lapsed") for node in nodes)
    if not as_json:
        for node in nodes:
            typer.echo("  ".join(str(node[key]) for key in ("address", "result", "milliseconds")))
        typer.echo(_summary(said, behind=behind))
    if behind:
        raise typer.Exit(PENDING)


def _summary(said: Mapping[str, Any], *, behind: bool) -> str:
    for count in said.get("dryRun", {}).values():
        at_least = "" if count["complete"] else "at least "
        return f"would purge {at_least}{count['objects']} objects"
    if behind:
        return "recorded; not applied everywhere yet"
    if "refresh" in said:
        return f"purged; {said['refresh']['queued']} objects are fetched again"
    return "purged"


def kept_token(config: Config) -> str:
    """The token of `shellac up`, else the one in the environment."""
    file = config.state_dir / "admin.token"
    if file.is_file():
        return file.read_text().strip()
    return os.environ.get("SHELLAC_ADMIN_TOKEN", "")
