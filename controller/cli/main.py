"""The command line. Every expected failure ends here: its message on stderr, an exit code by kind.

Exit codes: 0 done; 1 something went wrong while running; 2 the config (or the command line, or a
document on it) is wrong; 3 the VCL does not compile; 4 something could not be reached or refused;
5 a purge is recorded, but a node has not applied it yet.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from controller.cli.check import check_config
from controller.cli.configs import Chosen, choose
from controller.cli.direct import direct_tour
from controller.cli.explain import explain
from controller.cli.explain_direct import explain_direct
from controller.cli.explain_direct_text import rendered_directly
from controller.cli.explain_input import read_headers, read_question
from controller.cli.explain_text import rendered
from controller.cli.explained import Explained, to_json
from controller.cli.explained_direct import DirectExplained
from controller.cli.playground import playground_command
from controller.cli.purges import purge_app
from controller.cli.reload import reload_command
from controller.cli.schemas import schema_app
from controller.cli.serve import run_serve
from controller.cli.shape import Shape, ShapeOption
from controller.cli.tokens import token_app
from controller.cli.tour import tour
from controller.cli.up import Setup, ensure_secret, prepare, run_up
from controller.errors import (
    NodeError,
    OriginError,
    PageUnavailable,
    RequestRefused,
    SchemaUnavailable,
)
from vclgen.compile import compile_include, compile_vcl
from vclgen.errors import ConfigError, ShellacError, VclError
from vclgen.include import FILE_NAME
from vclgen.render import include_of, vcl_of
from vclgen.start import include_arguments, varnishd_arguments

FAILED: Final = 1
BAD_CONFIG: Final = 2
BAD_VCL: Final = 3
UNREACHABLE: Final = 4

app = typer.Typer(
    name="shellac",
    help="A GraphQL CDN that you run yourself, on Varnish.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    add_completion=False,
)
out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config", "-c", help="The config file. Default: shellac.yaml here, else the demo."
    ),
]
OriginOption = Annotated[
    str | None, typer.Option("--origin", help="The GraphQL server, in place of `originUrl`.")
]
EnvironmentOption = Annotated[
    str | None, typer.Option("--environment", help="The entry of `environments` to apply.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("up")
def up_command(
    config: ConfigOption = None,
    origin: OriginOption = None,
    environment: EnvironmentOption = None,
) -> None:
    """Start varnishd and the controller (and the demo origin if no other is named)."""
    chosen = _choose(config, origin, environment)
    token = prepare(chosen.config)
    setup = Setup(chosen.config, chosen.arguments, chosen.demo, token)
    out.print(f"starting with {chosen.described}; state in {chosen.config.state_dir}", markup=False)

    def say(text: str) -> None:
        out.print(text, markup=False)
        if text.startswith("ready "):
            shown = (
                tour(chosen.config, token, demo=chosen.demo is not None)
                if chosen.config.profile == "gateway"
                else direct_tour(chosen.config)
            )
            out.print(shown, markup=False)

    asyncio.run(run_up(setup, say))


@app.command("serve")
def serve_command(
    config: ConfigOption = None,
    origin: OriginOption = None,
    environment: EnvironmentOption = None,
) -> None:
    """Run the controller alone, beside a varnishd that was started elsewhere."""
    chosen = _choose(config, origin, environment)
    token = prepare(chosen.config)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    asyncio.run(run_serve(chosen.config, token, lambda: choose(config, origin, environment).config))


@app.command("render")
def render_command(
    config: ConfigOption = None,
    origin: OriginOption = None,
    environment: EnvironmentOption = None,
    output: Annotated[
        Path | None,
        typer.Option(help="Write the VCL and varnishd.args into this directory."),
    ] = None,
    shape: ShapeOption = Shape.DEFAULT,
) -> None:
    """Render the VCL to standard output, or with its start line into a directory."""
    chosen = _choose(config, origin, environment)
    include = shape is Shape.INCLUDE
    vcl = include_of(chosen.config) if include else vcl_of(chosen.config)
    if output is None:
        sys.stdout.write(vcl)
        return
    output.mkdir(parents=True, exist_ok=True)
    file = output.absolute() / (FILE_NAME if include else "default.vcl")
    file.write_text(vcl)
    arguments = (
        include_arguments(chosen.config) if include else varnishd_arguments(chosen.config, file)
    )
    (output / "varnishd.args").write_text("\n".join(arguments) + "\n")
    ensure_secret(chosen.config.secret_file)
    err.print(f"wrote {file} and {output.absolute() / 'varnishd.args'}", markup=False)


@app.command("check")
def check_command(
    config: ConfigOption = None,
    origin: OriginOption = None,
    environment: EnvironmentOption = None,
    shape: ShapeOption = Shape.DEFAULT,
    host: Annotated[
        Path | None, typer.Option("--host", help="With --as include: the VCL that includes it.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Check config, schema and VCL, and say what will not be cached or purged."""
    chosen = _choose(config, origin, environment, quiet=True)
    include = shape is Shape.INCLUDE
    if include:
        compile_include(include_of(chosen.config), host)
    elif host is not None:
        raise typer.BadParameter("needs --as include", param_hint="--host")
    else:
        compile_vcl(vcl_of(chosen.config))
    findings = asyncio.run(check_config(chosen.config, chosen.notices, include=include))
    if as_json:
        out.print_json(json.dumps([finding.as_dict() for finding in findings]))
    else:
        for finding in findings:
            out.print(str(finding), markup=False)
        out.print(f"{chosen.described}: checked", markup=False)
    if any(finding.level == "error" for finding in findings):
        raise typer.Exit(UNREACHABLE)


