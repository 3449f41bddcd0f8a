"""Runs each ``*.vtc`` beside this file with varnishtest, against the VCL the generator renders.

A line ``#: {yaml}`` gives config beyond the minimal one. ``@VARNISH@`` becomes the varnish under
test, whose controller is the test's own ``s1`` (``s2`` for what it passes, where there is one) and
whose secret is ``s3cret``; ``@VCL@`` its VCL alone. The lines from ``@TIMES n@`` to ``@END@`` come
n times, with ``@I@`` for 1 to n.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path

import pytest
import yaml

from vclgen.config import load_config_text
from vclgen.plan import gateway_plan
from vclgen.render import render
from vclgen.start import PARAMETERS

FOLDER = Path(__file__).parent
CASES = sorted(FOLDER.glob("*.vtc"))


def prepared(text: str, folder: Path) -> str:
    """A case as varnishtest reads it; the secret is written into the folder."""
    text = re.sub(r"^@TIMES (\d+)@\n(.*?)^@END@\n", repeated, text, flags=re.MULTILINE | re.DOTALL)
    vcl = rendered(text, folder)
    parameters = " ".join(f"-p {name}={value}" for name, value in PARAMETERS.items())
    listeners = "-a public=127.0.0.1:0 -a admin=127.0.0.1:0"
    storages = "-s data=malloc,10m -s verdict=malloc,10m"
    arguments = f"{listeners} {storages} {parameters}"
    varnish = f'varnish v1 -arg "{arguments}" -vcl {{\n{vcl}\n}} -start'
    return text.replace("@VARNISH@", varnish).replace("@VCL@", vcl)


def repeated(block: re.Match[str]) -> str:
    return "".join(block[2].replace("@I@", str(i)) for i in range(1, int(block[1]) + 1))


def rendered(text: str, folder: Path) -> str:
    """The VCL for a case's config, with the test's servers as its backends."""
    config: dict[str, object] = {"originUrl": "http://origin.test/graphql"}
    for line in re.findall(r"^#: (.*)$", text, flags=re.MULTILINE):
        config.update(yaml.safe_load(line))
    secret = folder / "secret"
    secret.write_text("s3cret\n")
    config["varnish"] = {"secretFile": str(secret)}
    loaded = load_config_text(yaml.safe_dump(config), source="case.vtc")
    passes = "s2" if re.search(r"^server s2\b", text, re.MULTILINE) else "s1"
    vcl = render(gateway_plan(loaded.config))
    vcl = vcl.replace('.host = "127.0.0.1";', '.host = "${s1_addr}";')
    vcl = vcl.replace('.port = "8090";', '.port = "${s1_port}";')
    return vcl.replace('.port = "8092";', f'.port = "${{{passes}_port}}";')


@pytest.mark.vtc
@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_vtc(case: Path) -> None:
    text = case.read_text()
    with tempfile.TemporaryDirectory(prefix="shellac-vtc-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # varnishd's jail user reads the secret
        file = folder / case.name
        file.write_text(prepared(text, folder))
        run(file)


def run(file: Path) -> None:
    """Run one case; a failure shows the end of its log without Varnish's own."""
    done = subprocess.run(
        ["varnishtest", "-t", "30", "-j1", str(file)], capture_output=True, text=True, check=False
    )
    interesting = [line for line in done.stdout.splitlines() if " vsl|" not in line]
    assert done.returncode == 0, "\n".join(interesting[-80:])
