"""Short runs of the checker: it finds nothing wrong, and finds each part that is missing."""

import pytest

from tests.soak.options import PARTS, Load, Mode, Options, Part, without
from tests.soak.report import Tally
from tests.soak.run import run

pytestmark = pytest.mark.varnish

HIT_RATE_FLOOR = 50.0
"""In percent, of a run so short that many answers are asked for the first time."""
SECONDS = (6, 24, 96)
"""Of a run, and of another where the machine is so busy that the one before did little."""


def checked(options: Options) -> Tally:
    """A run, with its table in the test's output."""
    tally = run(options, print)
    print(tally.table(options))
    return tally


@pytest.mark.parametrize("mode", ["single", "pairs-all"])
def test_nobody_reads_old_data_while_processes_die(mode: Mode) -> None:
    load = Load(readers=32, writes_per_second=12)
    for seconds in SECONDS:
        options = Options(mode, reads=10_000_000, seconds=seconds, settle=60, load=load)
        tally = checked(options)
        assert not tally.violations, tally.details
        if tally.reads > 1_000 and tally.faults and tally.hit_rate > HIT_RATE_FLOOR:
            break
    assert tally.reads > 1_000
    assert tally.writes["acknowledged"]
    assert tally.faults
    assert tally.hit_rate > HIT_RATE_FLOOR


@pytest.mark.parametrize("part", PARTS)
def test_the_checker_finds_that_a_part_is_missing(part: Part) -> None:
    tally = checked(without(Options("single", reads=10_000_000, seconds=600), part))
    assert tally.violations["stale"], "it found nothing"
