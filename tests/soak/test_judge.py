"""What counts as a violation: the pure part of the checker."""

from tests.soak.judge import Ledger, Read, Seen, breaks_promise


def read(ledger: Ledger, *, node: int = 0, at: float = 10.0) -> Read:
    return Read(node, ledger.moment, at)


def test_a_version_older_than_one_acknowledged_before_is_stale() -> None:
    ledger = Ledger()
    ledger.acknowledge("item:1", 2, node=0, at=9.0)
    (stale,) = ledger.stale(read(ledger), [Seen("item:1", 1)])
    assert stale.promised.version == 2
    assert stale.seconds == 1.0


def test_the_acknowledged_version_and_a_later_one_are_fresh() -> None:
    ledger = Ledger()
    ledger.acknowledge("item:1", 2, node=0, at=9.0)
    assert not ledger.stale(read(ledger), [Seen("item:1", 2), Seen("item:1", 3)])


def test_what_was_acknowledged_after_the_read_began_does_not_count() -> None:
    ledger = Ledger()
    began = read(ledger)
    ledger.acknowledge("item:1", 2, node=0, at=11.0)
    assert not ledger.stale(began, [Seen("item:1", 1)])


def test_a_change_that_was_never_acknowledged_promises_nothing() -> None:
    assert not Ledger().stale(read(Ledger()), [Seen("item:1", 1)])


def test_acknowledgements_that_overtake_each_other_promise_the_newest() -> None:
    ledger = Ledger()
    ledger.acknowledge("item:1", 3, node=0, at=8.0)
    ledger.acknowledge("item:1", 2, node=0, at=9.0)
    (stale,) = ledger.stale(read(ledger), [Seen("item:1", 2)])
    assert stale.promised.version == 3


def test_staleness_counts_from_the_first_version_that_was_missed() -> None:
    ledger = Ledger()
    ledger.acknowledge("item:1", 2, node=0, at=3.0)
    ledger.acknowledge("item:1", 3, node=0, at=9.0)
    (stale,) = ledger.stale(read(ledger, at=10.0), [Seen("item:1", 1)])
    assert stale.seconds == 7.0


def test_each_cell_of_an_answer_is_judged() -> None:
    ledger = Ledger()
    ledger.acknowledge("group:1", 5, node=0, at=1.0)
    ledger.acknowledge("item:7", 2, node=0, at=1.0)
    shown = [Seen("group:1", 4), Seen("item:7", 2), Seen("item:8", 1)]
    assert [stale.seen.cell for stale in ledger.stale(read(ledger), shown)] == ["group:1"]


def test_another_nodes_acknowledgement_binds_only_where_it_is_said_to_hold_everywhere() -> None:
    ledger = Ledger()
    ledger.acknowledge("item:1", 2, node=0, at=9.0)
    (stale,) = ledger.stale(read(ledger, node=1), [Seen("item:1", 1)])
    assert not breaks_promise(stale, everywhere=False)
    assert breaks_promise(stale, everywhere=True)


def test_a_nodes_own_acknowledgement_binds_it_whatever_others_have_said_before() -> None:
    ledger = Ledger()
    ledger.acknowledge("item:1", 2, node=0, at=8.0)
    ledger.acknowledge("item:1", 3, node=1, at=9.0)
    (stale,) = ledger.stale(read(ledger, node=1), [Seen("item:1", 1)])
    assert breaks_promise(stale, everywhere=False)
