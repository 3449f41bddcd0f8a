"""A Varnish that fetches from the origin itself, with no more of VCL than the controller needs.

The admin listener is that of the generated VCL. An answer is tagged by the origin's ``X-Tags``,
whatever the profile; purges and POSTs pass to the controller as docs/purge-dialects.md says.
"""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from tests.support.net import free_port
from tests.support.process import running
from vclgen.config import Address, Config, load_config_text
from vclgen.plan import gateway_plan
from vclgen.render import _environment
from vclgen.start import varnishd_arguments

SECRET: Final = "secret-of-the-tests"
SERVICE: Final = "shop"
_VCL: Final = """vcl 4.1;
import header;
import std;
import var;
import xkey;
backend origin { .host = "127.0.0.1"; .port = "ORIGIN"; }
backend passes { .host = "127.0.0.1"; .port = "PASSES"; }
ADMIN
sub vcl_init { call admin_init; }
sub vcl_recv {
    if (req.method ~ "^(PURGE|PURGEKEYS|PURGE_GRAPHQL|BAN|REFRESH)$" && !req.http.Shellac-Secret) {
        set req.http.X-Shellac-Round = "purge";
        set req.backend_hint = passes;
        return (pass);
    }
    if (local.socket == "admin") { call admin_recv; }
    if (req.method == "POST") {
        set req.http.X-Shellac-Round = "pass";
        set req.backend_hint = passes;
        return (pass);
    }
    set req.http.X-Shellac-Flush = var.global_get("flush");
    return (hash);
}
sub vcl_hash {
    hash_data(req.url + " " + req.http.Host + " " + req.http.X-Shellac-Flush);
    return (lookup);
}
sub vcl_backend_response {
    if (!bereq.uncacheable) {
        set beresp.http.X-Shellac-Flush = bereq.http.X-Shellac-Flush;
        set beresp.http.xkey = "all SERVICE u:" + bereq.http.Host + bereq.url;
        if (bereq.url ~ ",") { set beresp.http.xkey = "all SERVICE some"; }
        if (beresp.http.X-Tags ~ " ") { set beresp.http.X-Tags = "some"; }
        else { set beresp.http.X-Tags = "t:" + regsuball(beresp.http.X-Tags, ",", " t:"); }
        set beresp.http.xkey = beresp.http.xkey + " " + beresp.http.X-Tags;
        set beresp.ttl = 1h;
        set beresp.grace = 1h;
    }
    return (deliver);
}
sub vcl_hit {
    if (obj.ttl > 0s) { set req.http.X-Cache = "HIT"; } else { set req.http.X-Cache = "STALE"; }
}
sub vcl_miss { set req.http.X-Cache = "MISS"; }
sub vcl_pass { set req.http.X-Cache = "PASS"; }
sub vcl_deliver { set resp.http.X-Cache = req.http.X-Cache; }
sub vcl_synth {
    if (req.http.X-Shellac-Body) { call admin_synth; }
}
"""


@dataclass(frozen=True)
class Site:
    """One running Varnish, and where the origin and the controller are to listen."""

    config: Config
    origin: Address
    workdir: Path

    @property
    def url(self) -> str:
        return f"http://{self.config.varnish.listen}"

    @property
    def admin_url(self) -> str:
        return f"http://{self.config.varnish.admin_listen}"

    def purges(self) -> list[tuple[str, str, str]]:
        """Of each PURGE of the controller since it started: hard keys, soft keys, seq or flush."""
        headers = "|".join(
            f"%{{{name}}}i" for name in ("xkey-purge", "xkey-softpurge", "Shellac-Seq")
        )
        command = ["varnishncsa", "-d", "-n", str(self.workdir), "-F", headers]
        command += ["-q", 'ReqMethod eq "PURGE" and ReqHeader:Shellac-Secret']
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found = []
        for line in done.stdout.splitlines():
            hard, soft, seq = line.split("|")
            found.append((hard, soft, seq))
        return found


@contextlib.contextmanager
def running_site(key: str) -> Iterator[Site]:
    """A Varnish on free ports. ``key`` is the service's on the wire."""
    with tempfile.TemporaryDirectory(prefix="shellac-") as folder:
        directory = Path(folder)
        origin, passes = free_port(), free_port()
        settings = {
            "name": SERVICE,
            "originUrl": f"http://127.0.0.1:{origin}/graphql",
            "stateDir": str(directory),
            "varnish": {
                "listen": f"127.0.0.1:{free_port()}",
                "adminListen": f"127.0.0.1:{free_port()}",
            },
            "controller": {"passListen": f"127.0.0.1:{passes}"},
        }
        config = load_config_text(yaml.safe_dump(settings)).config
        config.secret_file.write_text(SECRET)
        template = _environment().get_template("features/admin.vcl.j2")
        text = _VCL.replace("ADMIN", template.render(plan=gateway_plan(config)))
        text = text.replace("ORIGIN", str(origin)).replace("PASSES", str(passes))
        vcl = directory / "direct.vcl"
        vcl.write_text(text.replace("SERVICE", key))
        workdir = directory / "varnish"
        command = ["varnishd", "-F", "-j", "none", "-n", str(workdir)]
        command += varnishd_arguments(config, vcl)
        with running(command, log=directory / "varnish.log") as process:
            process.wait_until_listening(config.varnish.listen.port)
            yield Site(config, Address("127.0.0.1", origin), workdir)
