"""``schema.graphql`` with its resolvers."""

from collections.abc import Mapping
from datetime import datetime
from importlib.resources import files

from graphql import (
    GraphQLSchema,
    assert_object_type,
    assert_scalar_type,
    build_schema,
)

from demo import mutations, queries
from demo.database import timestamp
from demo.mutations import committed
from demo.queries import Resolver, by_id, children, everything, parent

RESOLVERS: Mapping[str, Mapping[str, Resolver]] = {
    "Author": {"nodeId": queries.node_id, "posts": children("Post", "authorId")},
    "Post": {
        "nodeId": queries.node_id,
        "author": parent("Author", "authorId"),
        "tags": queries.post_tags,
        "comments": children("Comment", "postId"),
    },
    "Comment": {
        "nodeId": queries.node_id,
        "author": parent("Author", "authorId"),
        "post": parent("Post", "postId"),
    },
    "Tag": {"nodeId": queries.node_id, "posts": queries.tag_posts},
    "Viewer": {"favourites": queries.picked},
    "Cart": {"items": queries.picked},
    "Query": {
        "post": by_id("Post"),
        "posts": queries.posts,
        "postsConnection": queries.posts_connection,
        "author": by_id("Author"),
        "authors": everything("Author"),
        "comments": queries.comments,
        "tag": by_id("Tag"),
        "tags": everything("Tag"),
        "node": queries.node,
        "search": queries.search,
        "stats": queries.stats,
        "shop": queries.shop,
        "viewer": queries.viewer,
        "cart": queries.cart,
        "flaky": queries.flaky,
    },
    "Mutation": {
        "createPost": committed(mutations.create_post),
        "updatePost": committed(mutations.update_post),
        "deletePost": committed(mutations.delete_post),
        "likePost": committed(mutations.like_post),
        "publishPost": committed(mutations.publish_post),
        "addComment": committed(mutations.add_comment),
        "deleteComment": committed(mutations.delete_comment),
        "updateAuthor": committed(mutations.update_author),
    },
    "Subscription": {"postUpdated": queries.watched_post},
}


def make_schema() -> GraphQLSchema:
    """The executable schema; what a resolver is not named for is a column of its row."""
    schema = build_schema(files("demo").joinpath("schema.graphql").read_text(encoding="utf-8"))
    for type_name, resolvers in RESOLVERS.items():
        fields = assert_object_type(schema.type_map[type_name]).fields
        for name, resolver in resolvers.items():
            fields[name].resolve = resolver
    subscription = assert_object_type(schema.subscription_type)
    subscription.fields["postUpdated"].subscribe = queries.watch_posts
    date_time = assert_scalar_type(schema.type_map["DateTime"])
    date_time.coerce_input_value = parse_date_time
    return schema


def parse_date_time(value: object) -> str:
    """RFC 3339 with any offset, as it is stored: UTC, whole seconds."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ValueError(f"{value!r} is no DateTime: write it like 2026-01-31T12:00:00Z.")
    return timestamp(moment)
