"""How many wrong tokens an address may send."""

from __future__ import annotations

import pytest

from controller.admin import failures
from controller.admin.failures import Failures
from tests.support.tokens import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock(0.0)


@pytest.fixture
def limiter(clock: Clock) -> Failures:
    return Failures(clock)


def fail(limiter: Failures, host: str, times: int) -> int:
    """How many of that many attempts were looked at."""
    seen = 0
    for _ in range(times):
        if limiter.wait(host) == 0:
            limiter.record(host)
            seen += 1
    return seen


def test_ten_at_once_then_one_each_six_seconds(limiter: Failures, clock: Clock) -> None:
    assert fail(limiter, "192.0.2.1", 100) == 10
    assert limiter.wait("192.0.2.1") == pytest.approx(6)
    clock.at = 5.9
    assert fail(limiter, "192.0.2.1", 100) == 0
    assert limiter.wait("192.0.2.1") == pytest.approx(0.1)
    clock.at = 6
    assert fail(limiter, "192.0.2.1", 100) == 1
    clock.at = 30
    assert fail(limiter, "192.0.2.1", 100) == 4
    clock.at = 1_000
    assert fail(limiter, "192.0.2.1", 100) == 10


def test_each_address_has_its_own_count(limiter: Failures) -> None:
    fail(limiter, "192.0.2.1", 100)
    assert limiter.wait("192.0.2.2") == 0
    assert limiter.wait("") == 0


def test_an_ipv6_network_of_64_bits_is_one_address(limiter: Failures) -> None:
    for number in range(10):
        assert fail(limiter, f"2001:db8::{number:x}", 1) == 1
    assert fail(limiter, "2001:db8::ffff:ffff:ffff:ffff", 1) == 0
    assert fail(limiter, "2001:db8:0:1::1", 1) == 1
    assert fail(limiter, "fe80::1%eth0", 100) == 10


def test_an_ipv4_address_written_as_ipv6_is_that_address(limiter: Failures) -> None:
    fail(limiter, "::ffff:192.0.2.1", 100)
    assert limiter.wait("192.0.2.1") > 0
    assert limiter.wait("::ffff:192.0.2.2") == 0


def test_memory_is_bounded_and_who_failed_longest_ago_is_forgotten(
    limiter: Failures, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failures, "MAX_ADDRESSES", 3)
    for host in ("192.0.2.1", "192.0.2.2", "192.0.2.3"):
        fail(limiter, host, 9)
    fail(limiter, "192.0.2.1", 1)
    fail(limiter, "192.0.2.4", 1)
    assert len(limiter._until) == 3
    assert limiter.wait("192.0.2.1") > 0
    assert fail(limiter, "192.0.2.2", 100) == 10
