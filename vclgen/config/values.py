"""Values with a unit or a form of their own: durations, sizes, addresses, URLs, paths."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, NamedTuple
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, PlainSerializer, ValidationInfo, WithJsonSchema

from vclgen.config.refusal import refusal, shown

_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
_BYTES: Final = {"": 1, "b": 1, "k": 1024, "m": 1024**2, "g": 1024**3}
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?"
_HOST: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.?")
_ADDRESS: Final = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<host>[^:\[\]]+)):(?P<port>[0-9]+)")
_URL: Final = re.compile(r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+")
"""The characters of RFC 3986, section 2: none of them ends a string or a line in VCL."""
LABEL: Final = "x-type"
"""In the JSON Schema: what docs/config.md calls a value of this form."""
TEN_YEARS: Final = 315_360_000


class Address(NamedTuple):
    """A host (name, IPv4 or IPv6 without brackets) and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def reachable(self) -> Address:
        """The address to connect to for something that listens here, on the same machine."""
        local = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104
        return Address(local.get(self.host, self.host), self.port)


def _duration(value: Any) -> float:
    if isinstance(value, int) and not isinstance(value, bool):
        seconds = float(value)
    else:
        match = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)", str(value))
        if not match:
            raise refusal(f"{shown(value)} is no duration", "write it like 150ms, 60s, 5m or 2h")
        seconds = float(match[1]) * _SECONDS[match[2]]
    if not 0 < seconds <= TEN_YEARS:
        raise refusal(f"{shown(value)} is no usable duration", "use more than 0, at most 10 years")
    return seconds


def duration_text(seconds: float) -> str:
    """Seconds as the config writes them: ``150ms``, ``60s``."""
    return f"{seconds * 1000:g}ms" if seconds < 1 else f"{seconds:g}s"


def _size(value: Any) -> int:
    number = value if isinstance(value, int) and not isinstance(value, bool) else None
    if number is None:
        match = re.fullmatch(r"(\d+)([kmg]?)b?", str(value).lower())
        if not match:
            raise refusal(f"{shown(value)} is no size", "write bytes, or like 256kb, 10mb or 1gb")
        number = int(match[1]) * _BYTES[match[2]]
    if not 0 < number <= 1024**5:
        raise refusal(f"{shown(value)} is no usable size", "use at least one byte")
    return number


def size_text(size: int) -> str:
    """Bytes as the config writes them: ``256kb``, ``10mb``."""
    for unit in ("g", "m", "k"):
        if size % _BYTES[unit] == 0:
            return f"{size // _BYTES[unit]}{unit}b"
    return str(size)


def _address(value: Any) -> Address:
    match = _ADDRESS.fullmatch(value) if isinstance(value, str) else None
    if isinstance(value, Address):
        return value
    if not match or not (_is_host(match["host"]) if match["host"] else _is_ip(match["v6"])):
        raise refusal(
            f"{shown(value)} is no address", "write host:port, like 127.0.0.1:8090 or '[::1]:8090'"
        )
    if not 1 <= int(match["port"]) <= 65_535:
        raise refusal(f"{shown(value)} has no usable port", "use a port from 1 to 65535")
    return Address(match["host"] or match["v6"], int(match["port"]))


def _is_host(text: str) -> bool:
    if re.fullmatch(r"[0-9.]+", text):
        return _is_ip(text)
    return len(text) <= 253 and _HOST.fullmatch(text) is not None


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def is_one_address(host: str) -> bool:
    """Whether a host is an address, or this machine, and no name that can stand for several."""
    return host == "localhost" or _is_ip(host)


def is_loopback(host: str) -> bool:
    """Whether only this machine can connect to what listens on a host."""
    return host == "localhost" or (_is_ip(host) and ipaddress.ip_address(host).is_loopback)


