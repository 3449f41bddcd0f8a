"""What each header of a request does in a direct profile, as ``graphql_recv``, ``pages_recv`` and
``fetch.vcl.j2`` have it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from controller.cli.explain_direct_request import (
    SCRIPT,
    changes_answers,
    is_keyed_token,
    is_uncached_for,
)
from controller.cli.explain_input import Question
from controller.cli.explain_shared import (
    INTERNAL,
    counting_lines,
    given_cookies,
    known_to_change,
    negotiated,
    wants_anew,
)
from controller.cli.explained import HeaderEffect
from controller.cli.explained_direct import Round
from vclgen.direct.plan import DirectPlan
from vclgen.plan import PLAIN_HEADERS


def direct_effects(plan: DirectPlan, question: Question, round_: Round) -> Iterator[HeaderEffect]:
    """What each header does to a request that could be looked up."""
    for name in dict.fromkeys(name for name, _ in question.headers):
        if name == "cookie":
            for cookie in given_cookies(question):
                yield _cookie(plan, question, cookie, round_)
        else:
            yield _header(plan, question, name, round_)


def _header(plan: DirectPlan, question: Question, name: str, round_: Round) -> HeaderEffect:
    if INTERNAL.match(name):
        return HeaderEffect(name, "dropped", "internal to Shellac")
    if name in plan.bypass_headers and round_ == "graphql":
        return HeaderEffect(name, "passes", "one of bypassCacheHeaders", "bypass-header")
    if name == "host" or (name == plan.tls_header and round_ != "static"):
        return HeaderEffect(name, "keyed", "its value splits the cache; the origin gets it")
    if name in plan.keyed_headers or (name in plan.page_headers and round_ != "graphql"):
        return HeaderEffect(name, "keyed", "its value splits the cache; the origin gets it")
    if name == "origin" and plan.cors and round_ == "graphql":
        return HeaderEffect(name, "dropped", "Varnish answers CORS itself")
    if round_ == "static":
        dropped = name in ("authorization", plan.tls_header)
        return _page_header(plan, name) if not dropped else HeaderEffect(name, "dropped", "static")
    if name == "cache-control" and is_uncached_for(plan, question):
        return HeaderEffect(name, "passes", "no-store, and clientBypass obeys", "client-no-store")
    if plan.client_bypass and name == wants_anew(question):
        return HeaderEffect(name, "dropped", "no-cache: the answer is fetched anew (clientBypass)")
    if name == "authorization":
        return _authorization(plan, question, round_)
    if any(changes_answers(plan, name, value) for value in question.values(name)):
        return HeaderEffect(name, "passes", known_to_change(name), "unkeyed-header")
    if name == "accept-language" and not counting_lines(question, name):
        return HeaderEffect(name, "dropped", "* is the same as none")
    if round_ == "page" and name == SCRIPT:
        return HeaderEffect(name, "keyed", "what counts is whether it says XMLHttpRequest")
    if round_ == "page":
        return _page_header(plan, name)
    if name == "accept" and negotiated(", ".join(question.values(name))) is None:
        return HeaderEffect(name, "passes", "text/html, or odd", "accept")
    if name in ("accept", "accept-encoding"):
        return HeaderEffect(name, "negotiated", "what clients commonly send falls together")
    if name in PLAIN_HEADERS:
        return HeaderEffect(name, "forwarded", "part of every fetch")
    return HeaderEffect(name, "dropped", "the origin does not get it")


def _authorization(plan: DirectPlan, question: Question, round_: Round) -> HeaderEffect:
    name, known = "authorization", plan.known.cache_id
    if round_ == "graphql" and known is not None and is_keyed_token(question, known):
        said = f"that there is one is keyed; {known} says whose answers it gets"
        return HeaderEffect(name, "keyed", said)
    return HeaderEffect(name, "passes", "a credential", "credentials")


def _page_header(plan: DirectPlan, name: str) -> HeaderEffect:
    if re.match(f"({plan.steering_headers}):", f"{name}:"):
        return HeaderEffect(name, "dropped", "it steers frameworks to another host or path")
    return HeaderEffect(name, "forwarded", "a page's fetch carries it, unkeyed")


def _cookie(plan: DirectPlan, question: Question, name: str, round_: Round) -> HeaderEffect:
    shown = f"cookie {name}"
    if round_ == "static":
        return HeaderEffect(shown, "dropped", "static files are fetched without cookies")
    own = plan.known.page_cookie
    if name in (plan.vary_cookies if round_ == "graphql" else plan.page_cookies):
        return HeaderEffect(shown, "keyed", "its value splits the cache; the origin gets it")
    if own is None and not re.search(plan.ignored_cookies, name):
        return HeaderEffect(shown, "passes", "neither keyed nor ignored", "credentials")
    if round_ == "page":
        return HeaderEffect(shown, "forwarded", "the page is shared whatever its value is")
    if name == own and not question.values("authorization"):
        return HeaderEffect(shown, "passes", "the session may count", "credentials")
    return HeaderEffect(shown, "dropped", "no credential: the origin does not get it")
