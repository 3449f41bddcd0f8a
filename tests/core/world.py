"""A small shop whose every answer follows from (seed, object, field, arguments).

Two executions of documents that select the same give the same values, so an answer to an
instrumented document can be compared with the answer to the plain one, and a world in which one
entity changed with the world before.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from graphql import (
    GraphQLResolveInfo,
    GraphQLScalarType,
    build_schema,
    execute_sync,
    parse,
)
from graphql.type import (
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)

from controller.core.operation import Operation, select_operation
from controller.core.policy import Policy
from controller.core.schema import SchemaIndex

PREFIX = "_s0123456789abcdef_"

SDL = """
interface Node { id: ID }
interface Titled { title: String owner: User }
union Thing = Post | User | Counter | Money | Ledger
union Result = Post | Failure
scalar BigId

input Filter { tag: ID, deep: Filter, sizes: [Int] }
enum Order { NEW OLD }

type Query {
  post(id: ID, preview: Boolean = false, order: Order = NEW): Post
  posts(first: Int = 10, filter: Filter): [Post!]!
  grid: [[Post]]
  things: [Thing]
  thing(n: Int): Thing
  node(id: ID): Node
  titled: [Titled]
  feed(first: Int): PostConnection
  members: UserList
  product: Product
  products: [Product]
  me: User
  count: Int
}
type Post implements Node & Titled {
  id: ID! title: String body: String owner: User related: [Post] price: Money about: Thing
  comments: CommentConnection
}
type User implements Node { id: ID! name: String friends: [User!]! favourite: Thing query: Query }
type Page implements Node & Titled { id: ID title: String owner: User parent: Node }
type Counter { id: Int! n: Int next: Thing }
type Ledger { id: BigId! total: Float }
type Money { amount: Float currency: String }
type Product { id: ID sku: String store: Int name: String price: Money }
type PostConnection { edges: [PostEdge] totalCount: Int }
type PostEdge { cursor: String node: Post }
type CommentConnection { nodes: [Comment] }
type Comment { key: String! text: String author: User }
type UserList { nodes: [User] size: Int }
type Failure { message: String }

