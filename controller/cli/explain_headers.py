"""What the headers of a request do, as the generated VCL decides it.

The same steps in the same order as ``client_recv``, ``request_recv``, ``bypass_recv``,
``clientcache_recv``, ``accept_recv``, ``keyed_type``, ``keyed_recv`` and ``scopes_recv`` of
``templates/features/``; tests/e2e/test_explain.py holds this against a running node.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from controller.cli.explain_input import Question
from controller.cli.explain_shared import (
    INTERNAL,
    counting_lines,
    given_cookies,
    is_unkeyed,
    known_to_change,
    negotiated,
    odd_cookie,
    repeated_header,
    said_by_client,
    stands_twice,
    too_large,
    unkeyed_header,
    wants_anew,
)
from controller.cli.explained import HeaderEffect, Reason
from controller.core.parts import asks_for_events
from controller.core.policy import ANONYMOUS
from vclgen.config.scopes import ScopeSource
from vclgen.plan import PLAIN_HEADERS, GatewayPlan

_EVENTS: Final = "it wants events (text/event-stream): the origin's own, as they come"


@dataclass(frozen=True, slots=True)
class Credentials:
    """``sources`` tells where each scope of a query has its value, with the value. ``others`` are
    the credentials that none of them reads. ``ignored`` are cookies that are none.
    """

    sources: Mapping[str, tuple[ScopeSource, str]]
    others: tuple[str, ...]
    ignored: tuple[str, ...]


def refused(plan: GatewayPlan, question: Question) -> Reason | None:
    """Why Varnish answers a request itself."""
    if question.target is not None:
        if not re.fullmatch(r"/[!-~]*", question.target):
            said = "the request target must be a path, percent-encoded"
            return Reason("400", f"Varnish answers 400: {said}")
        if not re.search(plan.path_pattern, question.target):
            return Reason("404", f"Varnish answers 404: this cache serves {plan.path}")
    return too_large(question, plan.max_request_size)


def passed_before_verdict(plan: GatewayPlan, question: Question) -> Reason | None:
    """Why a request passes whatever its document is."""
    if question.request.method == "POST":
        if question.values("content-encoding"):
            return Reason("content-encoding", "the body is compressed")
        if question.values("transfer-encoding"):
            return Reason("chunked-body", "the body comes without a length")
        size, limit = len(question.request.body), plan.lookup_body_size
        if size > limit:
            return Reason("large-body", f"the body has {size} bytes, lookupBodySize is {limit}")
    elif question.values("transfer-encoding"):
        return Reason("body-on-get", "a GET with a body")
    for name in plan.bypass_headers:
        if question.values(name):
            return Reason("bypass-header", f"{name} is one of bypassCacheHeaders")
    if plan.client_bypass and said_by_client(question, "no-store"):
        return Reason("client-no-store", "it says no-store, and clientBypass obeys")
    accept = ", ".join(question.values("accept"))
    if negotiated(accept) is None:
        return Reason("accept", "it wants a page for people (text/html), or its Accept is odd")
    if len(question.values("content-type")) > 1:
        return Reason("repeated-header", "content-type stands there twice")
    return None


def passed_after_verdict(
    plan: GatewayPlan, question: Question, scopes: Collection[str]
) -> Reason | None:
    """Why a request passes though its document could be cached under ``scopes``."""
    for name in plan.single_headers:
        if len(counting_lines(question, name)) > 1:
            return repeated_header(name)
    for name, _ in question.headers:
        if counting_lines(question, name) and is_unkeyed(plan.unkeyed_headers, name):
            return unkeyed_header(name)
    cookies = "; ".join(question.values("cookie"))
    for name in plan.scope_cookies:
        if stands_twice(cookies, name):
            return Reason("repeated-cookie", f"{name} stands there twice, and a scope reads it")
    if (odd := odd_cookie(cookies)) is not None:
        return odd
    others = credentials(plan, question, scopes).others
    if others and ANONYMOUS in scopes:
        return Reason(
            "credentials",
            f"it carries {', '.join(others)}, which no scope of this query reads, and the answer "
            "is shared among requests without credentials",
        )
    return None


def passed_by_controller(question: Question) -> Reason | None:
    """Why the controller has a request sent again as a pass when it is asked for the data."""
    if asks_for_events(", ".join(question.values("accept"))):
        return Reason("accept", _EVENTS)
    return None


def credentials(plan: GatewayPlan, question: Question, scopes: Collection[str]) -> Credentials:
    """What identifies the caller, as scopes_recv finds it."""
    cookies, ignored = _cookies(plan, question)
    sources: dict[str, tuple[ScopeSource, str]] = {}
    for scope in plan.scopes:
        if scope.name not in scopes:
            continue
        for source in scope.sources:
            lines = counting_lines(question, source.name) if source.kind == "header" else []
            if source.kind == "cookie" and source.name in cookies:
                lines = [cookies[source.name]]
            if lines:
                sources[scope.name] = (source, lines[0])
                break
    read = {str(source) for source, _ in sources.values()}
    known = ("authorization", *(n for n in plan.scope_headers if n != "authorization"))
    others = [
        name for name in known if counting_lines(question, name) and f"header:{name}" not in read
    ] + [f"cookie {name}" for name in cookies if f"cookie:{name}" not in read]
    return Credentials(sources, tuple(others), tuple(ignored))


def effects(
    plan: GatewayPlan, question: Question, scopes: Collection[str]
) -> Iterator[HeaderEffect]:
    """What each header does to a query under ``scopes``."""
    found = credentials(plan, question, scopes)
    for name in dict.fromkeys(name for name, _ in question.headers):
        if name == "cookie":
            for cookie in dict.fromkeys([*_cookies(plan, question)[0], *found.ignored]):
                yield _credential(f"cookie {cookie}", f"cookie:{cookie}", found, scopes)
        else:
            yield _effect(plan, question, name, found, scopes)


def effects_of_a_pass(plan: GatewayPlan, question: Question) -> Iterator[HeaderEffect]:
    """The same for a request that passes whatever its headers are: the origin gets them."""
    for name in dict.fromkeys(name for name, _ in question.headers):
        yield _early(plan, question, name) or HeaderEffect(name, "forwarded", _passed(plan, name))


def _passed(plan: GatewayPlan, name: str) -> str:
    """What client_recv makes of a header before it goes on."""
    if plan.forwarded and re.fullmatch(plan.forwarded_headers, name):
        return "replaced, unless a trusted proxy sends it"
    return "sent as it is"


def _early(plan: GatewayPlan, question: Question, name: str) -> HeaderEffect | None:
    """What counts before the document does."""
    if INTERNAL.match(name):
        return HeaderEffect(name, "dropped", "internal to Shellac")
    if name in plan.bypass_headers:
        return HeaderEffect(name, "passes", "one of bypassCacheHeaders", "bypass-header")
    if name == "cache-control" and plan.client_bypass and said_by_client(question, "no-store"):
        return HeaderEffect(name, "passes", "no-store, and clientBypass obeys", "client-no-store")
    if name == "accept" and negotiated(", ".join(question.values(name))) is None:
        return HeaderEffect(name, "passes", "text/html, or odd", "accept")
    return None


def _effect(
    plan: GatewayPlan, question: Question, name: str, found: Credentials, scopes: Collection[str]
) -> HeaderEffect:
    early = _early(plan, question, name)
    if early is not None:
        return early
    if name == "accept" and passed_by_controller(question):
        return HeaderEffect(name, "passes", _EVENTS, "accept")
    if name in ("accept", "accept-encoding"):
        return HeaderEffect(name, "negotiated", "what clients commonly send falls together")
    if name == "origin" and plan.cors and name not in plan.keyed_headers:
        return HeaderEffect(name, "dropped", "Varnish answers CORS itself")
    if name in plan.keyed_headers:
        return HeaderEffect(name, "keyed", "its value splits the cache; the origin gets it")
    if name == "authorization" or name in plan.scope_headers:
        return _credential(name, f"header:{name}", found, scopes)
    if name == "accept-language" and not counting_lines(question, name):
        return HeaderEffect(name, "dropped", "* is the same as none")
    if is_unkeyed(plan.unkeyed_headers, name):
        return HeaderEffect(name, "passes", known_to_change(name), "unkeyed-header")
    if plan.client_bypass and name == wants_anew(question):
        return HeaderEffect(name, "dropped", "no-cache: the answer is fetched anew (clientBypass)")
    if name in PLAIN_HEADERS:
        return HeaderEffect(name, "forwarded", "part of every fetch")
    return HeaderEffect(name, "dropped", "the origin does not get it")


def _credential(
    name: str, source: str, found: Credentials, scopes: Collection[str]
) -> HeaderEffect:
    reading = [scope for scope, (read, _) in found.sources.items() if str(read) == source]
    if reading:
        return HeaderEffect(name, "scope", f"read by {', '.join(sorted(reading))}")
    if name.removeprefix("cookie ") in found.ignored:
        return HeaderEffect(name, "dropped", "no credential (ignoreCookies)")
    if ANONYMOUS in scopes:
        return HeaderEffect(
            name, "passes", "a credential that no scope of this query reads", "credentials"
        )
    return HeaderEffect(name, "dropped", "a credential that no scope of this query reads")


def _cookies(plan: GatewayPlan, question: Question) -> tuple[dict[str, str], dict[str, str]]:
    """The cookies that are credentials, and those that are ignored."""
    given = given_cookies(question)
    ignored = {name for name in given if re.search(plan.ignored_cookies, name)}
    kept = {name: value for name, value in given.items() if name not in ignored}
    return kept, {name: given[name] for name in given if name in ignored}
