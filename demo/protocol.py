"""GraphQL over HTTP: what a request says. Pure; imports no network library.

The specification: https://graphql.github.io/graphql-over-http/draft/
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

JSON = "application/json"
GRAPHQL_RESPONSE = "application/graphql-response+json"
EVENTS = "text/event-stream"
OFFERED = (JSON, GRAPHQL_RESPONSE, EVENTS)


class Refused(Exception):
    """A request that is answered with `status` and a GraphQL error instead of being run."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers


@dataclass(frozen=True)
class Parameters:
    """The parameters of a GraphQL request; `extensions` are checked and not used."""

    query: str
    variables: dict[str, Any] | None
    operation_name: str | None


def negotiate(accept: str) -> str:
    """The media type of the answer: the best of `OFFERED` by quality, then by order asked for.

    JSON without a preference, as the specification has it until 2025. Raises `Refused` (406).
    """
    best, best_quality = "", 0.0
    for part in (accept or "*/*").split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = quality_of(parameters)
        offer = JSON if name in ("*/*", "application/*") else name
        if offer in OFFERED and quality > best_quality:
            best, best_quality = offer, quality
    if not best:
        raise Refused(406, f"Accept one of {', '.join(OFFERED)}.")
    return best


def quality_of(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


def from_url(url: Mapping[str, str]) -> Parameters:
    """The parameters of a GET, in which variables and extensions are JSON text."""
    given: dict[str, object] = dict(url)
    for name in ("variables", "extensions"):
        if name in url:
            given[name] = load(url[name], name)
    return check(given)


def from_body(content_type: str, body: bytes) -> Parameters:
    """The parameters of a POST with JSON in UTF-8."""
    media_type, *parameters = (piece.strip().lower() for piece in content_type.split(";"))
    charsets = [
        value.strip('"')
        for name, _, value in (parameter.partition("=") for parameter in parameters)
        if name == "charset"
    ]
    if media_type != JSON or charsets not in ([], ["utf-8"]):
        raise Refused(415, f"The content type must be {JSON}, in UTF-8.")
    try:
        text = body.decode()
    except UnicodeDecodeError as problem:
        raise Refused(400, "The body is not UTF-8.") from problem
    given = load(text, "The body")
    if not isinstance(given, dict):
        raise Refused(400, "The body must be a JSON object. Batches are not supported.")
    return check(given)


def load(text: str, what: str) -> object:
    def refuse(constant: str) -> NoReturn:
        raise ValueError(constant)

    try:
        return json.loads(text, parse_constant=refuse)
    except (ValueError, RecursionError) as problem:
        raise Refused(400, f"{what} is not valid JSON.") from problem


def check(given: Mapping[str, object]) -> Parameters:
    query, variables = given.get("query"), given.get("variables")
    operation_name, extensions = given.get("operationName"), given.get("extensions")
    if not isinstance(query, str):
        raise Refused(400, "'query' must be given, as a string.")
    if not isinstance(variables, dict | None):
        raise Refused(400, "'variables' must be an object.")
    if not isinstance(operation_name, str | None):
        raise Refused(400, "'operationName' must be a string.")
    if not isinstance(extensions, dict | None):
        raise Refused(400, "'extensions' must be an object.")
    return Parameters(query, variables, operation_name)
