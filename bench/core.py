"""What the controller's core costs a request: ``python -m bench.core``.

The time of one document on its way to an origin request, as it is spent before anything is sent:
parsed, validated against the schema, ruled, keyed and instrumented. New documents are compared with
graphql-core's bare parse and validation of the same text in the same run: figures of different runs
say nothing about each other, the ratios do. Times are those of the processor, so that what else the
machine does counts for little.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from operator import truediv
from pathlib import Path
from typing import Final

from graphql import GraphQLSchema, build_schema, parse, validate

from controller.brain import Brain
from controller.core.documents import Documents
from controller.core.instrument import instrument
from controller.core.policy import PUBLIC, Policy, Rule
from controller.core.request import HttpRequest
from controller.core.schema import SchemaIndex
from controller.core.verdict import CacheableQuery, decide
from controller.heap import settle

NEW_TARGET: Final = 8.0
"""Milliseconds for a new document of 2 KB."""
KNOWN_TARGET: Final = 20.0
"""Microseconds for a known one, of which reading the JSON is most."""

SDL: Final = """
interface Node { id: ID! }
union Hit = Post | User | Tag
type Query { posts(first: Int = 10, after: ID, order: Order = NEW): PostConnection!
  search(text: String!): [Hit!]! node(id: ID!): Node viewer: User }
enum Order { NEW OLD }
type PageInfo { hasNextPage: Boolean! endCursor: ID }
type PostConnection { edges: [PostEdge!]! nodes: [Post!]! pageInfo: PageInfo! totalCount: Int! }
type PostEdge { cursor: ID! node: Post! }
type Money { amount: Float! currency: String! }
type Post implements Node { id: ID! title: String! body: String! author: User! tags: [Tag!]!
  related(first: Int = 3): PostConnection! price: Money comments(first: Int = 10): [Comment!]! }
type User implements Node { id: ID! name: String! email: String avatar: Image posts: [Post!]! }
type Image { url: String! width: Int! height: Int! }
type Tag implements Node { id: ID! label: String! posts(first: Int): PostConnection! }
type Comment implements Node { id: ID! text: String! author: User! replies: [Comment!]! }
"""

_BLOCK: Final = """
  part%d: posts(first: $first, after: $after, order: $order) {
    pageInfo { hasNextPage endCursor }
    edges { cursor node { ...PostParts related(first: 2) { nodes { ...PostParts } } } }
  }
  hits%d: search(text: $text) {
    ... on Post { title author { ...UserParts } price { amount currency } }
    ... on User { name avatar { url width height } }
    ... on Tag { label posts(first: 1) { totalCount nodes { title tags { label } } } }
  }
  node%d: node(id: $id) { ... on Comment { text replies { text author { name email } } } }
"""
_FRAGMENTS: Final = """
fragment PostParts on Post {
  title body price { amount currency } tags { id label } author { ...UserParts }
  comments(first: 5) { id text author { id name } replies { id text } }
}
fragment UserParts on User { name email avatar { url width height } }
"""


def document(number: int) -> str:
    """A query of about 2 KB that no other number gives."""
    blocks = "".join(_BLOCK % (n, n, n) for n in range(number * 10, number * 10 + 3))
    declared = "$first: Int, $after: ID, $order: Order, $text: String!, $id: ID!"
    return f"query Page{number}({declared}) {{{blocks}}}{_FRAGMENTS}"


@dataclass(frozen=True, slots=True)
class Cost:
    """One row: microseconds, and the median ratio to graphql-core's of the same round."""

    name: str
    median: float
    p95: float
    ratio: float
    target: float | None = None


def request(text: str, page: int = 0) -> HttpRequest:
    """The document with variables that no other page gives."""
    variables = {"first": 10, "after": f"{page:08}", "order": "NEW", "text": "shoes", "id": "abc"}
    body = json.dumps({"query": text, "variables": variables}).encode()
    return HttpRequest("POST", b"", "application/json", body)


BASELINE: Final = "graphql-core alone: parse, validate"
NEW: Final = "a new document: to its origin request"
PAGED: Final = "a known document, new variables: verdict"
KNOWN: Final = "a known request: verdict"
TARGETS: Final = {NEW: NEW_TARGET * 1000, PAGED: KNOWN_TARGET, KNOWN: KNOWN_TARGET}
TIMES: Final = 50
"""How often a known document is asked for in one round."""


def measure(rounds: int) -> list[Cost]:
    """Each round has a document of its own, and takes every step once."""
    schema = build_schema(SDL)
    rules = (Rule(0, {"Query": None}, 900, 60, PUBLIC), Rule(1, {"Post": None}, 60, 60, PUBLIC))
    brain = Brain(Policy("bench", "digest", rules=rules), schema)
    assert brain.index is not None
    first = document(0)
    known = request(first)
    brain.decide(known)
    settle()
    taken: dict[str, list[float]] = {name: [] for name in (BASELINE, NEW, PAGED, KNOWN)}
    for number in range(1, rounds + 6):
        text = document(number)
        pages = [request(first, number * TIMES + page) for page in range(TIMES)]
        steps: dict[str, tuple[int, Callable[[], object]]] = {
            BASELINE: (1, partial(_bare, schema, text)),
            NEW: (1, partial(_new, brain.index, request(text))),
            PAGED: (TIMES, partial(_all, brain, pages)),
            KNOWN: (TIMES, partial(_all, brain, [known] * TIMES)),
        }
        brain.decide(known)
        for name, (times, step) in steps.items():
            started = time.process_time_ns()
            step()
            spent = (time.process_time_ns() - started) / 1000
            if number > 5:  # the first ones warm up
                taken[name].append(spent / times)
    return [
        Cost(
            name,
            median=statistics.median(times),
            p95=statistics.quantiles(times, n=20)[-1],
            ratio=statistics.median(map(truediv, times, taken[BASELINE])),
            target=TARGETS.get(name),
        )
        for name, times in taken.items()
    ]


def _bare(schema: GraphQLSchema, text: str) -> None:
    assert not validate(schema, parse(text, no_location=True))


def _new(index: SchemaIndex, http: HttpRequest) -> None:
    verdict = decide(http, Documents(index, size=1))
    assert isinstance(verdict, CacheableQuery), verdict
    assert instrument(index, verdict.operation).aliases


def _all(brain: Brain, requests: list[HttpRequest]) -> None:
    for http in requests:
        brain.decide(http)


def print_table(costs: list[Cost]) -> None:
    """``ratio``: to graphql-core alone, in the same rounds."""
    print(
        f"The controller's core: a document of {len(document(1)):,} characters, processor time\n"
        f"  {'':40}{'median µs':>11}{'p95 µs':>10}{'ratio':>9}{'target':>8}"
    )
    for cost in costs:
        target = "" if cost.target is None else f"{cost.target:,.0f}"
        print(f"  {cost.name:40}{cost.median:11,.1f}{cost.p95:10,.1f}{cost.ratio:9.4f}{target:>8}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.core", description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    arguments = parser.parse_args()
    costs = measure(arguments.rounds)
    print_table(costs)
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(cost) for cost in costs], indent=2) + "\n")


if __name__ == "__main__":
    main()
