"""Shellac as a user starts it: `shellac up --config FILE` on free ports, waited for."""

import contextlib
import json
import re
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar
from urllib.parse import urlencode

import httpx
import yaml

from tests.support.net import free_port, wait_for
from tests.support.process import Process, running

SHELLAC = Path(sys.executable).parent / "shellac"
TOKEN = "token-of-the-tests"
READY_WITHIN = 60.0


class _Origin(Protocol):
    @property
    def url(self) -> str: ...


T = TypeVar("T", bound=_Origin)


@dataclass(frozen=True)
class Stack:
    """A running pair. `url` is the public endpoint, `origin` the server behind it."""

    url: str
    admin_url: str
    origin: str
    name: str
    token: str
    state_dir: Path
    process: Process
    http: httpx.Client

    def query(
        self,
        document: str,
        variables: Mapping[str, Any] | None = None,
        *,
        operation_name: str | None = None,
        method: str = "POST",
        headers: Mapping[str, str] | None = None,
        direct: bool = False,
    ) -> httpx.Response:
        """Send one operation through Shellac, or with `direct` to the origin itself."""
        return send(
            self.http,
            self.origin if direct else self.url,
            document,
            variables,
            operation_name=operation_name,
            method=method,
            headers=headers,
        )

    def purge(self, document: str, variables: Mapping[str, Any] | None = None) -> Any:
        """Send a mutation to the Purging API and return its `data`."""
        response = send(
            self.http,
            f"{self.admin_url}/{self.name}",
            document,
            variables,
            headers={"stellate-token": self.token},
        )
        answer = response.json() if response.status_code == 200 else {}
        assert "errors" not in answer, describe(response)
        assert answer.get("data"), describe(response)
        return answer["data"]


def send(
    http: httpx.Client,
    url: str,
    document: str,
    variables: Mapping[str, Any] | None = None,
    *,
    operation_name: str | None = None,
    method: str = "POST",
    headers: Mapping[str, str] | None = None,
) -> httpx.Response:
    """One GraphQL-over-HTTP request, by POST with JSON or by GET."""
    parameters: dict[str, Any] = {"query": document}
    if variables is not None:
        parameters["variables"] = dict(variables)
    if operation_name is not None:
        parameters["operationName"] = operation_name
    accept = {"Accept": "application/json", **(headers or {})}
    if method == "POST":
        return http.post(url, json=parameters, headers=accept)
    if variables is not None:
        parameters["variables"] = json.dumps(parameters["variables"])
    return http.request(method, f"{url}?{urlencode(parameters)}", headers=accept)


@contextlib.contextmanager
def running_stack(
    config: Mapping[str, Any], *, directory: Path, env: Mapping[str, str] | None = None
) -> Iterator[Stack]:
    """Start Shellac with `config` and the free ports that it leaves open.

    `config` needs `originUrl`. State, config file and log stand in `directory`.
    Ends as a person ends it, with SIGINT.
    """
    settings = with_ports(config, state_dir=directory / "state")
    file = directory / "shellac.yaml"
    file.write_text(yaml.safe_dump(settings, sort_keys=False))
    environment = {"SHELLAC_ADMIN_TOKEN": TOKEN, "PYTHONUNBUFFERED": "1", **(env or {})}
    with running(
        [SHELLAC, "up", "--config", file],
        log=directory / "shellac.log",
        env=environment,
        stop=signal.SIGINT,
    ) as process:

        def ready() -> str | None:
            process.check_alive()
            line = re.search(r"^ready (http://\S+)", process.output(), re.MULTILINE)
            return line and line[1]

        try:
            url = wait_for(ready, what="`shellac up` to be ready", timeout=READY_WITHIN)
            # A shared pool would keep connections to an origin that a test restarts.
            with httpx.Client(timeout=60) as http:
                yield Stack(
                    url=url,
                    admin_url=f"http://{settings['controller']['adminListen']}",
                    origin=settings["originUrl"],
                    name=settings["name"],
                    token=environment["SHELLAC_ADMIN_TOKEN"],
                    state_dir=Path(settings["stateDir"]),
                    process=process,
                    http=http,
                )
        except BaseException as problem:
            problem.add_note(f"--- output of shellac up\n{process.output()[-8000:]}")
            raise


@contextlib.contextmanager
def stack_before(
    running_origin: AbstractContextManager[T], config: Mapping[str, Any], directory: Path
) -> Iterator[tuple[Stack, T]]:
    """An origin, and Shellac with `config` before it, for as long as the context lasts."""
    with (
        running_origin as origin,
        running_stack({**config, "originUrl": origin.url}, directory=directory) as stack,
    ):
        yield stack, origin


def with_ports(config: Mapping[str, Any], *, state_dir: Path) -> dict[str, Any]:
    """`config` with a name, a state directory and free ports where it names none.

    Purges are waited for as long as a machine that is busy with tests may take: with the default
    of 150 ms some of their answers would be no acknowledgement.
    """
    varnish = {"listen": local(), "adminListen": local(), **config.get("varnish", {})}
    listeners = {key: local() for key in ("gatewayListen", "adminListen", "passListen")}
    controller = {**listeners, **config.get("controller", {})}
    return {
        "name": "demo",
        "stateDir": str(state_dir),
        **config,
        "purge": {"waitTimeout": "30s", **config.get("purge", {})},
        "varnish": varnish,
        "controller": controller,
    }


def local() -> str:
    return f"127.0.0.1:{free_port()}"


def verdict(response: httpx.Response) -> str:
    """HIT, MISS or PASS, as `gcdn-cache` says it."""
    value: str = response.headers.get("gcdn-cache", "none")
    return value


def assert_hit(response: httpx.Response) -> httpx.Response:
    """The answer came from the cache."""
    return assert_verdict(response, "HIT")


def assert_miss(response: httpx.Response) -> httpx.Response:
    """The answer came from the origin and may now be stored."""
    return assert_verdict(response, "MISS")


def assert_pass(response: httpx.Response) -> httpx.Response:
    """The answer came from the origin and is not stored."""
    return assert_verdict(response, "PASS")


def assert_verdict(response: httpx.Response, expected: str) -> httpx.Response:
    assert verdict(response) == expected, f"expected {expected}\n{describe(response)}"
    return response


def assert_same_body(response: httpx.Response, direct: httpx.Response) -> None:
    """Status and body are those of the origin, byte for byte."""
    same = (response.status_code, response.content) == (direct.status_code, direct.content)
    assert same, f"{describe(response)}\n--- the origin alone:\n{describe(direct)}"


def describe(response: httpx.Response) -> str:
    """The exchange with all headers, for the message of a failed assertion."""
    request = response.request
    sent = "".join(f"> {name}: {value}\n" for name, value in request.headers.items())
    got = "".join(f"< {name}: {value}\n" for name, value in response.headers.items())
    return (
        f"> {request.method} {request.url}\n{sent}> {request.content[:2000]!r}\n"
        f"< {response.status_code}\n{got}< {response.content[:2000]!r}"
    )