type Mutation {
  updatePost(id: ID, title: String): PostPayload
  createPost(title: String): Result
  deletePost(id: ID): Boolean
  removeOrderItems: Int
  ping: Boolean
  befriend: User
  log: Log
  merge: Node
}
type Subscription { posted: Post }
type PostPayload { post: Post friends: [User!] error: String }
type Log { entry: String }
"""
KEYS = {"Product": (("sku", "store"), ("id",))}
TEXTS = [
    "plain",
    'quo"te',
    "back\\slash",
    '\\",',
    "snow\u2603 \U0001f600",
    "line\nbreak\ttab",
    '"_sfedcba9876543210_0":"x",',
    '{"_sfedcba9876543210_1": 5}',
    "",
]


def _schema() -> Any:
    schema = build_schema(SDL)
    big = schema.get_type("BigId")
    assert isinstance(big, GraphQLScalarType)
    big.serialize = lambda value: value  # type: ignore[method-assign]
    return schema


SCHEMA = _schema()
POLICY = Policy("shop", "digest", key_fields=KEYS)
INDEX = SchemaIndex(SCHEMA, POLICY)
PASSIVE = SchemaIndex(SCHEMA, replace(POLICY, instrument=False))


@dataclass(frozen=True)
class Ref:
    type: str
    n: int


@dataclass
class World:
    """``missing`` entities are null, ``changed`` ones have other content. ``errors`` is the share
    of fields that fail. ``dropped`` is set when a list went without a missing entity.
    """

    seed: int = 0
    missing: Collection[Ref] = ()
    changed: Collection[Ref] = ()
    errors: float = 0.0
    nulls: float = 0.15
    texts: list[str] = field(default_factory=lambda: TEXTS)
    dropped: bool = False

    def run(self, text: str, variables: Mapping[str, Any], name: str | None = None) -> Any:
        """The response as a dict, errors with path and locations."""
        result = execute_sync(
            SCHEMA,
            parse(text),
            variable_values=dict(variables),
            operation_name=name,
            field_resolver=self._resolve,
            type_resolver=lambda value, *_: value.type,
            root_value=None,
        )
        return result.formatted

    def _resolve(self, source: Ref | None, info: GraphQLResolveInfo, **arguments: Any) -> Any:
        owner = source or Ref(info.parent_type.name, 0)
        name = info.field_name
        if owner.type not in ("Query", "Mutation") and (owner.type, name) in _KEY_FIELDS:
            return key_value(owner, name)
        given = json.dumps(arguments, sort_keys=True)
        picks = random.Random(f"{self.seed} {owner} {owner in self.changed} {name} {given}")
        if picks.random() < self.errors:
            raise ValueError("failed")
        return self._value(info.return_type, picks)

    def _value(self, type_: Any, picks: random.Random) -> Any:
        required = is_non_null_type(type_)
        nullable = get_nullable_type(type_)
        if not required and picks.random() < self.nulls:
            return None
        if is_list_type(nullable):
            return list(self._items(nullable.of_type, picks))
        if is_leaf_type(nullable):
            return self._leaf(nullable.name, picks)
        return self._object(nullable, picks)

    def _items(self, type_: Any, picks: random.Random) -> Iterator[Any]:
        for _ in range(picks.choice([0, 1, 2, 3])):
            value = self._value(type_, picks)
            if value is None and is_non_null_type(type_):
                self.dropped = True
            else:
                yield value

    def _object(self, type_: Any, picks: random.Random) -> Ref | None:
        if is_abstract_type(type_):
            possible = sorted(t.name for t in SCHEMA.get_possible_types(type_))
            found = Ref(picks.choice(possible), picks.randrange(3))
        else:
            found = Ref(get_named_type(type_).name, picks.randrange(3))
        return None if found in self.missing else found

    def _leaf(self, name: str, picks: random.Random) -> Any:
        choose: dict[str, Callable[[], Any]] = {
            "Int": lambda: picks.randrange(100),
            "Float": lambda: picks.choice([1.0, 0.1, 1e30]),
            "Boolean": lambda: picks.random() < 0.5,
        }
        return choose.get(name, lambda: picks.choice(self.texts))()


def key_value(owner: Ref, name: str) -> Any:
    """The value of a key field; some are null, zero, or longer than any machine's integer."""
    if owner.type == "Ledger":
        return 123456789012345678901234 + owner.n
    if owner.type == "Product":
        return {"sku": f"s,{owner.n}" if owner.n < 2 else None, "store": owner.n, "id": None}[name]
    if owner.type == "Page" and owner.n == 2:
        return None
    return owner.n if owner.type == "Counter" else f"{owner.type}-{owner.n}"


_KEY_FIELDS = {
    (type_.name, part)
    for type_ in SCHEMA.type_map.values()
    if hasattr(type_, "fields") and not type_.name.startswith("__") and hasattr(type_, "interfaces")
    for key in INDEX.keys(type_)
    for part in key
}
ENTITIES = sorted({name for name, _ in _KEY_FIELDS if name not in ("Node",)})


def operation(text: str, name: str | None = None) -> Operation:
    """The one operation of a document that must parse."""
    found = select_operation(text, name)
    assert isinstance(found, Operation), found
    return found


STYLES: dict[str, Callable[[Any], bytes]] = {
    "compact": lambda value: json.dumps(value, separators=(",", ":")).encode(),
    "spaced": lambda value: json.dumps(value).encode(),
    "pretty": lambda value: json.dumps(value, indent=2).encode(),
    "unicode": lambda value: json.dumps(value, ensure_ascii=False, indent="\t").encode(),
    "colons": lambda value: json.dumps(value, separators=(" ,", " : ")).encode(),
}


def arranged(value: Any, order: str, picks: random.Random) -> Any:
    """``value`` as an origin with its own idea of member order would send it.

    Only injected members move; "sort" moves all, in the plain answer as well.
    """
    if isinstance(value, list):
        return [arranged(item, order, picks) for item in value]
    if not isinstance(value, dict):
        return value
    items = [(k, arranged(v, order, picks)) for k, v in value.items()]
    own = [item for item in items if not item[0].startswith(PREFIX)]
    injected = [item for item in items if item[0].startswith(PREFIX)]
    if order == "sort":
        return dict(sorted(items))
    if order == "tail":
        return dict(own + injected)
    if order == "shuffle":
        for item in injected:
            own.insert(picks.randint(0, len(own)), item)
        return dict(own)
    return dict(items)
