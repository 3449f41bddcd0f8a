"""What an origin's answer must say to be stored in a direct profile, and what it is purged by.

As ``templates/direct/storing.vcl.j2`` and ``tags.vcl.j2`` read its headers, with Varnish's own
rules for how long an answer is fresh (s-maxage, max-age, Expires, less its Age).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from controller.cli.explain_direct_request import keyed_url
from controller.cli.explain_input import Question
from controller.cli.explain_shared import given_cookies
from controller.cli.explained import Reason
from controller.cli.explained_direct import Round, ShownAnswer
from vclgen.direct.plan import DirectPlan
from vclgen.names import ALWAYS_KEYED

_DATE: Final = re.compile(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", re.ASCII)
_NOT_SHARED: Final = re.compile(r"(?i)(^|[\s,])(no-cache|no-store|private)")
_NOT_FOR_CACHES: Final = re.compile(
    r"(?i)(^|[\s,])(no-cache|no-store|private|max-age=0+(\D|$))", re.ASCII
)
_FOR_CACHES: Final = ("surrogate-control", "cdn-cache-control")
_URL_KEY: Final = re.compile(r"[^,]{1,200}")
Lines = Sequence[tuple[str, str]]


def needs(plan: DirectPlan, question: Question, round_: Round) -> Iterator[str]:
    """What an answer must say to be stored, one condition a line."""
    yield "status 200"
    yield (
        "Cache-Control with s-maxage or max-age over 0 (or Expires), without no-store, no-cache or "
        "private"
    )
    yield "no Surrogate-Control or CDN-Cache-Control with one of these three or with max-age=0"
    if round_ == "graphql":
        always = ("accept", "accept-encoding", *ALWAYS_KEYED)
        names = dict.fromkeys((*always, plan.tls_header, *plan.keyed_headers))
        yield f"a Vary that names nothing but {', '.join(names)} or what ignoreHeaders names"
    else:
        yield "no Vary: *"
    own = plan.known.page_cookie
    if own is None:
        yield "no Set-Cookie"
    elif round_ == "page" and question.values("cookie"):
        yield f"no Set-Cookie of another {own} than the request's"
    cache_id = plan.known.cache_id
    if cache_id is not None and round_ == "graphql" and question.values(cache_id):
        yield f"{cache_id} as in the request"
    if cache_id is not None and round_ == "page":
        yield f"no {cache_id}: it is no answer to GraphQL under another name of its path"
    yield f"its tags in {plan.tags.header}: without them only its URL and a flush purge it"


def not_stored(plan: DirectPlan, question: Question, round_: Round, answer: Lines) -> Reason | None:
    """Why an answer with these headers is not stored; its status is 200."""
    control = _joined(answer, "cache-control")
    if _NOT_SHARED.search(control or ""):
        return Reason("origin-no-store", f"its Cache-Control is {control}")
    for name in _FOR_CACHES:
        said = _joined(answer, name) or ""
        if _NOT_FOR_CACHES.search(said):
            return Reason("origin-no-store", f"its {name} is {said}")
    timed = re.search(r"(?i)(^|[\s,])(s-maxage|max-age)=[0-9]", control or "")
    dated = _DATE.fullmatch(_first(answer, "expires") or "")
    if not timed and not dated:
        return Reason("no-max-age", "neither Cache-Control nor Expires says a time")
    if freshness(answer) <= 0:
        return Reason("origin-max-age", "nothing is left of its time")
    return _of_a_client(plan, question, round_, answer)


def _of_a_client(
    plan: DirectPlan, question: Question, round_: Round, answer: Lines
) -> Reason | None:
    """Why an answer that may be stored is not for everybody who asks with the same key."""
    vary = _joined(answer, "vary") or ""
    others = rf"(?i)(^|[\s,])(?!({plan.harmless_vary})\s*(,|$))[^\s,]"
    if "*" in vary or (round_ == "graphql" and re.search(others, vary)):
        return Reason("vary", f"Vary names what is not keyed: {vary}")
    own = plan.known.page_cookie
    if own is None and _first(answer, "set-cookie") is not None:
        return Reason("set-cookie", "it sets a cookie")
    if own is not None and round_ == "page" and _sets_another(plan, question, own, answer):
        return Reason("set-cookie", f"it sets another {own} than the request has")
    known = plan.known.cache_id
    if known is None:
        return None
    asked, said = question.values(known), _first(answer, known)
    if round_ == "graphql" and asked and asked[0] != said:
        return Reason("cache-id", f"the answer is for another {known}")
    if round_ == "page" and said is not None:
        return Reason("cache-id", f"it has {known}: GraphQL under another name of its path")
    return None


def _sets_another(plan: DirectPlan, question: Question, own: str, answer: Lines) -> bool:
    """Whether a page is that of another context than the request names, to which one of its cookies
    may have led.
    """
    if not question.values("cookie") or not _first(answer, "set-cookie"):
        return False
    lines = (value for name, value in answer if name == "set-cookie")
    found = next((line for line in lines if line.startswith(f"{own}=")), None)
    given = given_cookies(question)
    keyed = (f"{name}={given[name]}" for name in plan.page_cookies if name in given)
    return found is not None and re.sub(r"(?a)\s*;.*$", "", found) != next(keyed, "")


def freshness(answer: Lines) -> int:
    """For how many seconds Varnish takes an answer that comes now for fresh; it may be under 0."""
    control = (_joined(answer, "cache-control") or "").lower()
    age = _number(_first(answer, "age"))
    for name in ("s-maxage", "max-age"):
        found = re.search(rf"(?:^|[\s,]){name}=(\d+)", control)
        if found is not None:
            return int(found[1]) - age
    expires, date = (_moment(_first(answer, name)) for name in ("expires", "date"))
    if expires is None:
        return 0
    return int((expires - (date or datetime.now(UTC))).total_seconds()) - age


def stored(plan: DirectPlan, question: Question, round_: Round, answer: Lines) -> ShownAnswer:
    """What an answer that is stored means."""
    tags, by_any_tag = tags_of(plan, answer)
    covered = plan.grace
    if covered is None:
        control = _joined(answer, "cache-control") or ""
        said = re.search(r"(?i)stale-while-revalidate\s*=\s*(\d+)", control)
        covered = float(said[1]) if said is not None else 0.0
    stale = min(plan.swr, covered) if plan.swr or plan.health else covered
    by_any_url = not _URL_KEY.fullmatch(keyed_url(plan, question, round_))
    return ShownAnswer(freshness(answer), int(stale), int(covered), tags, by_any_tag, by_any_url)


def tags_of(plan: DirectPlan, answer: Lines) -> tuple[tuple[str, ...], bool]:
    """The tags that purge an answer by name, and whether every purge of a tag does."""
    glue = " " if plan.tags.separator == "space" else ","
    listed = _joined(answer, plan.tags.header, glue) or ""
    if re.search(plan.long_list, listed):
        return (), True
    if plan.tags.separator == "space":
        listed = re.sub(r"\s+", " ", listed).strip(" ")
    else:
        listed = re.sub(r"\s*,[\s,]*", ",", listed.strip()).strip(",")
    if not listed:
        return (), False
    if re.search(plan.odd_tag, listed):
        return (), True
    if plan.tags.separator == "structured":
        listed = listed.replace('"', "")
    return tuple(dict.fromkeys(listed.split(glue))), False


def _joined(answer: Lines, name: str, glue: str = ", ") -> str | None:
    lines = [value for found, value in answer if found == name]
    return glue.join(lines) if lines else None


def _first(answer: Lines, name: str) -> str | None:
    return next((value for found, value in answer if found == name), None)


def _number(text: str | None) -> int:
    return int(text) if text is not None and text.isdecimal() else 0


def _moment(text: str | None) -> datetime | None:
    try:
        return parsedate_to_datetime(text).astimezone(UTC) if text is not None else None
    except ValueError:
        return None
