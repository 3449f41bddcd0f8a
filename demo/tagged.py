"""``python -m demo.tagged``: a library that tags its answers and purges in one of seven ways.

An answer has the tags ``books`` and ``/books/1`` for each book in it (API Platform's IRIs; other
names would do as well). Each of ``DIALECTS`` says in which header, and what an edit sends.

    PUT /books/1   {"title": "..."}
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

from graphql import build_schema, graphql_sync

from demo.tagging import NOT_FOUND, Answer, Cache, Request, arguments, purge, run

SCHEMA = build_schema("""
type Query { books: [Book!]! book(id: Int!): Book }
type Mutation { renameBook(id: Int!, title: String!): Book }
type Book { id: Int! title: String! }
""")


@dataclass(frozen=True)
class Dialect:
    """``header`` lists tags with ``separator`` between; ``purge`` makes method and headers."""

    header: str
    separator: str
    purge: Callable[[Sequence[str]], tuple[str, Mapping[str, str]]]


def _surrogate(tags: Sequence[str]) -> tuple[str, Mapping[str, str]]:
    return "PURGE", {"Surrogate-Key": " ".join(tags)}


def _fos_ban(tags: Sequence[str]) -> tuple[str, Mapping[str, str]]:
    any_page = dict.fromkeys(("X-Host", "X-Url", "X-Content-Type"), ".*")
    return "BAN", {**any_page, "X-Cache-Tags": f"(^|,)({'|'.join(map(re.escape, tags))})(,|$)"}


def _purge_keys(tags: Sequence[str]) -> tuple[str, Mapping[str, str]]:
    return "PURGEKEYS", {"xkey-purge": " ".join(tags)}


def _api_platform(tags: Sequence[str]) -> tuple[str, Mapping[str, str]]:
    return "BAN", {"ApiPlatform-Ban-Regex": f"({'|'.join(map(re.escape, tags))})($|\\,)"}


def _api_platform_keys(tags: Sequence[str]) -> tuple[str, Mapping[str, str]]:
    return "PURGE", {"xkey": " ".join(tags)}


def _drupal(tags: Sequence[str]) -> tuple[str, Mapping[str, str]]:
    return "BAN", {"Cache-Tags": " ".join(tags)}


def _groups(tags: Sequence[str]) -> tuple[str, Mapping[str, str]]:
    return "PURGE", {"Cache-Group-Invalidation": _strings(tags)}


def _strings(tags: Sequence[str]) -> str:
    """A list of strings (RFC 9651)."""
    return ", ".join(f'"{tag}"' for tag in tags)


DIALECTS: Mapping[str, Dialect] = {
    "fastly": Dialect("Surrogate-Key", " ", _surrogate),
    "foshttpcache": Dialect("X-Cache-Tags", ",", _fos_ban),
    "ibexa": Dialect("xkey", " ", _purge_keys),
    "api-platform": Dialect("Cache-Tags", ",", _api_platform),
    "api-platform-xkey": Dialect("xkey", " ", _api_platform_keys),
    "drupal": Dialect("Purge-Cache-Tags", " ", _drupal),
    "cache-groups": Dialect("Cache-Groups", ", ", _groups),
}
"""``ibexa`` is FOSHttpCache's xkey mode, too; ``cache-groups`` RFC 9875, whose answers to POST
invalidate as well."""


class Library:
    """Books, what was asked, and the Varnishes that are purged (host, port)."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.lock = Lock()
        self.titles = {n: f"Book {n}" for n in range(1, 11)}
        self.requests: list[tuple[str, str]] = []
        self.varnishes: list[Cache] = []
        self.url = ""

    def books(self, info: Any) -> list[dict[str, Any]]:
        return [self._book(info.context, number) for number in self.titles]

    def book(self, info: Any, id: int) -> dict[str, Any] | None:
        return self._book(info.context, id) if id in self.titles else None

    def renameBook(self, info: Any, id: int, title: str) -> dict[str, Any]:
        self.titles[id] = title
        return self._book(info.context, id)

    def _book(self, tags: dict[str, None], number: int) -> dict[str, Any]:
        tags[f"/books/{number}"] = None
        return {"id": number, "title": self.titles[number]}

    def save(self, number: int, title: str) -> list[int]:
        """An edit; the statuses of the purges."""
        self.titles[number] = title
        return self.clean([f"/books/{number}"])

    def clean(self, tags: Sequence[str]) -> list[int]:
        method, headers = self.dialect.purge(tags)
        return purge(self.varnishes, method, headers)

    def answer(self, request: Request) -> Answer:
        with self.lock:
            self.requests.append((request.method, request.target))
        match request.method, request.path.strip("/").split("/"):
            case _, ["graphql"]:
                return self._graphql(request)
            case "PUT", ["books", number]:
                self.save(int(number), request.json()["title"])
                return Answer("saved\n")
            case "GET" | "HEAD", ["books", number]:
                tag = f"/books/{number}"
                return Answer(f"{self.titles[int(number)]}\n", self._public([tag]))
            case _:
                return NOT_FOUND

    def _graphql(self, request: Request) -> Answer:
        given = request.graphql()
        found: dict[str, None] = {"books": None}
        name = given.get("operationName")
        result = graphql_sync(SCHEMA, given["query"], self, found, given.get("variables"), name)
        headers = {"Content-Type": "application/json", "Cache-Control": "no-store"}
        if request.method != "POST" and not result.errors:
            headers |= self._public([*found])
        elif "mutation" in given["query"] and self.dialect.header == "Cache-Groups":
            headers["Cache-Group-Invalidation"] = _strings([tag for tag in found if tag != "books"])
        return Answer(json.dumps(result.formatted), headers)

    def _public(self, tags: Sequence[str]) -> dict[str, str]:
        structured = self.dialect.header == "Cache-Groups"
        value = _strings(tags) if structured else self.dialect.separator.join(tags)
        return {"Cache-Control": "public, max-age=3600", self.dialect.header: value}


def main() -> None:
    options = arguments("A small library that tags its answers and purges.", port=8000)
    options.add_argument("--dialect", choices=[*DIALECTS], default="fastly", help="%(default)s")
    given = options.parse_args()
    library = Library(DIALECTS[given.dialect])
    library.varnishes = given.purges
    run(library.answer, given.listen)


if __name__ == "__main__":
    main()
