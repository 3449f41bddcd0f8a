"""A token store of a test, and a controller's view of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from controller.tokens.reader import TokenReader
from tests.support.tokens import Clock, Tokens


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tokens(tmp_path: Path, clock: Clock) -> Tokens:
    """A store that nobody has made yet."""
    return Tokens(tmp_path / "state" / "tokens.db", clock)


@pytest.fixture
async def reader(tokens: Tokens, clock: Clock) -> AsyncIterator[TokenReader]:
    reader = TokenReader(tokens.path, clock=clock)
    yield reader
    await reader.close()
