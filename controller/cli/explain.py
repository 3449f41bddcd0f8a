"""``shellac explain``: what happens to a request, and why. The core decides; this tells it."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, assert_never

from controller.brain import Brain
from controller.cli.explain_free import (
    free_notes,
    free_outcome,
    free_query_tags,
    free_types,
    left_open,
)
from controller.cli.explain_headers import (
    credentials,
    effects,
    effects_of_a_pass,
    passed_after_verdict,
    passed_before_verdict,
    passed_by_controller,
    refused,
)
from controller.cli.explain_input import Question
from controller.cli.explain_scopes import refused_token, shown_scopes
from controller.cli.explain_tags import mutations_purge, query_tags
from controller.cli.explained import Explained, Outcome, Reason, ShownOperation, ShownRule
from controller.core.details import DETAILS
from controller.core.faults import document_faults
from controller.core.operation import Operation, Refusal
from controller.core.request import Single, read_request
from controller.core.ruled import RuledType, ruled_types
from controller.core.rules import by_hash, sha256
from controller.core.verdict import CacheableQuery, Mutation, Pass, is_blocked
from controller.policy_of import policy_of
from controller.schema_keeper import brain_of
from controller.schema_source import fetch_schema
from vclgen.config import Config
from vclgen.plan import GatewayPlan, gateway_plan

_BY_RULES: Final = frozenset(
    {"pass-through-only", "introspection", "non-cacheable", "private-hint", "no-rule", "max-age-0"}
)
"""Passes of valid queries: it helps to see what is selected."""


async def explain(config: Config, question: Question) -> Explained:
    """What the gateway does with a request, decided by its own code.

    Raises:
        SchemaUnavailable: there is no schema to explain it by.
        ConfigError: the key of a scope that the request has a token for cannot be used.
    """
    brain = brain_of(policy_of(config), await fetch_schema(config))
    plan = gateway_plan(config)
    verdict = brain.decide(question.request)
    match verdict:
        case CacheableQuery():
            found = await _query(config, plan, brain, question, verdict)
        case Mutation():
            found = _mutation(brain, verdict)
        case Pass():
            found = _pass(config, brain, question, verdict)
        case _:
            assert_never(verdict)
    before = passed_before_verdict(plan, question)
    if before is not None:
        found = _passed_first(found, before)
    if not isinstance(verdict, CacheableQuery):
        found = replace(found, headers=tuple(effects_of_a_pass(plan, question)))
    answered = refused(plan, question)
    if answered is None and is_blocked(verdict):
        answered = found.reason
    return found if answered is None else replace(found, outcome="refused", reason=answered)


async def _query(
    config: Config, plan: GatewayPlan, brain: Brain, question: Question, verdict: CacheableQuery
) -> Explained:
    names = verdict.decision.scopes
    read = credentials(plan, question, names)
    scopes = await shown_scopes(config, names, read.sources)
    reason = (
        passed_after_verdict(plan, question, names)
        or refused_token(scopes)
        or passed_by_controller(question)
    )
    sent = brain.instrumented(verdict.operation)
    outcome: Outcome = "cached"
    left = None
    if brain.index is None:
        left = left_open(brain.policy, verdict.operation)
        outcome, notes = free_outcome(left), [*free_notes(verdict, left)]
        tags = free_query_tags(brain.policy, verdict, sent.layout)
    else:
        notes = [
            "with the data come tags for entities, lists and nulls; a type is tagged where the "
            "answer holds one"
        ]
        tags = query_tags(brain, verdict, sent.layout)
    if read.others and reason is None:
        notes.append(
            f"{', '.join(read.others)} is dropped; if the answer then cannot be stored, this "
            "request is sent again with it, and passes"
        )
    return replace(
        _described(config, brain, verdict.operation),
        outcome=outcome if reason is None else "passed",
        reason=reason,
        key=verdict.key,
        max_age=verdict.decision.max_age,
        swr=verdict.decision.swr,
        scopes=scopes,
        left=left,
        headers=tuple(effects(plan, question, names)),
        tags=tags,
        sent=sent.text,
        notes=tuple(notes),
    )


def _mutation(brain: Brain, verdict: Mutation) -> Explained:
    notes = [
        "purged is what its answer names; what is listed here, if its outcome is unknown",
    ]
    operation = verdict.operation
    sent = operation.source
    if verdict.by_get:
        notes.append("a mutation by GET is sent as it is written")
    else:
        sent = brain.instrumented_source(operation).text
    if sent != operation.source:
        notes.append("sent as it is written if the origin refuses the members that are added")
    return Explained(
        "mutation",
        Reason("mutation", "mutations are never cached"),
        operation=_operation(operation),
        purge=mutations_purge(brain, [operation]),
        sent=sent,
        notes=tuple(notes),
    )


def _pass(config: Config, brain: Brain, question: Question, verdict: Pass) -> Explained:
    found = Explained("passed")
    if verdict.operation is not None and verdict.detail in _BY_RULES:
        found = _described(config, brain, verdict.operation)
    elif verdict.operation is not None:
        found = replace(found, operation=_operation(verdict.operation))
    asked = read_request(question.request)
    if isinstance(asked, Single):
        faults = document_faults(brain.index, asked.document, verdict.operation)
        found = replace(found, errors=faults)
    if verdict.writes or verdict.may_write:
        writes = [write.operation for write in verdict.writes]
        purge = mutations_purge(brain, writes, everything=verdict.may_write)
        found = replace(found, purge=purge)
    reason = Reason(verdict.detail, verdict.message, DETAILS.get(verdict.detail))
    return replace(found, reason=reason)


def _passed_first(found: Explained, reason: Reason) -> Explained:
    """A request that passes before its document is looked at."""
    if reason.detail == "bypass-header" and found.purge is not None:
        note = "with this header it purges nothing"
        return replace(found, reason=reason, purge=None, notes=(note,))
    if found.outcome == "mutation":
        return found
    return replace(found, outcome="passed", reason=reason)


def _described(config: Config, brain: Brain, operation: Operation) -> Explained:
    """A valid query: what it selects, and the rules that speak for it."""
    if brain.index is None:
        types: tuple[RuledType, ...] | Refusal = free_types(brain.policy, operation)
    else:
        types = ruled_types(brain.index, operation)
    shown = () if isinstance(types, Refusal) else types
    return Explained(
        "passed",
        operation=_operation(operation),
        rules=_rules(config, brain, operation, shown),
        types=shown,
    )


def _operation(operation: Operation) -> ShownOperation:
    return ShownOperation(
        operation.type.value,
        operation.name,
        operation.text,
        operation.digest,
        sha256(operation.source),
    )


def _rules(
    config: Config, brain: Brain, operation: Operation, types: tuple[RuledType, ...]
) -> tuple[ShownRule, ...]:
    met: dict[str, dict[str, None]] = {}
    for type_ in types:
        for cause in (*type_.causes, *(c for f in type_.fields for c in f.causes)):
            met.setdefault(cause.source, {})[cause.entry] = None
    found = []
    for rule in brain.policy.rules:
        name = f"rules[{rule.index}]"
        hashes = [f"{match.entry}, {match.coordinate}" for match in by_hash(rule, operation)]
        entries = (*met.get(name, ()), *hashes)
        if entries:
            said = config.rules[rule.index].description
            found.append(ShownRule(name, said, rule.max_age, rule.swr, rule.scope, entries))
    return tuple(found)
