"""`varnish.trustedProxies` and `varnish.proxyListen`."""

from pathlib import Path

import pytest

from tests.config.support import config, only_problem
from vclgen.plan import gateway_plan
from vclgen.start import varnishd_arguments


def test_networks_and_addresses_of_both_families_are_taken():
    found = config("varnish: {trustedProxies: [10.0.0.0/8, 192.0.2.7, '2001:db8::/32', '::1']}")
    networks = [str(network) for network in found.varnish.trusted_proxies]
    assert networks == ["10.0.0.0/8", "192.0.2.7/32", "2001:db8::/32", "::1/128"]


@pytest.mark.parametrize(
    ("text", "path", "what", "fix"),
    [
        ("[10.0.0.1/8]", "trustedProxies.0", "host bits", "10.0.0.0/8"),
        ("[proxy.example]", "trustedProxies.0", "no network", "10.0.0.0/8"),
        ("[10]", "trustedProxies.0", "10 is no network", "10.0.0.0/8"),
        ("[0.0.0.0/0]", "trustedProxies.0", "trusts everybody", "the proxies' own"),
        ("['::/0']", "trustedProxies.0", "trusts everybody", "the proxies' own"),
        ("['::ffff:10.0.0.1']", "trustedProxies.0", "IPv4 written as IPv6", "IPv4 network"),
    ],
)
def test_what_is_no_network_of_proxies_is_refused(text, path, what, fix):
    problem = only_problem(f"varnish: {{trustedProxies: {text}}}")
    assert problem.path == f"varnish.{path}".replace(".0", "[0]")
    assert what in problem.what
    assert fix in problem.fix


def test_a_proxy_listener_that_others_reach_needs_to_know_the_proxies():
    problem = only_problem("varnish: {proxyListen: '0.0.0.0:8083'}")
    assert problem.path == "varnish.proxyListen"
    assert "could claim any address" in problem.what
    known = config("varnish: {proxyListen: '0.0.0.0:8083', trustedProxies: [10.0.0.0/8]}")
    assert gateway_plan(known).proxy_peers


@pytest.mark.parametrize("listen", ["127.0.0.1:8083", "[::1]:8083", "localhost:8083"])
def test_only_this_machine_reaches_a_loopback_address(listen):
    assert not gateway_plan(config(f"varnish: {{proxyListen: '{listen}'}}")).proxy_peers


def test_a_proxy_listener_has_a_port_of_its_own():
    problem = only_problem("varnish: {proxyListen: '127.0.0.1:8081'}")
    assert problem.path == "varnish.proxyListen"
    assert "taken by varnish.adminListen" in problem.what


def test_varnishd_gets_a_listener_for_the_proxy_protocol_only_if_asked_for():
    plain = varnishd_arguments(config(""), Path("a.vcl"))
    asked = varnishd_arguments(config("varnish: {proxyListen: '127.0.0.1:8083'}"), Path("a.vcl"))
    assert "proxy=127.0.0.1:8083,PROXY" in asked
    assert [word for word in asked if word not in plain] == ["proxy=127.0.0.1:8083,PROXY"]


def test_without_proxies_nothing_looks_for_the_client_s_address():
    assert not gateway_plan(config("")).client_address
