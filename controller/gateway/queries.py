"""``/graphql``, round "data": a fetch built from the key, its answer cut and tagged.

Nothing of the client's request goes to the origin but what the key holds (invariant 2): the
canonical document, the declared variables, the keyed headers and cookies of the query's scopes.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial

import orjson

from controller.brain import Brain, Unruled, digest
from controller.core.answer import Answer, Uncuttable
from controller.core.claims import EXPIRED, Unverified
from controller.core.instrument import Instrumented
from controller.core.parts import asks_for_events
from controller.core.policy import ANONYMOUS
from controller.core.register import Again
from controller.core.rules import Decision
from controller.core.tags import Tag
from controller.core.verdict import CacheableQuery
from controller.gateway.asgi import Request, Response
from controller.gateway.forgetting import Forgetting
from controller.gateway.headers import Headers, lookup, text
from controller.gateway.identity import identify
from controller.gateway.origin import Origin
from controller.gateway.origin_answer import OriginAnswer
from controller.gateway.retries import Retries
from controller.gateway.rules import GatewayRules
from controller.gateway.storing import decision_to_store, stored, unstored
from controller.gateway.verdicts import http_request
from controller.purge.freshness import Freshness


async def answer_query(
    request: Request,
    brain: Brain,
    origin: Origin,
    freshness: Freshness,
    rules: GatewayRules,
    *,
    forgetting: Forgetting,
) -> Response:
    """Fetch the answer to a query that Varnish may store.

    Raises:
        OriginUnreachable, OriginTimeout: there is no answer.
    """
    started = time.monotonic()
    verdict = _keyed(request, brain)
    if verdict is None:
        # Varnish has cut the request by other rules than these: it must send it again whole.
        return _again("plan-changed")
    identified = await identify(request.headers, verdict.decision.scopes, rules.claims)
    if isinstance(identified, Unverified):
        return _again(identified.detail)
    if request.header(b"x-shellac-claims") != identified.text:
        return _again("claims-changed")
    if asks_for_events(request.header(b"accept")):
        return _again("accept")
    headers = keyed_headers(request.headers, rules, verdict.decision.scopes)
    headers = identified.as_keyed(headers)
    began = freshness.begin()
    fetched = await _fetch(brain, origin, verdict, headers, rules.retries)
    if isinstance(fetched.ruled, Unruled) and fetched.ruled.purge is not None:
        await forgetting.forget(fetched.ruled.purge)
    decision = _decision(fetched, rules)
    if not isinstance(decision, str) and fetched.has_errors and not rules.cache_errors:
        decision = "errors"
    if not isinstance(decision, str) and identified.until <= time.time():
        decision = EXPIRED
    if isinstance(decision, str):
        return unstored(fetched.answer, fetched.body, decision)
    boot = request.header(b"x-shellac-boot") or ""
    own_key = freshness.admit(fetched.tags, began, node=boot, max_age=decision.max_age)
    if own_key is None:
        refused = unstored(fetched.answer, fetched.body, "purged-meanwhile")
        if freshness.refetch(verdict.key):
            refused.headers.append((b"x-shellac-refetch", b"1"))
        return refused
    response = stored(
        fetched.answer,
        fetched.body,
        fetched.tags,
        decision,
        service=brain.policy.service,
        own_key=own_key,
        debug=rules.debug,
    )
    response.headers.append((b"x-shellac-took", f"{time.monotonic() - started:.3f}".encode()))
    if lookup(response.headers, b"x-shellac-max-age") is not None:
        keyed = [each for each in headers if each[0] != "traceparent"]
        if_error = 0 if decision.never_stale else rules.stale_if_error
        freshness.registry.add(
            boot,
            verdict.key,
            [*keyed, ("x-shellac-claims", identified.text or "")],
            fetched.tags,
            times=(decision.max_age, decision.swr + if_error),
            again=_again_by(request, keyed, decision.scopes),
        )
    return response


def _decision(fetched: _Fetched, rules: GatewayRules) -> Decision | str:
    if fetched.refused is not None:
        return fetched.refused
    if isinstance(fetched.ruled, Unruled):
        return fetched.ruled.detail
    return decision_to_store(fetched.answer, fetched.ruled, rules)


def _again(detail: str) -> Response:
    """Varnish must send the request again, whole and as a pass."""
    return Response(200, [(b"x-shellac-again", b"1"), (b"x-shellac-detail", detail.encode())])


def _again_by(
    request: Request, keyed: list[tuple[str, str]], scopes: frozenset[str]
) -> Again | None:
    """How anybody gets this answer again; None if that takes a body or somebody's credentials."""
    personal = any(name in ("authorization", "cookie") for name, _ in keyed)
    if request.method != "GET" or scopes - {ANONYMOUS} or personal:
        return None
    if not request.query_string.isascii():
        return None
    return Again(request.query_string.decode("ascii"), tuple(keyed))


