"""The commands that ``shellac up`` prints: they work as printed."""

from __future__ import annotations

import json
import shlex

from vclgen.config import Config


def tour(config: Config, token: str, *, demo: bool) -> str:
    """Commands that show a miss, a hit, a mutation that purges, and a purge by hand;
    where the playground is.
    """
    public = f"http://{config.varnish.listen.reachable}{config.path}"
    admin = f"http://{config.controller.admin_listen.reachable}/{config.name}"
    document = "{ post(id: 1) { title author { name } } }" if demo else "{ __typename }"
    query = _curl(public, document, show_headers=True)
    purge = "mutation { purgePost(id: [1]) }" if demo else "mutation { _purgeAll }"
    seen = "gcdn-cache says MISS, and HIT the second time"
    if not demo:
        seen = "Cache-Status says what was done with it; try one that a rule matches, twice"
    steps = [(f"# a query: {seen}", query)]
    if demo:
        mutation = 'mutation { updatePost(id: 1, title: "Edited") { title } }'
        steps += [
            ("# a mutation: it does not even ask for the post's id", _curl(public, mutation)),
            ("# the query again: MISS, with the new title", query),
        ]
    steps.append(
        (
            "# a purge through the Purging API",
            _curl(admin, purge, header=f"stellate-token: {token}"),
        )
    )
    lines = [line for step in steps for line in step]
    playground = f"http://{config.controller.admin_listen.reachable}/playground"
    return "\n".join([*lines, f"# the Purging API in a browser, with that token: {playground}"])


def _curl(url: str, document: str, *, show_headers: bool = False, header: str | None = None) -> str:
    command = ["curl", "-s", *(["-i"] if show_headers else []), url]
    command += ["-H", "content-type: application/json"]
    if header is not None:
        command += ["-H", header]
    command += ["-d", json.dumps({"query": document})]
    return shlex.join(command)
