"""From the origin's answer to a mutation to what the client gets and what is known of the outcome.

Unlike a query it cannot be asked again, so whatever comes back is made fit for the client, and
doubt goes into the outcome.
"""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from controller.core.answer import Reading, S, Uncuttable, read
from controller.core.cut import cut, cut_exhaustively, rename
from controller.core.instrument_source import SourceInstrumented
from controller.core.jsontext import elements
from controller.core.mutation import Answered, NotExecuted, Outcome, Unknown
from controller.core.mutation_errors import error_paths
from controller.core.policy import Policy
from controller.core.walk import parse_answer


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
    return MutationAnswer(sent.restore_locations(clean), _outcome(sent, reading, exact, status))


def outcomes_of_batch(
    sent: Sequence[tuple[int | None, SourceInstrumented[Any]]],
    size: int,
    body: bytes,
    read_one: Callable[[SourceInstrumented[Any], bytes], MutationAnswer],
) -> list[Outcome]:
    """The outcomes of the mutations of a batch of ``size`` operations, each with its place in it.
    ``read_one`` reads the answer to one.

    Origins answer with an array in the order of the operations. Where the answer is no such array
    nothing is known, unless it is a request error for them all.
    """
    answers = _elements(body, size)
    if answers is None:
        whole = [read_one(each, body).outcome for _, each in sent]
        return [one if isinstance(one, NotExecuted) else Unknown() for one in whole]
    return [
        Unknown() if item is None else read_one(each, answers[item]).outcome for item, each in sent
    ]


def _elements(body: bytes, size: int) -> list[bytes] | None:
    try:
        answer = parse_answer(body)
    except ValueError:
        return None
    found = list(elements(body.removeprefix(BOM_UTF8))) if isinstance(answer, list) else []
    return found if len(found) == size else None


def _outcome(
    sent: SourceInstrumented[Any], reading: Reading[S], exact: bool, status: int
) -> Outcome:
    data = reading.members.get("data")
    if isinstance(data, dict):
        if not exact or reading.seen.unexpected:
            return Unknown(data)
        if not reading.has_errors:
            return Answered(data)
        # An error can stand for an element or a key whose write happened all the same.
        return Unknown(data, error_paths(reading.members["errors"]) if status < 500 else None)
    if reading.has_errors and status < 500:
        # With one field the null is that field's; of several another one may have written.
        failed = data is None and len(sent.layout.root_fields) == 1
        if "data" not in reading.members or (failed and not _purges_failed(sent)):
            return NotExecuted()
    return Unknown()


def _purges_failed(sent: SourceInstrumented[Any]) -> bool:
    policy: Policy = sent.layout.policy
    return policy.failed_mutations_purge
