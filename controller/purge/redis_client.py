"""Connections to Redis: each is looked at before it is used, and none waits for long."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final

import redis.asyncio
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from controller.errors import LogUnavailable

CONNECT_SECONDS: Final = 1.0
ANSWER_SECONDS: Final = 2.0
MAJOR: Final = 7
"""The oldest Redis that is good enough."""


def client_of(
    url: str, *, password: str | None, greet: Callable[[AbstractConnection], Awaitable[None]]
) -> redis.asyncio.Redis:
    """A client that connects when it is first used; ``greet`` is awaited on each new connection.

    A connection is one to one process of Redis, so what was seen on it stays true for it. Where
    ``greet`` does not come to its end, cancelled or by whatever error, nothing is sent on it.
    """

    async def looked_at(connection: AbstractConnection) -> None:
        try:
            await connection.on_connect()
            await greet(connection)
        except BaseException:  # the client itself closes it on its own errors alone
            await connection.disconnect(nowait=True)
            raise

    client: redis.asyncio.Redis = redis.asyncio.from_url(
        url,
        password=password,
        protocol=2,
        decode_responses=True,
        encoding_errors="replace",
        socket_connect_timeout=CONNECT_SECONDS,
        socket_timeout=ANSWER_SECONDS,
        # An append whose answer was lost must not be made twice behind our back.
        retry=Retry(NoBackoff(), 0),
        redis_connect_func=looked_at,
    )
    return client


async def process_of(connection: AbstractConnection) -> str:
    """The name of the Redis process at the other end (``run_id``): another one after a restart.

    Raises:
        RedisError: it is too old.
    """
    await connection.send_command("INFO", "server")
    lines = str(await connection.read_response()).splitlines()
    told = dict(line.split(":", 1) for line in lines if ":" in line)
    version = told.get("redis_version", "unknown")
    major = version.partition(".")[0]
    if not major.isdecimal() or int(major) < MAJOR:
        raise RedisError(f"it is version {version}, and {MAJOR} or newer is needed")
    return told.get("run_id", "")


@contextmanager
def named_errors(url: str) -> Iterator[None]:
    """Redis' errors as ``LogUnavailable``, and a cancellation as one.

    The client forgets at times that its task was cancelled, or makes an error of that: it sends by
    ``asyncio.wait_for``, which before Python 3.12 answers with what has just ended instead.

    Raises:
        CancelledError: the task was cancelled meanwhile.
        LogUnavailable: Redis could not be asked.
    """
    task = asyncio.current_task()
    before = task.cancelling() if task else 0
    failure: Exception | None = None
    try:
        yield
    except (RedisError, OSError, TimeoutError) as error:
        failure = error
    if task and task.cancelling() > before:
        raise asyncio.CancelledError from failure
    if failure:
        raise LogUnavailable(
            f"the purge log {url} cannot be used: {failure or type(failure).__name__}. "
            "Purges are refused until it can: look whether Redis runs and can be reached"
        ) from failure
