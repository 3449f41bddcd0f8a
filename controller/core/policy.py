"""What the owner decided, in the form the core needs: the config without files, ports or nodes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from graphql import OperationType

from controller.core.direct import Direct

ANONYMOUS: Final = "ANONYMOUS"
"""The scope of requests without credentials (``defaultScope``)."""
PUBLIC: Final = "PUBLIC"
"""The scope shared by everybody; credentials are dropped."""

Key = tuple[str, ...]
"""The field names that together identify an entity; nearly always one name."""
GLOBAL_ID: Final[Key] = ("id",)
"""The key that names an entity without its type (``globalIds``)."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One entry of ``rules``. ``types`` maps a type name to its fields, or to None for all of it.

    ``max_age`` and ``swr`` are seconds. ``scope`` is a scope's name, PUBLIC or ANONYMOUS, never
    missing: the default scope is filled in where the config is read. ``index`` is the rule's
    position in the config, for messages. ``hashes`` are SHA-256 in lower-case hex of the documents,
    or of the canonical texts of the operations, to which it applies whatever ``types`` says.
    """

    index: int
    types: Mapping[str, frozenset[str] | None]
    max_age: int
    swr: int
    scope: str
    hashes: frozenset[str] = frozenset()


MutationPolicy = Literal["Entity", "List", "Type", "None"]
"""Stellate's words for what the entities in a mutation's answer purge, and None for nothing."""


@dataclass(frozen=True, slots=True)
class PurgeType:
    """A type; with ``places`` the entities of it whose ``key`` has the values that stand there.

    ``key`` None: the first key of the type. A place is ``("args", "input", "id")`` or
    ``("result", "deletedId")``.
    """

    type: str
    key: Key | None = None
    places: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class PurgeQuery:
    """All answers that hold this field of the query root."""

    name: str


@dataclass(frozen=True, slots=True)
class PurgeOperation:
    """All answers to operations of this name."""

    name: str


PurgeTarget = PurgeType | PurgeQuery | PurgeOperation


@dataclass(frozen=True, slots=True)
class MutationEntry:
    """What the owner says of one mutation field. ``policy`` None: the one of all mutations.

    ``targets`` are purged whatever the policy is.
    """

    policy: MutationPolicy | None = None
    targets: tuple[PurgeTarget, ...] = ()


NO_ENTRY: Final = MutationEntry()


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything of the config that shapes verdicts, keys, tags and purges.

    ``digest`` changes whenever any of it does. ``key_fields`` lists alternatives per type name, an
    empty tuple meaning "has no key"; ``default_keys`` holds for all other types.
    ``non_cacheable`` holds ``Type`` and ``Type.field`` names. ``instrument`` allows any member to
    be added to a document, ``add_keys`` key fields among them. ``field_types`` maps ``Type.field``
    to the types that the field is made of. ``global_ids``: ``id`` names an entity without its type.
    ``root_names`` are the names of roots in all these names. ``default_scope`` is that of
    ``@cacheControl`` hints without one; ``private_scope`` that of PRIVATE ones, None: they pass.
    ``mutations`` are the entries by field of the mutation root, ``mutation_policy`` is for what
    they leave open. ``block_introspection``: what asks for the schema is refused.
    ``failed_mutations_purge``: one whose answer is null with an error purges, too. ``direct``:
    purges name what the origin has tagged, for nothing else is stored.
    """

    service: str
    digest: str
    rules: tuple[Rule, ...] = ()
    non_cacheable: frozenset[str] = frozenset()
    default_keys: tuple[Key, ...] = (("id",), ("_id",), ("key",))
    key_fields: Mapping[str, tuple[Key, ...]] = field(default_factory=dict)
    instrument: bool = True
    add_keys: bool = True
    pass_through_only: bool = False
    max_tags: int = 2_000
    field_types: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    global_ids: bool = False
    root_names: Mapping[OperationType, str] = field(default_factory=dict)
    default_scope: str = ANONYMOUS
    private_scope: str | None = None
    cache_introspection: bool = False
    block_introspection: bool = False
    mutation_policy: MutationPolicy = "Entity"
    mutations: Mapping[str, MutationEntry] = field(default_factory=dict)
    failed_mutations_purge: bool = True
    direct: Direct | None = None

    @property
    def mutations_purge(self) -> bool:
        """Whether there is any mutation that purges something."""
        policies = [self.mutation_policy, *(entry.policy for entry in self.mutations.values())]
        targets = any(entry.targets for entry in self.mutations.values())
        return targets or any(policy not in ("None", None) for policy in policies)

    def mutation(self, field_name: str) -> tuple[MutationPolicy, tuple[PurgeTarget, ...]]:
        """What holds for a field of the mutation root."""
        entry = self.mutations.get(field_name, NO_ENTRY)
        return entry.policy or self.mutation_policy, entry.targets
