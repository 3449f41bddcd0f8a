"""What each field of a mutation does, in one transaction each."""

import sqlite3
from functools import wraps
from typing import Any

from graphql import GraphQLError

from demo.database import Row, now
from demo.queries import Info, Resolver


def committed(resolver: Resolver) -> Resolver:
    """`resolver` as one transaction: all of it stays, or nothing."""

    @wraps(resolver)
    def resolve(source: None, info: Info, **arguments: Any) -> Any:
        try:
            with info.context.database:
                return resolver(source, info, **arguments)
        except sqlite3.IntegrityError as problem:
            raise GraphQLError("An id in the arguments names nothing.") from problem

    return resolve


def create_post(_source: None, info: Info, *, input: Row) -> Row | None:
    moment = now(info.context.database)
    post_id = info.context.write(
        "INSERT INTO Post (authorId, title, body, status, createdAt, updatedAt)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        *(input["authorId"], input["title"], input["body"], input["status"], moment, moment),
    ).lastrowid
    for tag_id in dict.fromkeys(input["tagIds"]):
        info.context.write("INSERT INTO PostTag VALUES (?, ?)", post_id, tag_id)
    return info.context.row("Post", post_id)


def update_post(
    _source: None, info: Info, *, id: str, title: str | None = None, body: str | None = None
) -> Row | None:
    info.context.write(
        "UPDATE Post SET title = ifnull(?, title), body = ifnull(?, body), updatedAt = ?"
        " WHERE id = ?",
        *(title, body, now(info.context.database), id),
    )
    return info.context.updated(id)


def delete_post(_source: None, info: Info, *, id: str) -> bool:
    return info.context.write("DELETE FROM Post WHERE id = ?", id).rowcount > 0


def like_post(_source: None, info: Info, *, id: str) -> Row | None:
    info.context.write("UPDATE Post SET likes = likes + 1 WHERE id = ?", id)
    post = info.context.updated(id)
    return post and {"likes": post["likes"], "post": post}


def publish_post(_source: None, info: Info, *, id: str) -> Row:
    info.context.write(
        "UPDATE Post SET status = 'PUBLISHED', updatedAt = ? WHERE id = ?",
        *(now(info.context.database), id),
    )
    post = info.context.updated(id)
    return {"ok": post is not None, "post": post}


def add_comment(_source: None, info: Info, *, postId: str, authorId: str, body: str) -> Row | None:
    comment_id = info.context.write(
        "INSERT INTO Comment (postId, authorId, body, createdAt) VALUES (?, ?, ?, ?)",
        *(postId, authorId, body, now(info.context.database)),
    ).lastrowid
    return info.context.row("Comment", comment_id)


def delete_comment(_source: None, info: Info, *, id: str) -> Row:
    deleted = info.context.write("DELETE FROM Comment WHERE id = ?", id).rowcount
    return {"deletedId": id if deleted else None}


def update_author(_source: None, info: Info, *, id: str, name: str) -> Row | None:
    info.context.write("UPDATE Author SET name = ? WHERE id = ?", name, id)
    return info.context.row("Author", id)
