"""The search of test_stale.py can fail: a core that forgets one thing is found by it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from controller.core import answer, layout, mutation, walk
from controller.core.layout import Kind, Position
from controller.core.mutation import Unknown
from controller.core.mutation_entries import Named
from controller.core.policy import MutationPolicy
from controller.core.schema import SchemaIndex
from controller.core.walk import Seen
from tests.shops.machine import Log, machine
from tests.shops.policies import ENTITY, LIST, NONE, TYPE
from tests.shops.promise import Stale

Patch = Callable[[pytest.MonkeyPatch], None]


def _without(module: Any, name: str, instead: Any) -> Patch:
    return lambda patch: patch.setattr(module, name, instead)


def _forgotten(*_: object, **__: object) -> str:
    return "forgotten"


def _no_types(*_: object, **__: object) -> set[str]:
    return set()


def _members_of_unions_go_unseen(patch: pytest.MonkeyPatch) -> None:
    real = Position.kind_of

    def kind_of(self: Position, value: Any) -> Kind | None:
        kind = real(self, value)
        return kind if kind is None or self.only else replace(kind, keys=(), tagged=False)

    patch.setattr(Position, "kind_of", kind_of)


def _unknown_purges_nothing(patch: pytest.MonkeyPatch) -> None:
    real: Any = mutation._root_field

    def purged(index: SchemaIndex, op: Any, at: Any, key: str, outcome: Any, given: Any) -> Any:
        return set() if isinstance(outcome, Unknown) else real(index, op, at, key, outcome, given)

    patch.setattr(mutation, "_root_field", purged)


def _absent_keys_go_unseen(patch: pytest.MonkeyPatch) -> None:
    real = walk.walk

    def walked(*given: Any) -> Seen:
        seen = real(*given)
        seen.unidentified.clear()
        return seen

    patch.setattr(answer, "walk", walked)


CORES: dict[str, tuple[MutationPolicy, Patch]] = {
    "null tags of answers": (ENTITY, _without(answer, "null_tag", _forgotten)),
    "list tags of answers": (LIST, _without(answer, "list_tag", _forgotten)),
    "list tags of purges": (LIST, _without(mutation, "list_tag", _forgotten)),
    "type tags of answers": (TYPE, _without(answer, "type_tag", _forgotten)),
    "entities of mutations": (ENTITY, _without(mutation, "entity_tags", lambda *_: {})),
    "entities in unions": (ENTITY, _members_of_unions_go_unseen),
    "entities without a key": (ENTITY, _absent_keys_go_unseen),
    "answers with too many entities": (ENTITY, _without(answer, "unidentified_tag", _forgotten)),
    "types of a payload": (TYPE, _without(mutation, "payload_types", _no_types)),
    "types of a name": (TYPE, _without(mutation, "types_of_name", _no_types)),
    "mutations of unknown outcome": (LIST, _unknown_purges_nothing),
    "fieldTypes": (TYPE, _without(layout, "declared_types", lambda *_: frozenset())),
    "entries": (NONE, _without(mutation, "named_by", lambda *_: Named())),
}


@pytest.mark.parametrize(("policy", "forget"), CORES.values(), ids=CORES)
def test_a_core_that_forgets_is_found(
    policy: MutationPolicy, forget: Patch, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget(monkeypatch)
    log = Log()
    try:
        with pytest.raises((Stale, AssertionError)):
            run_state_machine_as_test(  # type: ignore[no-untyped-call]
                machine(policy, log),
                settings=settings(
                    max_examples=200,
                    stateful_step_count=10,
                    deadline=None,
                    # The same examples in each run, so that none is missed by chance.
                    derandomize=True,
                    phases=[Phase.generate],
                ),
            )
    finally:
        print(f"examples: {log.counted['shops']}, mutations: {log.counted['mutations']}")
