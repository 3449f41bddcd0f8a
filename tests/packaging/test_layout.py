"""How the code is laid out: small files, and a core that talks to nobody."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
MOST_LINES = 300
TALKING = {
    "aiohttp",
    "asyncio",
    "fastapi",
    "http",
    "httpx",
    "redis",
    "socket",
    "sqlite3",
    "starlette",
    "urllib.request",
    "uvicorn",
}


def python_files() -> Iterator[Path]:
    """Those of the project: none of an environment or of installed packages."""
    for path in ROOT.rglob("*.py"):
        parts = path.relative_to(ROOT).parts
        if "node_modules" not in parts and not any(part.startswith(".") for part in parts):
            yield path


def imported(path: Path) -> Iterator[str]:
    """What a file imports, wherever in it: modules, and for ``from`` also names in them."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"a relative import in {path}"
            assert node.module is not None
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def files_of(name: str) -> list[Path]:
    """The files that an import of ``name`` runs, if it is the project's: packages, then itself."""
    found = []
    for depth in range(1, name.count(".") + 2):
        at = ROOT.joinpath(*name.split(".")[:depth])
        found += [path for path in (at / "__init__.py", at.with_suffix(".py")) if path.is_file()]
    return found


def test_no_python_file_is_longer_than_300_lines() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in python_files()
    }
    assert "tests/packaging/test_layout.py" in lengths
    assert {path for path, n in lengths.items() if n > MOST_LINES} == set()


def test_the_core_imports_nothing_that_talks_to_anything() -> None:
    """Neither itself nor through modules of ours; what graphql-core and PyJWT import is theirs."""
    waiting = sorted((ROOT / "controller/core").rglob("*.py"))
    seen = set(waiting)
    assert len(waiting) > 30
    while waiting:
        path = waiting.pop()
        for name in imported(path):
            talking = [one for one in TALKING if f"{name}.".startswith(f"{one}.")]
            assert talking == [], path.relative_to(ROOT)
            new = set(files_of(name)) - seen
            seen |= new
            waiting += new
