"""What a caller of the Purging API names, in the tags of an origin (the direct profiles)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NoReturn

from graphql import GraphQLError

from controller.admin.targets import Named, Targets
from controller.core.direct import Templates, keyed_by_templates
from controller.core.direct_purges import in_origin_tags
from controller.core.origin_tags import origin_tag, writable
from controller.core.policy import Policy
from controller.core.schema import SchemaIndex
from controller.core.tags import Tag

_USE = "purge by _purgeType, _purgeTags or _purgeAll"


def targets_of(policy: Policy, index: SchemaIndex | None) -> Targets:
    """What can be purged by name under this policy."""
    if policy.direct is None:
        return Targets(policy, index)
    return DirectTargets(policy, index, policy.direct.templates)


class DirectTargets(Targets):
    """Types by their ``tagTemplates``, tags as the origin names them. Nothing else is known of what
    is stored: it is an error.
    """

    def __init__(self, policy: Policy, index: SchemaIndex | None, templates: Templates) -> None:
        self._schema = index.schema if index is not None else None
        super().__init__(keyed_by_templates(policy, self._schema), index)
        self._templates = templates

    def tags(self, type_name: str, named: Named | None) -> tuple[Tag, ...]:
        """The origin's tags of the entities of ``type_name`` that ``named`` identifies; None: those
        of all of it.

        Raises:
            GraphQLError: no template says which they are, or there is no such type or field.
        """
        return self._at_the_origin(type_name, super().tags(type_name, named))

    def list_tags(self, type_name: str) -> tuple[Tag, ...]:
        """The tags of all of a type: the origin names no lists."""
        return self._at_the_origin(type_name, super().list_tags(type_name))

    def query(self, name: str) -> NoReturn:
        """Raises GraphQLError: no tag stands for it."""
        raise _unmapped(f"The origin's tags say nothing of the query field {name!r}: {_USE}")

    def query_with(self, name: str, _arguments: Mapping[str, object]) -> NoReturn:
        """Raises GraphQLError: no tag stands for it."""
        self.query(name)

    def operation(self, name: str) -> NoReturn:
        """Raises GraphQLError: no tag stands for it."""
        raise _unmapped(f"The origin's tags say nothing of the operation {name!r}: {_USE}")

    def ids(self, value: str) -> NoReturn:
        """Raises GraphQLError: no tag stands for it."""
        raise _unmapped(f"The origin's tags say nothing of {value!r} without its type: {_USE}")

    def tag(self, text: str) -> tuple[Tag, ...]:
        """A tag as the origin names it.

        Raises:
            GraphQLError: no header can carry it.
        """
        if not writable(text):
            reason = "longer than 200 bytes, empty, or not of visible ASCII without commas"
            raise _unmapped(f"{text[:80]!r} is no tag of the origin: it is {reason}")
        return (origin_tag(text),)

    def _at_the_origin(self, type_name: str, tags: Iterable[Tag]) -> tuple[Tag, ...]:
        found = in_origin_tags(self._templates, self._schema, tags)
        if found.unmapped:
            names = ", ".join(sorted(found.unmapped))
            raise _unmapped(f"tagTemplates does not say which tags {names} has: add it, or {_USE}")
        if found.everything:
            raise _unmapped(
                f"tagTemplates has no tag for this purge of {type_name}: give it a template "
                "without key fields, name entities whose tags can be written, or use _purgeAll"
            )
        return found.tags


def _unmapped(message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": "NO_ORIGIN_TAG"})
