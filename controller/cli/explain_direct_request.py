"""What a direct profile's VCL does with a request, before there is an answer.

The same steps in the same order as ``templates/direct/main.vcl.j2`` and what it calls: a reason
that is found later takes the place of an earlier one there. tests/e2e/test_explain_direct.py holds
this against a running node.
"""

from __future__ import annotations

import re

from controller.cli.explain_input import Question
from controller.cli.explain_shared import (
    counting_lines,
    given_cookies,
    is_unkeyed,
    negotiated,
    odd_cookie,
    parsed_cookies,
    repeated_header,
    said_by_client,
    stands_twice,
    too_large,
    unkeyed_header,
)
from controller.cli.explained import Reason
from controller.cli.explained_direct import KeyPart, Round
from vclgen.direct.plan import DirectPlan

_TARGET = re.compile(r'/[!"$-~]*')
SCRIPT = "x-requested-with"
_HOST = re.compile(r"[0-9A-Za-z._:\[\]-]*")


def host_of(question: Question) -> str:
    """The Host that Varnish sees, in lower case."""
    return ", ".join(question.values("host") or [question.host or ""]).lower()


def received(plan: DirectPlan, question: Question) -> Round | Reason:
    """What a request is, or why Varnish answers it itself."""
    target = plan.path if question.target is None else question.target
    if not _TARGET.fullmatch(target) or not _HOST.fullmatch(host_of(question)):
        said = "the target must be a path, percent-encoded, and Host a name that stands once"
        return Reason("400", f"Varnish answers 400: {said}")
    round_: Round = "graphql"
    if not re.search(plan.path_pattern, target):
        if not plan.site:
            return Reason("404", f"Varnish answers 404: this cache serves {plan.path}")
        round_ = "static" if re.search(plan.static_pattern, target) else "page"
    return too_large(question, plan.max_request_size) or round_


def passed_directly(plan: DirectPlan, question: Question, round_: Round) -> Reason | None:
    """Why a request is not looked up."""
    found: Reason | None = None
    if question.request.method not in ("GET", "HEAD"):
        found = Reason("method", "only GET and HEAD are cached")
    elif question.values("transfer-encoding") or _length(question):
        found = Reason("body-on-get", "a GET with a body")
    elif round_ == "static" and not plan.static_cached:
        found = Reason("static", "static files pass (direct.static)")
    if round_ == "graphql":
        for name in plan.bypass_headers:
            if question.values(name):
                found = Reason("bypass-header", f"{name} is one of bypassCacheHeaders")
    if found is None and round_ != "static":
        found = _keyed(plan, question)
    if found is None and round_ != "static" and is_uncached_for(plan, question):
        found = Reason("client-no-store", "it says no-store, and clientBypass obeys")
    if found is None and round_ == "graphql":
        found = _of_graphql(plan, question)
    if found is None and round_ == "page":
        found = _of_a_page(plan, question)
    return found


def _length(question: Question) -> bool:
    lines = question.values("content-length")
    return bool(lines) and lines[0].strip() not in ("", "0")


def is_uncached_for(plan: DirectPlan, question: Question) -> bool:
    """Whether a client's no-store counts, and it says so."""
    return plan.client_bypass and said_by_client(question, "no-store")


def read_lines(plan: DirectPlan, question: Question, name: str) -> list[str]:
    """The lines of a header that count: of those that tell of TLS, if a trusted proxy asks, as
    ``client_recv`` and ``trust_scheme`` leave them.
    """
    if not plan.forwarded or name not in ("x-forwarded-proto", plan.tls_header):
        return counting_lines(question, name)
    told = question.values("x-forwarded-proto") if plan.trusted_proxies else []
    if not told or not re.fullmatch("(?i)https?", told[0]):
        told = ["https" if plan.proxy_listener and question.scheme == "https" else "http"]
    if name == "x-forwarded-proto":
        return told
    return (question.values(name) if plan.trusted_proxies else []) or told[:1]


def _keyed(plan: DirectPlan, question: Question) -> Reason | None:
    for name in plan.single_headers:
        if len(read_lines(plan, question, name)) > 1:
            return repeated_header(name)
    for name, value in question.headers:
        if changes_answers(plan, name, value):
            return unkeyed_header(name)
    return None


def _of_graphql(plan: DirectPlan, question: Question) -> Reason | None:
    found: Reason | None = None
    if negotiated(", ".join(question.values("accept"))) is None:
        found = Reason("accept", "it wants a page for people (text/html), or its Accept is odd")
    found = _of_token(plan, question) or found
    found = _of_cookies(question, plan.vary_cookies) or found
    cookies = parsed_cookies(question)
    own = plan.known.page_cookie
    if own is not None and _has_own(plan, question, own) and not question.values("authorization"):
        found = Reason("credentials", f"cookie {own}: the session may count")
    if own is None:
        found = _other_cookies(plan, cookies, plan.vary_cookies) or found
    return found


