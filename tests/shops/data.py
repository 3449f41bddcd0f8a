"""The changing data of a random shop, and how each field is answered from it."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.shops.plan import LISTS, Entity, Field, Form, Kind, Shop, lower

TITLES = ["red", "blue", None]
NOTES = ["new", "old"]


@dataclass(frozen=True)
class Ref:
    """An entity: its type and its number, which no other entity of the shop has."""

    type: str
    n: int


@dataclass(frozen=True)
class Part:
    """An object without a key: a value object, a connection, an edge, a payload.

    ``owner`` is the entity that holds it, None in the query root. ``members`` says for each field
    what kind of field it is and its value. ``means`` is the entity that an edge is about.
    """

    owner: Ref | None
    type: str
    members: Mapping[str, tuple[Field, Any]]
    means: Ref | None = None


class Root:
    """The query root, where a payload holds it."""


@dataclass
class Data:
    """``stored`` keeps the fields of deleted entities too, for the answers of their deletion."""

    shop: Shop
    stored: dict[Ref, dict[str, Any]] = field(default_factory=dict)
    alive: dict[Ref, None] = field(default_factory=dict)

    def state(self) -> dict[Ref, dict[str, Any]]:
        """What every living entity stores, to find out what a mutation touched."""
        return {
            ref: {name: list(v) if isinstance(v, list) else v for name, v in own.items()}
            for ref, own in self.stored.items()
            if ref in self.alive
        }

    def all(self, name: str) -> list[Ref]:
        """The living entities that the named type can be, as they came into being."""
        possible = self.shop.possible(name)
        return [ref for ref in self.alive if ref.type in possible]

    def found(self, type_: str, number: object) -> Ref | None:
        ref = Ref(type_, int(str(number)))
        return ref if ref in self.alive else None

    def new(self, type_: str, picks: random.Random) -> Ref:
        """A new entity with what ``picks`` chooses."""
        entity = self.shop.entities[type_]
        numbers = [ref.n for ref in self.stored if ref.type == type_]
        ref = Ref(type_, max(numbers, default=100 * entity.number) + 1)
        self.stored[ref] = {}
        self.alive[ref] = None
        for name, own in entity.fields.items():
            value = self._drawn(own, picks)
            if value is not _COMPUTED:
                self.stored[ref][name] = value
        return ref

    def _drawn(self, own: Field, picks: random.Random) -> Any:
        match own.kind:
            case Kind.SCALAR:
                return picks.choice(TITLES) if own.name == "title" else picks.randrange(3)
            case Kind.REFERENCE:
                optional = not own.type.endswith("!")
                return self._one(own.of, picks) if picks.random() < 0.8 or not optional else None
            case Kind.LIST:
                found = [self._one(own.of, picks) for _ in range(picks.randrange(4))]
                return list(dict.fromkeys(ref for ref in found if ref is not None))
            case Kind.PART if own.name == "price":
                return picks.choice([None, 5, 7])
            case Kind.PART:
                return (picks.choice(NOTES), self._one(own.of, picks))
            case _:
                return _COMPUTED

    def _one(self, name: str, picks: random.Random) -> Ref | None:
        candidates = self.all(name)
        return picks.choice(candidates) if candidates else None

    # What a field answers.

    def resolve(self, source: Ref | Part | None, name: str, given: Mapping[str, Any]) -> Any:
        """The value of a field of an object, None for the query root."""
        if isinstance(source, Part):
            own, value = source.members[name]
            return self._living(value) if own.kind is Kind.REFERENCE else value
        if isinstance(source, Ref):
            entity = self.shop.entities[source.type]
            if name not in entity.fields:
                return key_value(source, name)
            return self._of(source, entity, entity.fields[name], given)
        return self._of(None, None, self.shop.root[name], given)

    def field_of(self, source: Ref | Part | None, name: str) -> Field:
        """What the plan says of a field of an object, None for the query root."""
        if isinstance(source, Part):
            return source.members[name][0]
        if isinstance(source, Ref):
            fields = self.shop.entities[source.type].fields
            return fields.get(name) or Field(name, "", Kind.KEY)
        return self.shop.root[name]

    def _of(
        self, owner: Ref | None, entity: Entity | None, own: Field, given: Mapping[str, Any]
    ) -> Any:
        if own.via and own.kind in (Kind.COUNT, Kind.NEWEST):
            among = self._listed(owner, self._field(entity, own.via))
            return len(among) if own.kind is Kind.COUNT else (among[-1] if among else None)
        if own.kind in (Kind.LOOKUP, Kind.NEWEST):
            asked = ((name, given.get(lower(name))) for name in self.shop.entities)
            found = (self.found(name, number) for name, number in asked if number is not None)
            return next((ref for ref in found if ref is not None), None)
        if own.kind in LISTS:
            return self._formed(owner, own, self._window(self._listed(owner, own), given))
        assert owner is not None
        value = self.stored[owner][own.name]
        if own.kind is Kind.PART and value is not None:
            return _part(owner, own, value)
        return self._living(value) if own.kind is Kind.REFERENCE else value

    def _field(self, entity: Entity | None, name: str) -> Field:
        return (entity.fields if entity else self.shop.root)[name]

    def _listed(self, owner: Ref | None, own: Field) -> list[Ref]:
        if owner is None:
            return self.all(own.of)
        if own.kind is Kind.LIST:
            return [ref for ref in self.stored[owner][own.name] if ref in self.alive]
        return [ref for ref in self.all(own.of) if self.stored[ref].get(own.via) == owner]

    def _window(self, found: list[Ref], given: Mapping[str, Any]) -> list[Ref]:
        if "title" in given:
            found = [ref for ref in found if self.stored[ref]["title"] == given["title"]]
        start, count = given.get("offset") or 0, given.get("first")
        return found[start:] if count is None else found[start : start + count]

    def _formed(self, owner: Ref | None, own: Field, found: list[Ref]) -> Any:
        def member(name: str, value: Any) -> dict[str, tuple[Field, Any]]:
            return {name: (Field(name, "", own.kind, own.of), value)}

        type_ = own.type.rstrip("!")
        match own.form:
            case Form.PLAIN:
                return found
            case Form.NODES | Form.ITEMS:
                return Part(owner, type_, member(own.form.name.lower(), found))
            case Form.EDGES:
                edges = [_edge(owner, own, ref) for ref in found]
                count = (Field("totalCount", "Int!", Kind.COUNT, own.of), len(found))
                return Part(owner, type_, {**member("edges", edges), "totalCount": count})

    def _living(self, value: Any) -> Any:
        return value if not isinstance(value, Ref) or value in self.alive else None


_COMPUTED = object()


def draw_data(shop: Shop, seed: int, most: int = 4) -> Data:
    """One to ``most`` entities of each type."""
    picks = random.Random(f"data {seed}")
    data = Data(shop)
    for name in shop.entities:
        for _ in range(picks.randint(1, most)):
            data.new(name, picks)
    # References to what came into being later.
    for ref, own in data.stored.items():
        for name, defined in shop.entities[ref.type].fields.items():
            if name in own and defined.kind is not Kind.SCALAR:
                own[name] = data._drawn(defined, picks)
    return data


def key_value(ref: Ref, name: str) -> Any:
    """The value of a key field."""
    match name:
        case "_id":
            return ref.n
        case "sku":
            return f"s{ref.n // 2}"
        case "store":
            return ref.n % 2
        case "slug":
            return f"slug-{ref.n}"
        case _:
            return str(ref.n)


def _part(owner: Ref, own: Field, value: Any) -> Part:
    if own.name == "price":
        return Part(owner, "Money", {"amount": (Field("amount", "Int!", Kind.SCALAR), value)})
    note, about = value
    return Part(
        owner,
        own.type,
        {
            "note": (Field("note", "String", Kind.SCALAR), note),
            "about": (Field("about", own.of, Kind.REFERENCE, own.of), about),
        },
    )


def _edge(owner: Ref | None, own: Field, ref: Ref) -> Part:
    members = {
        "cursor": (Field("cursor", "String!", Kind.KEY), f"c{ref.n}"),
        "node": (Field("node", own.of, own.kind, own.of), ref),
    }
    return Part(owner, f"{own.of}Edge", members, means=ref)
