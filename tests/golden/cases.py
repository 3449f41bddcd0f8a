"""Small whole configs and the VCL that they render to.

A case is a folder with ``shellac.yaml`` and ``expected.vcl``, which is to be included by another
VCL where the folder's name begins so; the annotated example at the top of the repository is one
more. ``python -m tests.golden.cases`` writes what the generator says now:
read the difference before you commit it.
"""

from dataclasses import dataclass
from pathlib import Path

from vclgen.config import load_config
from vclgen.render import include_of, vcl_of

FOLDER = Path(__file__).parent
EXAMPLE = FOLDER.parent.parent / "shellac.example.yaml"
STATE_DIR = "/var/lib/shellac"
"""In place of the config's own, whose absolute path differs from machine to machine."""


@dataclass(frozen=True)
class Case:
    name: str
    config: Path
    expected: Path

    @property
    def is_include(self) -> bool:
        return self.name.startswith("include-")

    def rendered(self) -> str:
        """What the generator makes of the config now."""
        loaded = load_config(self.config, overrides={"stateDir": STATE_DIR})
        return include_of(loaded.config) if self.is_include else vcl_of(loaded.config)


CASES = [
    *(
        Case(config.parent.name, config, config.parent / "expected.vcl")
        for config in sorted(FOLDER.glob("*/shellac.yaml"))
    ),
    Case("example", EXAMPLE, FOLDER / "example.expected.vcl"),
]


def main() -> None:
    for case in CASES:
        case.expected.write_text(case.rendered())


if __name__ == "__main__":
    main()
