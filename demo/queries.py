"""What each field of a query answers: mostly one statement on one table.

A nested list asks the database once for each parent. That is what makes an uncached
origin slow, and a demo may be.
"""

import asyncio
import base64
import re
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias
from weakref import WeakSet

from graphql import (
    GraphQLError,
    GraphQLResolveInfo,
)

from demo.database import Row

Table: TypeAlias = Literal["Author", "Post", "Comment", "Tag"]
Resolver: TypeAlias = Callable[..., Any]

PAGE_LIMIT = 100
ROW_LIMIT = 10_000
"""Rows that one request may read: the schema has circles, and this ends them."""

STORES = {
    "default": {"name": "Shellac Books", "currency": "USD"},
    "fr": {"name": "Éditions Gomme-laque", "currency": "EUR"},
    "uk": {"name": "Shellac & Sons", "currency": "GBP"},
}
CURRENCIES = frozenset({"USD", "EUR", "GBP"})
USERS = frozenset({"alice", "bob"})


@dataclass
class Context:
    """One request: the database and what resolvers may see of the request."""

    database: sqlite3.Connection
    watchers: WeakSet[asyncio.Queue[int]]
    headers: Mapping[str, str]
    cookies: Mapping[str, str]
    rows_left: int = field(default=ROW_LIMIT, init=False)

    def rows(self, table: Table, rest: str = "", *values: object) -> list[Row]:
        """The rows of `table` that the clauses in `rest` leave, each with its `__typename`."""
        sql = f"SELECT '{table}' AS __typename, * FROM {table} {rest}"  # noqa: S608 - both are ours
        found: list[Row] = self.database.execute(sql, values).fetchall()
        self.rows_left -= len(found) + 1
        if self.rows_left < 0:
            raise GraphQLError(f"This operation reads more than {ROW_LIMIT} rows.")
        return found

    def row(self, table: Table, identity: object) -> Row | None:
        return next(iter(self.rows(table, "WHERE id = ?", identity)), None)

    def count(self, table: Table) -> int:
        sql = f"SELECT count(*) AS number FROM {table}"  # noqa: S608 - a name of ours
        number: int = self.database.execute(sql).fetchone()["number"]
        return number

    def write(self, sql: str, *values: object) -> sqlite3.Cursor:
        return self.database.execute(sql, values)

    def updated(self, post_id: object) -> Row | None:
        """The post as it is now, if there is one; subscribers hear of it."""
        post = self.row("Post", post_id)
        if post:
            for watcher in self.watchers:
                watcher.put_nowait(post["id"])
        return post


Info: TypeAlias = GraphQLResolveInfo[Context]


def by_id(table: Table) -> Resolver:
    return lambda _source, info, id: info.context.row(table, id)


def everything(table: Table) -> Resolver:
    return lambda _source, info: info.context.rows(table, "ORDER BY id")


def parent(table: Table, column: str) -> Resolver:
    """The row of `table` that `column` of the source names."""
    return lambda source, info: info.context.row(table, source[column])


def children(table: Table, column: str) -> Resolver:
    """The rows of `table` whose `column` names the source."""
    rest = f"WHERE {column} = ? ORDER BY id"
    return lambda source, info: info.context.rows(table, rest, source["id"])


def node_id(source: Row, _info: Info) -> str:
    return f"{source['__typename']}:{source['id']}"


def node(_source: None, info: Info, *, id: str) -> Row | None:
    table, _, identity = id.partition(":")
    match table:
        case "Author" | "Post" | "Comment" | "Tag":
            return info.context.row(table, identity)
        case _:
            return None


def posts(
    _source: None,
    info: Info,
    *,
    tag: str | None = None,
    status: str | None = None,
    since: str | None = None,
    limit: int,
    offset: int,
) -> list[Row]:
    return info.context.rows(
        "Post",
        "WHERE (?1 IS NULL OR id IN"
        " (SELECT postId FROM PostTag JOIN Tag ON tagId = Tag.id WHERE name = ?1))"
        " AND (?2 IS NULL OR status = ?2) AND (?3 IS NULL OR updatedAt >= ?3)"
        " ORDER BY id LIMIT ?4 OFFSET ?5",
        tag,
        status,
        since,
        page_size("limit", limit),
        offset,
    )


