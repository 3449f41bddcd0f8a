"""The config as the core sees it."""

from __future__ import annotations

from controller.core.policy import Policy, Rule
from vclgen.config import Config


def policy_of(config: Config) -> Policy:
    """Everything of ``config`` that shapes verdicts, keys, tags and purges."""
    return Policy(
        service=config.name,
        digest=config.digest,
        rules=tuple(
            Rule(
                index=index,
                types=rule.types,
                max_age=rule.max_age,
                swr=rule.swr,
                scope=config.scope_of(rule),
            )
            for index, rule in enumerate(config.rules)
        ),
        non_cacheable=frozenset(config.non_cacheable),
        default_keys=config.key_fields.defaults,
        key_fields=config.key_fields.types,
        instrument=config.instrument,
        add_keys=config.key_fields.auto_add,
        pass_through_only=config.pass_through_only,
        max_tags=config.max_tags,
    )
