"""The config as the core sees it."""

from __future__ import annotations

from graphql import OperationType

from controller.core.direct import Direct
from controller.core.policy import (
    GLOBAL_ID,
    Key,
    MutationEntry,
    Policy,
    PurgeOperation,
    PurgeQuery,
    PurgeTarget,
    PurgeType,
    Rule,
)
from vclgen.config import Config
from vclgen.config.mutations import MutationTarget
from vclgen.direct.plan import tag_templates


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
                hashes=frozenset(rule.operation_hashes),
            )
            for index, rule in enumerate(config.rules)
        ),
        non_cacheable=frozenset(config.non_cacheable),
        default_keys=_with_id(config, config.key_fields.defaults),
        key_fields={name: _with_id(config, keys) for name, keys in config.key_fields.types.items()},
        instrument=config.instrument,
        add_keys=config.key_fields.auto_add,
        pass_through_only=config.pass_through_only,
        max_tags=config.max_tags,
        field_types=config.field_types,
        global_ids=config.global_ids,
        root_names=root_names(config),
        default_scope=config.default_scope,
        private_scope=config.cache_control.private_scope,
        cache_introspection=config.cache_introspection,
        block_introspection=config.block_introspection,
        mutation_policy=config.mutation_policy,
        mutations={
            name: MutationEntry(entry.policy, tuple(map(_target, entry.purge)))
            for name, entry in config.mutations.items()
        },
        failed_mutations_purge=config.failed_mutations == "Type",
        direct=_direct(config),
    )


def _direct(config: Config) -> Direct | None:
    if config.profile == "gateway":
        return None
    return Direct(config.profile, tag_templates(config))


def root_names(config: Config) -> dict[OperationType, str]:
    """The roots that ``rootTypeNames`` names."""
    given = config.root_type_names
    return {
        kind: name
        for kind, name in (
            (OperationType.QUERY, given.query),
            (OperationType.MUTATION, given.mutation),
            (OperationType.SUBSCRIPTION, given.subscription),
        )
        if name is not None
    }


def _with_id(config: Config, keys: tuple[Key, ...]) -> tuple[Key, ...]:
    """With ``globalIds`` an ``id`` is one more key of whatever has a key."""
    if not config.global_ids or not keys or GLOBAL_ID in keys:
        return keys
    return (*keys, GLOBAL_ID)


def _target(written: MutationTarget) -> PurgeTarget:
    if written.query is not None:
        return PurgeQuery(written.query)
    if written.operation is not None:
        return PurgeOperation(written.operation)
    assert written.type is not None
    places = tuple(tuple(place.split(".")) for place in written.from_ or ())
    return PurgeType(written.type, written.key, places)
