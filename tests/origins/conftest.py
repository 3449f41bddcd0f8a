"""Shellac before an origin whose every byte a test decides, started once a module."""

from collections.abc import Iterator

import pytest

from tests.origins.server import Scripted, answer, scripted
from tests.support.stack import Stack, stack_before


@pytest.fixture(scope="module")
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Stack, Scripted]]:
    """With the module's ``CONFIG``."""
    folder = tmp_path_factory.mktemp("origins")
    with stack_before(scripted(), request.module.CONFIG, folder) as served:
        yield served


@pytest.fixture
def origin(served: tuple[Stack, Scripted]) -> Scripted:
    """It answers; ``released`` is not set, and nothing was asked yet."""
    origin = served[1]
    origin.script = lambda _, wire: answer(wire)
    origin.asked.clear()
    origin.released.clear()
    return origin


@pytest.fixture
def stack(served: tuple[Stack, Scripted], origin: Scripted) -> Stack:
    """Nothing is cached."""
    assert not origin.asked
    served[0].purge("mutation { _purgeAll }")
    return served[0]
