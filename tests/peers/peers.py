"""The servers of `make peers`: how each is started and how its schema names things."""

from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
MODULES = HERE / "node_modules"


@dataclass(frozen=True)
class Peer:
    """A server that is not ours. `{port}` in `command` is where it shall listen."""

    name: str
    command: tuple[str, ...]
    path: str
    post: str
    """A post by `$id`, with its id and title."""
    title_only: str
    """The same post without its id."""
    posts: str
    """All posts, with another composite type nested in each."""
    rename: str
    """A mutation that sets the title of post `$id` to `$title`."""
    partial: str
    """A query that is answered with data and errors."""


JSON_GRAPHQL_SERVER = Peer(
    name="json-graphql-server",
    command=(
        str(MODULES / "json-graphql-server/bin/json-graphql-server.cjs"),
        str(HERE / "data.json"),
        "--port",
        "{port}",
        "--host",
        "127.0.0.1",
    ),
    path="/",
    post="query Post($id: ID!) { Post(id: $id) { id title views score } }",
    title_only="query Title($id: ID!) { Post(id: $id) { title } }",
    posts="{ allPosts { id title User { name } Comments { body } } }",
    rename=(
        "mutation Rename($id: ID!, $title: String!)"
        " { updatePost(id: $id, title: $title) { id title } }"
    ),
    # The views of post 4 are no 32-bit integer, which its schema says they are.
    partial='{ Post(id: "1") { title } large: Post(id: "4") { views } }',
)

YOGA = Peer(
    name="graphql-yoga",
    command=(str(HERE / "yoga.mjs"), "{port}"),
    path="/graphql",
    post="query Post($id: ID!) { post(id: $id) { id title rating tags } }",
    title_only="query Title($id: ID!) { post(id: $id) { title } }",
    posts='{ posts { id title author { name } } search(text: "l") { __typename } }',
    rename=(
        "mutation Rename($id: ID!, $title: String!)"
        " { updatePost(id: $id, title: $title) { id title } }"
    ),
    partial='{ post(id: "1") { title } fails }',
)

PEERS = (JSON_GRAPHQL_SERVER, YOGA)