def keyed_headers(
    headers: Headers, rules: GatewayRules, scopes: frozenset[str]
) -> list[tuple[str, str]]:
    """Accept as negotiated, the keyed headers, the scopes' cookies: nothing else.

    VCL has cut the request already (templates/features/data.vcl.j2, scopes.vcl.j2); this cuts it
    again, so that neither alone has to be right.
    """
    allowed = {"accept", "traceparent", *rules.forwarded_headers(scopes)}
    cookies = rules.forwarded_cookies(scopes)
    kept = []
    for raw_name, raw_value in headers:
        name = raw_name.decode("latin-1").lower()
        if name in allowed:
            kept.append((name, text(raw_value)))
        elif name == "cookie":
            pairs = [
                pair for pair in text(raw_value).split("; ") if pair.partition("=")[0] in cookies
            ]
            if pairs:
                kept.append((name, "; ".join(pairs)))
    return kept


def _keyed(request: Request, brain: Brain) -> CacheableQuery | None:
    """The verdict by which Varnish keyed the request; None if it runs the VCL of another config, or
    keyed it by another schema.
    """
    verdict = brain.decide(http_request(request))
    if not isinstance(verdict, CacheableQuery):
        return None
    scopes = (request.header(b"x-shellac-scopes") or "").split(",")
    verdict = brain.as_keyed(verdict, {*scopes} - {""})
    if request.header(b"x-shellac-digest") != brain.policy.digest:
        return None
    return verdict if request.header(b"x-shellac-key") == verdict.key else None


@dataclass(frozen=True, slots=True)
class _Fetched:
    """An origin's answer with the body for the client. ``refused``: why it cannot be stored;
    ``ruled``: what the rules say.
    """

    answer: OriginAnswer
    body: bytes
    ruled: Decision | Unruled
    tags: tuple[Tag, ...] = ()
    has_errors: bool = False
    refused: str | None = None


async def _fetch(
    brain: Brain,
    origin: Origin,
    verdict: CacheableQuery,
    headers: list[tuple[str, str]],
    retries: Retries,
) -> _Fetched:
    """Ask with the members that tags need; ask again as written when that did not go well.

    An answer with errors is never delivered from the first: its locations are those of a text the
    client did not write, and perhaps our members caused them.
    """
    operation = verdict.operation
    name = digest(operation.text)
    if not brain.sent_as_written.peek(name):
        instrumented = brain.instrumented(operation)
        body = _graphql_request(instrumented.text, verdict)
        answer = await retries.of(partial(origin.post, body, headers, []))
        fetched = _read(brain, verdict, instrumented, answer)
        written_so = instrumented.text == operation.source
        if written_so or not (fetched.refused or fetched.has_errors):
            return fetched
    body = _graphql_request(operation.source, verdict)
    answer = await retries.of(partial(origin.post, body, headers, []))
    fetched = _read(brain, verdict, brain.as_written(operation), answer)
    if not (fetched.refused or fetched.has_errors):
        brain.sent_as_written.put(name, True)
    return fetched


def _read(
    brain: Brain, verdict: CacheableQuery, sent: Instrumented, answer: OriginAnswer
) -> _Fetched:
    """The answer cut, tagged and ruled, or the reason why it is neither."""
    ruled: Decision | Unruled = verdict.decision
    if answer.status != 200:
        return _Fetched(answer, answer.body, ruled, refused="origin-status")
    if not answer.is_json:
        return _Fetched(answer, answer.body, ruled, refused="not-json")
    read, ruled = brain.read(verdict, sent, answer.body)
    match read:
        case Uncuttable(reason=reason):
            return _Fetched(answer, answer.body, ruled, refused=reason)
        case Answer(too_many_tags=True):
            return _Fetched(answer, read.body, ruled, refused="too-many-tags")
        case Answer(has_data=False, has_errors=False):
            return _Fetched(answer, read.body, ruled, refused="no-data")
        case Answer():
            return _Fetched(answer, read.body, ruled, read.tags, read.has_errors)


def _graphql_request(text: str, verdict: CacheableQuery) -> bytes:
    """A GraphQL-over-HTTP body of the key's parts; the variables are canonical JSON already."""
    parts = [b'{"query":', orjson.dumps(text), b',"variables":', verdict.variables.encode()]
    if verdict.operation.name is not None:
        parts += [b',"operationName":', orjson.dumps(verdict.operation.name)]
    return b"".join([*parts, b"}"])
