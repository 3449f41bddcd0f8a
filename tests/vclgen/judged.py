"""A real varnishd that says what VCL literals and regular expressions mean."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.support.net import free_port, wait_for
from tests.support.process import running
from vclgen.varnishd import find_varnishd

NOTHING = 'vcl 4.1;\nbackend default none;\nsub vcl_recv { return (synth(200, "OK")); }\n'


@dataclass
class Judge:
    """A running varnishd. Each question is a VCL of its own, loaded and used."""

    folder: Path
    url: str
    asked: int = 0

    def texts(self, literals: Sequence[str]) -> list[str]:
        """What string expressions of VCL are."""
        lines = "".join(f'\n    + {literal} + {{"\n"}}' for literal in literals)
        return self._answer(f'synthetic(""{lines});').split("\n")[:-1]

    def matches(self, pairs: Sequence[tuple[str, str]]) -> list[bool]:
        """Whether text literals match regular expression literals."""
        tests = "".join(
            f'if ({text} ~ {regex}) {{ set resp.http.X = resp.http.X + "1"; }}\n'
            f'else {{ set resp.http.X = resp.http.X + "0"; }}\n'
            for text, regex in pairs
        )
        return [digit == "1" for digit in self._answer(f"{tests}synthetic(resp.http.X);")]

    def _answer(self, statements: str) -> str:
        self.asked += 1
        name = f"q{self.asked}"
        file = self.folder / f"{name}.vcl"
        file.write_text(f"{NOTHING}sub vcl_synth {{\n{statements}\nreturn (deliver);\n}}\n")
        self.manage("vcl.load", name, str(file))
        self.manage("vcl.use", name)
        answer = httpx.get(self.url, timeout=60)
        assert answer.status_code == 200, answer
        return answer.text

    def manage(self, *command: str) -> None:
        done = subprocess.run(
            ["varnishadm", "-n", self.folder / "work", *command],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


@contextlib.contextmanager
def running_judge() -> Iterator[Judge]:
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="shellac-judge-") as name:
        folder = Path(name)
        (folder / "nothing.vcl").write_text(NOTHING)
        command: list[str | Path] = [find_varnishd(), "-F", "-j", "none", "-n", folder / "work"]
        command += ["-a", f"127.0.0.1:{port}", "-f", folder / "nothing.vcl"]
        command += ["-p", "http_resp_hdr_len=64k", "-p", "http_resp_size=128k"]
        command += ["-p", "workspace_client=512k"]
        with running(command, log=folder / "log") as process:
            judge = Judge(folder, f"http://127.0.0.1:{port}/")

            def up() -> bool:
                process.check_alive()
                try:
                    return httpx.get(judge.url, timeout=60).status_code == 200
                except httpx.TransportError:
                    return False

            wait_for(up, what="varnishd")
            yield judge
