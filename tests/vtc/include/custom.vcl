# A host of somebody's own: its first backend has another name, and its names are those of ours.
vcl 4.1;

import directors;
import header;
import std;
import var;

backend site { .host = "host.test"; .port = "80"; }
backend origin { .host = "host.test"; .port = "80"; }
backend passes { .host = "host.test"; .port = "80"; }
backend controller { .host = "host.test"; .port = "80"; }

include "shellac.vcl";

acl purgers { "127.0.0.1"; }

sub vcl_init {
    new servers = directors.round_robin();
    servers.add_backend(site);
    var.global_set("boot", "the host's");
}

sub trust_recv {
    set req.http.X-Host = "trust " + var.global_get("boot");
}
sub request_hash {
    hash_data(req.url + req.http.X-Host);
}

sub vcl_recv {
    call trust_recv;
    if (req.url == "/servers") { set req.backend_hint = servers.backend(); }
    if (req.url == "/origin") { set req.backend_hint = origin; }
    if (req.url == "/passes") { set req.backend_hint = passes; }
    if (req.url == "/controller") { set req.backend_hint = controller; }
    if (req.method == "PURGE" && req.url == "/handed-on") { return (pass); }
    if (req.method == "PURGE" && client.ip ~ purgers) { return (purge); }
    if (req.url == "/rollback") { std.rollback(req); return (hash); }
    if (req.url == "/moved" && req.restarts == 0) { return (synth(750)); }
    if (req.url == "/cached") { return (hash); }
    return (pass);
}

sub vcl_hash {
    call request_hash;
    return (lookup);
}

sub vcl_backend_response {
    set beresp.http.X-Host-Response = "yes";
    if (bereq.url == "/cached") { set beresp.ttl = 600s; }
    if (bereq.url == "/broken") { return (error(503, "the host")); }
}

sub vcl_backend_error {
    set beresp.http.X-Host-Error = "yes";
    synthetic("the host's error");
    return (deliver);
}

sub vcl_deliver {
    set resp.http.X-Host-Deliver = "yes, after restart " + req.restarts;
}

sub vcl_synth {
    if (resp.status == 750) { return (restart); }
    set resp.http.X-Host-Synth = "yes";
    synthetic("the host's: " + resp.reason);
    return (deliver);
}