@app.command("explain")
def explain_command(
    document: Annotated[
        str,
        typer.Argument(
            help="A GraphQL document, a file, - for stdin, or the URL of a query by GET."
        ),
    ],
    config: ConfigOption = None,
    origin: OriginOption = None,
    environment: EnvironmentOption = None,
    variables: Annotated[
        str | None, typer.Option(help="Variables as a JSON object.", show_default=False)
    ] = None,
    operation: Annotated[str | None, typer.Option(help="operationName.")] = None,
    header: Annotated[
        list[str] | None, typer.Option("--header", "-H", help="A request header, NAME: VALUE.")
    ] = None,
    answer_header: Annotated[
        list[str] | None,
        typer.Option(
            "--answer-header",
            "-A",
            help="In a direct profile: a header of the origin's answer, NAME: VALUE.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Say what Shellac does with a request: rules, scopes, key, tags, or why it passes."""
    chosen = _choose(config, origin, environment, quiet=True).config
    is_direct = chosen.profile != "gateway"
    question = read_question(document, variables, operation, header or [], any_url=is_direct)
    answer = read_headers(answer_header or [], "--answer-header")
    explained: Explained | DirectExplained
    if is_direct:
        explained = asyncio.run(explain_direct(chosen, question, answer))
        shown = rendered_directly(explained)
    elif answer:
        raise typer.BadParameter(
            "the gateway's rules decide, not the answer", param_hint="--answer-header"
        )
    else:
        explained = asyncio.run(explain(chosen, question))
        shown = rendered(explained)
    if as_json:
        out.print_json(json.dumps(to_json(explained)))
    else:
        out.print(shown, soft_wrap=False)
    if explained.errors:
        raise typer.Exit(BAD_CONFIG)


app.command("reload")(reload_command)
app.command("playground")(playground_command)
app.add_typer(purge_app, name="purge")
app.add_typer(schema_app, name="schema")
app.add_typer(token_app, name="token")


def _choose(
    file: Path | None, origin: str | None, environment: str | None, *, quiet: bool = False
) -> Chosen:
    chosen = choose(file, origin, environment)
    if not quiet:
        for notice in chosen.notices:
            err.print(f"note: {notice}", markup=False)
    return chosen


def main() -> None:
    """Run the command line."""
    try:
        app()
    except ConfigError as error:
        _end(error, BAD_CONFIG)
    except VclError as error:
        _end(error, BAD_VCL)
    except (
        SchemaUnavailable,
        OriginError,
        NodeError,
        PageUnavailable,
        RequestRefused,
    ) as error:
        _end(error, UNREACHABLE)
    except ShellacError as error:
        _end(error, FAILED)


def _end(error: ShellacError, code: int) -> None:
    err.print(f"shellac: {error}", markup=False)
    raise SystemExit(code)
