"""``shellac reload`` with what cannot be reloaded: the running pair stays as it was."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
import yaml

from tests.e2e.reloading import SHOP, Pair, running_pair
from tests.support.stack import SHELLAC, TOKEN, assert_hit, assert_miss, describe


@pytest.fixture(scope="module")
def one_pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with running_pair(tmp_path_factory.mktemp("reload")) as pair:
        yield pair


@pytest.fixture
def pair(one_pair: Pair) -> Iterator[Pair]:
    """The pair; afterwards its file is that of the config that runs again."""
    text = one_pair.file.read_text()
    yield one_pair
    one_pair.file.write_text(text)


def reloaded(pair: Pair, changed: str) -> subprocess.CompletedProcess[str]:
    """What `shellac reload` says; ``changed`` is Python that runs first, its module being ``r``."""
    program = f"import controller.cli.reload as r; {changed}; "
    program += "from controller.cli.main import main; main()"
    return subprocess.run(
        [sys.executable, "-c", program, "reload", "--config", pair.file, "--token", TOKEN],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_vcl_that_does_not_compile_leaves_the_old_one_serving(pair: Pair) -> None:
    before = pair.loaded(), pair.nodes()[0]["digest"]
    pair.write(rules=[{"types": ["Query"], "maxAge": 5}])
    done = reloaded(
        pair,
        "vcl_of = r.vcl_of; "
        "r.vcl_of = lambda config: vcl_of(config).replace('data_hash {', 'data_hash { nonsense;')",
    )
    assert done.returncode == 3, done.stdout + done.stderr
    assert "is from templates/features/data.vcl.j2: sub data_hash { nonsense;" in done.stderr
    assert (pair.loaded(), pair.nodes()[0]["digest"]) == before
    assert_miss(pair.stack.query(SHOP))
    assert_hit(pair.stack.query(SHOP))


def test_a_reload_that_is_interrupted_leaves_no_vcl_behind(pair: Pair) -> None:
    before = pair.loaded(), pair.nodes()[0]["digest"]
    pair.write(rules=[{"types": ["Query"], "maxAge": 5}])
    done = reloaded(
        pair, "import signal; r._Admin.reload = lambda self: signal.raise_signal(signal.SIGINT)"
    )
    assert done.returncode == 130, done.stdout + done.stderr
    assert (pair.loaded(), pair.nodes()[0]["digest"]) == before


def test_what_needs_a_restart_is_named_and_nothing_changes(pair: Pair) -> None:
    before = pair.loaded(), pair.nodes()[0]["digest"]
    varnish = yaml.safe_load(pair.file.read_text())["varnish"]
    pair.write(
        name="other",
        maxTags=100,
        varnish={**varnish, "storage": "8mb"},
        purge={"lease": 3, "waitTimeout": "30s"},
    )
    done = pair.reload()
    assert done.returncode == 4, done.stdout + done.stderr
    assert "name, purge.lease, varnish.storage: a change of this needs a restart" in done.stderr
    assert (pair.loaded(), pair.nodes()[0]["digest"]) == before


def test_a_wrong_config_changes_nothing(pair: Pair) -> None:
    before = pair.loaded(), pair.nodes()[0]["digest"]
    pair.write(rules=[{"types": ["Query"], "maxAge": -1}])
    done = pair.reload()
    assert done.returncode == 2
    assert "rules[0].maxAge" in done.stderr
    refused = pair.stack.http.post(
        f"{pair.stack.admin_url}/reload", headers={"stellate-token": pair.stack.token}
    )
    assert refused.status_code == 400, describe(refused)
    assert "rules[0].maxAge" in refused.text
    assert (pair.loaded(), pair.nodes()[0]["digest"]) == before


def test_a_controller_that_reads_another_config_goes_on_with_its_own(pair: Pair) -> None:
    before = pair.loaded(), pair.nodes()[0]["digest"]
    other = pair.file.with_name("other.yaml")
    other.write_text(pair.file.read_text() + "maxTags: 100\n")
    done = subprocess.run(
        [SHELLAC, "reload", "--config", other, "--token", TOKEN],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 4
    assert f"reads a config with the digest {before[1]}, not" in done.stderr
    assert (pair.loaded(), pair.nodes()[0]["digest"]) == before


def test_reloading_needs_a_token(pair: Pair) -> None:
    assert pair.stack.http.post(f"{pair.stack.admin_url}/reload").status_code == 401


def test_a_dry_run_shows_the_difference_and_changes_nothing(pair: Pair) -> None:
    before = pair.loaded(), pair.nodes()[0]["digest"]
    assert pair.reload("--dry-run").stdout == ""
    pair.write(bypassCacheHeaders=[{"name": "x-preview"}])
    done = pair.reload("--dry-run")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert "+        if (!req.http.X-Shellac-Detail) { call bypass_recv; }" in lines
    assert (pair.loaded(), pair.nodes()[0]["digest"]) == before
