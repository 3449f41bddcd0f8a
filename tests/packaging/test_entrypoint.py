"""The scripts of the Varnish image, run here without the image."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import yaml

from tests.support.net import free_port, listens, wait_for
from tests.support.process import running
from tests.support.stack import SHELLAC, describe, with_ports

VARNISH = Path(__file__).parents[2] / "varnish"
VCL = """
vcl 4.1;
backend default none;
sub vcl_recv {
    if (local.socket == "admin") { return (synth(STATUS, "health")); }
    return (synth(200, "hello from the rendered file"));
}
"""

pytestmark = [
    pytest.mark.varnish,
    pytest.mark.skipif(shutil.which("varnishd") is None, reason="varnishd is not installed"),
]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that varnishd can read when root starts it: it then works as another user."""
    with tempfile.TemporaryDirectory(prefix="shellac-entrypoint-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def environment(folder: Path) -> dict[str, str]:
    return {"SHELLAC_RENDERED": str(folder), "SHELLAC_WORKDIR": str(folder / "work")}


def render(folder: Path, *, health: int = 200) -> tuple[int, int]:
    """Write what `shellac render --output` writes; the public and the admin port."""
    public, admin = free_port(), free_port()
    vcl = folder / "default.vcl"
    vcl.write_text(VCL.replace("STATUS", str(health)))
    arguments = ["-a", f"public=127.0.0.1:{public},HTTP", "-a", f"admin=127.0.0.1:{admin},HTTP"]
    arguments += ["-f", str(vcl), "-s", "data=malloc,8m", "-p", "vsl_space=8m"]
    (folder / "varnishd.args").write_text("".join(f"{part}\n" for part in arguments))
    return public, admin


def health_code(folder: Path) -> int:
    return subprocess.run(
        [VARNISH / "healthcheck.sh"],
        env={**os.environ, **environment(folder)},
        capture_output=True,
        timeout=60,
    ).returncode


@pytest.mark.parametrize("missing", ["default.vcl", "varnishd.args"])
def test_without_a_rendered_file_the_entrypoint_says_what_to_run(
    folder: Path, missing: str
) -> None:
    render(folder)
    (folder / missing).unlink()
    done = subprocess.run(
        [VARNISH / "entrypoint.sh"],
        env={**os.environ, **environment(folder)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert f"cannot read {folder}/{missing}" in done.stderr
    assert "shellac render" in done.stderr


def test_the_entrypoint_starts_varnish_with_the_rendered_arguments(folder: Path) -> None:
    public, _ = render(folder)
    assert health_code(folder) != 0
    with running(
        [VARNISH / "entrypoint.sh", "-p", "default_ttl=7"],
        log=folder / "log",
        env=environment(folder),
    ) as process:

        def up() -> bool:
            process.check_alive()
            return listens(public) and health_code(folder) == 0

        wait_for(up, what="a healthy Varnish")
        answer = httpx.get(f"http://127.0.0.1:{public}/", timeout=60)
        assert "hello from the rendered file" in answer.text
        shown = subprocess.run(
            ["varnishadm", "-n", str(folder / "work"), "param.show", "default_ttl"],
            capture_output=True,
            text=True,
        )
        assert "Value is: 7.000" in shown.stdout, shown
        # In a container a signal reaches varnishd only if the script became it.
        assert Path(f"/proc/{process.pid}/comm").read_text().startswith("varnishd")
    assert not listens(public)


def test_a_varnish_that_answers_with_an_error_is_not_healthy(folder: Path) -> None:
    public, _ = render(folder, health=503)
    with running(
        [VARNISH / "entrypoint.sh"], log=folder / "log", env=environment(folder)
    ) as process:
        process.wait_until_listening(public)
        assert health_code(folder) != 0


def test_what_shellac_renders_starts_and_is_healthy_without_a_controller(folder: Path) -> None:
    config = with_ports({"originUrl": "http://127.0.0.1:9/graphql"}, state_dir=folder / "state")
    file = folder / "shellac.yaml"
    file.write_text(yaml.safe_dump(config))
    subprocess.run([SHELLAC, "render", "--config", file, "--output", folder], check=True)

    with running(
        [VARNISH / "entrypoint.sh"], log=folder / "log", env=environment(folder)
    ) as process:

        def up() -> bool:
            process.check_alive()
            return health_code(folder) == 0

        wait_for(up, what="a healthy Varnish")
        # No controller runs here, and that is what the generated VCL says.
        answer = httpx.post(
            f"http://{config['varnish']['listen']}/graphql", json={"query": "{ __typename }"}
        )
        assert answer.status_code in {502, 503}, describe(answer)
        assert answer.json()["errors"], describe(answer)


def test_the_config_of_the_compose_file_renders_its_addresses(folder: Path) -> None:
    docker = VARNISH.parent / "docker/shellac.yaml"
    config = yaml.safe_load(docker.read_text())
    config["stateDir"] = str(folder / "state")
    config["varnish"]["secretFile"] = str(folder / "secret")
    file = folder / "shellac.yaml"
    file.write_text(yaml.safe_dump(config))

    subprocess.run([SHELLAC, "render", "--config", file, "--output", folder], check=True)

    arguments = (folder / "varnishd.args").read_text().splitlines()
    assert f"admin={config['varnish']['adminListen']},HTTP" in arguments
    vcl = (folder / "default.vcl").read_text()
    for key, backend in {"gatewayListen": "controller", "passListen": "passes"}.items():
        host, _, port = config["controller"][key].partition(":")
        found = re.search(rf'backend {backend} {{\s+\.host = "(.*)";\s+\.port = "(.*)";', vcl)
        assert found, vcl
        assert found.groups() == (host, port)
