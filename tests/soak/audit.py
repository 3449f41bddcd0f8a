"""After a run: no purge is lost, no write was executed twice, everything answers again.

A purge that was pending, or whose client never heard of it, was not promised in time; but it must
come. So in the end every node shows the origin's own versions.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Final

import orjson

from tests.soak.client import Client, Failed
from tests.soak.cluster import Node
from tests.soak.judge import Cell
from tests.soak.questions import Question, by_get
from tests.soak.reading import seen
from tests.soak.traffic import Traffic

CLIENTS: Final = 24
AGAIN_SECONDS: Final = 0.2


async def audit(traffic: Traffic) -> None:
    """Compare every answer of every node with the origin, until ``settle`` seconds are over."""
    with closing(Client(traffic.cluster.origin_port)) as client:
        answer = await client.ask(by_get("/_state"))
    state = orjson.loads(answer.body)
    for ref in state["twice"]:
        traffic.tally.violated("twice", f"the write {ref} was executed more than once")
    truth = {cell: v for cell, v in state["cells"].items() if cell not in traffic.owed}
    await asyncio.gather(*(_audit(traffic, node, truth) for node in traffic.cluster.nodes))


async def _audit(traffic: Traffic, node: Node, truth: Mapping[Cell, int]) -> None:
    left = list(traffic.questions)
    deadline = traffic.now + traffic.options.settle
    while left:
        problems: dict[Question, str] = {}
        queue = iter(left)
        workers = (_ask_all(traffic, node, truth, queue, problems) for _ in range(CLIENTS))
        await asyncio.gather(*workers)
        left = list(problems)
        if traffic.now > deadline:
            for problem in problems.values():
                traffic.tally.violated("lost", f"node {node.index}: {problem}")
            return
        if left:
            await asyncio.sleep(AGAIN_SECONDS)


async def _ask_all(
    traffic: Traffic,
    node: Node,
    truth: Mapping[Cell, int],
    queue: Iterator[Question],
    problems: dict[Question, str],
) -> None:
    with closing(Client(node.port)) as client:
        for question in queue:
            if problem := await _problem(traffic, client, question, truth):
                problems[question] = problem


async def _problem(
    traffic: Traffic, client: Client, question: Question, truth: Mapping[Cell, int]
) -> str | None:
    try:
        answer = await client.ask(question.spellings[0])
    except Failed as failed:
        return f"{question.about} is not answered: {failed}"
    shown = seen(traffic, question, answer) if answer.status == 200 else None
    if shown is None:
        return f"{question.about} is answered with {answer.status} {answer.body[:200]!r}"
    for one in shown:
        if one.version < truth.get(one.cell, 0):
            status = answer.headers.get(b"cache-status", b"").decode()
            return f"{one.cell} is shown as {one.version}, it is {truth[one.cell]}; {status}"
    return None
