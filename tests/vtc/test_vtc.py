"""Runs each ``*.vtc`` beside this file with varnishtest, against the VCL the generator renders.

A line ``#: {yaml}`` gives config beyond the minimal one. ``@VARNISH@`` becomes the varnish under
test, whose controller is the test's own ``s1`` (``s2`` for what it passes, where there is one) and
whose secret is ``s3cret``, with a listener ``proxy`` if its config has ``proxyListen``; in a direct
profile ``s1`` is the origin, and ``s2`` its server ``second.test``. ``@VCL@`` is its VCL alone.
``@HOST name@`` is a varnish whose VCL ``include/name.vcl`` includes what is rendered, and
``@RELOAD@`` loads that once more; the host's own origin is ``s3``. A line ``#timeouts 1s`` shortens
those of the backends, ``#notes 8s`` how long a node knows that a page came soon. ``#young 20`` is
for a moment twenty times longer in which a node distrusts what it stored before a purge: on a busy
machine it is over at once. The lines from ``@TIMES n@`` to ``@END@`` come n times, with ``@I@`` for
1 to n. A case is over when each server has been asked all that stands in its script.

``VARNISH_TREE`` names a directory with another Debian in it, whose varnishtest is run by chroot,
``VARNISH_VERSION`` what its VCL is rendered for: ``scripts/varnish_versions.sh`` sets both.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from vclgen.config import Config, load_config_text
from vclgen.render import include_of, vcl_of
from vclgen.start import varnishd_parameters

FOLDER = Path(__file__).parent
PARAMETERS_BESIDES: dict[str, str] = {}
"""What varnishd gets besides the parameters of a case's config."""
CASES = sorted(FOLDER.rglob("*.vtc"))
TREE = os.environ.get("VARNISH_TREE", "")
VERSION = os.environ.get("VARNISH_VERSION", "7.1")


def prepared(text: str, folder: Path) -> str:
    """A case as varnishtest reads it; the secret is written into the folder."""
    text = re.sub(r"^@TIMES (\d+)@\n(.*?)^@END@\n", repeated, text, flags=re.MULTILINE | re.DOTALL)
    text = waited_for(text)
    config = configured(text, folder)
    host = re.search(r"^@HOST (\w+)@$", text, re.MULTILINE)
    vcl = rendered(text, config, include=host is not None)
    found = {**varnishd_parameters(config, include=host is not None), **PARAMETERS_BESIDES}
    parameters = " ".join(f"-p {name}={value}" for name, value in found.items())
    listeners = "-a public=127.0.0.1:0 -a admin=127.0.0.1:0"
    if "proxyListen:" in text:
        listeners += " -a proxy=127.0.0.1:0,PROXY"
    storages = "-s data=malloc,10m -s verdict=malloc,10m"
    arguments = f"{listeners} {storages} {parameters}"
    if host:
        # The port of the admin listener stands in the VCL, and is known once varnishd runs.
        start = f'varnish v1 -arg "{arguments}" -vcl {{ vcl 4.1; backend none none; }} -start'
        whole = hosted(host[1], vcl)
        load = f"varnish v1 -vcl {{\n{whole}\n}}"
        return text.replace(host[0], f"{start}\n\n{load}").replace("@RELOAD@", load)
    varnish = f'varnish v1 -arg "{arguments}" -vcl {{\n{vcl}\n}} -start'
    return text.replace("@VARNISH@", varnish).replace("@VCL@", vcl)


def repeated(block: re.Match[str]) -> str:
    return "".join(block[2].replace("@I@", str(i)) for i in range(1, int(block[1]) + 1))


def waited_for(text: str) -> str:
    """A case that ends once its servers were asked all they expect: the rest would test nothing.

    One that repeats itself may be asked less often; one that is broken or waited for has ended.
    """
    scripts = re.findall(r"^server (s\d) \{\n(.*?)^\}", text, flags=re.MULTILINE | re.DOTALL)
    ended = re.findall(r"^server (s\d) -(?:break|wait)", text, flags=re.MULTILINE)
    asked = dict.fromkeys(n for n, script in scripts if "rxreq" in script and n not in ended)
    return text + "".join(f"server {name} -wait\n" for name in asked)


def configured(text: str, folder: Path) -> Config:
    """A case's config; the secret is written into the folder."""
    config: dict[str, Any] = {"originUrl": "http://origin.test/graphql"}
    for line in re.findall(r"^#: (.*)$", text, flags=re.MULTILINE):
        config.update(yaml.safe_load(line))
    secret = folder / "secret"
    secret.write_text("s3cret\n")
    config["varnish"] = {
        **config.get("varnish", {}),
        "secretFile": str(secret).removeprefix(TREE),
        "version": VERSION,
    }
    return load_config_text(yaml.safe_dump(config), source="case.vtc").config


def hosted(name: str, include: str) -> str:
    """A host's VCL with what it includes in its place."""
    vcl = (FOLDER / "include" / f"{name}.vcl").read_text()
    vcl = re.sub(r"\.probe = \{[^}]*\}", "", vcl)  # the server would have to expect them
    vcl = vcl.replace('"host.test"', '"${s3_addr}"').replace('"80"', '"${s3_port}"')
    return vcl.replace('include "shellac.vcl";', include)


def rendered(text: str, config: Config, *, include: bool = False) -> str:
    """The VCL for a case's config, with the test's servers as its backends."""
    passes = "s2" if re.search(r"^server s2\b", text, re.MULTILINE) else "s1"
    vcl = include_of(config) if include else vcl_of(config)
    vcl = re.sub(r"(port\(local\.ip\) [!=]=) 8081", r"\1 ${v1_admin_port}", vcl)
    if timeouts := re.search(r"^#timeouts (\S+)$", text, re.MULTILINE):
        vcl = re.sub(r"(byte|bytes)_timeout = \d+s;", rf"\1_timeout = {timeouts[1]};", vcl)
    if notes := re.search(r"^#notes (\S+)$", text, re.MULTILINE):
        vcl = vcl.replace("21600s", notes[1])
    if young := re.search(r"^#young (\d+)$", text, re.MULTILINE):
        times = int(young[1])
        vcl = vcl.replace(", 0.0) + 0.5 ", f", 0.0) + {0.5 * times} ")
        vcl = vcl.replace("fallback=0.0) * 10.0", f"fallback=0.0) * {10 / times}")
    if config.profile != "gateway":
        vcl = vcl.replace('"second.test"; .port = "80";', '"${s2_addr}"; .port = "${s2_port}";')
        vcl = vcl.replace('"origin.test"', '"${s1_addr}"')
        vcl = vcl.replace('.port = "80";', '.port = "${s1_port}";')
    vcl = vcl.replace('.host = "127.0.0.1";', '.host = "${s1_addr}";')
    vcl = vcl.replace('.port = "8090";', '.port = "${s1_port}";')
    return vcl.replace('.port = "8092";', f'.port = "${{{passes}_port}}";')


@pytest.mark.vtc
@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_vtc(case: Path) -> None:
    text = case.read_text()
    with tempfile.TemporaryDirectory(prefix="shellac-vtc-", dir=f"{TREE}/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)  # varnishd's jail user reads the secret
        file = folder / case.name
        file.write_text(prepared(text, folder))
        run(file)


def run(file: Path) -> None:
    """Run one case; a failure shows the end of its log without Varnish's own."""
    inside = ["chroot", TREE] if TREE else []
    command = [*inside, "varnishtest", "-t", "180", "-j1", str(file).removeprefix(TREE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    interesting = [line for line in done.stdout.splitlines() if " vsl|" not in line]
    assert done.returncode == 0, "\n".join(interesting[-80:])
