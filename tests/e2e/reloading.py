"""A running pair whose config file is changed and reloaded."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.demo.origin import Demo, running_demo
from tests.support.stack import SHELLAC, Stack, stack_before

CONFIG = {
    "name": "demo",
    "schemaPolling": {"enabled": False},
    "rules": [{"types": ["Query"], "maxAge": 900}],
}
SHOP = "{ shop { name } }"


@dataclass(frozen=True)
class Pair:
    stack: Stack
    demo: Demo
    file: Path

    def write(self, **keys: Any) -> None:
        """Change the config file; None takes a key out of it."""
        config = {**yaml.safe_load(self.file.read_text()), **keys}
        kept = {key: value for key, value in config.items() if value is not None}
        self.file.write_text(yaml.safe_dump(kept))

    def reload(self, *options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [SHELLAC, "reload", "--config", self.file, "--token", self.stack.token, *options],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def reloaded(self, **keys: Any) -> None:
        """Change the config and reload it."""
        self.write(**keys)
        done = self.reload()
        assert done.returncode == 0, done.stderr + self.stack.process.output()

    def nodes(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.stack.http.get(
            f"{self.stack.admin_url}/nodes", headers={"stellate-token": self.stack.token}
        ).json()["nodes"]
        return found

    def loaded(self) -> list[str]:
        """The VCLs that varnishd has."""
        workdir = self.stack.state_dir / "varnish"
        listed = subprocess.run(
            ["varnishadm", "-n", workdir, "vcl.list"], capture_output=True, text=True, check=True
        )
        return [line.split()[-1] for line in listed.stdout.splitlines() if line.strip()]


@contextmanager
def running_pair(folder: Path) -> Iterator[Pair]:
    with stack_before(running_demo(folder, "--control"), CONFIG, folder) as (stack, demo):
        yield Pair(stack, demo, folder / "shellac.yaml")
