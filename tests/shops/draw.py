"""Random shops: a schema, and what each of its fields and mutations is about."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace

from tests.shops.plan import (
    Does,
    Entity,
    Field,
    Form,
    Kind,
    MutationField,
    Shape,
    Shop,
    lower,
    plural,
)

_NAMES = ["Post", "User", "Tag", "PostComment", "Category", "OrderItem"]
_KEYS = {
    (("id",),): "id: ID!",
    (("key",),): "key: String!",
    (("_id",),): "_id: Int!",
    (("sku", "store"),): "sku: String! store: Int!",
    (("slug",), ("id",)): "slug: String! id: ID!",
}
_VERBS = {
    Does.EDIT: ["update", "edit"],
    Does.VALUE: ["set", "update"],
    Does.REFER: ["assign", "update"],
    Does.CREATE: ["create", "add"],
    Does.DELETE: ["delete", "remove"],
    Does.MOVE: ["move", "add"],
    Does.BOTH: ["merge", "sync"],
    Does.NOTHING: ["touch", "ping"],
}
_FORMS = {
    Form.PLAIN: "",
    Form.NODES: "type {0}Nodes {{ nodes: [{0}!]! }}",
    Form.EDGES: (
        "type {0}Edges {{ edges: [{0}Edge] totalCount: Int! }}\n"
        "type {0}Edge {{ cursor: String! node: {0} }}"
    ),
    Form.ITEMS: "type {0}Items {{ items: [{0}] }}",
}


def draw_shop(seed: int, most: int = 4) -> Shop:
    """A shop of two to ``most`` entities that follows from ``seed``."""
    picks = random.Random(f"shop {seed}")
    drawing = _Drawing(picks, picks.sample(_NAMES, picks.randint(2, most)))
    return drawing.shop()


@dataclass
class _Drawing:
    picks: random.Random
    names: list[str]
    keys: dict[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict)
    fields: dict[str, dict[str, Field]] = field(default_factory=dict)
    written: dict[str, None] = field(default_factory=dict)

    def chance(self, share: float) -> bool:
        return self.picks.random() < share

    def shop(self) -> Shop:
        members = {
            "Thing": tuple(self.picks.sample(self.names, self.picks.randint(2, len(self.names)))),
            "Titled": tuple(self.picks.sample(self.names, self.picks.randint(1, len(self.names)))),
        }
        for name in self.names:
            self.keys[name] = self.picks.choice(list(_KEYS))
            self.fields[name] = {}
            self.stored(name)
        for name in self.names:
            for own in list(self.fields[name].values()):
                if own.kind is Kind.REFERENCE and own.of in self.names and self.chance(0.7):
                    backwards = f"{plural(name)}By{own.name.title()}"
                    self.put(own.of, self.list(backwards, Kind.COMPUTED_LIST, name, own.name))
        for fields in self.fields.values():
            for own in list(fields.values()):
                self.computed(fields, own)
        root = self.root(members["Thing"])
        mutations = self.mutations()
        return Shop(
            entities={
                name: Entity(name, number, self.keys[name], self.fields[name])
                for number, name in enumerate(self.names)
            },
            abstract=members,
            root=root,
            mutations=mutations,
            sdl=self.sdl(members, root, mutations),
        )

    def put(self, owner: str, own: Field) -> None:
        self.fields[owner].setdefault(own.name, own)

    def stored(self, name: str) -> None:
        self.put(name, Field("title", "String", Kind.SCALAR))
        self.put(name, Field("rank", "Int!", Kind.SCALAR))
        targets = [*self.names, "Thing", "Titled"]
        for target in self.picks.sample(targets, self.picks.randint(1, 2)):
            needed = "!" if self.chance(0.08) else ""
            self.put(name, Field(f"its{target}", f"{target}{needed}", Kind.REFERENCE, target))
        if self.chance(0.6):
            target = self.picks.choice(targets)
            self.put(name, self.list(f"own{target}s", Kind.LIST, target))
        if self.chance(0.4):
            self.put(name, Field("price", "Money", Kind.PART))
            self.written["type Money { amount: Int! }"] = None
        if self.chance(0.4):
            about = self.picks.choice(targets)
            self.put(name, Field("details", f"{name}Details", Kind.PART, about))
            self.written[f"type {name}Details {{ note: String about: {about} }}"] = None

    def list(self, name: str, kind: Kind, of: str, via: str = "") -> Field:
        form = self.picks.choice(list(Form))
        if form is Form.PLAIN:
            written = self.picks.choice([f"[{of}!]!", f"[{of}]", f"[{of}!]"])
        else:
            self.written[_FORMS[form].format(of)] = None
            written = f"{of}{form.name.title()}" + self.picks.choice(["", "!"])
        arguments = "(first: Int)" if self.chance(0.3) else ""
        return Field(name, written, kind, of, via, form, arguments)

    def computed(self, fields: dict[str, Field], own: Field) -> None:
        if own.kind in (Kind.LIST, Kind.COMPUTED_LIST):
            if self.chance(0.5):
                name = f"{own.name}Count"
                fields[name] = Field(name, "Int!", Kind.COUNT, own.of, own.name)
            if self.chance(0.4):
                name = f"newestOf{own.name.title()}"
                fields[name] = Field(name, own.of, Kind.NEWEST, own.of, own.name)

    def root(self, things: tuple[str, ...]) -> dict[str, Field]:
        found = {}
        for name in self.names:
            argument = f"({lower(name)}: ID!)"
            found[lower(name)] = Field(lower(name), name, Kind.LOOKUP, name, arguments=argument)
            all_ = self.list(plural(name), Kind.COMPUTED_LIST, name)
            found[all_.name] = replace(all_, arguments="(first: Int, offset: Int, title: String)")
        first, second = things[:2]
        arguments = f"({lower(first)}: ID, {lower(second)}: ID)"
        found["find"] = Field("find", "Thing", Kind.NEWEST, "Thing", arguments=arguments)
        for target in ("Thing", "Titled"):
            found[f"all{target}s"] = self.list(f"all{target}s", Kind.COMPUTED_LIST, target)
        for own in list(found.values()):
            self.computed(found, own)
        return found

    def mutations(self) -> dict[str, MutationField]:
        found = {}
        for number in range(self.picks.randint(8, 14)):
            drawn = self.mutation(number)
            found.setdefault(drawn.name, drawn)
        return found

    def mutation(self, number: int) -> MutationField:
        does = self.picks.choice(list(Does))
        about, via, other = self.picks.choice(self.names), "", self.picks.choice(self.names)
        if does is Does.REFER:
            targets = [
                own
                for own in self.fields[about].values()
                if own.kind is Kind.REFERENCE and own.of in self.names
            ]
            if targets:
                chosen = self.picks.choice(targets)
                via, other = chosen.name, chosen.of
            else:
                does = Does.EDIT
        if does is Does.MOVE:
            owners = [
                (owner, own)
                for owner, fields in self.fields.items()
                for own in fields.values()
                if own.kind is Kind.LIST and own.of in self.names
            ]
            if owners:
                other, chosen = self.picks.choice(owners)
                via, about = chosen.name, chosen.of
            else:
                does = Does.CREATE
        if does is Does.VALUE and "price" not in self.fields[about]:
            does = Does.EDIT
        name, names = self.name(number, does, about, other)
        shape = self.picks.choice(list(Shape))
        drawn = MutationField(name, does, shape, about, other, via, names, frozenset(), "")
        return self.answering(drawn)

    def name(self, number: int, does: Does, about: str, other: str) -> tuple[str, frozenset[str]]:
        verb = self.picks.choice(_VERBS[does])
        match self.picks.randrange(12):
            case 0 | 10 | 11:
                return f"act{number}", frozenset()
            case 1:
                return f"{verb}{about}To{other}{number}", frozenset({about, other})
            case 2:
                return f"{lower(about)}_{verb}_{number}", frozenset({about})
            case 3:
                return f"{verb}{other}{number}", frozenset({other})
            case _:
                return f"{verb}{plural(about).title()}{number}" if about in (
                    "Post",
                    "User",
                ) else f"{verb}{about}{number}", frozenset({about})

    def answering(self, drawn: MutationField) -> MutationField:
        about, needed = drawn.about, "!" if self.chance(0.2) else ""
        stem = drawn.name[0].upper() + drawn.name[1:]
        match drawn.shape:
            case Shape.ENTITY:
                return replace(drawn, type=f"{about}{needed}", holds=frozenset({about}))
            case Shape.OTHER:
                return replace(drawn, type=f"{drawn.other}{needed}", holds=frozenset({drawn.other}))
            case Shape.ENTITIES:
                return replace(drawn, type=f"[{about}!]{needed}", holds=frozenset({about}))
            case Shape.BOOLEAN:
                return replace(drawn, type="Boolean")
            case Shape.RESULT:
                self.written["type Failure { message: String }"] = None
                self.written[f"union {stem}Result = {about} | Failure"] = None
                return replace(drawn, type=f"{stem}Result", holds=frozenset({about}))
            case Shape.IDS:
                written = [self.picks.choice(["id: ID", "deletedId: ID"]), "ok: Boolean"]
                payload = tuple(_payload_field(one) for one in written)
                holds: frozenset[str] = frozenset()
            case Shape.PAYLOAD:
                optional = [
                    f"{lower(about)}: {about}",
                    f"other: {drawn.other}",
                    f"many: [{about}!]",
                    "query: Query",
                    "id: ID",
                ]
                chosen = self.picks.sample(optional, self.picks.randint(1, 3))
                payload = tuple(_payload_field(one) for one in [*chosen, "ok: Boolean"])
                holds = frozenset(own.of for own in payload if own.of in self.names)
        body = " ".join(own.written for own in payload)
        self.written[f"type {stem}Payload {{ {body} }}"] = None
        return replace(drawn, type=f"{stem}Payload{needed}", holds=holds, payload=payload)

    def sdl(
        self,
        members: dict[str, tuple[str, ...]],
        root: dict[str, Field],
        mutations: dict[str, MutationField],
    ) -> str:
        parts = [
            "interface Titled { title: String }",
            f"union Thing = {' | '.join(members['Thing'])}",
            *self.written,
        ]
        for name in self.names:
            implements = " implements Titled" if name in members["Titled"] else ""
            own = " ".join(f.written for f in self.fields[name].values())
            parts.append(f"type {name}{implements} {{ {_KEYS[self.keys[name]]} {own} }}")
        parts.append(f"type Query {{ {' '.join(f.written for f in root.values())} }}")
        fields = " ".join(
            f"{m.name}({lower(m.about)}: ID!, other{m.other}: ID!, title: String!, fail: Boolean)"
            f": {m.type}"
            for m in mutations.values()
        )
        parts.append(f"type Mutation {{ {fields} }}")
        return "\n".join(parts)


def _payload_field(written: str) -> Field:
    name, _, type_ = written.partition(": ")
    return Field(name, type_, Kind.PAYLOAD, type_.strip("[]!"))
