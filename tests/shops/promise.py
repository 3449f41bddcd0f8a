"""What a mutation's answer promises to purge, and where that ends (docs/invalidation-limits.md).

Written from the data alone: what the origin read for an answer before the mutation and after it,
and which entities the mutation's answer held. It knows nothing of tags.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from controller.core.policy import MutationEntry, MutationPolicy
from tests.shops.data import Ref
from tests.shops.entries import named_by
from tests.shops.origin import Met, Trace
from tests.shops.plan import LISTS, STORED, Kind, MutationField, Shop
from tests.shops.policies import LIST, NONE, TYPE, Outside


class Stale(AssertionError):
    """An answer that had to be purged is still there."""


@dataclass(frozen=True)
class Told:
    """What a mutation said it is about: ``entities`` one by one, ``types`` as a whole."""

    entities: frozenset[Ref]
    types: frozenset[str]

    def knows(self, ref: object) -> bool:
        return isinstance(ref, Ref) and (ref in self.entities or ref.type in self.types)

    @property
    def all_types(self) -> frozenset[str]:
        return self.types | {ref.type for ref in self.entities}


def told(
    policy: MutationPolicy,
    fields: Mapping[str, Selected],
    data: Mapping[str, Any] | None,
    trace: Trace,
    entries: Mapping[str, MutationEntry],
) -> Told:
    """What a mutation with these root fields told. ``data``: its answer's, None: it never came.

    - The entities that an entry of the field names, or the types.
    - Entities in the answer count one by one. Under None they do not.
    - Without an entry: a field whose answer holds none, the types that its payload can hold. If
      none of these types stands in the field's name, the types that do.
    - The types of what an error took out of the answer. Without an answer all that it can hold.
    """
    entities: set[Ref] = set()
    types: set[str] = set()
    for key, selected in fields.items():
        mutation, entry = selected.field, entries.get(selected.field.name)
        if entry is not None:
            by_key, whole = named_by(entry, mutation, selected.given)
            entities |= by_key
            types |= whole
        if policy == NONE:
            continue
        within = {path: met for path, met in trace.items() if path[0] == key}
        read = {ref for met in within.values() for ref in refs(met.value)}
        if data is None:
            types |= mutation.holds | {ref.type for ref in read}
            types |= frozenset() if entry else mutation.names
            continue
        held = {ref for path, met in within.items() if _kept(data, path) for ref in refs(met.value)}
        about = {ref.type for ref in held}
        entities |= held
        types |= {ref.type for ref in read - held}
        if not held and not entry:
            types |= mutation.holds
            about |= mutation.holds
        if not entry and about.isdisjoint(mutation.names) and _names_are_told(data, key, mutation):
            types |= mutation.names
    if policy == TYPE:
        types |= {ref.type for ref in entities}
    return Told(frozenset(entities), frozenset(types))


def _names_are_told(data: Mapping[str, Any], key: str, mutation: MutationField) -> bool:
    """After an error a type that was selected stands for one in the name, if it is one of these."""
    return data.get(key) is not None or len(mutation.names) < 2


def judge(
    shop: Shop,
    policy: MutationPolicy,
    told: Told,
    touched: Collection[Ref],
    before: Trace,
    after: Trace,
    declared: Mapping[str, tuple[str, ...]],
) -> dict[Outside, str]:
    """Why an answer that is still in the cache is not what the origin says now, each with a place;
    empty: it is.

    ``touched`` are the entities that changed, came or went. Raises ``Stale`` for a difference that
    no exemption allows.
    """
    causes = list(_differences(before, after))
    if not causes:
        return {}
    # Whatever policy: what holds an entity that the answer named is gone.
    for path, met in before.items():
        for ref in refs(met.value):
            if told.knows(ref):
                raise Stale(f"{ref} was told, and {_at(path)} holds it")
    judged = _Judge(shop, policy, told, touched, declared)
    found = {
        judged.cause(path, old, new): f"{old.on}.{old.field.name} was {old.value}, is {new.value}"
        for path, old, new in causes
    }
    return {Outside.POLICY_NONE: next(iter(found.values()))} if policy == NONE else found


@dataclass(frozen=True)
class _Judge:
    shop: Shop
    policy: MutationPolicy
    told: Told
    touched: Collection[Ref]
    declared: Mapping[str, tuple[str, ...]]

    def cause(self, path: Any, old: Met, new: Met) -> Outside:
        where = f"{_at(path)}: {old.on}.{old.field.name} was {old.value}, is {new.value}"
        possible = self.shop.possible(old.field.of) if old.field.of else frozenset()
        if old.field.kind in STORED and self.told.knows(old.owner):
            raise Stale(f"{old.owner} was told, and {where}")
        if old.value is None and self.told.knows(new.value):
            raise Stale(f"{new.value} was told, it could stand where null stood, and {where}")
        kind = old.field.kind
        if kind in LISTS:
            if possible & self.told.types:
                raise Stale(f"{possible & self.told.types} were told as types, and {where}")
            if possible & self.told.all_types:
                if self.policy in (LIST, TYPE):
                    raise Stale(f"{self.policy} purges lists of what was told, and {where}")
                return Outside.MEMBERSHIP
        elif kind in (Kind.COUNT, Kind.NEWEST):
            made_of = self.declared.get(f"{old.on}.{old.field.name}")
            if made_of is None and kind is Kind.COUNT and not old.field.via:
                # The count of a connection, which is a list whatever is selected of it.
                reach = self.told.types if self.policy not in (LIST, TYPE) else self.told.all_types
                if possible & reach:
                    raise Stale(f"{possible & reach} were told, lists of them go, and {where}")
            if made_of is None:
                # Of a union or an interface the answer holds one member, the other may come.
                seen = kind is Kind.NEWEST and old.field.of in self.told.types
                if seen:
                    raise Stale(f"{old.field.of} was told as a type, and {where}")
                return Outside.COUNT if kind is Kind.COUNT else Outside.NEWEST
            types = {name for one in made_of for name in self.shop.possible(one)}
            if types & self.told.all_types:
                raise Stale(f"{types & self.told.all_types} were told, fieldTypes has it: {where}")
        if all(map(self.told.knows, self.touched)):
            raise Stale(f"all that changed was told, and {where}")
        return Outside.UNREPORTED


@dataclass(frozen=True)
class Selected:
    """A root field of a mutation. ``given`` are the entities that its arguments name."""

    field: MutationField
    given: tuple[Ref, Ref]


def selected(shop: Shop, trace: Trace) -> dict[str, Selected]:
    """The fields of a mutation by response key, those that were executed."""
    return {
        str(path[0]): Selected(shop.mutations[met.field.name], met.given)
        for path, met in trace.items()
        if met.given is not None
    }


def changed(before: Mapping[Ref, Any], after: Mapping[Ref, Any]) -> set[Ref]:
    """The entities that changed, came or went between two states of the data."""
    return {ref for ref in {**before, **after} if before.get(ref) != after.get(ref)}


def refs(value: Any) -> Iterator[Ref]:
    """The entities in the value of a field."""
    if isinstance(value, Ref):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from refs(item)


def _differences(before: Trace, after: Trace) -> Iterator[tuple[Any, Met, Met]]:
    """The fields that changed, without what changed below a field that did."""
    found: set[tuple[str | int, ...]] = set()
    for path in sorted(before, key=len):
        old, new = before[path], after.get(path)
        if any(path[:length] in found for length in range(1, len(path))):
            continue
        assert new is not None, f"{_at(path)} vanished, nothing above it changed"
        if old != new:
            assert (old.owner, old.field) == (new.owner, new.field), (path, old, new)
            found.add(path)
            yield path, old, new


def _kept(data: Any, path: tuple[str | int, ...]) -> bool:
    """Whether the answer's data still holds the value of this path after errors."""
    for step in path:
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            return False
    return data is not None


def _at(path: tuple[str | int, ...]) -> str:
    return ".".join(map(str, path))
