"""Shopify's, GitHub's and Linear's schemas, and Magento's operations: `make peers`.

Documents are generated from the schema, answers by resolvers that say the same to the instrumented
document as to the plain one. Linear stands in ../shared/corpora; all else comes from npm.
"""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLSchema,
    OperationType,
    build_client_schema,
    build_schema,
    parse,
    print_ast,
    validate,
)
from graphql.language import FragmentDefinitionNode, FragmentSpreadNode
from graphql.utilities import separate_operations

from controller.core.answer import Answer, read_answer
from controller.core.details import DETAILS
from controller.core.documents import analyse
from controller.core.instrument import instrument
from controller.core.instrument_source import instrument_source
from controller.core.layout import Layout
from controller.core.mutation import Answered, purge_for_mutation
from controller.core.mutation_answer import read_mutation_answer
from controller.core.operation import Operation, Refusal, select_operation, selections
from controller.core.policy import Policy, Rule
from controller.core.reach import Reached, reach
from controller.core.rules import Decision
from controller.core.schema import SchemaIndex
from controller.core.tags import null_tag, type_tag
from controller.core.walk import walk
from tests.core.generator import Written, variables_of, write
from tests.core.mocked import Mocked
from tests.core.npm import package
from tests.core.world import PREFIX, operation

pytestmark = pytest.mark.peers

HYDROGEN = "@shopify/hydrogen-react@2026.4.4"
OCTOKIT = "@octokit/graphql-schema@15.26.1"
MAGENTO = ("@magento/venia-ui@11.7.3", "@magento/peregrine@15.7.3")
LINEAR = Path(__file__).parents[3] / "shared" / "corpora" / "linear"
QUERIES, MUTATIONS = 120, 60


@dataclass(frozen=True)
class Real:
    """A schema, and documents that someone wrote for it, if any came with it."""

    index: SchemaIndex
    written: tuple[Written, ...] = ()

    @property
    def schema(self) -> GraphQLSchema:
        return self.index.schema

    def documents(self, kind: OperationType) -> Iterator[Written]:
        if self.schema.get_root_type(kind) is not None:
            count = QUERIES if kind is OperationType.QUERY else MUTATIONS
            yield from (write(self.schema, kind, seed) for seed in range(count))
        for document in self.written:
            if operation(document.text).type is kind:
                yield document


@pytest.fixture(scope="module")
def cache(request: pytest.FixtureRequest) -> Path:
    """Packages stay from run to run, outside of git."""
    return Path(request.config.cache.mkdir("npm"))


@pytest.fixture(scope="module", params=["storefront", "customer-account", "github", "linear"])
def real(request: pytest.FixtureRequest, cache: Path) -> Real:
    schema, written = _SOURCES[request.param](cache)
    assert schema.query_type is not None
    rules = (Rule(0, {schema.query_type.name: None}, 900, 900, "PUBLIC"),)
    return Real(SchemaIndex(schema, Policy(request.param, "digest", rules=rules)), written)


def _shopify(name: str) -> Callable[[Path], tuple[GraphQLSchema, tuple[Written, ...]]]:
    def load(cache: Path) -> tuple[GraphQLSchema, tuple[Written, ...]]:
        found = json.loads((package(HYDROGEN, cache) / f"{name}.schema.json").read_text())
        return build_client_schema(found.get("data", found), assume_valid=True), ()

    return load


def _github(cache: Path) -> tuple[GraphQLSchema, tuple[Written, ...]]:
    text = (package(OCTOKIT, cache) / "schema.graphql").read_text()
    return build_schema(text, assume_valid=True), ()


def _linear(_: Path) -> tuple[GraphQLSchema, tuple[Written, ...]]:
    if not LINEAR.is_dir():
        pytest.skip(f"{LINEAR} is absent")
    schema = build_schema((LINEAR / "schema.graphql").read_text(), assume_valid=True)
    parsed = parse((LINEAR / "documents.graphql").read_text(), no_location=True)
    documents = separate_operations(parsed).values()
    return schema, tuple(
        Written(print_ast(document), variables_of(schema, document, seed))
        for seed, document in enumerate(documents)
    )


