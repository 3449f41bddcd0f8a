"""A headless Chromium, driven by the DevTools protocol, that can reach this machine alone.

https://chromedevtools.github.io/devtools-protocol/
"""

import contextlib
import json
import shutil
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from websockets.sync.client import ClientConnection, connect

from tests.support.net import wait_for
from tests.support.process import running

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM = next((name for name in NAMES if shutil.which(name)), None)
CONTROL = 2
"""The bit of a modifier key in an input event."""


@dataclass
class Page:
    """One tab. `consoled` is what it wrote to the console, refusals of its own policy too."""

    socket: ClientConnection
    consoled: list[str] = field(default_factory=list)
    sent: int = 0

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command of the protocol; its result."""
        self.sent += 1
        self.socket.send(json.dumps({"id": self.sent, "method": method, "params": parameters}))
        while True:
            message = json.loads(self.socket.recv(timeout=60))
            if message.get("id") == self.sent:
                assert "error" not in message, (method, message)
                result: dict[str, Any] = message["result"]
                return result
            self._heard(message)

    def go(self, url: str) -> None:
        """Open an address and wait until its document is read."""
        failed = self.send("Page.navigate", url=url).get("errorText")
        assert failed is None, f"{url}: {failed}"
        self.wait("document.readyState === 'complete'")

    def value(self, expression: str) -> Any:
        """What a JavaScript expression gives, as JSON."""
        answer = self.send(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, (expression, answer)
        return answer["result"].get("value")

    def wait(self, expression: str, *, timeout: float = 60) -> None:
        """Wait until a JavaScript expression is true, as JavaScript sees it."""
        try:
            wait_for(lambda: self.value(f"!!({expression})"), what=expression, timeout=timeout)
        except TimeoutError as error:
            error.add_note(f"--- text of the page\n{self.text()}")
            error.add_note("--- console\n" + "\n".join(self.consoled))
            raise

    def text(self) -> str:
        """What a person reads."""
        return str(self.value("document.body.innerText"))

    def wait_text(self, text: str) -> None:
        # Editors write no-break spaces.
        shown = "document.body.innerText.replaceAll('\\u00a0', ' ')"
        self.wait(f"{shown}.includes({json.dumps(text)})")

    def wait_console(self, text: str) -> None:
        """Wait until a line of the console holds a text."""
        heard = f"{text!r} on the console"
        # What it wrote is read with the answer to a command.
        wait_for(lambda: self.text() and any(text in line for line in self.consoled), what=heard)

    def click(self, selector: str, text: str = "") -> None:
        """Click the first element of a selector that holds a text, once it is there."""
        holds = f"element => element.textContent.includes({json.dumps(text)})"
        found = f"[...document.querySelectorAll({json.dumps(selector)})].find({holds})"
        middle = (
            "(e => e && e.getClientRects().length > 0 &&"
            " (b => [b.x + b.width / 2, b.y + b.height / 2])(e.getBoundingClientRect()))"
            f"({found})"
        )
        box: list[float] | None = None

        def stands() -> bool:
            """It is there, and where it was a moment ago."""
            nonlocal box
            before, box = box, self.value(middle) or None
            return box is not None and box == before

        wait_for(stands, what=f"{selector} {text} to stand still")
        assert box is not None
        for kind in ("mousePressed", "mouseReleased"):
            self.send(
                "Input.dispatchMouseEvent",
                type=kind,
                x=box[0],
                y=box[1],
                button="left",
                clickCount=1,
            )

    def type(self, text: str) -> None:
        """Put text where the cursor is."""
        self.send("Input.insertText", text=text)

    def paste(self, text: str) -> None:
        """Paste text where the cursor is: an editor adds no brackets to that."""
        self.value(
            "(text => { const data = new DataTransfer(); data.setData('text/plain', text);"
            "document.activeElement.dispatchEvent(new ClipboardEvent('paste',"
            "{ clipboardData: data, bubbles: true, cancelable: true })) })"
            f"({json.dumps(text)})"
        )

    def press(self, key: str, code: int, *, control: bool = False) -> None:
        """Press and release a key; `code` is its Windows virtual key code."""
        modifiers = CONTROL if control else 0
        for kind in ("rawKeyDown", "keyUp"):
            self.send(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                windowsVirtualKeyCode=code,
                modifiers=modifiers,
            )

    def _heard(self, message: dict[str, Any]) -> None:
        parameters = message.get("params", {})
        match message.get("method"):
            case "Runtime.consoleAPICalled":
                said = " ".join(str(part.get("value", part)) for part in parameters["args"])
                self.consoled.append(said)
            case "Log.entryAdded":
                entry = parameters["entry"]
                self.consoled.append(f"{entry['text']} {entry.get('url', '')}")
            case "Runtime.exceptionThrown":
                self.consoled.append(json.dumps(parameters["exceptionDetails"])[:2000])


@dataclass
class Browser:
    """A running Chromium. `outside` are first lines of requests that were not for this machine."""

    address: str
    outside: list[str]

    @contextlib.contextmanager
    def page(self) -> Iterator[Page]:
        """A new tab, closed at the end."""
        target = httpx.put(f"http://{self.address}/json/new?about:blank").json()
        with connect(target["webSocketDebuggerUrl"], max_size=None) as socket:
            page = Page(socket)
            for domain in ("Page", "Runtime", "Log"):
                page.send(f"{domain}.enable")
            yield page
            page.send("Page.close")


@contextlib.contextmanager
def running_browser(directory: Path) -> Iterator[Browser]:
    """Start Chromium with a profile of its own under `directory`.

    All that is not for a loopback address goes to a proxy that refuses it and writes it down.
    """
    assert CHROMIUM is not None
    profile = directory / "profile"
    with _trap() as (proxy, outside):
        command = [
            CHROMIUM,
            "--headless",
            "--no-sandbox",  # it cannot be had as root, nor in most containers
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--disable-component-update",
            "--no-first-run",
            "--window-size=1400,900",
            "--remote-debugging-port=0",
            f"--user-data-dir={profile}",
            f"--proxy-server=http://{proxy}",
            "about:blank",
        ]
        with running(command, log=directory / "chromium.log") as process:
            wrote = profile / "DevToolsActivePort"

            def port() -> str | None:
                process.check_alive()
                # The port, a line end, a path: whole once the path is there.
                lines = wrote.read_text().split("\n") if wrote.exists() else []
                return lines[0] if len(lines) > 1 and lines[1] else None

            found = wait_for(port, what="Chromium", timeout=60)
            yield Browser(f"127.0.0.1:{found}", outside)


@contextlib.contextmanager
def _trap() -> Iterator[tuple[str, list[str]]]:
    """A proxy that refuses everything: its address, and the first lines of what it was asked."""
    asked: list[str] = []

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                connection.settimeout(5)
                line = connection.recv(4096).split(b"\r\n")[0].decode(errors="replace")
                if not line:
                    continue  # a connection that was made in advance and never used
                asked.append(line)
                connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"127.0.0.1:{listener.getsockname()[1]}", asked
        finally:
            # Closing alone does not wake an accept.
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
