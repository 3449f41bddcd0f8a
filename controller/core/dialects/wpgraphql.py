"""WPGraphQL Smart Cache: PURGE_GRAPHQL with GraphQL-Purge-Keys and GraphQL-URL.

Keys stand with commas or spaces between, as its own VCL reads them. The URL, with a scheme or
without, is that of the one GraphQL endpoint that a service has, so it narrows nothing. The plugin
purges ``skipped:<type>``, which answers with too many keys carry, like any other key. A PURGE that
names keys means them besides its URL.
"""

from __future__ import annotations

from controller.core.dialects.asked import (
    Asked,
    Counts,
    Meant,
    Read,
    Refused,
    Reply,
    beside,
    named,
    separated,
)


def read(asked: Asked) -> Read:
    """What its PURGE_GRAPHQL means."""
    keys = separated(asked.lines("graphql-purge-keys"))
    match asked.method:
        case "PURGE_GRAPHQL" if not keys:
            return Refused(400, "GraphQL-Purge-Keys header required")
        case "PURGE_GRAPHQL":
            return Meant("wpgraphql", (named(keys),), _invalidated)
        case "PURGE" if keys:
            return Meant("wpgraphql", (named(keys), *beside(asked)), _invalidated)
        case _:
            return None


def _invalidated(counts: Counts) -> Reply:
    return Reply(200, f"Invalidated GraphQL Queries: {counts.hard}")
