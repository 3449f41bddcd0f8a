"""A reader: asks, and judges every answer."""

from __future__ import annotations

import asyncio
import random
from contextlib import closing
from typing import Final

import orjson

from tests.soak.client import Answer, Client, Failed
from tests.soak.cluster import Node
from tests.soak.judge import Read, Seen, breaks_promise
from tests.soak.questions import Question, WrongOwner
from tests.soak.traffic import Traffic

BACK_OFF: Final = 0.05


async def read_until_over(traffic: Traffic, node: Node, name: str) -> None:
    """Read one node over one connection, while its health is green."""
    dice = random.Random(f"{traffic.options.seed} spelling {name}")
    questions = traffic.picked(name)
    green = traffic.green[node.index]
    gated = traffic.options.mode != "single"
    with closing(Client(node.port)) as client:
        while not traffic.finished:
            may_read = green.is_set() or not gated
            if not may_read or not await read_once(traffic, node, client, next(questions), dice):
                await asyncio.sleep(BACK_OFF)
            traffic.check_finished()


async def read_once(
    traffic: Traffic, node: Node, client: Client, question: Question, dice: random.Random
) -> bool:
    """Ask once and judge the answer; whether there was one."""
    read = Read(node.index, traffic.ledger.moment, traffic.now)
    try:
        answer = await client.ask(question.spellings[dice.randrange(len(question.spellings))])
    except Failed as failed:
        traffic.tally.failed[failed.reason] += 1
        return False
    if answer.status != 200:
        traffic.tally.failed[f"status {answer.status}"] += 1
        return False
    shown = seen(traffic, question, answer)
    if shown is None:
        traffic.tally.failed["errors"] += 1
        return False
    traffic.tally.reads += 1
    hit = answer.headers.get(b"gcdn-cache") == b"HIT"
    traffic.tally.hits += hit
    for stale in traffic.ledger.stale(read, shown):
        violation = breaks_promise(stale, everywhere=traffic.options.everywhere)
        what = answer.headers.get(b"cache-status", b"").decode()
        traffic.tally.stale(stale, what, violation=violation)
    return True


def seen(traffic: Traffic, question: Question, answer: Answer) -> list[Seen] | None:
    """What a 200 shows. None for GraphQL errors; what has no meaning at all is a violation."""
    try:
        parsed = orjson.loads(answer.body)
        if parsed.get("errors"):
            return None
        return question.seen(parsed["data"])
    except WrongOwner as problem:
        traffic.tally.violated("scope", str(problem))
    except (ValueError, LookupError, TypeError, AttributeError) as problem:
        traffic.tally.violated("broken", f"{problem!r} in {answer.body[:300]!r}")
    return None
