"""Which server a request goes to, by what is known of each."""

from __future__ import annotations

from collections import Counter

import pytest

from controller.gateway.origins import Director, Server
from vclgen.config.origins import OriginProbe

PROBE = OriginProbe()


def servers(*weights: int) -> list[Server]:
    return [
        Server(f"http://{name}/", weight=weight, probe=PROBE)
        for name, weight in zip("abc", weights, strict=False)
    ]


def make_sick(server: Server) -> None:
    for _ in range(PROBE.window):
        server.probed("it is silent")


def test_requests_go_round_by_weight() -> None:
    a, b, c = all_of = servers(3, 1, 2)
    director = Director(all_of)
    firsts = [director.order()[0] for _ in range(60)]
    assert Counter(firsts) == {a: 30, b: 10, c: 20}
    for start in range(0, 60, 6):
        assert Counter(firsts[start : start + 6]) == {a: 3, b: 1, c: 2}


def test_each_request_has_every_server_once() -> None:
    all_of = servers(1, 1, 1)
    director = Director(all_of)
    assert all(set(director.order()) == set(all_of) for _ in range(5))


def test_sick_servers_come_last_until_they_are_healthy_again() -> None:
    a, b, _ = all_of = servers(5, 1, 1)
    director = Director(all_of)
    make_sick(a)
    orders = [director.order() for _ in range(10)]
    assert {order[-1] for order in orders} == {a}
    assert {order[0] for order in orders} == {*all_of} - {a}
    make_sick(b)
    for _ in range(PROBE.threshold):
        a.probed(None)
    assert director.order()[0] is not b


def test_as_many_of_the_last_probes_as_the_threshold_must_be_good() -> None:
    (a,) = servers(1)
    for _ in range(PROBE.window):
        a.probed(None)
    failures = PROBE.window - PROBE.threshold
    for _ in range(failures):
        a.probed("status 503")
    assert a.healthy
    a.probed("status 503")
    assert not a.healthy
    assert (a.failed, a.error) == (failures + 1, "status 503")


def test_one_that_is_sick_at_the_start_needs_good_probes() -> None:
    a = Server("http://a/", probe=OriginProbe(initial=1))
    assert not a.healthy
    a.probed(None)
    assert not a.healthy
    a.probed(None)
    assert a.healthy


def test_a_refused_connection_makes_sick_until_the_next_good_probe() -> None:
    (a,) = servers(1)
    for _ in range(PROBE.window):
        a.probed(None)
    a.refuse("nobody listens")
    assert not a.healthy
    a.probed("nobody listens")
    assert not a.healthy
    a.probed(None)
    assert a.healthy
    assert a.error is None


def test_a_server_that_nothing_probes_stays_healthy() -> None:
    alone = Server("http://a/")
    alone.refuse("nobody listens")
    assert alone.healthy
    assert (alone.refused, alone.error) == (1, "nobody listens")


def test_when_all_are_sick_all_are_asked_and_it_is_said_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    a, b = all_of = servers(1, 1)
    director = Director(all_of)
    for server in all_of:
        make_sick(server)
    assert {director.order()[0] for _ in range(4)} == {a, b}
    said = [record.message for record in caplog.records]
    assert said.count("no origin is healthy: all are asked as if they were") == 1
    assert "the origin http://a/ is sick: it is silent" in said


def test_another_attempt_goes_where_the_request_has_not_been() -> None:
    a, b, _ = all_of = servers(100, 1, 1)
    director = Director(all_of)
    assert director.order([a])[0] is not a
    make_sick(b)
    first, second, last = director.order([a])
    assert (second, last) == (a, b)
    assert first not in (a, b)


def test_a_key_in_a_url_is_not_shown() -> None:
    assert Server("http://a/graphql?key=secret").name == "http://a/graphql"
