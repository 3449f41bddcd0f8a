"""``render`` and ``check`` with ``--as include``: what is written, and where it may stand."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.include.hosted import INCLUDE, host_vcl, shellac

ALONE = {
    "originUrl": "http://127.0.0.1:9/graphql",
    "profile": "magento",
    "direct": {"controller": False, "purgers": ["127.0.0.1"]},
}


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="shellac-host-") as name:
        found = Path(name)
        found.chmod(0o755)  # varnishd's jail user reads what the host includes
        configure(found)
        (found / "host.vcl").write_text(host_vcl("shop", 9))
        yield found


def configure(folder: Path, **keys: object) -> None:
    (folder / "shellac.yaml").write_text(yaml.safe_dump({**ALONE, **keys}))


def change(folder: Path, old: str, new: str) -> None:
    host = folder / "host.vcl"
    text = host.read_text()
    assert old in text
    host.write_text(text.replace(old, new, 1))


def check(folder: Path) -> str:
    """What ``check`` says of the host; it has to fail as a VCL that does not compile does."""
    done = shellac(folder, "check", "--as", "include", "--host", "host.vcl")
    assert done.returncode == 3, done.stdout
    return done.stderr


def test_a_directory_gets_the_include_and_what_varnishd_needs_besides(folder: Path) -> None:
    done = shellac(folder, "render", "--as", "include", "--output", "out")
    assert done.returncode == 0, done.stderr
    assert {file.name for file in (folder / "out").iterdir()} == {"shellac.vcl", "varnishd.args"}
    arguments = (folder / "out" / "varnishd.args").read_text().splitlines()
    assert arguments[:2] == ["-a", "admin=127.0.0.1:8081,HTTP"]
    assert "http_resp_hdr_len=262144" in arguments
    assert not {"-f", "-s"} & set(arguments)


def test_a_host_that_includes_it_after_its_backends_compiles(folder: Path) -> None:
    done = shellac(folder, "check", "--as", "include", "--host", "host.vcl")
    assert done.returncode == 0, done.stderr


def test_a_host_may_include_more_and_name_storages(folder: Path) -> None:
    (folder / "more.vcl").write_text("sub vcl_recv { unset req.http.X-More; }\n")
    change(folder, "acl purge", 'include "./more.vcl";\nacl purge')
    change(folder, "set beresp.grace = 3d;", "set beresp.storage = storage.large;")
    done = shellac(folder, "check", "--as", "include", "--host", "host.vcl")
    assert done.returncode == 0, done.stderr


def test_without_a_host_the_include_is_compiled_by_itself(folder: Path) -> None:
    done = shellac(folder, "check", "--as", "include")
    assert done.returncode == 0, done.stderr


def test_a_host_that_does_not_include_it_is_told_how(folder: Path) -> None:
    change(folder, INCLUDE, f"# {INCLUDE}")
    assert 'add `include "shellac.vcl";`' in check(folder)


def test_behind_a_sub_of_varnish_it_comes_too_late(folder: Path) -> None:
    change(folder, INCLUDE, "")
    change(folder, "sub vcl_hash", f"{INCLUDE}sub vcl_hash")
    assert "the host's vcl_recv stands before" in check(folder)


def test_before_the_backends_it_would_change_the_default(folder: Path) -> None:
    change(folder, "backend default", "backend web")
    change(folder, INCLUDE, "")
    change(folder, "import std;", f"import std;\n{INCLUDE}")
    assert "web would not be its default" in check(folder)


def test_an_error_of_the_host_is_shown_and_no_template_blamed(folder: Path) -> None:
    change(folder, "sub vcl_hit {", "sub vcl_hit {\n    nonsense;")
    said = check(folder)
    assert "nonsense" in said
    assert "templates/" not in said


def test_a_host_that_is_not_there(folder: Path) -> None:
    (folder / "host.vcl").unlink()
    assert "host.vcl cannot be read" in check(folder)


def test_a_host_needs_the_include(folder: Path) -> None:
    done = shellac(folder, "check", "--host", "host.vcl")
    assert done.returncode == 2
    assert "needs --as include" in done.stderr


REFUSED = [
    ({"direct": {"serve": "site"}}, "direct.serve: site cannot be"),
    (
        {"varnish": {"version": "8.0", "listen": "10.0.0.4:80", "adminListen": "127.0.0.1:80"}},
        "varnish.adminListen: is the port of another listener",
    ),
    (
        {"profile": "gateway", "direct": {}, "varnish": {"version": "6.0"}},
        "varnish.version: is 6.0",
    ),
    (
        {"varnish": {"trustedProxies": ["10.0.0.9"]}},
        "varnish.trustedProxies: does not count: an include judges purges",
    ),
    (
        {"varnish": {"proxyListen": "127.0.0.1:8083"}},
        "varnish.proxyListen: does not count: an include judges purges",
    ),
]


@pytest.mark.parametrize(("keys", "said"), REFUSED)
def test_what_an_include_cannot_be_is_refused(
    folder: Path, keys: dict[str, object], said: str
) -> None:
    configure(folder, **keys)
    done = shellac(folder, "render", "--as", "include")
    assert done.returncode == 2
    assert said in done.stderr
