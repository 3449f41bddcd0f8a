"""What a random shop is: its types and fields, each with what its value is made of.

The promise (promise.py) needs to know of a field what no schema says: whether its value is stored
with the object, or computed from others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

Key = tuple[str, ...]


class Kind(Enum):
    """Where a field's value comes from, and what it is."""

    KEY = "key"
    SCALAR = "scalar, stored with its object"
    REFERENCE = "reference, stored with its object"
    LIST = "list of references, stored with its object"
    PART = "value object, stored with its object"
    COMPUTED_LIST = "list of whatever matches"
    LOOKUP = "what the arguments name"
    COUNT = "scalar that is computed from other objects"
    NEWEST = "one object that is chosen among others"
    PAYLOAD = "member of a mutation's payload"


STORED = frozenset({Kind.KEY, Kind.SCALAR, Kind.REFERENCE, Kind.LIST, Kind.PART})
LISTS = frozenset({Kind.LIST, Kind.COMPUTED_LIST})


class Form(Enum):
    """How a list is written."""

    PLAIN = "[T]"
    NODES = "connection with nodes"
    EDGES = "connection with edges"
    ITEMS = "connection with items"


@dataclass(frozen=True)
class Field:
    """``type`` is the type as written, ``of`` the entity, interface or union that is meant.

    ``via`` is the reference of ``of`` that a computed list follows back, or the list that a count
    and the newest one look at.
    """

    name: str
    type: str
    kind: Kind
    of: str = ""
    via: str = ""
    form: Form = Form.PLAIN
    arguments: str = ""

    @property
    def written(self) -> str:
        return f"{self.name}{self.arguments}: {self.type}"


@dataclass(frozen=True)
class Entity:
    """An object type with a key; several keys are alternatives."""

    name: str
    number: int
    keys: tuple[Key, ...]
    fields: Mapping[str, Field]


class Does(Enum):
    """What a mutation does to the entity that it is about."""

    EDIT = "update scalar"
    VALUE = "update value object"
    REFER = "change reference"
    CREATE = "create"
    DELETE = "delete"
    MOVE = "move between lists"
    BOTH = "update two"
    NOTHING = "nothing"


class Shape(Enum):
    """What a mutation answers with."""

    ENTITY = "the entity"
    PAYLOAD = "a payload"
    IDS = "a payload with the id alone"
    BOOLEAN = "a Boolean"
    OTHER = "another entity"
    RESULT = "a union with a failure"
    ENTITIES = "a list"


@dataclass(frozen=True)
class MutationField:
    """``names`` are the types that its name speaks of, ``holds`` those its payload can hold."""

    name: str
    does: Does
    shape: Shape
    about: str
    other: str
    via: str
    names: frozenset[str]
    holds: frozenset[str]
    type: str
    payload: tuple[Field, ...] = ()


@dataclass(frozen=True)
class Shop:
    """``abstract`` maps the names of interfaces and unions to their members."""

    entities: Mapping[str, Entity]
    abstract: Mapping[str, tuple[str, ...]]
    root: Mapping[str, Field]
    mutations: Mapping[str, MutationField]
    sdl: str

    def possible(self, name: str) -> frozenset[str]:
        """The entities that the named type can be."""
        return frozenset(self.abstract.get(name, (name,)))

    @property
    def computed(self) -> dict[str, tuple[str, ...]]:
        """What ``fieldTypes`` would have to say: each computed field and what it is made of."""
        owners = {"Query": self.root, **{name: e.fields for name, e in self.entities.items()}}
        found = {
            f"{owner}.{field.name}": (field.of,)
            for owner, fields in owners.items()
            for field in fields.values()
            if field.kind in (Kind.COUNT, Kind.NEWEST)
        }
        edges = {
            f"{field.type.rstrip('!')}.totalCount": (field.of,)
            for fields in owners.values()
            for field in fields.values()
            if field.form is Form.EDGES
        }
        return found | edges


def lower(name: str) -> str:
    return name[0].lower() + name[1:]


def plural(name: str) -> str:
    stem = lower(name)
    return f"{stem[:-1]}ies" if stem.endswith("y") else f"{stem}s"
