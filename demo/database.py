"""The tables and the rows that a new database starts with, the same each time.

Tables and columns are named as the types and fields of the schema, so that a row is its
own answer.
"""

import sqlite3
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

Row = dict[str, Any]

TABLES = """
CREATE TABLE Author (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL);
CREATE TABLE Tag (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE);
CREATE TABLE Post (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    authorId INTEGER NOT NULL REFERENCES Author,
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    status TEXT NOT NULL,
    rating REAL NOT NULL DEFAULT 0,
    likes INTEGER NOT NULL DEFAULT 0,
    createdAt TEXT NOT NULL,
    updatedAt TEXT NOT NULL
);
CREATE TABLE Comment (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    postId INTEGER NOT NULL REFERENCES Post ON DELETE CASCADE,
    authorId INTEGER NOT NULL REFERENCES Author,
    body TEXT NOT NULL,
    createdAt TEXT NOT NULL
);
CREATE TABLE PostTag (
    postId INTEGER NOT NULL REFERENCES Post ON DELETE CASCADE,
    tagId INTEGER NOT NULL REFERENCES Tag,
    PRIMARY KEY (postId, tagId)
) WITHOUT ROWID;
-- Favourites of a user and the items in a cart: owner is 'user:alice' or 'session:s1'.
CREATE TABLE Pick (
    owner TEXT NOT NULL,
    postId INTEGER NOT NULL REFERENCES Post ON DELETE CASCADE,
    PRIMARY KEY (owner, postId)
) WITHOUT ROWID;
"""

AUTHORS = (
    "Ursula K. Le Guin",
    "Stanisław Lem",
    "Octavia E. Butler",
    "Jorge Luis Borges",
    "Clarice Lispector",
    "Italo Calvino",
    "村上 春樹",
    'Flann "Myles" O\'Brien',
)
TAGS = ("travel", "memory", "machines", "gardens", "night", "öl & lack")
TITLES = tuple(
    f"{adjective} {noun}"
    for noun, adjective in product(
        ("Harbour", "Orchard", "Lantern", "Archive", "Winter"),
        (
            "The Quiet",
            "The Second",
            "An Unlit",
            "Her Borrowed",
            "The Glass",
            "No Such",
            "Ma",
            "Café",
        ),
    )
)
COMMENTS = (
    "I read it twice.",
    "Not for me…",
    "The ending!\nNo spoilers.",
    "Line 3 has a typo: \\o/",
)
PICKS = {"user:alice": (1, 5), "user:bob": (2, 5), "session:s1": (1, 2), "session:s2": (3,)}


def open_database(path: str) -> sqlite3.Connection:
    """Open the SQLite file at `path`, or `:memory:`, and fill it if it is new.

    Everything runs in the event loop's thread, in short statements. That need not be the
    thread that opens the connection, hence `check_same_thread`.
    """
    database = sqlite3.connect(path, check_same_thread=False)
    database.row_factory = _row
    database.execute("PRAGMA foreign_keys = ON")
    if writes(database) == 0:
        _seed(database)
    return database


def writes(database: sqlite3.Connection) -> int:
    """How often anything was written since the tables were made; 0 before that."""
    number: int = database.execute("PRAGMA user_version").fetchone()["user_version"]
    return number


def now(database: sqlite3.Connection) -> str:
    """The time of a write. Counted, not measured, so that each run answers the same bytes."""
    number = writes(database) + 1
    database.execute(f"PRAGMA user_version = {number:d}")
    return timestamp(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=number))


def timestamp(moment: datetime) -> str:
    """The one form in which times are stored, so that they compare as text."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _row(cursor: sqlite3.Cursor, values: tuple[Any, ...]) -> Row:
    return {column[0]: value for column, value in zip(cursor.description, values, strict=True)}


def _seed(database: sqlite3.Connection) -> None:
    database.executescript(TABLES)
    database.executemany("INSERT INTO Author (name) VALUES (?)", [(name,) for name in AUTHORS])
    database.executemany("INSERT INTO Tag (name) VALUES (?)", [(name,) for name in TAGS])
    for number, title in enumerate(TITLES, 1):
        author = number % len(AUTHORS) + 1
        written = timestamp(datetime(2025, 1, 1, tzinfo=UTC) + timedelta(days=number))
        body = f"{title} opens on page {number}. " * 5
        status = "PUBLISHED" if number % 4 else "DRAFT"
        rating, likes = (number % 9 + 2) / 2, number * 7 % 50
        database.execute(
            "INSERT INTO Post (authorId, title, body, status, rating, likes, createdAt, updatedAt)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (author, title, body.strip(), status, rating, likes, written, written),
        )
        tags = {number % len(TAGS), number * 5 % 7 % len(TAGS)}
        database.executemany(
            "INSERT INTO PostTag VALUES (?, ?)", [(number, tag + 1) for tag in sorted(tags)]
        )
        database.executemany(
            "INSERT INTO Comment (postId, authorId, body, createdAt) VALUES (?, ?, ?, ?)",
            [
                (number, (number + turn) % len(AUTHORS) + 1, COMMENTS[(number + turn) % 4], written)
                for turn in range(number % 4)
            ],
        )
    database.executemany(
        "INSERT INTO Pick VALUES (?, ?)",
        [(owner, post) for owner, posts in PICKS.items() for post in posts],
    )
    database.execute("PRAGMA user_version = 1")
    database.commit()
