"""From the origin's answer to a mutation to what the client gets and what is known of the outcome.

Unlike a query it cannot be asked again, so whatever comes back is made fit for the client, and
doubt goes into the outcome.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from controller.core.answer import Reading, S, Uncuttable, read
from controller.core.cut import cut, cut_exhaustively, rename
from controller.core.instrument_source import SourceInstrumented
from controller.core.mutation import Answered, NotExecuted, Outcome, Unknown


@dataclass(frozen=True, slots=True)
class MutationAnswer:
    """``body`` is what the client gets."""

    body: bytes
    outcome: Outcome


def read_mutation_answer(
    sent: SourceInstrumented, body: bytes, *, status: int = 200
) -> MutationAnswer:
    """Read a decoded body. ``status`` is the origin's: behind a 5xx a write may have happened even
    where the answer holds errors alone (a gateway's time-out).
    """
    return mutation_answer(sent, read(sent.layout, body), body, status=status)


def mutation_answer(
    sent: SourceInstrumented[Any], reading: Reading[S] | Uncuttable, body: bytes, *, status: int
) -> MutationAnswer:
    """The same of a body that was read already."""
    result = cut(body, sent.prefix)
    traces = sent.prefix.encode() in result.body
    if isinstance(reading, Uncuttable):
        return MutationAnswer(
            rename(result.body, sent.aliases) if traces else result.body, Unknown()
        )
    clean = cut_exhaustively(result.body, sent.aliases) if traces else result.body
    exact = not traces and result.count == reading.seen.injected
    return MutationAnswer(sent.restore_locations(clean), _outcome(reading, exact, status))


def _outcome(reading: Reading[S], exact: bool, status: int) -> Outcome:
    data = reading.members.get("data")
    if isinstance(data, dict):
        # An error can stand for an element or a key whose write happened all the same.
        certain = exact and not reading.seen.unexpected and not reading.has_errors
        return Answered(data) if certain else Unknown(data)
    if "data" not in reading.members and reading.has_errors and status < 500:
        return NotExecuted()
    return Unknown()
