"""plan → VCL: the templates, joined in the order that ``templates/main.vcl.j2`` states."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2 import TemplateError as JinjaError

from vclgen import escape
from vclgen.errors import TemplateError
from vclgen.plan import GatewayPlan

ORIGIN_MARK: Final = "# from: templates/"
"""Before each block of the generated file; ``vclgen.compile`` maps an error's line back by it."""


def render(plan: GatewayPlan) -> str:
    """The whole ``default.vcl`` for a plan. The same plan always gives the same text.

    Raises:
        TemplateError: a value of the plan cannot stand in VCL, or a template is wrong.
    """
    environment = _environment()

    def feature(name: str) -> str:
        template = environment.get_template(f"features/{name}.vcl.j2")
        body = template.render(plan=plan).strip()
        return f"{ORIGIN_MARK}features/{name}.vcl.j2\n{body}\n" if body else ""

    try:
        text = environment.get_template("main.vcl.j2").render(plan=plan, feature=feature)
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
    environment.filters["header"] = escape.header_name
    environment.filters["regex"] = re.escape
    return environment
