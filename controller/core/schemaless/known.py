"""The types that were heard of: in the config, and in the answers so far."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from controller.core.names import types_by_form
from controller.core.policy import Policy

MOST_TYPES: Final = 5_000
"""More than any schema we know has. What comes after is not remembered: a mutation whose answer
names nothing then finds its type in the config alone.
"""


class KnownTypes:
    """Types by the forms in which a mutation's name can speak of them, and those that answers to
    a mutation field have named. Types that the config gives no key are left out: values.
    """

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self.names: set[str] = set()
        self._forms: Mapping[str, set[str]] | None = None
        self.by_field: dict[str, frozenset[str]] = {}
        self.add(_configured(policy))

    @property
    def forms(self) -> Mapping[str, set[str]]:
        """Type names by form (``core.names``)."""
        if self._forms is None:
            self._forms = types_by_form(self.names)
        return self._forms

    def add(self, names: Iterable[str]) -> None:
        """An answer to a query has named these."""
        new = {name for name in names if self._keyed(name)} - self.names
        if new and len(self.names) + len(new) <= MOST_TYPES:
            self.names |= new
            self._forms = None

    def met(self, by_field: Mapping[str, frozenset[str]]) -> None:
        """Answers to these mutation fields have named these types."""
        for field, names in by_field.items():
            keyed = frozenset(filter(self._keyed, names))
            if keyed and (field in self.by_field or len(self.by_field) < MOST_TYPES):
                self.by_field[field] = self.by_field.get(field, frozenset()) | keyed

    def _keyed(self, name: str) -> bool:
        return self._policy.key_fields.get(name) != ()


def _configured(policy: Policy) -> set[str]:
    names = {*policy.key_fields, *(name for rule in policy.rules for name in rule.types)}
    names.update(entry.partition(".")[0] for entry in policy.non_cacheable)
    names.update(*policy.field_types.values())
    return names
