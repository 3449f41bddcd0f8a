"""What a document says of its types and fields by itself, with what in the config speaks for it.

The same for people as ``controller.core.ruled``: the root, and the types that fragments name.
"""

from __future__ import annotations

from collections.abc import Iterator

from controller.core.policy import Policy
from controller.core.ruled import Cause, RuledField, RuledType
from controller.core.schemaless.document import Named
from controller.core.schemaless.rules import root_names


def named_types_ruled(policy: Policy, named: Named) -> tuple[RuledType, ...]:
    """The root under the name that the config gives it, and each type condition, by name."""
    roots = root_names(policy)
    root = max(roots, key=lambda name: (name != "Query", name))
    found = [_ruled(policy, root, roots, named.roots)] if named.roots else []
    for name in sorted(named.conditions.keys() - roots):
        found.append(_ruled(policy, name, {name}, named.on(name) or frozenset()))
    return tuple(found)


def _ruled(
    policy: Policy, name: str, called: frozenset[str] | set[str], fields: frozenset[str]
) -> RuledType:
    return RuledType(
        name,
        tuple(_causes(policy, called, None)),
        tuple(RuledField(field, tuple(_causes(policy, called, field))) for field in sorted(fields)),
    )


def _causes(
    policy: Policy, called: frozenset[str] | set[str], field: str | None
) -> Iterator[Cause]:
    for rule in policy.rules:
        for type_name, fields in rule.types.items():
            means = fields is None if field is None else field in (fields or ())
            if type_name in called and means:
                entry = type_name if field is None else f"{type_name}.{field}"
                yield Cause(f"rules[{rule.index}]", entry, rule.max_age, rule.swr, rule.scope)
    for entry in sorted(policy.non_cacheable):
        type_name, _, of_field = entry.partition(".")
        if type_name in called and of_field == (field or ""):
            yield Cause("nonCacheable", entry)
