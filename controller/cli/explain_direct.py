"""``shellac explain`` in a direct profile: Varnish decides by headers, the origin by its answer.

A URL is a GET, as Varnish sees it; no controller reads its document. A document alone is a POST,
which passes; the controller reads what it changes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from controller.brain import Brain
from controller.cli.direct import is_alone
from controller.cli.explain_direct_answer import Lines, needs, not_stored, stored
from controller.cli.explain_direct_headers import direct_effects
from controller.cli.explain_direct_mutation import (
    ALONE,
    BYPASSED,
    QUERY,
    UNREAD,
    mutation_purge_of,
)
from controller.cli.explain_direct_request import (
    key_parts,
    passed_directly,
    read_lines,
    received,
)
from controller.cli.explain_input import Question
from controller.cli.explained import Reason
from controller.cli.explained_direct import DirectExplained, DirectPurge
from controller.core.faults import document_faults
from controller.core.mutation_text import may_hold_mutation
from controller.core.request import Single, read_request
from controller.core.verdict import Mutation, Pass, Verdict
from controller.gateway.passes import found_writes, may_write, purge_for
from controller.policy_of import policy_of
from controller.schema_keeper import brain_of
from controller.schema_source import fetch_schema
from vclgen.config import Config
from vclgen.direct.plan import DirectPlan, direct_plan

_BY_GET: Final = (
    "no controller reads a GET: if it holds a mutation the origin has to refuse it, for it is "
    "looked up like a query and purges nothing"
)
_QUERY_BY_POST: Final = (
    "by GET it could be cached: ask about its URL, https://…/graphql?query=…, to see how"
)


async def explain_direct(config: Config, question: Question, answer: Lines) -> DirectExplained:
    """What happens to a request. ``answer`` are header lines of the origin's answer to it, with
    names in lower case; empty: they are not known.

    Raises:
        SchemaUnavailable: there is no schema by which to say what a mutation changes.
    """
    plan = direct_plan(config)
    round_ = received(plan, question)
    if isinstance(round_, Reason):
        return DirectExplained("refused", round_)
    reason = passed_directly(plan, question, round_)
    found = DirectExplained("passed", reason, round_)
    if question.target is None:
        return await _posted(config, question, found)
    effects = tuple(direct_effects(plan, question, round_))
    found = replace(found, headers=effects, notes=tuple(_notes(plan, question, found)))
    if reason is not None:
        return found
    wanted = tuple(needs(plan, question, round_))
    found = replace(found, key=key_parts(plan, question, round_), needs=wanted)
    if not answer:
        return replace(found, outcome="perhaps cached")
    reason = not_stored(plan, question, round_, answer)
    if reason is not None:
        return replace(found, outcome="not stored", reason=reason)
    return replace(found, outcome="cached", answer=stored(plan, question, round_, answer))


def _notes(plan: DirectPlan, question: Question, found: DirectExplained) -> list[str]:
    notes = []
    if found.round == "graphql" and may_hold_mutation(question.request.query_string):
        notes.append(_BY_GET)
    told = read_lines(plan, question, plan.tls_header)
    if question.scheme == "https" and told in ([], ["http"]):
        said = f"the proxy that ends TLS has to send {plan.tls_header}, which is part of the key"
        notes.append(f"{said}: -H '{plan.tls_header}: https'")
    return notes


async def _posted(config: Config, question: Question, found: DirectExplained) -> DirectExplained:
    """A document by POST: the controller reads it, if there is one."""
    if is_alone(config):
        return replace(found, purge=DirectPurge(ALONE))
    brain = brain_of(policy_of(config), await fetch_schema(config))
    verdict = brain.decide(question.request)
    asked = read_request(question.request)
    if isinstance(asked, Single) and isinstance(verdict, Pass):
        faults = document_faults(brain.index, asked.document, verdict.operation)
        found = replace(found, errors=faults)
    if found.reason is not None and found.reason.detail == "bypass-header":
        return replace(found, purge=DirectPurge(BYPASSED))
    purge = _purge(brain, verdict)
    if isinstance(verdict, Mutation):
        return replace(found, outcome="mutation", purge=purge)
    return replace(found, purge=purge, notes=() if may_write(verdict, brain) else (_QUERY_BY_POST,))


def _purge(brain: Brain, verdict: Verdict) -> DirectPurge:
    writes = found_writes(verdict)
    if isinstance(verdict, Pass) and verdict.may_write:
        return DirectPurge(UNREAD, everything=True)
    if not writes:
        return DirectPurge(QUERY)
    return mutation_purge_of(brain, writes, purge_for(verdict, None, brain))
