from collections.abc import Iterator

import pytest

from tests.demo.origin import Demo, running_demo


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A demo origin with fresh data, shared by the tests of a module."""
    with running_demo(tmp_path_factory.mktemp("demo"), "--control") as running:
        yield running
