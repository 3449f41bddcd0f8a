"""The token store: what is kept of a token, and what the controller sees of a change."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from controller.errors import TokensUnavailable
from controller.tokens import store
from controller.tokens.reader import TokenReader
from controller.tokens.store import token_store
from controller.tokens.token import Scope, id_of, new_text
from tests.support.tokens import NOW, Clock, Tokens


def test_a_token_has_a_form_that_scanners_can_find_and_is_never_the_same() -> None:
    many = {new_text() for _ in range(1_000)}
    assert len(many) == 1_000
    for text in many:
        prefix, id, secret = text.split("_")
        assert (prefix, id_of(text)) == ("shellac", id)
        assert len(bytes.fromhex(secret)) * 8 == 256


@pytest.mark.parametrize("text", ["", "shellac_", "token", new_text() + "0", new_text().upper()])
def test_what_has_another_form_has_no_id(text: str) -> None:
    assert id_of(text) is None


def test_admin_may_do_everything_and_purge_may_purge() -> None:
    assert Scope.ADMIN.allows(Scope.PURGE)
    assert Scope.ADMIN.allows(Scope.ADMIN)
    assert Scope.PURGE.allows(Scope.PURGE)
    assert not Scope.PURGE.allows(Scope.ADMIN)


def test_the_file_is_its_owners_and_holds_no_token(tokens: Tokens) -> None:
    text = tokens.make()
    assert tokens.path.stat().st_mode & 0o777 == 0o600
    secret = text.rpartition("_")[2]
    for file in tokens.path.parent.iterdir():
        assert secret.encode() not in file.read_bytes()
        assert bytes.fromhex(secret) not in file.read_bytes()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_store_that_root_makes_belongs_to_the_owner_of_the_directory(tokens: Tokens) -> None:
    tokens.path.parent.mkdir()
    os.chown(tokens.path.parent, 10_001, 10_002)
    tokens.make()
    assert (tokens.path.stat().st_uid, tokens.path.stat().st_gid) == (10_001, 10_002)


async def test_a_token_is_known_by_its_whole_text_alone(
    tokens: Tokens, reader: TokenReader
) -> None:
    text, other = tokens.make("one"), tokens.make("two", Scope.ADMIN)
    one, two = await reader.find(text), await reader.find(other)
    assert one is not None
    assert two is not None
    assert (one.name, one.scope, two.name, two.scope) == ("one", "purge", "two", "admin")
    last = "1" if text[-1] == "0" else "0"
    mixed = f"shellac_{id_of(text)}_{other.rpartition('_')[2]}"
    for wrong in (text[:-1] + last, mixed, new_text(), text[:-1], f" {text}", "'; DROP TABLE"):
        assert await reader.find(wrong) is None


async def test_a_revoked_token_is_found_so_that_it_can_be_told(
    tokens: Tokens, reader: TokenReader, clock: Clock
) -> None:
    text = tokens.make(seconds=60)
    found = await reader.find(text)
    assert found is not None
    assert found.status(NOW + 59.9) == "valid"
    assert found.status(NOW + 60) == "expired"
    clock.at += 5
    tokens.revoke(text)
    clock.at += 5
    tokens.revoke(text)
    found = await reader.find(text)
    assert found is not None
    assert found.revoked == NOW + 5
    assert found.status(NOW + 90) == "revoked"


async def test_a_store_may_come_and_go_and_be_replaced(tokens: Tokens, reader: TokenReader) -> None:
    assert await reader.find(new_text()) is None
    assert not tokens.path.exists()
    first = tokens.make()
    assert await reader.find(first) is not None
    elsewhere = tokens.path.with_name("copy.db")
    shutil.copy(tokens.path, elsewhere)
    tokens.path.unlink()
    assert await reader.find(first) is None
    second = tokens.make()
    assert await reader.find(first) is None
    assert await reader.find(second) is not None
    elsewhere.replace(tokens.path)
    assert await reader.find(first) is not None
    assert await reader.find(second) is None


async def test_a_file_without_a_table_yet_holds_no_tokens(
    tokens: Tokens, reader: TokenReader
) -> None:
    tokens.path.parent.mkdir()
    tokens.path.touch(0o600)
    assert await reader.find(new_text()) is None
    text = tokens.make()
    assert await reader.find(text) is not None


async def test_what_is_no_token_store_is_named(tokens: Tokens, reader: TokenReader) -> None:
    tokens.path.parent.mkdir()
    tokens.path.write_text("no database, and longer than the header of one " * 10)
    with pytest.raises(TokensUnavailable, match=r"tokens\.db cannot be used: file is not a data"):
        await reader.find(new_text())
    with pytest.raises(TokensUnavailable, match=r"tokens\.db cannot be used"):
        tokens.make()
    tokens.path.unlink()
    with token_store(tokens.path) as db:
        db.execute("PRAGMA user_version = 7")
    with pytest.raises(TokensUnavailable, match="another Shellac version"):
        await reader.find(new_text())
    with pytest.raises(TokensUnavailable, match="another Shellac version"):
        tokens.make()


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(TokensUnavailable, match="cannot be used"),
        token_store(tmp_path / "file" / "tokens.db"),
    ):
        pass


def test_a_failed_command_leaves_no_half_of_it(tokens: Tokens) -> None:
    text = tokens.make()
    taken = tokens.known()[0]
    with pytest.raises(TokensUnavailable), token_store(tokens.path) as db:
        store.add(db, taken)
    assert [token.id for token in tokens.known()] == [id_of(text)]


async def test_the_last_use_is_written_once_a_minute(
    tokens: Tokens, reader: TokenReader, clock: Clock
) -> None:
    text = tokens.make()

    async def use(seconds: float) -> float | None:
        clock.at = NOW + seconds
        found = await reader.find(text)
        assert found is not None
        reader.note_use(found)
        await reader.find(text)  # behind the write, in the same thread
        return tokens.known()[0].used

    assert tokens.known()[0].used is None
    assert await use(0) == NOW
    assert await use(59) == NOW
    assert await use(60) == NOW + 60
    assert await use(-3_600) == NOW - 3_600  # the clock was set back


async def test_of_many_requests_at_once_one_writes(
    tokens: Tokens, reader: TokenReader, clock: Clock
) -> None:
    text = tokens.make()
    before = change_counter(tokens.path)
    found = await asyncio.gather(*(reader.find(text) for _ in range(50)))
    for token in found:
        assert token is not None
        clock.at += 0.01
        reader.note_use(token)
    await reader.find(text)
    assert change_counter(tokens.path) == before + 1


def change_counter(path: Path) -> int:
    """How often the file was changed: https://www.sqlite.org/fileformat2.html, 1.3.7."""
    return int.from_bytes(path.read_bytes()[24:28])


