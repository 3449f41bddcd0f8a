"""Random valid documents over the shop of ``world``.

Hypothesis chooses seed, width and depth (which is what shrinks); the rest follows from the seed,
because a document of a hundred separate choices takes hypothesis 60 ms.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from graphql import OverlappingFieldsCanBeMergedRule, parse, validate
from graphql.type import get_named_type, is_abstract_type, is_composite_type
from hypothesis import strategies as st

from tests.core.world import SCHEMA

VARIABLES = {"yes": True, "no": False, "id": "Post-1", "filter": {"tag": "a", "sizes": [1, 2]}}
_HEAD = {
    "query": "query Doc($yes: Boolean!, $no: Boolean!, $id: ID, $filter: Filter) {"
    " used: __typename @include(if: $yes) @skip(if: $no)"
    " kept: post(id: $id) { id } held: posts(filter: $filter) { id }",
    "mutation": "mutation Doc($yes: Boolean!, $no: Boolean!, $id: ID) {"
    " used: __typename @include(if: $yes) @skip(if: $no) kept: updatePost(id: $id) { error"
    " post { title owner { name friends { name favourite { ... on Post { body } } } } } }",
}
_DIRECTIVES = ["", "", "", "", "", " @include(if: $yes)", " @include(if: $no)", " @skip(if: $no)"]
_ALIASES = ["", "", "", "", "", "", "id: ", "t: ", "kind: ", "__typename: "]
_ARGUMENTS = {
    "Query.post": ["", "(id: $id)", '(id: "5", order: OLD)'],
    "Query.posts": ["", "(first: 2)", "(filter: {deep: {tag: $id}})"],
    "Mutation.updatePost": ["", "(id: $id)"],
}
_COMPOSITE = [
    t for t in SCHEMA.type_map.values() if is_composite_type(t) and not t.name.startswith("__")
]


@dataclass
class _Writer:
    picks: random.Random
    width: int
    fragments: dict[str, str] = field(default_factory=dict)

    def selections(self, type_: Any, depth: int, root: bool = False) -> str:
        count = self.picks.randint(1, self.width)
        return "{ " + " ".join(self.selection(type_, depth, root) for _ in range(count)) + " }"

    def selection(self, type_: Any, depth: int, root: bool) -> str:
        what = self.picks.randrange(10)
        if what == 0 and not root:
            return f"{self.picks.choice(['', 't: ', 'kind: '])}__typename{self.directive()}"
        if what <= 3 and depth:
            return self.fragment(type_, depth - 1, root)
        fields = [
            name
            for name, f in getattr(type_, "fields", {}).items()
            if depth or not is_composite_type(get_named_type(f.type))
        ]
        if not fields:
            return self.fragment(type_, depth - 1, root) if depth and not root else "__typename"
        return self.field(type_, self.picks.choice(fields), depth)

    def field(self, type_: Any, name: str, depth: int) -> str:
        alias = self.picks.choice(_ALIASES)
        arguments = self.picks.choice(_ARGUMENTS.get(f"{type_.name}.{name}", [""]))
        named = get_named_type(type_.fields[name].type)
        nested = f" {self.selections(named, depth - 1)}" if is_composite_type(named) else ""
        return f"{alias}{name}{arguments}{self.directive()}{nested}"

    def fragment(self, type_: Any, depth: int, root: bool) -> str:
        on = self.picks.choice([t for t in _COMPOSITE if _possible(type_) & _possible(t)])
        if self.picks.random() < 0.5:
            return f"... on {on.name}{self.directive()} {self.selections(on, depth, root)}"
        heads = {n: f"fragment {n} on {on.name} " for n in self.fragments}
        reusable = [n for n, text in self.fragments.items() if text.startswith(heads[n])]
        if reusable and self.picks.random() < 0.5:
            name = self.picks.choice(reusable)
        else:
            body = self.selections(on, depth, root)
            name = f"F{len(self.fragments)}"
            self.fragments[name] = f"fragment {name} on {on.name} {body}"
        return f"...{name}{self.directive()}"

    def directive(self) -> str:
        return self.picks.choice(_DIRECTIVES)


def _possible(type_: Any) -> set[str]:
    if is_abstract_type(type_):
        return {t.name for t in SCHEMA.get_possible_types(type_)}
    return {type_.name}


def write(seed: int, width: int, depth: int, kind: str = "query") -> str:
    """A valid document with one operation named Doc that declares ``VARIABLES``."""
    root = SCHEMA.query_type if kind == "query" else SCHEMA.mutation_type
    for attempt in range(1_000):
        writer = _Writer(random.Random(f"{seed} {attempt}"), width)
        body = writer.selections(root, depth, root=True)
        text = "\n".join([_HEAD[kind] + body[1:], *writer.fragments.values()])
        # All else is valid by construction; test_the_documents_are_valid looks.
        if not validate(SCHEMA, parse(text), [OverlappingFieldsCanBeMergedRule]):
            return text
    raise AssertionError("no valid document")


def documents(kind: str = "query", depth: int = 4) -> st.SearchStrategy[str]:
    """Documents of all sizes up to ``depth`` nested selection sets."""
    return st.builds(
        write,
        seed=st.integers(0, 2**40),
        width=st.integers(1, 5),
        depth=st.integers(1, depth),
        kind=st.just(kind),
    )
