"""What clients ask, each question in many spellings that mean the same, and what answers show."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from tests.soak.judge import Cell, Seen
from tests.soak.world import group_of

HOST: Final = "soak.example"
PATH: Final = "/graphql"

Data = Mapping[str, Any]


class WrongOwner(Exception):
    """An answer with somebody else's value."""


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """``about`` is the cell whose change touches it most; ``spellings`` are whole HTTP requests.

    ``seen`` takes the ``data`` of an answer. It raises ``WrongOwner``, or LookupError, TypeError
    or ValueError where the answer has not the form that was asked for.
    """

    about: Cell
    spellings: Sequence[bytes]
    seen: Callable[[Data], list[Seen]]


def all_questions(*, items: int, groups: int, users: int) -> list[Question]:
    """Every question about the world of the beginning."""
    found: list[Question] = []
    for number in range(items):
        found += _of_item(str(number), group_of(number, groups))
    for number in range(groups):
        found += of_group(str(number))
    return [*found, *(_of_user(f"u{number}") for number in range(users))]


def of_group(group: str) -> list[Question]:
    """Lists, in two forms: the group's own, and all items that name it."""
    cell = f"group:{group}"

    def listed(items: Sequence[Data]) -> list[Seen]:
        shown = [Seen(f"item:{item['id']}", item["version"]) for item in items]
        return [Seen(cell, len(shown)), *shown]

    through = "query Group($id: ID!) { group(id: $id) { id items { id version } } }"
    direct = f'{{ items(group: "{group}") {{ version id group {{ id }} }} }}'
    return [
        Question(cell, spellings(through, {"id": group}), lambda d: listed(d["group"]["items"])),
        Question(cell, spellings(direct, {}), lambda d: listed(d["items"])),
    ]


def _of_item(item: str, group: str) -> list[Question]:
    cell = f"item:{item}"
    by_variable = "query Item($id: ID!) { item(id: $id) { id version } }"
    # Without an id: Shellac has to ask for it, and to cut it out again.
    aliased = f'{{ it: item(id: "{item}") {{ v: version note }} }}'
    nested = "query Nested($id: ID!) { item(id: $id) { version group { id } note } }"

    def in_group(data: Data) -> list[Seen]:
        if data["item"]["group"]["id"] != group:
            raise ValueError("another item's group")
        return [Seen(cell, data["item"]["version"])]

    def by_id(data: Data) -> list[Seen]:
        return [Seen(f"item:{data['item']['id']}", data["item"]["version"])]

    return [
        Question(cell, spellings(by_variable, {"id": item}), by_id),
        Question(cell, spellings(aliased, {}), lambda d: [Seen(cell, d["it"]["v"])]),
        Question(cell, spellings(nested, {"id": item}), in_group),
    ]


def _of_user(owner: str) -> Question:
    def own(data: Data) -> list[Seen]:
        mine = data["mine"]
        if mine["id"] != owner:
            raise WrongOwner(f"{owner} was shown what is {mine['id']}'s")
        return [Seen(f"mine:{owner}", mine["version"])]

    return Question(f"mine:{owner}", spellings("{ mine { id version } }", {}, owner=owner), own)


def spellings(query: str, variables: Mapping[str, str], *, owner: str | None = None) -> list[bytes]:
    """One request in every combination of method, white space and accepted encodings."""
    credentials = {"Authorization": owner} if owner else {}
    found = []
    for text, gzip in itertools.product((query, query.replace(" ", "\n   ")), (True, False)):
        headers = {**credentials, "Accept-Encoding": "gzip"} if gzip else credentials
        asked = {"query": text, "variables": dict(variables)}
        found.append(by_post(asked, headers))
        values = f"&variables={quote(json.dumps(variables))}" if variables else ""
        found.append(_request("GET", f"{PATH}?query={quote(text)}{values}", headers, b""))
    return found


def by_post(asked: Mapping[str, Any], headers: Mapping[str, str], path: str = PATH) -> bytes:
    """A whole request with a JSON body."""
    return _request(
        "POST", path, {**headers, "Content-Type": "application/json"}, json.dumps(asked).encode()
    )


def by_get(path: str, headers: Mapping[str, str] | None = None) -> bytes:
    """A whole request without a body."""
    return _request("GET", path, headers or {}, b"")


def _request(method: str, target: str, headers: Mapping[str, str], body: bytes) -> bytes:
    lines = [f"{method} {target} HTTP/1.1", f"Host: {HOST}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body