def _has_own(plan: DirectPlan, question: Question, name: str) -> bool:
    """Whether the cookie of pages is there: where none is keyed, without a value as well."""
    if plan.vary_cookies:
        return name in parsed_cookies(question)
    cookies = "; ".join(question.values("cookie"))
    return re.search(rf"(?a)(?:^|;)\s*{re.escape(name)}\s*=", cookies) is not None


def _of_token(plan: DirectPlan, question: Question) -> Reason | None:
    tokens, known = question.values("authorization"), plan.known.cache_id
    if not tokens or (known is not None and is_keyed_token(question, known)):
        return None
    if known is None:
        return Reason("credentials", "it carries Authorization")
    said = f"a token counts only with {known}, and if it is a Bearer token"
    return Reason("credentials", said)


def is_keyed_token(question: Question, cache_id: str) -> bool:
    """Whether a token counts: a Bearer token beside the id that the origin gave for its holder."""
    token = question.values("authorization")[0]
    return bool(question.values(cache_id)) and re.match(r"(?i)bearer\s", token) is not None


def _of_cookies(question: Question, names: tuple[str, ...]) -> Reason | None:
    cookies = "; ".join(question.values("cookie"))
    for name in names:
        if stands_twice(cookies, name):
            return Reason("repeated-cookie", f"{name} stands there twice, and splits the cache")
    return odd_cookie(cookies)


def _other_cookies(
    plan: DirectPlan, cookies: dict[str, str], keyed: tuple[str, ...]
) -> Reason | None:
    others = [n for n in cookies if n not in keyed and not re.search(plan.ignored_cookies, n)]
    if not others:
        return None
    return Reason("credentials", f"cookie {', '.join(others)} is neither keyed nor ignored")


def _of_a_page(plan: DirectPlan, question: Question) -> Reason | None:
    found: Reason | None = None
    target = question.target or ""
    if plan.pass_paths is not None and re.search(plan.pass_paths, target):
        found = Reason("path", "its path is one of direct.passPaths")
    health = plan.health.path if plan.health is not None else None
    if health is not None and re.search(rf"^(/pub)?{re.escape(health)}(\?|$)", target):
        found = Reason("path", "it is the health check")
    if question.values("authorization"):
        found = Reason("credentials", "Authorization on a page")
    found = _of_cookies(question, plan.page_cookies) or found
    if plan.known.page_cookie is None:
        found = _other_cookies(plan, parsed_cookies(question), plan.page_cookies) or found
    return found


def key_parts(plan: DirectPlan, question: Question, round_: Round) -> tuple[KeyPart, ...]:
    """What the key of a request that is looked up is made of."""
    url = keyed_url(plan, question, round_)
    parts = [KeyPart("host", host_of(question)), KeyPart("url", url)]
    for name in (plan.tls_header, *plan.keyed_headers):
        lines = read_lines(plan, question, name)
        if round_ == "static":
            lines = [] if name == plan.tls_header else question.values(name)
        parts.append(KeyPart(name, lines[0] if lines else None))
    if round_ != "graphql":
        for name in plan.page_headers:
            parts.append(KeyPart(name, next(iter(question.values(name)), None)))
    if round_ == "page":
        parts.append(KeyPart(SCRIPT, _script(question)))
    cookies = given_cookies(question)
    if round_ == "graphql":
        parts.append(KeyPart("accept", negotiated(", ".join(question.values("accept")))))
        if plan.known.cache_id is not None:
            holder = "authorized" if question.values("authorization") else "guest"
            parts.append(KeyPart("token", holder))
        names = plan.vary_cookies
    else:
        names = plan.page_cookies if round_ == "page" else ()
    parts += [KeyPart(f"cookie {name}", cookies.get(name)) for name in names]
    if round_ == "page" and plan.design_exceptions:
        parts.append(KeyPart("design", _design(plan, question)))
    return tuple(parts)


def _script(question: Question) -> str | None:
    asked = "".join(question.values(SCRIPT)[:1])
    return "XMLHttpRequest" if "xmlhttprequest" in asked.lower() else None


def keyed_url(plan: DirectPlan, question: Question, round_: Round) -> str:
    """The URL of what is stored; that of a page as ``pages_url`` makes it: without marketing
    parameters, the others sorted.
    """
    assert question.target is not None
    url = question.target
    if round_ != "page":
        return url
    if plan.marketing is not None and re.search(rf"[?&]({plan.marketing})(=|&|$)", url):
        url = re.sub(rf"(?<=[?&])({plan.marketing})(=[^&]*)?(&|$)", "", url)
        url = re.sub(r"[?&]+$", "", url)
    path, mark, query = url.partition("?")
    return path + mark + "&".join(sorted(each for each in query.split("&") if each))


def _design(plan: DirectPlan, question: Question) -> str | None:
    agent = "".join(question.values("user-agent")[:1])
    for exception in plan.design_exceptions:
        if re.search(exception.user_agent, agent):
            return exception.value
    return None


def changes_answers(plan: DirectPlan, name: str, value: str) -> bool:
    """Whether a header line is known to change answers and is not keyed."""
    none = name == "accept-language" and value == "*"
    return not none and is_unkeyed(plan.unkeyed_headers, name)
