"""A writer: mutations through a random node, changes behind the cache's back, and purges."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import Any, Final

import orjson

from tests.soak.client import Answer, Client, Failed
from tests.soak.cluster import SERVICE
from tests.soak.judge import Cell
from tests.soak.questions import by_get, by_post
from tests.soak.reading import read_once
from tests.soak.traffic import Traffic
from tests.support.stack import TOKEN

BUMP: Final = "mutation Bump($id: ID!, $ref: ID!) { bump(id: $id, ref: $ref) { id version } }"
ADD: Final = """mutation Add($group: ID!, $ref: ID!) {
  add(group: $group, ref: $ref) { version group { id items { id } } }
}"""
BUMP_MINE: Final = "mutation Mine($ref: ID!) { bumpMine(ref: $ref) { id version } }"
PURGE_ITEM: Final = "mutation ($id: [String!]) { purgeItem(id: $id) }"
PURGE_TYPE: Final = 'mutation { _purgeType(type: "Item") }'
PURGE_ALL: Final = "mutation { _purgeAll }"


@dataclass(frozen=True, slots=True)
class Write:
    """A mutation to send, and the cell that it changes."""

    cell: Cell
    document: str
    variables: Mapping[str, str]
    owner: str | None = None


async def write_until_over(traffic: Traffic, name: str) -> None:
    """Write at this writer's share of the rate."""
    with ExitStack() as stack:
        await _Writer(traffic, name, stack).run()


class _Writer:
    def __init__(self, traffic: Traffic, name: str, stack: ExitStack) -> None:
        self._traffic = traffic
        self._stack = stack
        self._name = name
        self._dice = random.Random(f"{traffic.options.seed} writer {name}")
        self._clients: dict[int, Client] = {}
        self._refs = 0

    async def run(self) -> None:
        load = self._traffic.options.load
        pause = load.writers / load.writes_per_second
        while not self._traffic.finished:
            wait = min(self._dice.expovariate(1 / pause), 4 * pause)
            try:
                async with asyncio.timeout(wait):
                    await self._traffic.over.wait()
            except TimeoutError:
                if self._dice.random() < load.out_of_band:
                    await self._out_of_band()
                else:
                    await self._mutate(self._drawn())

    def _drawn(self) -> Write:
        load = self._traffic.options.load
        self._refs += 1
        ref = f"{self._name}-{self._refs}"
        what = self._dice.random()
        if what < 0.05:
            group = str(self._dice.randrange(load.groups))
            return Write(f"group:{group}", ADD, {"group": group, "ref": ref})
        if what < 0.2:
            owner = f"u{self._dice.randrange(load.users)}"
            return Write(f"mine:{owner}", BUMP_MINE, {"ref": ref}, owner)
        item = str(self._dice.randrange(load.items))
        return Write(f"item:{item}", BUMP, {"id": item, "ref": ref})

    async def _mutate(self, write: Write) -> None:
        traffic = self._traffic
        node = self._dice.choice(traffic.cluster.nodes)
        if not traffic.green[node.index].is_set():
            node = traffic.cluster.nodes[0]
        headers = {"Authorization": write.owner} if write.owner else {}
        asked = {"query": write.document, "variables": dict(write.variables)}
        traffic.hot.append(write.cell)
        sent = traffic.now
        try:
            answer = await self._client(node.port).ask(by_post(asked, headers))
        except Failed:
            traffic.tally.writes["failed"] += 1
            return
        outcome, version = _outcome(answer)
        traffic.tally.writes[outcome] += 1
        if outcome != "acknowledged":
            return
        traffic.ledger.acknowledge(write.cell, version, node=node.index, at=traffic.now)
        took = float(answer.headers.get(b"x-origin-took", b"0"))
        traffic.tally.acknowledged.append(traffic.now - sent - took)
        # In the same instant, from the node that said so and from another one.
        if questions := traffic.questions_of(write.cell):
            for reader in {node.index, self._dice.randrange(len(traffic.cluster.nodes))}:
                read = traffic.cluster.nodes[reader]
                question = self._dice.choice(questions)
                if traffic.green[reader].is_set():
                    await read_once(traffic, read, self._client(read.port), question, self._dice)

    async def _out_of_band(self) -> None:
        """Change an item at the origin, then purge it through a random controller."""
        traffic = self._traffic
        item = str(self._dice.randrange(traffic.options.load.items))
        changed = await self._client(traffic.cluster.origin_port).ask(by_get(f"/_change?id={item}"))
        version = orjson.loads(changed.body)["version"]
        cell = f"item:{item}"
        traffic.owed[cell] = version
        what = self._dice.random()
        document, name = PURGE_ITEM, "purgeItem"
        if what < 0.1:
            document, name = PURGE_TYPE, "_purgeType"
        elif what < 0.12:
            document, name = PURGE_ALL, "_purgeAll"
        variables = {"id": [item]} if document is PURGE_ITEM else {}
        index = self._dice.randrange(len(traffic.cluster.controllers))
        asked = {"query": document, "variables": variables}
        request = by_post(asked, {"stellate-token": TOKEN}, f"/{SERVICE}")
        sent = traffic.now
        try:
            answer = await self._client(traffic.cluster.controllers[index].port).ask(request)
        except Failed:
            traffic.tally.purges["failed"] += 1
            return
        outcome = _purge_outcome(answer, name)
        traffic.tally.purges[outcome] += 1
        if outcome != "failed" and traffic.owed.get(cell) == version:
            del traffic.owed[cell]
        if outcome == "acknowledged":
            traffic.tally.acknowledged.append(traffic.now - sent)
            traffic.ledger.acknowledge(cell, version, node=index, at=traffic.now)

    def _client(self, port: int) -> Client:
        if port not in self._clients:
            self._clients[port] = self._stack.enter_context(closing(Client(port)))
        return self._clients[port]


def _outcome(answer: Answer) -> tuple[str, int]:
    """What became of a mutation, and the version it made (for a group: how many items)."""
    if answer.status != 200:
        return "failed", 0
    parsed = orjson.loads(answer.body)
    if parsed.get("errors"):
        return "failed", 0
    (made,) = parsed["data"].values()
    if b"shellac-purge" in answer.headers:
        return "pending", 0
    return "acknowledged", len(made["group"]["items"]) if "group" in made else made["version"]


def _purge_outcome(answer: Answer, name: str) -> str:
    """A purge is acknowledged when every node has applied it, or serves no hits."""
    if answer.status != 200:
        return "failed"
    parsed: dict[str, Any] = orjson.loads(answer.body)
    if parsed.get("errors") or not parsed["data"][name]:
        return "failed"
    nodes = parsed["extensions"]["shellac"]["nodes"]
    results = Counter(node["result"] for node in nodes)
    done = results["applied"] + results["lapsed"] == len(nodes)
    return "acknowledged" if done and nodes else "pending"
