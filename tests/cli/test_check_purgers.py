"""What ``shellac check`` says of who may purge behind proxies."""

from __future__ import annotations

import pytest

from controller.cli.direct import check_direct
from vclgen.config import load_config_text

SHOP = "originUrl: http://127.0.0.1:9/graphql\nprofile: magento\n"


def said(purgers: str, proxies: str) -> list[str]:
    text = f"{SHOP}direct: {{purgers: {purgers}}}\nvarnish: {{trustedProxies: {proxies}}}"
    return [str(finding) for finding in check_direct(load_config_text(text).config)]


@pytest.mark.parametrize("proxies", ["[10.0.0.2]", "[10.0.0.0/8]", "['fe80::1', 10.0.0.2]"])
def test_a_network_of_purgers_with_proxies_in_it_is_named(proxies: str) -> None:
    (note,) = said("[192.0.2.7, 10.0.0.0/24]", proxies)
    assert note.startswith("note: direct.purgers: 10.0.0.0/24 holds trusted proxies")


def test_purgers_apart_from_the_proxies_are_nothing_to_speak_of() -> None:
    assert said("[192.0.2.7, 'fd00::/8']", "[10.0.0.2, 'fe80::1']") == []
