"""The one way a validator says no: what is wrong, and what to do about it."""

from __future__ import annotations

from typing import Final

from pydantic_core import PydanticCustomError

REFUSED: Final = "refused"
"""The pydantic error type of these refusals."""


def refusal(what: str, fix: str) -> PydanticCustomError:
    """An error to raise in a validator; ``vclgen.config.problems`` reads it back."""
    return PydanticCustomError(REFUSED, "{what}; {fix}", {"what": what, "fix": fix})


def shown(value: object) -> str:
    """A value of the config in a message, short and on one line."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
