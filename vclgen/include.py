"""The whole VCL of a config → one that another VCL includes, for the GraphQL path alone.

Both are rendered by the same templates. What another VCL could have as well gets a prefix here: the
names of subs, backends, objects and access lists, of modules (Magento's VCL has an access list
``purge``, so ``import purge`` does not compile there), and of global variables. Varnish's own subs
(``vcl_recv``) become subs like the others (``shellac_recv``), which
``templates/features/include.vcl.j2`` calls for those requests that are ours.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from vclgen.config import Config
from vclgen.errors import ConfigError, Problem

FILE_NAME: Final = "shellac.vcl"
PREFIX: Final = "shellac_"
HEAD: Final = f"""\
# `include "{FILE_NAME}";` belongs after a VCL's backends and before its subs (docs/include.md).
"""
_DEFINED: Final = re.compile(r"^(?:sub|acl|backend) (\w+)", re.MULTILINE)
_IMPORTED: Final = re.compile(r"^import (\w+);", re.MULTILINE)
_OBJECTS: Final = re.compile(r"^ *new (\w+) =", re.MULTILINE)
_WORDS: Final = re.compile(
    r'\{"(?s:.*?)"\}|"[^"\n]*"|#[^\n]*'  # strings and comments, which stay as they are
    r"|(?<![\w.-])(?P<name>[A-Za-z]\w*)(?P<rest>[\w.-]*)"
)
_GLOBAL: Final = re.compile(r'\b(var\.global_[gs]et\(")')
_LISTENER: Final = re.compile(r'\blocal\.socket (==|!=) "(\w+)"')
_STORAGE: Final = re.compile(r"^ *set beresp\.storage = .*;\n", re.MULTILINE)


def listener_ports(config: Config) -> Mapping[str, int]:
    """The ports of the listeners that a VCL asks for, by their names in varnishd's arguments."""
    varnish = config.varnish
    ports = {"admin": varnish.admin_listen.port}
    return {**ports, "proxy": varnish.proxy_listen.port} if varnish.proxy_listen else ports


def refuse_as_include(config: Config) -> None:
    """Raises ConfigError where the config wants more than the GraphQL path."""
    if config.direct.serve == "site":
        what = "site cannot be: an include serves the GraphQL path, the other VCL the rest"
        fix = "remove it, or use --as default"
        raise ConfigError([Problem("the config", None, "direct.serve", what, fix)])
    if config.varnish.version == "6.0":
        what = "is 6.0, and an include is made for newer ones"
        fix = "use 7.1 or newer, or --as default"
        raise ConfigError([Problem("the config", None, "varnish.version", what, fix)])
    varnish = config.varnish
    if config.profile != "gateway" and (varnish.trusted_proxies or varnish.proxy_listen):
        place = "varnish.trustedProxies" if varnish.trusted_proxies else "varnish.proxyListen"
        what = "does not count: an include judges purges by the address that connects"
        fix = "remove it, and let purges come to a listener without a proxy; or use --as default"
        raise ConfigError([Problem("the config", None, place, what, fix)])
    if varnish.admin_listen.port in {varnish.listen.port, getattr(varnish.proxy_listen, "port", 0)}:
        what = "is the port of another listener: an include knows its listener by the port alone"
        place = "varnish.adminListen"
        raise ConfigError([Problem("the config", None, place, what, "choose another port")])


def included(vcl: str, ports: Mapping[str, int]) -> str:
    """``vcl``, a whole one of the generator's own, as a file to include, without its way in.

    It says no version, because that of an included file must not be above that of the other, which
    is 4.0 with Magento: so a listener is known by its port (``ports``, by name) and not by its
    name, which 4.0 cannot ask for. Objects go where the other VCL's varnishd has room by default.
    """
    objects = set(_OBJECTS.findall(vcl))
    names = {*_DEFINED.findall(vcl), *objects}
    modules = {*_IMPORTED.findall(vcl), *objects}

    def prefixed(word: re.Match[str]) -> str:
        name, rest = word["name"], word["rest"]
        if name in names and not rest:
            return PREFIX + name.removeprefix("vcl_")
        return PREFIX + word[0] if name in modules and rest.startswith(".") else word[0]

    vcl = HEAD + vcl.removeprefix("vcl 4.1;\n")
    vcl = _LISTENER.sub(lambda found: f"std.port(local.ip) {found[1]} {ports[found[2]]}", vcl)
    vcl = _GLOBAL.sub(rf"\g<1>{PREFIX}", _STORAGE.sub("", vcl))
    return _IMPORTED.sub(rf"import \1 as {PREFIX}\1;", _WORDS.sub(prefixed, vcl))