def posts_connection(_source: None, info: Info, *, first: int, after: str | None = None) -> Row:
    size = page_size("first", first)
    start = post_of(after) if after is not None else 0
    found = info.context.rows("Post", "WHERE id > ? ORDER BY id LIMIT ?", start, size + 1)
    nodes = found[:size]
    edges = [{"cursor": cursor_of(row), "node": row} for row in nodes]
    return {
        "edges": edges,
        "nodes": nodes,
        "pageInfo": {
            "hasNextPage": len(found) > size,
            "hasPreviousPage": after is not None,
            "startCursor": edges[0]["cursor"] if edges else None,
            "endCursor": edges[-1]["cursor"] if edges else None,
        },
        "totalCount": info.context.count("Post"),
    }


def page_size(argument: str, value: int) -> int:
    if not 0 <= value <= PAGE_LIMIT:
        raise GraphQLError(f"'{argument}' is {value}: it must be 0 to {PAGE_LIMIT}.")
    return value


def cursor_of(post: Row) -> str:
    return base64.urlsafe_b64encode(f"post:{post['id']}".encode()).decode()


def post_of(cursor: str) -> int:
    try:
        match = re.fullmatch(rb"post:(\d{1,18})", base64.urlsafe_b64decode(cursor))
    except ValueError:
        match = None
    if not match:
        raise GraphQLError("'after' is no cursor of this connection.")
    return int(match[1])


def comments(_source: None, info: Info, *, postId: str) -> list[Row]:
    return info.context.rows("Comment", "WHERE postId = ? ORDER BY id", postId)


def post_tags(source: Row, info: Info) -> list[Row]:
    where = "WHERE id IN (SELECT tagId FROM PostTag WHERE postId = ?) ORDER BY id"
    return info.context.rows("Tag", where, source["id"])


def tag_posts(source: Row, info: Info) -> list[Row]:
    where = "WHERE id IN (SELECT postId FROM PostTag WHERE tagId = ?) ORDER BY id"
    return info.context.rows("Post", where, source["id"])


def search(_source: None, info: Info, *, text: str) -> list[Row]:
    tables: tuple[tuple[Table, str], ...] = (("Post", "title"), ("Author", "name"), ("Tag", "name"))
    return [
        row
        for table, column in tables
        for row in info.context.rows(
            table, f"WHERE instr(lower({column}), lower(?)) ORDER BY id LIMIT {PAGE_LIMIT}", text
        )
    ]


def stats(_source: None, info: Info) -> Row:
    return {
        "postCount": info.context.count("Post"),
        "commentCount": info.context.count("Comment"),
    }


def shop(_source: None, info: Info) -> Row:
    store = STORES.get(info.context.headers.get("store", ""), STORES["default"])
    currency = info.context.headers.get("content-currency", "")
    return {**store, "currency": currency} if currency in CURRENCIES else store


def viewer(_source: None, info: Info) -> Row | None:
    scheme, _, name = info.context.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or name not in USERS:
        return None
    return {"name": name, "owner": f"user:{name}"}


def cart(_source: None, info: Info) -> Row | None:
    session = info.context.cookies.get("session")
    return {"session": session, "owner": f"session:{session}"} if session else None


def picked(source: Row, info: Info) -> list[Row]:
    where = "WHERE id IN (SELECT postId FROM Pick WHERE owner = ?) ORDER BY id"
    return info.context.rows("Post", where, source["owner"])


def flaky(_source: None, _info: Info, *, fail: bool) -> str:
    if fail:
        raise GraphQLError("This field was asked to fail.")
    return "fine"


def watch_posts(_source: None, info: Info) -> AsyncIterator[int]:
    """Ids of posts from this call on, not from the first read on. Ends with its reader."""
    updates: asyncio.Queue[int] = asyncio.Queue()
    info.context.watchers.add(updates)

    async def read() -> AsyncIterator[int]:
        while True:
            yield await updates.get()

    return read()


def watched_post(source: int, info: Info) -> Row | None:
    return info.context.row("Post", source)