def url(value: Any) -> str:
    """An http or https URL; without a scheme it is https, as Stellate reads it."""
    if not isinstance(value, str) or not _URL.fullmatch(value) or value.startswith("/"):
        raise refusal(f"{shown(value)} is no URL", _URL_HINT)
    full = value if "://" in value else f"https://{value}"
    try:
        parts = urlsplit(full)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise refusal(f"{shown(value)} is no URL ({error})", _URL_HINT) from error
    if parts.username is not None or parts.password is not None:
        raise refusal("the URL holds credentials", "set originHeaders.Authorization")
    if parts.scheme not in ("http", "https") or not (_is_host(host) or _is_ip(host)) or port == 0:
        raise refusal(f"{shown(value)} is no http or https URL", _URL_HINT)
    if "#" in full:
        raise refusal("the URL holds a fragment, which no server sees", "remove the part from # on")
    return full


_URL_HINT: Final = "write it like https://api.example.com/graphql"


def local_path(value: Any, info: ValidationInfo) -> Path:
    """A path of the config, absolute: relative ones start at the config file's folder."""
    if isinstance(value, Path):
        value = str(value)
    if not isinstance(value, str) or not value or not value.isprintable():
        raise refusal(f"{shown(value)} is no path", "write it like data/shellac")
    folder: Path = (info.context or {}).get("folder", Path())
    return (folder / value).absolute()


def _purge_log(value: Any) -> str:
    """``sqlite``, or a Redis URL."""
    if value == "sqlite":
        return "sqlite"
    if not isinstance(value, str) or not _URL.fullmatch(value):
        raise refusal(f"{shown(value)} is no purge log", _LOG_HINT)
    try:
        parts = urlsplit(value)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise refusal(f"{shown(value)} is no URL ({error})", _LOG_HINT) from error
    if parts.scheme not in ("redis", "rediss") or not (_is_host(host) or _is_ip(host)) or port == 0:
        raise refusal(f"{shown(value)} is no purge log", _LOG_HINT)
    if parts.username is not None or parts.password is not None:
        raise refusal("the URL holds credentials", "set SHELLAC_REDIS_PASSWORD in the environment")
    if not re.fullmatch(r"(/\d{0,4})?", parts.path) or parts.query or parts.fragment:
        raise refusal(f"{shown(value)} has more than a database number", _LOG_HINT)
    return value


_LOG_HINT: Final = "write sqlite or redis://host:6379/0"


@dataclass(frozen=True)
class NotBuilt:
    """Refuses values (or beginnings of values) that are designed and not there yet."""

    values: tuple[str, ...]
    what: str
    fix: str

    def __call__(self, value: Any) -> Any:
        text = "false" if value is False else value
        if isinstance(text, str) and text.startswith(self.values):
            raise refusal(f"{self.what} not built yet", self.fix)
        return value


Duration = Annotated[
    float,
    BeforeValidator(_duration),
    WithJsonSchema({"type": ["string", "integer"], LABEL: "duration"}),
]
"""Seconds."""
DurationOrZero = Annotated[
    float,
    BeforeValidator(lambda value: 0.0 if value in (0, "0") else _duration(value)),
    WithJsonSchema({"type": ["string", "integer"], LABEL: "duration"}),
]
"""Seconds; 0 is none."""
Size = Annotated[
    int, BeforeValidator(_size), WithJsonSchema({"type": ["string", "integer"], LABEL: "size"})
]
"""Bytes."""
ListenAddress = Annotated[
    Address,
    BeforeValidator(_address),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", LABEL: "host:port"}),
]
Url = Annotated[str, BeforeValidator(url), WithJsonSchema({"type": "string", LABEL: "URL"})]
PurgeLogPlace = Annotated[
    str, BeforeValidator(_purge_log), WithJsonSchema({"type": "string", LABEL: "`sqlite` or URL"})
]
LocalPath = Annotated[
    Path, BeforeValidator(local_path), WithJsonSchema({"type": "string", LABEL: "path"})
]
Flag = Annotated[bool, Field(strict=True)]
Seconds = Annotated[int, Field(strict=True, ge=0, le=TEN_YEARS)]
"""Whole seconds, as Stellate writes them."""
