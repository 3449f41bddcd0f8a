"""What Varnish makes of a request's headers in every profile: ``accept_recv``, ``keyed_recv`` and
vmod_cookie.
"""

from __future__ import annotations

import re
from string import whitespace
from typing import Final

from controller.cli.explain_input import Question
from controller.cli.explained import Reason
from vclgen.names import PASS_HEADERS

INTERNAL: Final = re.compile(r"x-shellac-|shellac-(?!debug$)|xkey|x-hashtwo$|proxy$")
_ODD_COOKIE: Final = re.compile(r"(?:^|;)\s*+(?:=|[^=;\s][^=;]*+(?:;|$))", re.ASCII)
_ANY_ACCEPT: Final = re.compile(r"\s*(\*/\*)?\s*")
_JSON_ACCEPT: Final = re.compile(r"(?i)\s*application/json\s*(;\s*charset=utf-8\s*)?(,|$)")
_RESPONSE_ACCEPT: Final = re.compile(
    r"(?i)\s*application/graphql-response\+json\s*(;\s*charset=utf-8\s*)?,"
    r".*(application/json|application/\*|\*/\*)"
)
_PLAIN_ACCEPT: Final = re.compile(r"[!-~]{1,200}")
_RESPONSE: Final = "application/graphql-response+json, application/json;q=0.9"


def negotiated(accept: str) -> str | None:
    """What the key holds of an Accept header; None: the request passes."""
    if _ANY_ACCEPT.fullmatch(accept):
        return "*/*"
    if _JSON_ACCEPT.match(accept):
        return "application/json"
    if _RESPONSE_ACCEPT.match(accept):
        return _RESPONSE
    plain = re.sub(r"\s", "", accept.lower())
    return plain if "text/html" not in plain and _PLAIN_ACCEPT.fullmatch(plain) else None


def counting_lines(question: Question, name: str) -> list[str]:
    """The lines of a header that count."""
    lines = question.values(name)
    return [] if name == "accept-language" and lines and lines[0] == "*" else lines


def given_cookies(question: Question) -> dict[str, str]:
    """The cookies as vmod_cookie reads them: one without a name or a value is none, a blank
    before `=` belongs to the name, of two the last counts.
    """
    parts = "; ".join(question.values("cookie")).split(";")
    pairs = (part.lstrip(whitespace).partition("=") for part in parts)
    return {name: value for name, _, value in pairs if name and value}


def parsed_cookies(question: Question) -> dict[str, str]:
    """The same where a part without `=` may stand among them: it swallows the next one."""
    text = "; ".join(question.values("cookie"))
    pairs = re.findall(r"(?a)\s*([^=]*)=([^;]*)(?:;|$)", text)
    return {name: value for name, value in pairs if name and value}


def stands_twice(cookies: str, name: str) -> bool:
    """Whether a cookie stands twice in the Cookie header."""
    written = re.escape(name)
    return re.search(rf"(?a)(?:^|;)\s*{written}\s*=.*;\s*{written}\s*=", cookies) is not None


def said_by_client(question: Question, word: str) -> bool:
    """Whether a directive without an argument stands in Cache-Control, whose lines are one."""
    return _holds(", ".join(question.values("cache-control")), word)


def wants_anew(question: Question) -> str | None:
    """The header by which a client asks for an answer that is not from the cache. Of Pragma the
    first line counts.
    """
    if question.values("cache-control"):
        return "cache-control" if said_by_client(question, "no-cache") else None
    return "pragma" if _holds("".join(question.values("pragma")[:1]), "no-cache") else None


def _holds(directives: str, word: str) -> bool:
    return re.search(rf"(?i)(^|,)\s*{word}\s*(,|$)", directives) is not None


def is_unkeyed(pattern: str, name: str) -> bool:
    """Whether a header is known to change answers and is not keyed: ``unkeyed_headers`` of a plan
    is the pattern.
    """
    return re.match(f"(?i){pattern}:", f"{name}:") is not None


def repeated_header(name: str) -> Reason:
    """Why a request passes in which a keyed header stands twice."""
    return Reason("repeated-header", f"{name} stands there twice, and answers depend on it")


def unkeyed_header(name: str) -> Reason:
    """Why a request passes with a header that is known to change answers."""
    said = f"{known_to_change(name)}: key it with varyHeaders, or drop it with ignoreHeaders"
    return Reason("unkeyed-header", said)


def odd_cookie(cookies: str) -> Reason | None:
    """Why a request passes with such a Cookie header."""
    if not _ODD_COOKIE.search(cookies):
        return None
    return Reason("odd-cookie", "the Cookie header holds a part without `=` or without a name")


def too_large(question: Question, most: int) -> Reason | None:
    """Why Varnish takes no body of this size; ``most`` is in bytes."""
    size = len(question.request.body)
    if size <= most:
        return None
    return Reason("413", f"Varnish answers 413: {size} bytes, at most {most} are taken")


def known_to_change(name: str) -> str:
    """Why a header is known to change answers."""
    for known, why in PASS_HEADERS.items():
        if name == known or (known.endswith("*") and name.startswith(known[:-1])):
            return f"{name} is known to change answers ({why}) and not keyed"
    return f"{name} is one of passHeaders"
