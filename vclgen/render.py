"""plan → VCL: the templates, joined in the order that ``templates/main.vcl.j2`` states."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2 import TemplateError as JinjaError

from vclgen import escape
from vclgen.config import Config
from vclgen.direct.plan import DirectPlan, direct_plan
from vclgen.errors import TemplateError
from vclgen.include import included, refuse_as_include
from vclgen.plan import GatewayPlan, gateway_plan

ORIGIN_MARK: Final = "# from: templates/"
"""Before each block of the generated file; ``vclgen.compile`` maps an error's line back by it."""
WAY_IN: Final = "features/include.vcl.j2"
"""Varnish's own subs of an include; with one for pipes where anything is piped."""
PIPE: Final = "sub shellac_pipe {"


def vcl_of(config: Config) -> str:
    """The whole ``default.vcl`` for a config, by its profile.

    Raises:
        TemplateError: a value of the config cannot stand in VCL, or a template is wrong.
    """
    return render(gateway_plan(config) if config.profile == "gateway" else direct_plan(config))


def include_of(config: Config) -> str:
    """The ``shellac.vcl`` for a config, which another VCL includes.

    Raises:
        ConfigError: the config wants more than the GraphQL path.
        TemplateError: as for ``vcl_of``.
    """
    refuse_as_include(config)
    if config.profile == "gateway":
        return render(gateway_plan(config, include=True))
    return render(direct_plan(config, include=True))


def render(plan: GatewayPlan | DirectPlan) -> str:
    """The VCL for a plan. The same plan always gives the same text.

    Raises:
        TemplateError: a value of the plan cannot stand in VCL, or a template is wrong.
    """
    environment = _environment()

    def feature(name: str) -> str:
        path = f"{name if '/' in name else f'features/{name}'}.vcl.j2"
        body = environment.get_template(path).render(plan=plan).strip()
        return f"{ORIGIN_MARK}{path}\n{body}\n" if body else ""

    main = "main.vcl.j2" if isinstance(plan, GatewayPlan) else "direct/main.vcl.j2"
    try:
        text = environment.get_template(main).render(plan=plan, feature=feature)
        if plan.include:
            text = included(text, plan.ports)
            way_in = environment.get_template(WAY_IN).render(plan=plan, piped=PIPE in text)
            text = f"{text}\n\n{ORIGIN_MARK}{WAY_IN}\n{way_in}"
    except JinjaError as error:
        raise TemplateError(f"templates: {error}") from error
    return re.sub(r"\n{3,}", "\n\n", text.strip()) + "\n"


def templates_folder() -> Path:
    """Where the templates are: inside the wheel, or beside the package in a checkout."""
    here = Path(__file__).parent
    packed = here / "templates"
    return packed if packed.is_dir() else here.parent / "templates"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(templates_folder()),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701  VCL, not HTML; vclgen.escape quotes
        trim_blocks=False,
        lstrip_blocks=False,
        keep_trailing_newline=False,
    )
    environment.filters["vcl"] = escape.quoted
    environment.filters["vcl_long"] = escape.long_quoted
    environment.filters["inside"] = escape.inside
    environment.filters["number"] = escape.number
    environment.filters["code"] = escape.own_code
    environment.filters["header"] = escape.header_name
    environment.filters["regex"] = escape.regex
    return environment
