"""A whole shop: Magento's kind of VCL with our include, a controller, an origin that purges."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
import yaml

from tests.include.hosted import Hosted, shellac, varnish_before
from tests.support.magento_origin import Shop, magento
from tests.support.net import wait_for
from tests.support.process import running
from tests.support.stack import SHELLAC, TOKEN, describe, send

pytestmark = pytest.mark.varnish

VARNISHRELOAD = Path("/usr/share/varnish/varnishreload")
"""Where Debian has it."""
PRODUCT = "{ products(ids: [%d]) { id name } }"


@dataclass(frozen=True)
class Site:
    """The running parts; ``url`` is that of the host."""

    shop: Shop
    varnish: Hosted
    http: httpx.Client

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.varnish.port}"

    def product(self, number: int) -> httpx.Response:
        return send(self.http, f"{self.url}/graphql", PRODUCT % number, method="GET")

    def page(self, number: int) -> httpx.Response:
        return self.http.get(f"{self.url}/product/{number}.html")

    def reload(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return shellac(self.varnish.folder, "reload", "--token", TOKEN, *arguments)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    with magento() as shop, httpx.Client(timeout=60) as http:
        port = urlsplit(shop.url).port
        assert port is not None
        config = {
            "originUrl": shop.url,
            "profile": "magento",
            "direct": {"purgers": ["127.0.0.1"]},
            # The test reads after its own purge.
            "purge": {"waitTimeout": "30s"},
        }
        with varnish_before(port, folder, host="shop", config=config) as varnish:
            command = [SHELLAC, "serve", "--config", folder / "shellac.yaml"]
            environment = {"SHELLAC_ADMIN_TOKEN": TOKEN}
            with running(command, log=folder / "controller.log", env=environment) as process:
                ready = f"http://{varnish.settings['controller']['adminListen']}/readyz"

                def is_ready() -> bool:
                    process.check_alive()
                    try:
                        return http.get(ready).status_code == 200
                    except httpx.TransportError:
                        return False

                wait_for(is_ready, what="the controller to have met its node", timeout=60)
                shop.varnishes = [("127.0.0.1", varnish.port)]
                yield Site(shop, varnish, http)


def hit(response: httpx.Response) -> httpx.Response:
    assert response.headers["x-magento-cache-debug"] == "HIT", describe(response)
    return response


def test_a_mutation_purges_what_it_changed(site: Site) -> None:
    site.product(1)
    assert "Product 1" in hit(site.product(1)).text
    renamed = 'mutation { renameProduct(id: 1, name: "Chair") { id name } }'
    assert "Chair" in send(site.http, f"{site.url}/graphql", renamed).text
    assert "Chair" in site.product(1).text


def test_an_edit_in_the_shop_purges_the_answer_and_the_page(site: Site) -> None:
    site.product(2)
    site.page(2)
    hit(site.product(2))
    assert "Product 2" in hit(site.page(2)).text
    assert site.shop.save_product(2, "Table") == [200]
    assert "Table" in site.product(2).text
    assert "Table" in site.page(2).text


def test_a_flush_of_the_shop_takes_both(site: Site) -> None:
    site.product(3)
    site.page(3)
    site.shop.names[3] = "Lamp"
    assert "Product 3" in hit(site.product(3)).text
    assert "Product 3" in hit(site.page(3)).text
    assert site.shop.flush() == [200]
    assert "Lamp" in site.product(3).text
    assert "Lamp" in site.page(3).text


def test_no_whole_vcl_takes_the_place_of_the_host(site: Site) -> None:
    done = site.reload("-n", site.varnish.workdir)
    assert done.returncode == 4, done.stdout
    assert "includes shellac.vcl" in done.stderr
    assert "--as include" in done.stderr
    assert site.page(4).status_code == 200


def test_a_changed_config_is_in_place_after_both_have_read_it(site: Site) -> None:
    folder = site.varnish.folder
    settings = {**site.varnish.settings, "direct": {"purgers": ["127.0.0.1"], "swr": "7s"}}
    (folder / "shellac.yaml").write_text(yaml.safe_dump(settings))
    assert shellac(folder, "render", "--as", "include", "--output", folder).returncode == 0
    command = [VARNISHRELOAD, "-n", site.varnish.workdir, folder / "default.vcl"]
    subprocess.run(command, check=True)
    done = site.reload("--as", "include")
    assert done.returncode == 0, done.stderr
    assert "reloaded: config" in done.stdout
    site.product(5)
    hit(site.product(5))
