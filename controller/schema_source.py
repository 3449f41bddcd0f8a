"""Where the schema comes from: introspection of the origin, another URL, a file, or the config.

Introspection follows the GraphQL specification, section 4; the origin is asked by POST.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Final, assert_never

import aiohttp
from graphql import (
    GraphQLError,
    GraphQLSchema,
    build_client_schema,
    build_schema,
    get_introspection_query,
    validate_schema,
)

from controller.encodings import ASKED, left_encoded, not_decoded
from controller.errors import SchemaUnavailable
from controller.pushed_schema import pushed_file
from vclgen.config import Config, NoSchema, SchemaFile, SchemaText, SchemaUrl

TIMEOUT_SECONDS: Final = 30.0


def schema_from_sdl(text: str, source: str) -> GraphQLSchema:
    """A schema from SDL text; ``source`` names it in messages.

    Raises:
        SchemaUnavailable: the text does not parse or is not a valid schema.
    """
    try:
        schema = build_schema(text, assume_valid_sdl=True)
    except (GraphQLError, TypeError) as error:
        raise SchemaUnavailable(f"{source} is not a GraphQL schema: {error}") from error
    return _checked(schema, source)


def schema_from_file(path: Path) -> GraphQLSchema:
    """A schema from a ``.graphql`` file.

    Raises:
        SchemaUnavailable: the file cannot be read or is not a valid schema.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SchemaUnavailable(f"{path} cannot be read: {error}") from error
    return schema_from_sdl(text, str(path))


async def introspect(
    url: str, headers: Mapping[str, str], *, descriptions: bool = False
) -> GraphQLSchema:
    """Ask a GraphQL endpoint for its schema. Descriptions matter to nothing but the answers to
    clients' own introspection.

    Raises:
        SchemaUnavailable: the endpoint cannot be reached, refuses introspection, or answers with
            something that is not a schema. The message says which.
    """
    query = get_introspection_query(descriptions=descriptions, input_value_deprecation=False)
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
    asked = {"Accept": "application/json", "Accept-Encoding": ASKED, **headers}
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(
                url, json={"query": query}, headers=asked, allow_redirects=False
            ) as response,
        ):
            if 300 <= response.status < 400:
                target = response.headers.get("Location", "elsewhere")
                raise SchemaUnavailable(f"{url} redirects to {target}: write that as the URL")
            problem = left_encoded(", ".join(response.headers.getall("Content-Encoding", ())))
            if problem is not None:
                raise SchemaUnavailable(f"the answer of {url} cannot be read: {problem}")
            answer = await response.json(content_type=None)
    except (TimeoutError, aiohttp.ClientError, OSError) as error:
        problem = not_decoded(error) if isinstance(error, aiohttp.ClientError) else None
        if problem is not None:
            raise SchemaUnavailable(f"the answer of {url} cannot be read: {problem}") from error
        raise SchemaUnavailable(f"{url} cannot be reached: {error or type(error).__name__}") from (
            error
        )
    except ValueError as error:
        raise SchemaUnavailable(f"{url} did not answer introspection with JSON") from error
    return _schema_from_answer(answer, url)


def _schema_from_answer(answer: object, url: str) -> GraphQLSchema:
    data = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(data, dict) or not data.get("__schema"):
        errors = answer.get("errors") if isinstance(answer, dict) else None
        raise SchemaUnavailable(
            f"{url} answers no introspection ({_first_message(errors)}): "
            "give the schema as a file with `schema: schema.graphql`"
        )
    try:
        schema = build_client_schema(data, assume_valid=True)  # type: ignore[arg-type]
    except (GraphQLError, TypeError, KeyError) as error:
        raise SchemaUnavailable(f"{url} answered with a broken schema: {error}") from error
    return _checked(schema, url)


def _checked(schema: GraphQLSchema, source: str) -> GraphQLSchema:
    errors = validate_schema(schema)
    if errors:
        raise SchemaUnavailable(f"{source} is not a valid schema: {errors[0].message}")
    if schema.query_type is None:
        raise SchemaUnavailable(f"{source} has no query type")
    return schema


def _first_message(errors: object) -> str:
    if isinstance(errors, list) and errors and isinstance(errors[0], dict):
        return str(errors[0].get("message", "no message"))
    return "no data"


async def fetch_schema(config: Config) -> GraphQLSchema | None:
    """The schema that was pushed; else what ``schema`` of the config names; else the origin's own.
    None: the config wants none, and none was pushed.

    Raises:
        SchemaUnavailable: it cannot be had.
    """
    pushed = pushed_file(config.state_dir)
    if pushed.is_file():
        return await asyncio.to_thread(schema_from_file, pushed)
    described = config.cache_introspection
    match config.schema_source:
        case SchemaFile(path=path):
            return await asyncio.to_thread(schema_from_file, path)
        case SchemaText(sdl=sdl):
            return schema_from_sdl(sdl, "`schema` of the config")
        case SchemaUrl(url=url):
            return await introspect(url, config.headers, descriptions=described)
        case NoSchema():
            return None
        case None:
            headers = {**config.fetch_headers, **config.headers}
            return await introspect(config.origin_url, headers, descriptions=described)
        case _:
            assert_never(config.schema_source)