async def test_a_store_that_is_being_written_says_so_after_a_second(
    tokens: Tokens, reader: TokenReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "LOCK_SECONDS", 0.05)
    text = tokens.make()
    with closing(sqlite3.connect(tokens.path, isolation_level=None)) as held:
        held.execute("BEGIN EXCLUSIVE")
        with pytest.raises(TokensUnavailable, match="locked"):
            await reader.find(text)
        held.execute("ROLLBACK")
        assert await reader.find(text) is not None


async def test_a_last_use_that_cannot_be_written_is_logged_once_and_no_more(
    tokens: Tokens,
    reader: TokenReader,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(store, "LOCK_SECONDS", 0.05)
    text = tokens.make()
    found = await reader.find(text)
    assert found is not None
    with closing(sqlite3.connect(tokens.path, isolation_level=None)) as held:
        held.execute("BEGIN IMMEDIATE")  # readers go on, writers wait
        for _ in range(3):
            clock.at += 60
            reader.note_use(found)
            assert await reader.find(text) == found
        held.execute("ROLLBACK")
    (record,) = (each for each in caplog.records if each.levelno >= logging.WARNING)
    assert "last use of tokens is not written" in record.getMessage()
    assert "locked" in record.getMessage()
    clock.at += 60
    reader.note_use(found)
    await reader.find(text)
    assert tokens.known()[0].used == clock.at
