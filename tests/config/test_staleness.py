"""The keys about stale answers and about clients' caches."""

import pytest

from tests.config.support import config, only_problem


def test_all_of_it_is_off_by_default():
    found = config("path: /a")
    assert (found.stale_if_error, found.client_max_age, found.client_bypass) == (0, 0, False)


def test_times_are_seconds():
    found = config("staleIfError: 3600\nclientMaxAge: 30\nclientBypass: true\n")
    assert (found.stale_if_error, found.client_max_age, found.client_bypass) == (3600, 30, True)


@pytest.mark.parametrize(
    "text", ["staleIfError: -1", "staleIfError: 1h", "clientMaxAge: 1.5", "clientBypass: 'yes'"]
)
def test_what_is_no_such_value_is_refused_by_name(text):
    assert only_problem(text).path == text.partition(":")[0]


@pytest.mark.parametrize("text", ["staleIfError: 60", "clientMaxAge: 60", "clientBypass: true"])
def test_each_belongs_to_the_digest(text):
    assert config(text).digest != config("path: /graphql").digest
