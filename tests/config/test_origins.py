"""Several origins, their probes and time-outs, as the config has them."""

from __future__ import annotations

import pytest

from tests.config.support import config, only_problem
from vclgen.config.origins import OriginProbe, OriginTimeouts

B, C = "https://b.example.com/graphql", "http://c.example.com:8080/graphql"


def urls(text: str) -> list[tuple[str, int]]:
    return [(server.url, server.weight) for server in config(text).servers]


def test_origin_url_alone_is_one_server_that_nothing_probes() -> None:
    found = config("")
    assert urls("") == [("https://api.example.com/graphql", 1)]
    assert found.probe is None
    assert found.origin_timeouts == OriginTimeouts(connect=5, firstByte=60, betweenBytes=60)


def test_origins_stand_beside_origin_url() -> None:
    text = f"origins: [{{url: '{B}', weight: 2}}, {{url: c.example.com}}]"
    own = ("https://api.example.com/graphql", 1)
    assert urls(text) == [own, (B, 2), ("https://c.example.com", 1)]
    assert config(text).probe == OriginProbe()


def test_origin_url_may_be_listed_for_its_weight() -> None:
    text = "origins: [{url: 'https://api.example.com/graphql', weight: 3}, {url: b.example.com}]"
    assert urls(text) == [("https://api.example.com/graphql", 3), ("https://b.example.com", 1)]


def test_one_origin_is_probed_where_the_config_says_how() -> None:
    found = config("originProbe: {path: /healthz, interval: 10, threshold: 1}").probe
    assert found == OriginProbe(path="/healthz", interval=10, threshold=1)


def test_weights_and_probes_change_no_key_and_no_vcl() -> None:
    more = config(f"origins: [{{url: '{B}'}}]\noriginProbe: {{interval: 1s}}")
    assert more.digest == config("").digest
    assert config("originTimeouts: {connect: 1s}").digest != config("").digest


@pytest.mark.parametrize(
    ("text", "path", "words"),
    [
        ("origins: [{weight: 2}]", "origins[0].url", "is missing"),
        ("origins: [{url: /graphql}]", "origins[0].url", "is no URL"),
        (f"origins: [{{url: '{B}', weight: 0}}]", "origins[0].weight", "out of range"),
        (f"origins: [{{url: '{B}', wieght: 2}}]", "origins[0].wieght", "not a key"),
        (f"origins: [{{url: '{B}'}}, {{url: '{B}'}}]", "origins[1].url", "is listed twice"),
        ("origins: [{url: 'http://127.0.0.1:8080/'}]", "origins[0].url", "own public address"),
        ("originTimeouts: {connect: 0}", "originTimeouts.connect", "no usable duration"),
        ("originTimeouts: {firstByte: 2h}", "originTimeouts.firstByte", "longer than clients"),
        ("originTimeouts: {read: 2s}", "originTimeouts.read", "not a key"),
        ("originProbe: {path: healthz}", "originProbe.path", "is no path"),
        ("originProbe: {threshold: 9}", "originProbe", "can never be healthy"),
        ("originProbe: {window: 65}", "originProbe.window", "out of range"),
    ],
)
def test_what_makes_no_sense_is_named(text: str, path: str, words: str) -> None:
    problem = only_problem(text)
    assert problem.path == path
    assert words in problem.what
    assert problem.fix
