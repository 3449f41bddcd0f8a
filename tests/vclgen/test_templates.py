"""What the templates print: nothing of a config gets into VCL but through ``vclgen.escape``."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from pathlib import Path

import pytest
from jinja2 import Environment, nodes

from vclgen.direct.plan import DirectPlan
from vclgen.plan import GatewayPlan
from vclgen.render import templates_folder

ESCAPING = frozenset({"code", "header", "inside", "number", "regex", "vcl", "vcl_long"})
NUMBERS = (int, bool)
HINTS = typing.get_type_hints(DirectPlan) | typing.get_type_hints(GatewayPlan)
TEMPLATES = sorted(templates_folder().rglob("*.j2"))


def unescaped(source: str, *, shared: bool = False) -> list[str]:
    """The lines of a template that print something as it is, each with what it prints. The macros
    of a ``shared`` one are called from others as well, which import them by name.
    """
    tree = Environment().parse(source)
    macros = {macro.name for macro in tree.find_all(nodes.Macro)}
    imported = {str(name) for line in tree.find_all(nodes.FromImport) for name in line.names}
    return list(printed_unescaped(tree, None if shared else tree, macros | imported, frozenset()))


Macros = set[str]


def printed_unescaped(
    node: nodes.Node, tree: nodes.Template | None, macros: Macros, safe: frozenset[str]
) -> Iterator[str]:
    """What is printed below ``node``; ``safe`` are the variables there that hold no config."""
    match node:
        case nodes.Output():
            for printed in node.nodes:
                if not is_safe(printed, macros, safe):
                    yield f"line {printed.lineno}: {printed}"
        case nodes.Macro():
            safe = safe | safe_parameters(node, tree, macros)
        case nodes.For():
            names = {
                name.name
                for name in [node.target, *node.target.find_all(nodes.Name)]
                if isinstance(name, nodes.Name)
            }
            safe = safe | names if is_constant(node.iter) else safe - names
    for child in node.iter_child_nodes():
        yield from printed_unescaped(child, tree, macros, safe)


def safe_parameters(
    macro: nodes.Macro, tree: nodes.Template | None, macros: Macros
) -> frozenset[str]:
    """The parameters of a macro that every call gives what is safe; ``tree`` holds all calls."""
    if tree is None:
        return frozenset()
    calls = [
        call
        for call in tree.find_all(nodes.Call)
        if isinstance(call.node, nodes.Name) and call.node.name == macro.name
    ]
    return frozenset(
        parameter.name
        for place, parameter in enumerate(macro.args)
        if all(is_safe(call.args[place], macros, frozenset()) for call in calls)
    )


def is_constant(expression: nodes.Expr) -> bool:
    try:
        expression.as_const()
    except nodes.Impossible:
        return False
    return True


def is_safe(printed: nodes.Node | None, macros: Macros, safe: frozenset[str]) -> bool:
    match printed:
        case None | nodes.TemplateData() | nodes.Const():
            return True
        case nodes.Filter(name=name) if name in ESCAPING:
            return True
        case nodes.CondExpr(expr1=one, expr2=other):
            return is_safe(one, macros, safe) and is_safe(other, macros, safe)
        case nodes.Name(name=name):
            return name in safe
        case nodes.Call(node=nodes.Name(name=name)):
            return name == "feature" or name in macros
        case nodes.Getattr(node=nodes.Name(name="plan"), attr=name):
            return HINTS.get(name) in NUMBERS
        case _:
            return False


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_every_value_that_is_printed_is_escaped(template: Path) -> None:
    shared = not template.name.endswith(".vcl.j2")
    assert unescaped(template.read_text(), shared=shared) == []


def test_macros_are_imported_from_shared_templates_by_name() -> None:
    for template in TEMPLATES:
        tree = Environment().parse(template.read_text())
        assert not list(tree.find_all(nodes.Import)), template.name
        for line in tree.find_all(nodes.FromImport):
            assert not line.template.as_const().endswith(".vcl.j2"), template.name


BAD = (
    "{{ plan.path }}",
    '{{ "x" ~ plan.path }}',
    "{% for name in plan.keyed_headers %}{{ name }}{% endfor %}",
    '{{ plan.path if plan.debug else "x" }}',
    "{{ plan.path | upper }}",
    "{{ plan.path | vcl | lower }}",
    "{% macro m(name) %}{{ name }}{% endmacro %}{{ m(plan.path) }}",
    "{% set x = plan.path %}{{ x }}",
    "{% for x in ('a', 'b') %}{{ x }}{% endfor %}{% for x in plan.scopes %}{{ x }}{% endfor %}",
    "{% for x, y in (('a', plan.path),) %}{{ x | inside }}{{ y }}{% endfor %}",
)


@pytest.mark.parametrize("source", BAD)
def test_a_value_that_is_printed_as_it_is_is_found(source: str) -> None:
    assert len(unescaped(source)) == 1


def test_a_shared_macro_that_prints_its_parameter_is_found() -> None:
    source = "{% macro m(name) %}{{ name }}{% endmacro %}{{ m('x') }}"
    assert unescaped(source) == []
    assert len(unescaped(source, shared=True)) == 1


def test_what_the_generator_knows_may_be_printed() -> None:
    source = '{{ plan.max_request_size }}{{ "els" if not loop.first }}{{ plan.path | vcl }}'
    macro = "{% macro m(name) %}{{ name }}{% endmacro %}{{ m('x') }}{{ m(plan.path | header) }}"
    loop = "{% for x, y in (('a', 'b'),) %}{{ x }}{{ y }}{% endfor %}"
    assert unescaped(source + macro + loop) == []
