"""The service's name is a path of the admin listener, so it cannot be another path's."""

from pathlib import Path

import pytest
from starlette.routing import Mount, Route

from controller.admin.app import create_admin_app
from controller.admin.state import AdminState
from controller.core.policy import Policy
from controller.purge.freshness import Freshness
from controller.purge.purger import Purger
from controller.purge.sqlite_log import SqliteLog
from vclgen.config import load_config_text
from vclgen.errors import ConfigError


def load(name: str) -> None:
    load_config_text(f"name: {name}\noriginUrl: https://api.example.com/graphql")


@pytest.mark.parametrize("name", ["purge", "docs", "schema", "nodes", "metrics"])
def test_the_name_of_another_page_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=f"{name} is a page of the admin listener; give the"):
        load(name)


async def test_no_path_of_the_admin_listener_can_be_a_service(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log")
    purger = Purger(log, lambda: [], Freshness())
    app = create_admin_app(AdminState(Policy(service="demo", digest="d"), purger))
    paths = {route.path for route in app.routes if isinstance(route, Route | Mount)}
    paths |= set(app.openapi()["paths"])
    await log.close()
    taken = {path.split("/")[1] for path in paths} - {"{service}", ""}
    assert {"purge", "docs", "schema", "healthz"} <= taken
    for name in taken:
        with pytest.raises(ConfigError):
            load(name)
