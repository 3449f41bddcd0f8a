"""No cached answer is stale after a mutation, but where tests/shops/promise.py says why.

Random shops, random data, random queries and mutations in random order; after each mutation every
answer that is still in the cache is compared with what the origin reads for it now. What a policy
leaves is in tests/shops/policies.py.
"""

from __future__ import annotations

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from controller.core.policy import MutationPolicy
from tests.shops.machine import Log, machine
from tests.shops.plan import Does, Shape
from tests.shops.policies import NONE, POLICIES
from tests.support.effort import examples


@pytest.mark.parametrize("name", POLICIES)
def test_no_answer_is_stale_but_for_stated_reasons(name: MutationPolicy) -> None:
    log = Log()
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine(name, log),
        settings=settings(
            max_examples=examples(80) // 4,
            stateful_step_count=10,
            deadline=None,
            # To explain a failure takes minutes.
            phases=set(Phase) - {Phase.explain},
        ),
    )
    print(f"\n{name}:\n{log}")
    counted = log.counted
    main = ["queries", "hits", "entities", "compared", "purged", "mutations"]
    main += ["mutations: with errors", "mutations: answer lost", "mutations: with an entry"]
    main += ["shops where List and Type leave nothing"]
    main += [] if name == NONE else ["mutations: nothing named"]
    main += [f"does: {does.value}" for does in Does] + [f"answers: {s.value}" for s in Shape]
    assert all(counted[what] for what in main), counted
