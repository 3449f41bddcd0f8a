"""``POST /events`` of the admin listener: what changed at the origin, purged.

What an event may look like is in ``controller.core.events``. In the URL: ``type`` is the type of
rows, ``FIELD=COLUMN`` the column of a key field, ``soft=true`` makes stale what is purged.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping, Sequence

from graphql import GraphQLError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from controller.admin.batch import Carried, node_reports
from controller.admin.direct_targets import targets_of
from controller.admin.graphql_http import read_body
from controller.admin.state import AdminState
from controller.admin.targets import Targets
from controller.core.events import BadEvent, Entity, Event, Row, read_events, text_of
from controller.core.lexemes import Json, read_json
from controller.core.names import types_by_form, types_named
from controller.core.policy import MutationPolicy
from controller.core.tags import Purge, Tag
from controller.errors import RequestRefused


async def answer_events(request: Request, state: AdminState, by: str | None) -> Response:
    """Purge what the events name, wait for the nodes, say what became of it. ``by`` is the name of
    the token.

    Raises:
        RequestRefused: something in it is not understood; nothing was purged.
        LogUnavailable: the purge is not recorded.
    """
    body = await read_body(request)
    # A body can name thousands of entities; the gateway's requests share this event loop.
    purges = await asyncio.to_thread(_purges, body, dict(request.query_params), state, by)
    outcomes = await asyncio.gather(*(state.purger.purge(purge) for purge in purges))
    said = Carried(nodes=node_reports(outcomes)).as_json()
    return JSONResponse(said, headers={"Cache-Control": "no-store"})


def _purges(
    body: bytes, parameters: Mapping[str, str], state: AdminState, by: str | None
) -> list[Purge]:
    """At most one hard and one soft purge."""
    try:
        events = read_events(read_json(body.decode()).value)
    except BadEvent as error:
        raise RequestRefused(400, f"This is no event: {error}", "BAD_USER_INPUT") from error
    except ValueError as error:
        raise RequestRefused(400, f"The body is not JSON: {error}", "BAD_REQUEST") from error
    columns = {name: value for name, value in parameters.items() if name not in ("type", "soft")}
    if (columns or "type" in parameters) and not any(event.rows for event in events):
        message = "type and key fields in the URL are for rows, and there is none"
        raise RequestRefused(400, message, "BAD_USER_INPUT")
    if parameters.get("soft", "false") not in ("true", "false"):
        raise RequestRefused(400, "soft in the URL is true or false", "BAD_USER_INPUT")
    reader = _Reader(
        targets_of(state.policy, state.index),
        parameters.get("type"),
        columns,
        state.policy.mutation_policy,
    )
    tags: dict[bool, dict[Tag, None]] = {False: {}, True: {}}
    always_soft = parameters.get("soft") == "true"
    for event in events:
        try:
            tags[always_soft or event.soft].update(dict.fromkeys(reader.tags(event)))
        except GraphQLError as error:
            code = str((error.extensions or {}).get("code", "BAD_USER_INPUT"))
            raise RequestRefused(400, error.message, code) from error
    source = f"events {len(events)}{f' by {by}' if by else ''}"
    return [Purge(tuple(found), source, soft) for soft, found in tags.items() if found]


class _Reader:
    """Events to tags. ``type_name`` and ``columns`` are those of the URL, for rows."""

    def __init__(
        self,
        targets: Targets,
        type_name: str | None,
        columns: Mapping[str, str],
        policy: MutationPolicy,
    ) -> None:
        self._targets = targets
        self._type = type_name
        self._columns = columns
        self._policy = policy
        self._tables = types_by_form(targets.names)

    def tags(self, event: Event) -> Iterable[Tag]:
        for entity in event.entities:
            yield from self._entity(entity)
        for name in event.types:
            yield from self._targets.tags(name, None)
        for name in event.lists:
            yield from self._targets.list_tags(name)
        for row in event.rows:
            yield from self._row(row)

    def _entity(self, entity: Entity) -> Sequence[Tag]:
        return self._targets.tags(entity.type, entity.keys)

    def _row(self, row: Row) -> Iterable[Tag]:
        """As a mutation that answered with it; what is new or gone changes lists as well."""
        name = self._type or self._type_of(row.table)
        fields = self._targets.key_fields(name)
        for field in self._columns:
            if field not in fields:
                message = f"{field!r} in the URL is no key field of {name}: {', '.join(fields)}"
                raise RequestRefused(400, message, "UNKNOWN_KEY_FIELD")
        if self._policy == "Type":
            yield from self._targets.tags(name, None)
            return
        if row.moved or self._policy == "List":
            yield from self._targets.list_tags(name)
        for columns in row.columns:
            yield from self._targets.tags(name, self._key(name, columns))

    def _key(self, name: str, columns: Mapping[str, Json]) -> Mapping[str, Sequence[str]] | None:
        """The keys of which the row has all fields; None: it has none, so any could be meant."""
        found: dict[str, list[str]] = {}
        for key in self._targets.keys(name):
            values = [text_of(self._column(columns, field)) for field in key]
            if None not in values:
                found.update({f: [str(v)] for f, v in zip(key, values, strict=True)})
        return found or None

    def _column(self, columns: Mapping[str, Json], field: str) -> Json:
        """``nodeId`` may be the column ``node_id``."""
        snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", field).lower()
        for name in (self._columns.get(field), field, snake):
            if name is not None and name in columns:
                return columns[name]
        return None

    def _type_of(self, table: str) -> str:
        if table in self._targets.names:
            return table
        found = types_named(table, self._tables)
        if len(found) != 1:
            which = (
                f"could be {' or '.join(sorted(found))}" if found else "is no type of the schema"
            )
            message = f"The table {table!r} {which}: name the type in the URL, /events?type=TYPE"
            raise RequestRefused(400, message, "UNKNOWN_TYPE")
        return next(iter(found))