_SOURCES: dict[str, Callable[[Path], tuple[GraphQLSchema, tuple[Written, ...]]]] = {
    "storefront": _shopify("storefront"),
    "customer-account": _shopify("customer-account"),
    "github": _github,
    "linear": _linear,
}


def body_of(response: Any) -> bytes:
    for error in response.get("errors", ()):
        error.pop("locations", None)
    return json.dumps(response, separators=(",", ":")).encode()


def test_every_query_is_ruled_or_refused_with_a_reason(real: Real) -> None:
    seen: Counter[str] = Counter()
    for document in real.documents(OperationType.QUERY):
        found = analyse(real.index, document.text, None)
        if isinstance(found.outcome, Refusal):
            assert found.outcome.detail in DETAILS
            assert found.outcome.message
            seen[found.outcome.detail] += 1
        else:
            assert isinstance(found.outcome, Decision), document.text
            seen["ruled"] += 1
    print(dict(seen))
    assert seen["ruled"] > 20


def test_answers_are_byte_for_byte_and_every_type_in_them_was_foreseen(real: Real) -> None:
    seen: Counter[str] = Counter()
    for seed, document in enumerate(real.documents(OperationType.QUERY)):
        text, variables = document.text, document.variables
        asked = operation(text)
        sent = instrument(real.index, asked, prefix=PREFIX)
        if sent.aliases:
            assert not validate(real.schema, parse(sent.text), max_errors=1), text
        plain = Mocked(real.schema, seed)
        expected = body_of(plain.run(text, variables))
        body = body_of(Mocked(real.schema, seed).run(sent.text, variables))
        answer = read_answer(real.index, asked, sent, body, variables)
        assert isinstance(answer, Answer), (answer, text)
        assert answer.body == expected
        reached = reach(real.index, asked)
        assert isinstance(reached, Reached)
        roots = {name for name in plain.asked if real.index.is_root(name)}
        introspection = {name for name in plain.asked if name.startswith("__")}
        content = plain.asked - introspection
        assert content <= reached.types, text
        # What an error took out of the answer could have stood where there is a null now.
        kinds = (type_tag, null_tag) if answer.has_errors else (type_tag,)
        for name in content - roots:
            assert {kind(name) for kind in kinds} & set(answer.tags), (name, text)
        members = {n for static in reached.static for n in real.index.possible_names(static)}
        found = walk(sent.layout, json.loads(body)["data"] or {})
        assert found.types <= reached.types | members
        keyed = {name for (name, _), values in found.entities.items() if values}
        assert keyed <= reached.types | members
        seen["documents"] += 1
        seen["instrumented"] += bool(sent.aliases)
        seen["entities"] += bool(keyed)
        seen["nulls"] += bool(found.nulls)
        seen["errors"] += answer.has_errors
        seen["abstract"] += "__typename" in sent.aliases.values()
        seen["bytes"] += len(body)
    print(dict(seen))
    for name in ("instrumented", "entities", "nulls", "errors"):
        assert seen[name] > 5, seen


def test_mutations_are_byte_for_byte_and_purge_what_they_answer(real: Real) -> None:
    seen: Counter[str] = Counter()
    for seed, document in enumerate(real.documents(OperationType.MUTATION)):
        text, variables = document.text, document.variables
        asked = operation(text)
        sent = instrument_source(real.index, asked, prefix=PREFIX)
        assert not validate(real.schema, parse(sent.text), max_errors=1), text
        assert not validate(real.schema, parse(sent.probe[0]), max_errors=1), text
        plain = Mocked(real.schema, seed)
        expected = json.dumps(plain.run(text, variables), separators=(",", ":")).encode()
        rich = Mocked(real.schema, seed).run(sent.text, variables)
        answer = read_mutation_answer(sent, json.dumps(rich, separators=(",", ":")).encode())
        assert answer.body == expected, text
        seen["mutations"] += 1
        seen["instrumented"] += bool(sent.aliases)
        if not isinstance(answer.outcome, Answered):
            seen["unknown"] += 1
            continue
        purged = purge_for_mutation(real.index, asked, sent.layout, answer.outcome)
        layout = Layout(real.index, asked, sent.aliases)
        for name in walk(layout, rich["data"]).keyed:
            kinds = (f"key:{name}:", f"type:{name}")
            assert any(tag.startswith(kinds) for tag in purged.tags), (name, text)
            seen["entities"] += 1
    print(dict(seen))
    assert min(seen[name] for name in ("instrumented", "entities")) > 5, seen


