"""``/docs``: what OpenAPI says of the admin listener, as one page that loads nothing else.

The usual pages load their scripts from somebody's servers, which a machine that holds tokens should
not need, and may not reach.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em }
code, pre { font-family: ui-monospace, monospace; background: #8882; padding: 0 .25em }
pre { padding: .75em; overflow-x: auto }
table { border-collapse: collapse; width: 100% }
td, th { border-bottom: 1px solid #8884; padding: .25em .5em; vertical-align: top }
th { text-align: left }
h2 { border-top: 1px solid #8886; padding-top: 1em }
:root { color-scheme: light dark }
"""


def docs_page(described: Mapping[str, Any]) -> str:
    """The HTML page of an OpenAPI document."""
    return "".join(_page(described))


def _page(described: Mapping[str, Any]) -> Iterator[str]:
    title = escape(f"{described['info']['title']} {described['info']['version']}")
    yield f"<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title>"
    yield f"<style>{_STYLE}</style><h1>{title}: the admin listener</h1>"
    yield "<p>As JSON: <a href='openapi.json'>openapi.json</a>. Tokens go in "
    yield "<code>stellate-token</code>, <code>graphcdn-token</code> or "
    yield "<code>Authorization: Bearer</code>.</p>"
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            yield from _operation(method, path, operation)
    for name, schema in described.get("components", {}).get("schemas", {}).items():
        yield from _schema(name, schema)


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> Iterator[str]:
    yield f"<h2><code>{method.upper()} {escape(path)}</code></h2>"
    yield f"<p>{escape(operation.get('description', ''))}</p>"
    body = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if body:
        yield f"<p>Body: {_type(body['schema'])}</p>"
    yield "<table>"
    for status, response in operation.get("responses", {}).items():
        found = response.get("content", {}).get("application/json", {}).get("schema", {})
        yield f"<tr><td>{status}<td>{escape(response['description'])}<td>{_type(found)}"
    yield "</table>"


def _schema(name: str, schema: Mapping[str, Any]) -> Iterator[str]:
    yield f"<h2 id='{escape(name)}'>{escape(name)}</h2><p>{escape(schema.get('description', ''))}"
    yield "</p><table><tr><th>member<th>type<th>meaning"
    required = schema.get("required", ())
    for member, found in schema.get("properties", {}).items():
        needed = " (required)" if member in required else ""
        examples = found.get("examples", ())
        example = "".join(f" Like <code>{_json(value)}</code>." for value in examples)
        yield f"<tr><td><code>{escape(member)}</code>{needed}<td>{_type(found)}"
        yield f"<td>{escape(found.get('description', ''))}{example}"
    yield "</table>"


def _type(schema: Mapping[str, Any]) -> str:
    """A type in words, with links to those that have a name."""
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return " or ".join(map(_type, schema[several]))
    match schema:
        case {"$ref": str(reference)}:
            name = escape(reference.rpartition("/")[2])
            return f"<a href='#{name}'>{name}</a>"
        case {"type": "array", "items": items}:
            return f"list of ({_type(items)})"
        case {"const": constant}:
            return f"<code>{_json(constant)}</code>"
        case {"enum": values}:
            return " or ".join(f"<code>{_json(value)}</code>" for value in values)
        case {"type": "object", "additionalProperties": dict(values)}:
            return f"object of ({_type(values)})"
        case {"type": str(name)}:
            return escape(name)
        case _:
            return ""


def _json(value: object) -> str:
    return escape(json.dumps(value))
