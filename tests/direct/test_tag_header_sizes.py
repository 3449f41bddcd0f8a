"""X-Magento-Tags of every size, through a varnishd with the parameters that the config gives it.

Up to ``direct.maxTagHeader`` each tag is purged by its name; up to four times that an answer is
stored and goes with every purge; beyond it Varnish answers 503.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Collection, Iterator
from functools import partial
from pathlib import Path

import httpx
import pytest
import yaml

from demo.tagging import Answer, Request, serving
from tests.support.ages import wait_until_old
from tests.support.net import free_port
from tests.support.process import running
from vclgen.config import load_config_text
from vclgen.render import vcl_of
from vclgen.start import TAG_LINES, varnishd_arguments

pytestmark = pytest.mark.varnish

KB = 1_024
LIMITS = [8 * KB, 64 * KB, 200 * KB, 1_024 * KB]


class Tagged:
    """An origin: ``/SIZE/NUMBER`` has a list of tags of that many bytes, which ends like
    ``last_7``. ``others``: bytes of other headers.
    """

    def __init__(self) -> None:
        self.others = 0

    def answer(self, request: Request) -> Answer:
        _, size, number = request.path.split("/")
        headers = {
            "Cache-Control": "public, max-age=600",
            "Content-Type": "application/json",
            "X-Magento-Tags": tags_of(int(size), f"last_{number}"),
        }
        headers |= {f"X-Other-{n}": "x" * 4_000 for n in range(self.others // 4_000)}
        return Answer("{}", headers)


def tags_of(size: int, last: str) -> str:
    """Tags as a category with thousands of products has them, ``size`` bytes in all."""
    text = ",".join(f"cat_p_{number}" for number in range(1, size // 7 + 2))
    text = text[: size - len(last) - 1].rstrip(",")
    padding = size - len(text) - len(last) - 1
    return f"{text}{'9' * padding},{last}"


@contextlib.contextmanager
def varnish(limit: int) -> Iterator[tuple[Tagged, httpx.Client]]:
    """A varnishd that was started as `shellac up` starts it, before such an origin."""
    origin = Tagged()
    with (
        tempfile.TemporaryDirectory(prefix="shellac-") as folder,
        serving(origin.answer) as url,
    ):
        settings = {
            "originUrl": f"{url}/graphql",
            "profile": "magento",
            "stateDir": folder,
            "direct": {
                "controller": False,
                "purgers": ["127.0.0.1"],
                "maxTagHeader": f"{limit // KB}kb",
                "health": {"enabled": False},
            },
            "varnish": {
                "listen": f"127.0.0.1:{free_port()}",
                "adminListen": f"127.0.0.1:{free_port()}",
            },
        }
        config = load_config_text(yaml.safe_dump(settings)).config
        config.secret_file.write_text("s3cret\n")
        vcl = Path(folder) / "default.vcl"
        vcl.write_text(vcl_of(config))
        command = ["varnishd", "-F", "-j", "none", "-n", f"{folder}/varnish"]
        command += varnishd_arguments(config, vcl)
        base = f"http://{config.varnish.listen}"
        with (
            running(command, log=Path(folder) / "varnish.log") as process,
            httpx.Client(base_url=base, timeout=60) as http,
        ):
            process.wait_until_listening(config.varnish.listen.port)
            yield origin, http


def purge(http: httpx.Client, tag: str) -> None:
    pattern = {"X-Magento-Tags-Pattern": f"((^|,){tag}(,|$))"}
    assert http.request("PURGE", "/", headers=pattern).status_code == 200


def cached(http: httpx.Client, path: str) -> str:
    answer = http.get(path)
    assert answer.status_code == 200, (path, answer.headers)
    found: str = answer.headers["x-magento-cache-debug"]
    return found


def grown_old(http: httpx.Client, paths: Collection[str]) -> None:
    """They were stored, and no purge of something else takes them along."""
    for path in paths:
        assert cached(http, path) == "MISS"
    for path in paths:
        wait_until_old(partial(http.get, path))


@pytest.mark.parametrize("limit", LIMITS, ids=lambda size: f"{size // KB}kb")
def test_up_to_the_limit_each_tag_is_purged_by_its_name_and_nothing_is_refused(limit: int) -> None:
    with varnish(limit) as (origin, http):
        sizes = {100, 4_000, 8_150, 8_200, limit // 2, limit - 1, limit}
        fitting = [size for size in sizes if size <= limit]
        paths = {f"/{size}/{number}": number for number, size in enumerate(fitting)}
        origin.others = 40_000
        grown_old(http, paths)
        purge(http, "last_nobody")
        assert [cached(http, path) for path in paths] == ["HIT"] * len(paths)
        for path, number in paths.items():
            purge(http, f"last_{number}")
            assert cached(http, path) == "MISS"


@pytest.mark.parametrize("limit", LIMITS, ids=lambda size: f"{size // KB}kb")
def test_beyond_the_limit_every_purge_takes_it_and_four_times_over_it_is_refused(
    limit: int,
) -> None:
    with varnish(limit) as (_, http):
        most = TAG_LINES * limit - len("X-Magento-Tags: \r\n")
        paths = [f"/{size}/1" for size in (limit + KB, 2 * limit, most)]
        grown_old(http, paths)
        purge(http, "another")
        assert [cached(http, path) for path in paths] == ["MISS"] * len(paths)
        assert http.get(f"/{TAG_LINES * limit + KB}/1").status_code == 503
