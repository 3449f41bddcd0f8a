"""What of a config takes a restart: varnishd's parameters, which no VCL brings along."""

from __future__ import annotations

import pytest

from controller.reloading import changed_keys
from vclgen.config import Config, load_config_text

MAGENTO = "originUrl: http://127.0.0.1:9/graphql\nprofile: magento\n"


def config(direct: str) -> Config:
    return load_config_text(f"{MAGENTO}direct: {direct}", source="test").config


@pytest.mark.parametrize(
    ("direct", "parameters"),
    [
        (
            "{maxTagHeader: 128kb}",
            {"http_resp_hdr_len", "http_resp_size", "workspace_backend"},
        ),
        ("{esi: false}", {"feature"}),
        ("{swr: 7s, purgers: [10.0.0.5]}", set()),
    ],
)
def test_what_varnishd_is_started_with_takes_a_restart(direct: str, parameters: set[str]) -> None:
    named = {f"varnishd's {name}" for name in parameters}
    assert set(changed_keys(config("{}"), config(direct))) == named
