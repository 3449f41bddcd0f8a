"""Varnish waits longer than the controller, so that the controller names what the origin does."""

from __future__ import annotations

import re

import pytest

from vclgen.config import load_config_text
from vclgen.config.waiting import purge_wait
from vclgen.plan import gateway_plan
from vclgen.render import render


@pytest.mark.parametrize(
    "text",
    [
        "",
        "originTimeouts: {connect: 150ms, firstByte: 1, betweenBytes: 2m}",
        "originTimeouts: {firstByte: 10m, betweenBytes: 1s}",
        "purge: {waitTimeout: 60s}",
    ],
)
def test_varnish_waits_longer_than_the_controller(text: str) -> None:
    config = load_config_text(f"originUrl: http://api.example.com\n{text}\n").config
    vcl = render(gateway_plan(config))
    times, purged = config.origin_timeouts, purge_wait(config)
    for found in re.findall(r"\.first_byte_timeout = (\d+)s;", vcl):
        assert int(found) > times.answer + purged > times.connect + times.first_byte
    for found in re.findall(r"\.between_bytes_timeout = (\d+)s;", vcl):
        assert int(found) > times.between_bytes + purged
    assert len(re.findall("_timeout = ", vcl)) == 6  # two backends, three times each
