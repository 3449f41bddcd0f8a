"""One running pair before one demo origin, shared by the tests of a module and emptied for each."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.demo.origin import Demo, running_demo
from tests.support.stack import Stack, stack_before

CONFIG = {
    "name": "demo",
    "debug": True,
    "scopes": {"AUTHENTICATED": "header:authorization", "SESSION": "cookie:session"},
    "varyHeaders": ["Store", "Content-Currency"],
    "bypassCacheHeaders": [{"name": "x-preview"}],
    "maxRequestSize": "2mb",
    # Introspection would be one of the requests that tests count and hold.
    "schemaPolling": {"enabled": False},
    "rules": [
        {"types": ["Query"], "maxAge": 900, "swr": 60},
        {"types": {"Query": ["viewer"]}, "maxAge": 60, "scope": "AUTHENTICATED"},
        {"types": {"Query": ["cart"]}, "maxAge": 60, "scope": "SESSION"},
        {"types": {"Query": ["shop"]}, "maxAge": 60, "scope": "PUBLIC"},
    ],
}


@dataclass(frozen=True)
class Pair:
    """Shellac and the demo origin behind it."""

    stack: Stack
    demo: Demo

    def origin_requests(self) -> int:
        """How many requests the origin has had since the test began."""
        return int(self.demo.requests(last=0)["count"])


@pytest.fixture(scope="module")
def running_pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp("e2e")
    with stack_before(running_demo(folder, "--control"), CONFIG, folder) as (stack, demo):
        yield Pair(stack, demo)


@pytest.fixture
def pair(running_pair: Pair) -> Pair:
    """The pair with an empty cache and nothing counted."""
    running_pair.stack.purge("mutation { _purgeAll }")
    running_pair.demo.reset()
    return running_pair