def test_every_member_of_githubs_node_at_once(cache: Path) -> None:
    """9 KB of fragments, one per member."""
    schema, _ = _github(cache)
    rules = (Rule(0, {"Query": None}, 900, 900, "PUBLIC"),)
    index = SchemaIndex(schema, Policy("github", "digest", rules=rules))
    members = sorted(index.possible_names("Node"))
    assert len(members) > 200
    fragments = "".join(f" ... on {name} {{ __typename }}" for name in members[:-1])
    text = f'{{ node(id: "x") {{ {fragments} ... on {members[-1]} {{ id }} }} }}'
    started = time.process_time()
    assert isinstance(analyse(index, text, None).outcome, Decision)
    sent = instrument(index, operation(text), prefix=PREFIX)
    assert time.process_time() - started < 3
    assert not validate(schema, parse(sent.text), max_errors=1)
    assert len(sent.aliases) <= 2


# Magento


_TEMPLATE = re.compile(r"gql`((?:[^`\\]|\\.)*)`")


@pytest.fixture(scope="module")
def magento(cache: Path) -> list[str]:
    """Every operation with the fragments it spreads, which other files hold."""
    blocks = [
        re.sub(r"\$\{\w+\}", "", template)
        for spec in MAGENTO
        for path in sorted(package(spec, cache).rglob("*.gql*.js"))
        for template in _TEMPLATE.findall(path.read_text())
    ]
    definitions = [d for block in blocks for d in parse(block, no_location=True).definitions]
    fragments = {d.name.value: d for d in definitions if isinstance(d, FragmentDefinitionNode)}
    operations = [d for d in definitions if not isinstance(d, FragmentDefinitionNode)]
    return [_complete(definition, fragments) for definition in operations]


def _complete(definition: Any, fragments: dict[str, FragmentDefinitionNode]) -> str:
    parts, waiting = {"": definition}, [definition]
    while waiting:
        for node in selections(waiting.pop().selection_set):
            name = node.name.value if isinstance(node, FragmentSpreadNode) else ""
            if name in fragments and name not in parts:
                parts[name] = fragments[name]
                waiting.append(fragments[name])
    return "\n\n".join(map(print_ast, parts.values()))


def test_every_operation_of_magentos_shop_is_read(magento: list[str]) -> None:
    """Without a schema a document cannot be validated, but what it is must be known."""
    kinds: Counter[str] = Counter()
    for text in magento:
        asked = operation(text)
        kinds[asked.type.value] += 1
        again = select_operation(asked.text, asked.name)
        assert isinstance(again, Operation)
        assert again.text == asked.text
        outcome = analyse(None, text, None).outcome
        assert isinstance(outcome, Decision | None) or outcome.detail in DETAILS
    print(dict(kinds))
    assert kinds["query"] > 50
    assert kinds["mutation"] > 20


def test_magentos_mutations_purge_by_name_alone_what_a_schema_knows(magento: list[str]) -> None:
    """For a schema that is older than the mutations."""
    schema = build_schema(
        "type Query { cart: Cart } type Cart { id: ID! } type Customer { id: ID }"
        "type Wishlist { id: ID! } type CustomerAddress { id: Int }"
    )
    index = SchemaIndex(schema, Policy("shop", "digest"))
    purged: set[str] = set()
    for text in magento:
        asked = operation(text)
        if asked.type is OperationType.MUTATION:
            found = purge_for_mutation(index, asked, None, Answered({}))
            purged.update(found.tags)
            assert found.tags or found.unnamed
    assert {"type:Cart", "type:Customer", "type:Wishlist", "type:CustomerAddress"} <= purged
