"""Takes each ``call`` out of the main templates in turn: some VTC must fail without it.

``python -m tests.soak.calls`` prints a table of the calls and the first VTC that failed; the exit
code is 1 if one call is missed by none. Half an hour on two cores.
"""

from __future__ import annotations

import argparse
import math
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from tests.vtc import test_vtc
from vclgen import render

MAINS = ("main.vcl.j2", "direct/main.vcl.j2", "features/include.vcl.j2")
AT_ONCE = 2
LONGEST = 120
"""Seconds for a VTC with every call in place, on whatever machine."""
PATIENCE = 4
"""A missing call often means waiting for what never comes: a VTC gets so many times what it took
with every call in place, and ``LEAST`` seconds at least."""
LEAST = 15
UNREFERENCED = {"vcc_err_unref": "off"}
"""varnishd's parameters besides: a sub that nothing calls must compile, or every VTC would fail."""


@dataclass(frozen=True, slots=True)
class Call:
    """A ``call`` of a main template: where its text is, and in which of Varnish's subs."""

    main: str
    start: int
    end: int
    hook: str
    sub: str


def calls(main: str, templates: Path) -> Iterator[Call]:
    """All calls of a main template, in order."""
    hook = ""
    text = (templates / main).read_text()
    for found in re.finditer(r"^sub (?P<hook>\w+)|\bcall (?P<sub>\w+);", text, re.MULTILINE):
        if found["hook"]:
            hook = found["hook"]
        else:
            yield Call(main, found.start(), found.end(), hook, found["sub"])


@contextmanager
def without(call: Call, templates: Path) -> Iterator[None]:
    """The generator renders from ``templates``, a copy, as if the call had never been there."""
    main = templates / call.main
    whole = main.read_text()
    main.write_text(whole[: call.start] + whole[call.end :])
    try:
        with mock.patch.object(render, "templates_folder", return_value=templates):
            render._environment.cache_clear()
            yield
    finally:
        main.write_text(whole)
        render._environment.cache_clear()


def prepared(folder: Path) -> dict[str, str]:
    """Each VTC, as varnishtest reads it, by name."""
    with mock.patch.object(test_vtc, "PARAMETERS_BESIDES", UNREFERENCED):
        return {case.stem: test_vtc.prepared(case.read_text(), folder) for case in test_vtc.CASES}


def fails(name: str, text: str, folder: Path, seconds: float) -> bool:
    """Whether the VTC fails, twice in a row: a busy machine may fail one once."""
    file = folder / f"{name}.vtc"
    file.write_text(text)
    command = ["varnishtest", "-t", str(math.ceil(seconds)), "-j1", str(file)]
    return all(
        subprocess.run(command, capture_output=True, check=False).returncode for _ in range(2)
    )


def limits_of(texts: Mapping[str, str], folder: Path) -> dict[str, float]:
    """How many seconds each VTC may take when a call is missing.

    Raises:
        SystemExit: one fails with every call in place.
    """

    def limit(case: tuple[str, str]) -> float:
        started = time.monotonic()
        if fails(*case, folder, LONGEST):
            raise SystemExit(f"{case[0]} fails with every call in place")
        return max(LEAST, PATIENCE * (time.monotonic() - started))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(zip(texts, pool.map(limit, texts.items()), strict=True))


def first_failure(
    texts: Mapping[str, str], folder: Path, limits: Mapping[str, float]
) -> str | None:
    """The first VTC that fails; those that come first in ``texts`` are tried first."""
    waiting = list(texts.items())
    running: dict[Future[bool], str] = {}
    failed: str | None = None
    with ThreadPoolExecutor(AT_ONCE) as pool:
        while running or (waiting and failed is None):
            while waiting and len(running) < AT_ONCE and failed is None:
                name, text = waiting.pop(0)
                running[pool.submit(fails, name, text, folder, limits[name])] = name
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                name = running.pop(future)
                if future.result() and failed is None:
                    failed = name
    return failed


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak.calls", description=__doc__)
    parser.add_argument("subs", nargs="*", help="only the calls of these; all if none is named")
    wanted = set(parser.parse_args().subs)
    missed = 0
    with tempfile.TemporaryDirectory(prefix="shellac-calls-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # varnishd's jail user reads the secret
        templates = folder / "templates"
        shutil.copytree(render.templates_folder(), templates)
        whole = prepared(folder)
        limits = limits_of(whole, folder)
        for call in (found for main in MAINS for found in calls(main, templates)):
            if wanted and call.sub not in wanted:
                continue
            with without(call, templates):
                texts = prepared(folder)
            changed = {case: text for case, text in texts.items() if text != whole[case]}
            failed = first_failure(likely_first(changed, call.sub), folder, limits)
            missed += failed is None
            print(
                f"{call.main:24}{call.hook:22}{call.sub:26}{failed or 'NO VTC FAILS'}", flush=True
            )
    return 1 if missed else 0


def likely_first(texts: Mapping[str, str], sub: str) -> dict[str, str]:
    """Those first that are named for the sub's feature."""
    feature = sub.partition("_")[0]
    return dict(sorted(texts.items(), key=lambda item: feature not in item[0]))


if __name__ == "__main__":
    raise SystemExit(main())
