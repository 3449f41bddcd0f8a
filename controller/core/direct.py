"""The direct profiles, as the core sees them: which of the origin's tags a type's entities have.

``tagTemplates`` maps a type to texts like ``cat_p_{id}``, with names of key fields in braces. All
of a type's templates with fields are tags that its entity can stand under; one without fields is a
tag of every answer that holds the type.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Literal

from graphql import GraphQLObjectType, GraphQLSchema, is_abstract_type

from controller.core.identifying import identifies

if TYPE_CHECKING:
    from controller.core.policy import Key, Policy

Profile = Literal["magento", "wpgraphql", "tagged"]
Templates = Mapping[str, tuple[str, ...]]
"""By the name of an object type, interface or union."""

_PLACE: Final = re.compile(r"\{([_A-Za-z][_0-9A-Za-z]*)\}")


@dataclass(frozen=True, slots=True)
class Direct:
    """A direct profile: ``templates`` are its defaults and ``tagTemplates``, joined."""

    profile: Profile
    templates: Templates = field(default_factory=dict)


def places(template: str) -> frozenset[str]:
    """The key fields that a template names."""
    return frozenset(_PLACE.findall(template))


def filled(template: str, values: Mapping[str, str]) -> str:
    """The tag of an entity; ``values`` has all the fields that the template names."""
    return _PLACE.sub(lambda found: values[found[1]], template)


def templates_of(
    templates: Templates, type_name: str, schema: GraphQLSchema | None
) -> tuple[str, ...]:
    """The templates of an object type: its own, or else those of the interfaces and unions that it
    belongs to.
    """
    if type_name in templates or schema is None:
        return templates.get(type_name, ())
    found = [
        text
        for name, texts in templates.items()
        if name in schema.type_map and _stands_for(schema, name, type_name)
        for text in texts
    ]
    return tuple(dict.fromkeys(found))


def keyed_by_templates(policy: Policy, schema: GraphQLSchema | None) -> Policy:
    """A policy under which the fields that templates name are what identifies a type.

    They are one key: an entity of which one is unknown counts as one that cannot be told. A type
    that lacks such a field keeps the keys that it has.
    """
    if policy.direct is None:
        return policy
    templates = policy.direct.templates
    if schema is None:
        found = {name: _key(texts) for name, texts in templates.items()}
    else:
        objects = [t for t in schema.type_map.values() if isinstance(t, GraphQLObjectType)]
        keys = {t.name: _key(templates_of(templates, t.name, schema)) for t in objects}
        found = {
            t.name: keys[t.name]
            for t in objects
            if all(identifies(t.fields.get(name)) for name in keys[t.name])
        }
    own = {name: (key,) for name, key in found.items() if key}
    return replace(policy, key_fields={**policy.key_fields, **own})


def _key(templates: tuple[str, ...]) -> Key:
    return tuple(sorted(frozenset[str]().union(*map(places, templates))))


def _stands_for(schema: GraphQLSchema, name: str, type_name: str) -> bool:
    type_ = schema.type_map[name]
    return is_abstract_type(type_) and any(
        member.name == type_name for member in schema.get_possible_types(type_)
    )
