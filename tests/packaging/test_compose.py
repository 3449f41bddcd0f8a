"""docker-compose.yml, as far as it can be checked without an engine."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "docker-compose.yml"


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())
    return loaded


@pytest.fixture(scope="module")
def settings() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker/shellac.yaml").read_text())
    return loaded


def test_the_file_fits_the_compose_specification() -> None:
    check = Path(sys.executable).parent / "check-jsonschema"
    done = subprocess.run(
        [check, "--builtin-schema", "vendor.compose-spec", COMPOSE], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


def test_only_the_public_listener_is_published_to_other_machines(compose: dict[str, Any]) -> None:
    published = {
        name: service["ports"]
        for name, service in compose["services"].items()
        if "ports" in service
    }
    assert published == {
        "varnish": ["8080:8080"],
        "controller": ["127.0.0.1:8091:8091"],
        "haproxy": ["443:8443", "80:8000"],
    }


def test_internal_listeners_are_on_the_network_of_the_pair_alone(
    compose: dict[str, Any], settings: dict[str, Any]
) -> None:
    def address(service: str) -> str:
        found: str = compose["services"][service]["networks"]["pair"]["ipv4_address"]
        return found

    assert settings["varnish"]["adminListen"] == f"{address('varnish')}:8081"
    assert settings["controller"]["gatewayListen"] == f"{address('controller')}:8090"
    assert settings["controller"]["passListen"] == f"{address('controller')}:8092"
    assert compose["networks"]["pair"]["internal"] is True
    on_it = [n for n, s in compose["services"].items() if "pair" in s.get("networks", ())]
    assert sorted(on_it) == ["controller", "varnish"]


def test_only_haproxy_is_believed_about_where_clients_come_from(
    compose: dict[str, Any], settings: dict[str, Any]
) -> None:
    network = compose["networks"]["tls"]
    assert network["internal"] is True
    subnet = network["ipam"]["config"][0]["subnet"]
    assert settings["varnish"]["trustedProxies"] == [subnet]
    address = compose["services"]["varnish"]["networks"]["tls"]["ipv4_address"]
    listen = settings["varnish"]["proxyListen"]
    assert listen == f"{address}:8083"
    haproxy = compose["services"]["haproxy"]
    assert haproxy["environment"]["SHELLAC_VARNISH"] == listen
    assert haproxy["profiles"] == ["tls"]
    on_it = [n for n, s in compose["services"].items() if "tls" in s.get("networks", ())]
    assert sorted(on_it) == ["haproxy", "varnish"]


def test_every_service_is_hardened_and_every_server_is_watched(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        if name != "render":
            assert service["healthcheck"]["test"], name
            assert service["restart"] == "unless-stopped", name


@pytest.mark.parametrize(
    "dockerfile", ["varnish/Dockerfile", "varnish/haproxy.Dockerfile", "controller/Dockerfile"]
)
def test_images_run_as_the_same_ordinary_user(dockerfile: str) -> None:
    lines = (ROOT / dockerfile).read_text().splitlines()
    assert "ARG SHELLAC_UID=10001" in lines
    assert "USER $SHELLAC_UID:$SHELLAC_UID" in lines


def test_varnish_works_in_memory_where_it_may_load_the_vcl_that_it_compiles(
    compose: dict[str, Any],
) -> None:
    assert "work:/run/varnish" in compose["services"]["varnish"]["volumes"]
    options = compose["volumes"]["work"]["driver_opts"]
    assert options["type"] == "tmpfs"
    assert "uid=10001" in options["o"]
    assert "noexec" not in options["o"]
