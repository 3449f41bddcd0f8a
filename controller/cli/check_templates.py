"""``tagTemplates`` against the schema: what mutations purge in a direct profile, and what not."""

from __future__ import annotations

from collections.abc import Iterator

from graphql.type import get_named_type

from controller.cli.findings import Finding, hint
from controller.core.direct import Direct, Templates, places, templates_of
from controller.core.direct_purges import type_wide
from controller.core.identifying import identifies
from controller.core.mutation_types import is_exempt, payload_types, types_of_name
from controller.core.policy import PurgeType
from controller.core.schema import SchemaIndex
from vclgen.direct.profiles import PROFILES, Profile

_SHOWN = 10


def check_templates(index: SchemaIndex, direct: Direct) -> Iterator[Finding]:
    """Types and fields that the schema has not, what is purged as a whole, what not at all, and
    what is never cached.
    """
    templates = direct.templates
    known = [name for name in index.schema.type_map if index.named(name) is not None]
    profile = PROFILES[direct.profile]
    own = profile.tag_templates
    for name, texts in templates.items():
        where = f"tagTemplates.{name}"
        type_ = index.named(name)
        if type_ is None:
            if texts != own.get(name):  # a shop need not have all that its profile knows
                said = f"the schema has no type {name}{hint(name, known)}: this purges nothing"
                yield Finding("warning", where, said)
            continue
        for possible in index.possible_types(type_):
            if texts != templates_of(templates, possible.name, index.schema):
                continue
            wanted = sorted(frozenset[str]().union(*map(places, texts)))
            lost = [name for name in wanted if not identifies(possible.fields.get(name))]
            if not index.keys(possible):
                said = f"nothing identifies a {possible.name}, so mutations purge nothing for it"
                yield Finding("warning", where, f"{said}: name a field of it in keyFields")
            elif lost:
                said = f"the type {possible.name} has no field {lost[0]} that can be a key"
                fix = f"{said}, so a mutation of one {_as_a_whole(texts, possible.name)}"
                yield Finding("warning", where, fix)
    yield from _unmapped(index, templates)
    for name, entry in index.policy.mutations.items():
        if any(not isinstance(target, PurgeType) for target in entry.targets):
            said = "no tag of the origin stands for a query or an operation: purges everything"
            yield Finding("warning", f"mutations.{name}", said)
    yield from _never_cached(index, profile)


def _never_cached(index: SchemaIndex, profile: Profile) -> Iterator[Finding]:
    root = index.schema.query_type
    found = [name for name in profile.never_cached if root is not None and name in root.fields]
    if found:
        said = f"{profile.name} lets no answer be cached that holds {', '.join(found)}"
        yield Finding("note", "schema", f"{said}: ask for them in requests of their own")


def _unmapped(index: SchemaIndex, templates: Templates) -> Iterator[Finding]:
    changed = _changed(index)
    without = sorted(name for name in changed if not templates_of(templates, name, index.schema))
    if without:
        names = ", ".join(without[:_SHOWN]) + (" …" if len(without) > _SHOWN else "")
        said = f"has nothing for {names}: mutations purge nothing for these types"
        if without == sorted(changed):
            fix = "what the origin purges by itself is purged, and nothing else"
            yield Finding("warning", "tagTemplates", f"{said}, so for none at all; {fix}")
        else:
            yield Finding("note", "tagTemplates", said)
    for name in sorted(changed):
        texts = templates_of(templates, name, index.schema)
        if texts and not type_wide(texts):
            said = (
                f"{name} has no template without key fields: a mutation of which it is not known "
                f"which {name} it changed purges everything"
            )
            yield Finding("note", "tagTemplates", said)


def _changed(index: SchemaIndex) -> set[str]:
    """The types that mutations can be about."""
    root = index.schema.mutation_type
    found: set[str] = set()
    for name, field in (root.fields if root is not None else {}).items():
        if not is_exempt(index.policy, name):
            found |= payload_types(index, index.named(get_named_type(field.type).name))
            found |= types_of_name(index, name)
    return found


def _as_a_whole(texts: tuple[str, ...], name: str) -> str:
    whole = type_wide(texts)
    return f"purges all of {name} ({', '.join(whole)})" if whole else "purges everything"
