# `include "shellac.vcl";` belongs after a VCL's backends and before its subs (docs/include.md).
# Shellac 0.1.0, magento profile, service shellac, config digest d3f6e0949e68bfba. Generated from shellac.yaml: edit that.
# One lookup. The origin tags its answers and says what of them may be cached; its own purges are understood by the controller.
# A request is one of "graphql" or "purge" in X-Shellac-Round; with X-Shellac-Detail, the reason, it passes.
import cookie as shellac_cookie;
import header as shellac_header;
import purge as shellac_purge;
import std as shellac_std;
import var as shellac_var;
import xkey as shellac_xkey;

# from: templates/direct/backend.vcl.j2
# The origin, and the controller for mutations and purges.
backend shellac_origin {
    .host = "127.0.0.1"; .port = "8000"; .connect_timeout = 5s; .first_byte_timeout = 600s; .between_bytes_timeout = 60s;
    .host_header = "127.0.0.1";
    .probe = { .url = "/health_check.php"; .timeout = 2s; .interval = 5s; .window = 10; .threshold = 5; .initial = 5; }
}
backend shellac_passes {
    .host = "127.0.0.1"; .port = "8092"; .connect_timeout = 2s; .first_byte_timeout = 78s; .between_bytes_timeout = 68s;
}

# from: templates/direct/trust.vcl.j2
# The trust boundary. X-Shellac-* and Shellac-* are decisions of ours: cut on entry, before anything is answered, from the origin
# and on the way out. X-HashTwo and xkey of an answer would tag it. The same pass over the headers finds what is known to change
# answers and not keyed; most requests have nothing of either.
sub shellac_trust_recv {
    shellac_std.collect(req.http.Host);
    shellac_header.regsub(req, "(?i)^(?:shellac-(?!debug:).*|proxy|(?!(accept\-language|content\-currency|origin|preview\-version|store|x\-adobe\-company|x\-forwarded\-proto|x\-magento\-cache\-id):)(access\-token|access_token|api\-key|api\-version|api_key|apikey|apitoken|authorization\-bearer|dg\-auth|gcms\-[^:]*|graphql\-features|prismic\-ref|sc_apikey|shopify\-storefront\-[^:]*|token|vendure\-token|version|woocommerce\-session|x\-access\-token|x\-account\-id|x\-api\-key|x\-api\-version|x\-auth|x\-auth\-request\-[^:]*|x\-auth\-token|x\-base\-editing\-url|x\-bc\-[^:]*|x\-channel|x\-channel\-id|x\-country|x\-country\-code|x\-craft\-token|x\-crystallize\-[^:]*|x\-currency|x\-customer\-group|x\-customer\-id|x\-dgraph\-[^:]*|x\-environment|x\-exclude\-invalid|x\-forwarded\-email|x\-forwarded\-user|x\-hasura\-[^:]*|x\-impersonate\-user|x\-include\-drafts|x\-lang|x\-language|x\-locale|x\-market|x\-moltin\-[^:]*|x\-org\-id|x\-organization|x\-organization\-id|x\-parse\-[^:]*|x\-preview|x\-price\-list|x\-publishable\-api\-key|x\-region|x\-remote\-user|x\-role|x\-session\-id|x\-session\-token|x\-shop\-id|x\-shopify\-[^:]*|x\-site\-id|x\-store\-id|x\-tenant|x\-tenant\-id|x\-timezone|x\-user|x\-user\-id|x\-user\-role|x\-visual\-editing|x\-workspace\-id|x\-wp\-nonce)):(?!(?<=accept-language:)\s*\*$).*$", "X-Shellac-Odd: \0");
    if (req.http.X-Shellac-Odd) { call shellac_trust_odd; }
    if (req.url !~ "^/[!\x22$-~]*$" || req.http.Host !~ "^[0-9A-Za-z._:\[\]-]*$" || req.proto == "HTTP/1.0" && req.http.Transfer-Encoding || req.proto != "HTTP/1.0" && !req.http.Host) { return (synth(400, "The target must be a path, percent-encoded; Host a name that stands once; Transfer-Encoding is not for HTTP/1.0")); }
}
# All but ours get their names back. Accept-Language: * is as none (RFC 9110, 12.5.4).
sub shellac_trust_odd {
    if (shellac_std.port(local.ip) == 8081) { shellac_header.regsub(req, "(?i)^x-shellac-odd: (x-shellac-.*|proxy):.*$", "X-Shellac-Cut: 1"); }
    else { shellac_header.regsub(req, "(?i)^x-shellac-odd: (x-shellac-.*|shellac-.*|proxy):.*$", "X-Shellac-Cut: 1"); }
    unset req.http.X-Shellac-Cut;
    if (req.http.X-Shellac-Odd) {
        shellac_header.regsub(req, "(?i)^x-shellac-odd: (.*)$", "\1");
        set req.http.X-Shellac-Unkeyed = "1";
    }
}
sub shellac_trust_response {
    if (bereq.http.X-Shellac-Passes) { shellac_header.regsub(beresp, "(?i)^(x-hashtwo|server|x-powered-by|x-shellac-(?!detail:).*):.*$", "X-Shellac-Cut: 1", true); }
    else { shellac_header.regsub(beresp, "(?i)^(x-hashtwo|server|x-powered-by|x-shellac-.*|shellac-.*):.*$", "X-Shellac-Cut: 1", true); }
    unset beresp.http.X-Shellac-Cut;  # the names that are left go in trust_deliver: fewer to look for at every hit
}
sub shellac_trust_deliver {
    if (req.http.X-Shellac-Detail) {  # else it is stored, and has none of these
        unset resp.http.X-Shellac-Detail;
        unset resp.http.x-magento-tags;
    }
    unset resp.http.X-Shellac-Flush;
    unset resp.http.X-Shellac-Moved;
    unset resp.http.X-Shellac-Stored;
    unset resp.http.xkey;
    unset resp.http.X-Varnish;
    unset resp.http.Via;
}

# from: templates/features/admin.vcl.j2
# The node and its admin listener. What a node knows stands in globals: they outlive a reload. A new boot: an empty cache.
sub shellac_admin_init {
    if (!shellac_var.global_get("shellac_boot")) {
        shellac_var.global_set("shellac_boot", shellac_std.integer(time=now, fallback=0) + "-" + shellac_std.integer(real=shellac_std.round(shellac_std.random(0, 999999999)), fallback=0) + "-" + shellac_std.integer(real=shellac_std.round(shellac_std.random(0, 999999999)), fallback=0));
        shellac_var.global_set("shellac_seq", "-");    # the last purge applied: the node is its own cursor in the purge log
        shellac_var.global_set("shellac_plan", "-");   # the schema generation, part of every verdict's key
        shellac_var.global_set("shellac_flush", "-");  # the data generation, part of every data key
        shellac_var.global_set("shellac_lease", "0");  # until when it counts as up to date: seconds, by its own clock
    }
}
# Every request of this listener ends here; one without the secret learns only how the node is. X-Shellac-Body: the answer.
sub shellac_admin_recv {
    if (req.method == "GET" && req.url ~ "^/_shellac/(alive|health)$") {
        set req.http.X-Shellac-Body = "ok";
        if (req.url ~ "health" && shellac_var.global_get("shellac_seq") == "-") { set req.http.X-Shellac-Body = "not met by its controller yet"; }
        if (req.http.X-Shellac-Body != "ok") { return (synth(503)); }
        return (synth(200));
    }
    set req.http.X-Shellac-Secret = regsub(shellac_std.fileread("/var/lib/shellac/varnish.secret"), "\s+$", "");  # no file: nobody has it
    if (req.http.X-Shellac-Secret == "" || req.http.Shellac-Secret != req.http.X-Shellac-Secret) { return (synth(403, "The admin listener needs the Shellac-Secret header")); }
    if (req.method == "PURGE") { call shellac_admin_purge; }
    elsif (req.method == "POST" && req.url == "/_shellac/lease") {
        if (req.http.Shellac-Lease !~ "^[0-9]{1,12}(\.[0-9]{1,3})?$") { return (synth(400, "Shellac-Lease is malformed")); }
        shellac_var.global_set("shellac_lease", req.http.Shellac-Lease);
        set req.http.X-Shellac-Body = {"{"lease":""} + shellac_var.global_get("shellac_lease") + {"" }"};
    }
    elsif (req.method == "GET" && req.url == "/_shellac/node") {
        set req.http.X-Shellac-Body = {"{"boot":""} + shellac_var.global_get("shellac_boot") + {"","seq":""} + shellac_var.global_get("shellac_seq")
            + {"","digest":"d3f6e0949e68bfba","plan":""} + shellac_var.global_get("shellac_plan") + {"","flush":""} + shellac_var.global_get("shellac_flush")
            + {"","lease":""} + shellac_var.global_get("shellac_lease") + {"","now":""} + shellac_std.real(time=now, fallback=0.0) + {"" }"};
    }
    else { return (synth(404, "The admin listener serves PURGE and /_shellac/node, lease, health, alive")); }
    return (synth(200));
}
# PURGEs come in the order of the log; the node's cursor moves once one is done. Bans have one fixed form, no user's text.
sub shellac_admin_purge {
    if (req.http.Shellac-Seq + "," + req.http.Shellac-Flush + "," + req.http.Shellac-Plan !~ "^([0-9a-z]+:[0-9]{1,15})?,([0-9a-z]+:[0-9]{1,15})?,[0-9a-z]{0,64}$") { return (synth(400, "Shellac-Seq, Shellac-Flush or Shellac-Plan is malformed")); }
    if (req.http.Shellac-Plan) { shellac_var.global_set("shellac_plan", req.http.Shellac-Plan); }
    if (req.http.Shellac-Flush) {
        # The new generation makes old objects unreachable; the ban frees the memory. "!=" would match verdicts too.
        set req.http.X-Shellac-Flush = shellac_var.global_get("shellac_flush");
        shellac_var.global_set("shellac_flush", req.http.Shellac-Flush);
        if (!shellac_std.ban("obj.http.X-Shellac-Flush == " + req.http.X-Shellac-Flush)) { return (synth(500, shellac_std.ban_error())); }
    }
    shellac_std.collect(req.http.xkey-purge, " ");
    shellac_std.collect(req.http.xkey-softpurge, " ");
    call shellac_fresh_begin;
    set req.http.xkey-purge = req.http.xkey-purge + " " + req.http.X-Shellac-Window;
    set req.http.X-Shellac-Purged = shellac_xkey.purge(req.http.xkey-purge) + shellac_xkey.softpurge(req.http.xkey-softpurge);
    call shellac_fresh_end;
    if (req.http.Shellac-Seq) { shellac_var.global_set("shellac_seq", req.http.Shellac-Seq); }
    set req.http.X-Shellac-Body = {"{"purged":"} + req.http.X-Shellac-Purged + {","boot":""} + shellac_var.global_get("shellac_boot") + {"" }"};
}
sub shellac_admin_synth {
    set resp.http.Content-Type = "text/plain";
    if (req.http.X-Shellac-Body !~ "^[a-z]") { set resp.http.Content-Type = "application/json"; }
    set resp.http.Cache-Control = "no-store";
    synthetic(req.http.X-Shellac-Body);
    return (deliver);
}

# from: templates/direct/fresh.vcl.j2
# Fresh after a purge. A purge skips what is still being fetched, and for a moment what was just stored: Varnish makes an object
# hittable before xkey has indexed it. "moved" names the last purge and is set before it: a fetch during which it moved is not
# stored. "purged" is when that was: what had been stored for less than half a second then is fetched anew; and the next purge
# takes it along, "window", should nobody have asked for it since. For that each object has a key of the tenth of a second in
# which it was stored and of its epoch: purges within half a second are one epoch, so what comes after a purge is not in its window.
sub shellac_fresh_init {
    if (!shellac_var.global_get("shellac_moved")) { shellac_var.global_set("shellac_moved", "-.-"); }
}
sub shellac_fresh_begin {
    set req.http.X-Shellac-Window = shellac_var.global_get("shellac_window");
    set req.http.X-Shellac-Epoch = regsub(shellac_var.global_get("shellac_moved"), "\..*$", "");
    set req.http.X-Shellac-Next = req.http.X-Shellac-Epoch;
    if (shellac_std.real(shellac_var.global_get("shellac_began"), 0.0) + 0.5 < shellac_std.real(time=now, fallback=0.0)) {
        shellac_var.global_set("shellac_began", shellac_std.real(time=now, fallback=0.0));
        set req.http.X-Shellac-Next = req.xid;
    }
    shellac_var.global_set("shellac_moved", req.http.X-Shellac-Next + "." + req.xid);  # soon after it was read: purges may come together
    set req.http.X-Shellac-Young = "";
    set req.http.X-Shellac-Young = req.http.X-Shellac-Young + " s:" + req.http.X-Shellac-Epoch + ":" + shellac_std.integer(real=shellac_std.real(time=now, fallback=0.0) * 10.0 + 1.0, fallback=0);
    set req.http.X-Shellac-Young = req.http.X-Shellac-Young + " s:" + req.http.X-Shellac-Epoch + ":" + shellac_std.integer(real=shellac_std.real(time=now, fallback=0.0) * 10.0 + 0.0, fallback=0);
    set req.http.X-Shellac-Young = req.http.X-Shellac-Young + " s:" + req.http.X-Shellac-Epoch + ":" + shellac_std.integer(real=shellac_std.real(time=now, fallback=0.0) * 10.0 + -1.0, fallback=0);
    set req.http.X-Shellac-Young = req.http.X-Shellac-Young + " s:" + req.http.X-Shellac-Epoch + ":" + shellac_std.integer(real=shellac_std.real(time=now, fallback=0.0) * 10.0 + -2.0, fallback=0);
    set req.http.X-Shellac-Young = req.http.X-Shellac-Young + " s:" + req.http.X-Shellac-Epoch + ":" + shellac_std.integer(real=shellac_std.real(time=now, fallback=0.0) * 10.0 + -3.0, fallback=0);
    set req.http.X-Shellac-Young = req.http.X-Shellac-Young + " s:" + req.http.X-Shellac-Epoch + ":" + shellac_std.integer(real=shellac_std.real(time=now, fallback=0.0) * 10.0 + -4.0, fallback=0);
    set req.http.X-Shellac-Young = req.http.X-Shellac-Young + " s:" + req.http.X-Shellac-Epoch + ":" + shellac_std.integer(real=shellac_std.real(time=now, fallback=0.0) * 10.0 + -5.0, fallback=0);
    set req.http.X-Shellac-Young = req.http.X-Shellac-Young + " s:" + req.http.X-Shellac-Epoch + ":" + shellac_std.integer(real=shellac_std.real(time=now, fallback=0.0) * 10.0 + -6.0, fallback=0);
    if (req.http.X-Shellac-Next != req.http.X-Shellac-Epoch) {
        shellac_var.global_set("shellac_before", req.http.X-Shellac-Young);
        set req.http.X-Shellac-Young = "";
    }
}
sub shellac_fresh_end {
    shellac_var.global_set("shellac_window", shellac_var.global_get("shellac_before") + " " + req.http.X-Shellac-Young);
    shellac_var.global_set("shellac_purged", shellac_std.real(time=now, fallback=0.0));
}
sub shellac_fresh_fetch {
    set bereq.http.X-Shellac-Moved = shellac_var.global_get("shellac_moved");
    set bereq.http.X-Shellac-Flush = shellac_var.global_get("shellac_flush");  # for the ban of the next flush: the hash alone hides it
}
sub shellac_fresh_response {
    if (bereq.http.X-Shellac-Moved != shellac_var.global_get("shellac_moved")) {
        if (bereq.is_bgfetch) { return (abandon); }  # what is stale stays
        set beresp.http.X-Shellac-Detail = "purged-meanwhile";
        set beresp.uncacheable = true;  # those who waited fetch anew
        set beresp.ttl = 1s;
        set beresp.grace = 0s;
    } else {
        set beresp.http.X-Shellac-Moved = bereq.http.X-Shellac-Moved;
        set beresp.http.X-Shellac-Flush = bereq.http.X-Shellac-Flush;
        set beresp.http.X-Shellac-Stored = shellac_std.real(time=now, fallback=0.0);
        set beresp.http.X-Shellac-Born = "s:" + regsub(bereq.http.X-Shellac-Moved, "\..*$", "") + ":" + shellac_std.integer(real=shellac_std.real(time=now, fallback=0.0) * 10.0, fallback=0);
    }
}
sub shellac_fresh_hit {
    if (obj.http.X-Shellac-Moved && obj.http.X-Shellac-Moved != shellac_var.global_get("shellac_moved") && (shellac_std.real(obj.http.X-Shellac-Stored, 0.0) + 0.5 > shellac_std.real(shellac_var.global_get("shellac_purged"), 0.0))) {
        if (req.restarts > 3) {  # a burst of purges: each stores one that the next distrusts
            set req.http.X-Shellac-Detail = "purged-meanwhile";
            return (pass);
        }
        shellac_purge.hard();
        return (restart);
    }
}

# from: templates/direct/purges.vcl.j2
# Purges as this origin sends them, from its own address or on the admin listener. An address that connects, and no proxy's.
acl shellac_purgers {
    "10.0.0.0"/8;
}
sub shellac_purges_recv {
    if (shellac_std.port(local.ip) != 8081 && !(remote.ip ~ shellac_purgers && req.http.X-Forwarded-For !~ ",")) { shellac_std.log("shellac: nothing is purged: Purging is not allowed from this address"); return; }
    if (req.method !~ "^(PURGE)$") { shellac_std.log("shellac: nothing is purged: The profile magento purges with PURGE"); return; }
    set req.http.X-Shellac-Round = "purge";
}
# A new generation: what was stored before is unreachable at once. The ban frees the memory; its form is fixed.
sub shellac_purges_flush {
    set req.http.X-Shellac-Flush = shellac_var.global_get("shellac_flush");
    shellac_var.global_set("shellac_flush", req.xid);
    shellac_var.global_set("shellac_before", "");  # purges before this one can have missed nothing that is left
    shellac_var.global_set("shellac_window", "");
    if (!shellac_std.ban("obj.http.X-Shellac-Flush == " + req.http.X-Shellac-Flush)) { return (synth(500, shellac_std.ban_error())); }
    set req.http.X-Shellac-Body = {"{ "invalidated": "all" }"};
}
# The controller has not recorded it, and whoever sent it may not look at the answer: this node at least forgets everything.
sub shellac_purges_deliver {
    if (resp.status >= 500) { call shellac_purges_flush; }
}

# from: templates/direct/request.vcl.j2
# What a request is, and what can be looked up: a bodiless GET or HEAD. All else passes as it was sent.
sub shellac_request_recv {
    if (req.http.Host ~ "[A-Z]") { set req.http.Host = shellac_std.tolower(req.http.Host); }
    if (req.method !~ "^(GET|HEAD|POST|OPTIONS|PUT|PATCH|DELETE)$") { return (synth(405, "Not a method that is passed on; purging is not allowed here")); }
    if (req.http.Content-Length ~ "[0-9]{16}") { return (synth(413, "The length of the body is no usable number")); }  # to std.integer it is none
    if (req.url ~ "^/graphql(\?|$)") {
        set req.http.X-Shellac-Round = "graphql";
        if (shellac_std.integer(req.http.Content-Length, 0) > 10485760 && (req.http.Connection !~ "(?i)\bclose\b" || req.http.Content-Length ~ "[0-9]{10}")) { return (synth(413, "The request body is larger than maxRequestSize")); }
    }
    if (req.method != "GET" && req.method != "HEAD") { set req.http.X-Shellac-Detail = "method"; }
    elsif (req.http.Transfer-Encoding || shellac_std.integer(req.http.Content-Length, 0) != 0) { set req.http.X-Shellac-Detail = "body-on-get"; }
}
# Varnish sends a request without a body again when a reused connection breaks, and a write must not be: piped, it has one of its
# own, which Varnish has closed behind it.
sub shellac_request_write {
    if (req.method !~ "^(GET|HEAD|OPTIONS|TRACE)$" && (req.http.X-Shellac-Round != "graphql" || req.method != "POST") && !req.http.Transfer-Encoding && shellac_std.integer(req.http.Content-Length, 0) == 0) {
        shellac_header.regsub(req, "(?i)^x-shellac-(?!own:).*$", "X-Shellac-Cut: 1", true);  # no way to do it in vcl_pipe
        unset req.http.X-Shellac-Cut;
        return (pipe);
    }
}
sub shellac_request_pipe {
    unset bereq.http.X-Shellac-Own;
}
# For how long a stale answer will do: short while the origin is well, then for as long as the object lasts.
sub shellac_request_grace {
    if (shellac_std.healthy(shellac_origin)) { set req.grace = 300s; }
}
sub shellac_request_miss {
    set req.http.X-Shellac-Status = "miss";
}
sub shellac_request_pass {
    set req.http.X-Shellac-Status = regsub(req.http.X-Shellac-Detail, "^(?!method$).*$", "bypass");
    if (req.http.X-Shellac-Round == "purge" || (req.http.X-Shellac-Round == "graphql" && req.method == "POST")) {
        set req.http.X-Shellac-Passes = "1";
        set req.backend_hint = shellac_passes;
    }
    else { set req.backend_hint = shellac_origin; }
}

# from: templates/features/accept.vcl.j2
# Content negotiation: what clients commonly send falls together. The result is in the data key, and the origin gets it.
sub shellac_accept_recv {
    shellac_std.collect(req.http.Accept, ", ");
    if (!req.http.Accept || req.http.Accept ~ "^\s*(\*/\*)?\s*$") { set req.http.X-Shellac-Accept = "*/*"; }
    elsif (req.http.Accept ~ "(?i)^\s*application/json\s*(;\s*charset=utf-8\s*)?(,|$)") { set req.http.X-Shellac-Accept = "application/json"; }
    elsif (req.http.Accept ~ "(?i)^\s*application/graphql-response\+json\s*(;\s*charset=utf-8\s*)?,.*(application/json|application/\*|\*/\*)") { set req.http.X-Shellac-Accept = "application/graphql-response+json, application/json;q=0.9"; }
    else {
        set req.http.X-Shellac-Accept = regsuball(shellac_std.tolower(req.http.Accept), "\s", "");
        if (req.http.X-Shellac-Accept ~ "text/html" || req.http.X-Shellac-Accept !~ "^[!-~]{1,200}$") { set req.http.X-Shellac-Detail = "accept"; }
    }
}

# from: templates/features/keyed.vcl.j2
# varyHeaders: hashed by name and value, forwarded. One that is known to change answers and not keyed makes the request pass; all
# others go in fetch_graphql. One line alone is keyed, so there must be no second; set anew, it is not cut by a client's Connection.
sub shellac_keyed_recv {
    if (req.http.Accept-Language == "*") { unset req.http.Accept-Language; }  # as none (RFC 9110, 12.5.4); Node's fetch sends it
    if (req.http.store) { shellac_std.collect(req.http.store, " |+| "); }
    if (req.http.store ~ " \|\+\| ") { set req.http.X-Shellac-Detail = "repeated-header"; shellac_header.append(req.http.store, regsuball(regsub(req.http.store, "^.*? \|\+\| ", ""), " \|\+\| ", ", ")); shellac_header.regsub(req, "(?i)^(store:.*?) \|\+\| .*$", "\1"); }
    if (req.http.content-currency) { shellac_std.collect(req.http.content-currency, " |+| "); }
    if (req.http.content-currency ~ " \|\+\| ") { set req.http.X-Shellac-Detail = "repeated-header"; shellac_header.append(req.http.content-currency, regsuball(regsub(req.http.content-currency, "^.*? \|\+\| ", ""), " \|\+\| ", ", ")); shellac_header.regsub(req, "(?i)^(content\-currency:.*?) \|\+\| .*$", "\1"); }
    if (req.http.x-magento-cache-id) { shellac_std.collect(req.http.x-magento-cache-id, " |+| "); }
    if (req.http.x-magento-cache-id ~ " \|\+\| ") { set req.http.X-Shellac-Detail = "repeated-header"; shellac_header.append(req.http.x-magento-cache-id, regsuball(regsub(req.http.x-magento-cache-id, "^.*? \|\+\| ", ""), " \|\+\| ", ", ")); shellac_header.regsub(req, "(?i)^(x\-magento\-cache\-id:.*?) \|\+\| .*$", "\1"); }
    if (req.http.x-adobe-company) { shellac_std.collect(req.http.x-adobe-company, " |+| "); }
    if (req.http.x-adobe-company ~ " \|\+\| ") { set req.http.X-Shellac-Detail = "repeated-header"; shellac_header.append(req.http.x-adobe-company, regsuball(regsub(req.http.x-adobe-company, "^.*? \|\+\| ", ""), " \|\+\| ", ", ")); shellac_header.regsub(req, "(?i)^(x\-adobe\-company:.*?) \|\+\| .*$", "\1"); }
    if (req.http.preview-version) { shellac_std.collect(req.http.preview-version, " |+| "); }
    if (req.http.preview-version ~ " \|\+\| ") { set req.http.X-Shellac-Detail = "repeated-header"; shellac_header.append(req.http.preview-version, regsuball(regsub(req.http.preview-version, "^.*? \|\+\| ", ""), " \|\+\| ", ", ")); shellac_header.regsub(req, "(?i)^(preview\-version:.*?) \|\+\| .*$", "\1"); }
    if (req.http.origin) { shellac_std.collect(req.http.origin, " |+| "); }
    if (req.http.origin ~ " \|\+\| ") { set req.http.X-Shellac-Detail = "repeated-header"; shellac_header.append(req.http.origin, regsuball(regsub(req.http.origin, "^.*? \|\+\| ", ""), " \|\+\| ", ", ")); shellac_header.regsub(req, "(?i)^(origin:.*?) \|\+\| .*$", "\1"); }
    if (req.http.x-forwarded-proto) { shellac_std.collect(req.http.x-forwarded-proto, " |+| "); }
    if (req.http.x-forwarded-proto ~ " \|\+\| ") { set req.http.X-Shellac-Detail = "repeated-header"; shellac_header.append(req.http.x-forwarded-proto, regsuball(regsub(req.http.x-forwarded-proto, "^.*? \|\+\| ", ""), " \|\+\| ", ", ")); shellac_header.regsub(req, "(?i)^(x\-forwarded\-proto:.*?) \|\+\| .*$", "\1"); }
    if (req.http.authorization) { shellac_std.collect(req.http.authorization, " |+| "); }
    if (req.http.authorization ~ " \|\+\| ") { set req.http.X-Shellac-Detail = "repeated-header"; shellac_header.append(req.http.authorization, regsuball(regsub(req.http.authorization, "^.*? \|\+\| ", ""), " \|\+\| ", ", ")); shellac_header.regsub(req, "(?i)^(authorization:.*?) \|\+\| .*$", "\1"); }
    if (req.http.X-Shellac-Unkeyed && !req.http.X-Shellac-Detail) { set req.http.X-Shellac-Detail = "unkeyed-header"; }
}
# Before a fetch alone: a hit does without.
sub shellac_keyed_miss {
    if (req.http.store && !req.http.X-Shellac-Detail) { set req.http.store = req.http.store; }
    if (req.http.content-currency && !req.http.X-Shellac-Detail) { set req.http.content-currency = req.http.content-currency; }
    if (req.http.x-magento-cache-id && !req.http.X-Shellac-Detail) { set req.http.x-magento-cache-id = req.http.x-magento-cache-id; }
    if (req.http.x-adobe-company && !req.http.X-Shellac-Detail) { set req.http.x-adobe-company = req.http.x-adobe-company; }
    if (req.http.preview-version && !req.http.X-Shellac-Detail) { set req.http.preview-version = req.http.preview-version; }
    if (req.http.origin && !req.http.X-Shellac-Detail) { set req.http.origin = req.http.origin; }
    if (req.http.x-forwarded-proto && !req.http.X-Shellac-Detail) { set req.http.x-forwarded-proto = req.http.x-forwarded-proto; }
    if (req.http.authorization && !req.http.X-Shellac-Detail) { set req.http.authorization = req.http.authorization; }
}

# from: templates/direct/graphql.vcl.j2
# GraphQL by GET: shared by everybody who sends the same keyed headers. Its URL is taken as it is, variables and all.
sub shellac_graphql_recv {
    # A token counts only with the id that the origin gave for its holder; schemes ignore case (RFC 9110, 11.1).
    if (req.http.Authorization && (!req.http.x-magento-cache-id || req.http.Authorization !~ "(?i)^bearer\s")) { set req.http.X-Shellac-Detail = "credentials"; }
    if (req.http.Cookie) {
        shellac_std.collect(req.http.Cookie, "; ");
        if (req.http.Cookie ~ "(?:^|;)\s*+(?:=|[^=;\s][^=;]*+(?:;|$))") { set req.http.X-Shellac-Detail = "odd-cookie"; }  # it would swallow the next one
        # Somebody logged in, or with another context than a guest's: the session may count. All other cookies are a guest's.
        if (req.http.Cookie ~ "(?:^|;)\s*X\-Magento\-Vary\s*=" && !req.http.Authorization) { set req.http.X-Shellac-Detail = "credentials"; }
    }
}
sub shellac_graphql_hash {
    if (req.http.Authorization) { hash_data("authorized"); }
    hash_data(req.http.X-Shellac-Accept);  # after all that can be absent: this one is in every key
}

# from: templates/direct/hash.vcl.j2
# The key: generations, host, scheme, every keyed header by name and value. hash_data ends each part with a NUL, which no header
# holds: nothing can run into the next part, and a header that is not there needs none.
sub shellac_request_hash {
    hash_data("direct shellac b46c3a1b " + shellac_var.global_get("shellac_boot") + " " + shellac_var.global_get("shellac_flush") + " " + req.http.X-Shellac-Round);
    hash_data(req.http.Host);
    hash_data(req.url);
    if (req.http.x-forwarded-proto) { hash_data("x-forwarded-proto=" + req.http.x-forwarded-proto); }
    if (req.http.store) { hash_data("store=" + req.http.store); }
    if (req.http.content-currency) { hash_data("content-currency=" + req.http.content-currency); }
    if (req.http.x-magento-cache-id) { hash_data("x-magento-cache-id=" + req.http.x-magento-cache-id); }
    if (req.http.x-adobe-company) { hash_data("x-adobe-company=" + req.http.x-adobe-company); }
    if (req.http.preview-version) { hash_data("preview-version=" + req.http.preview-version); }
    if (req.http.origin) { hash_data("origin=" + req.http.origin); }
}

# from: templates/direct/fetch.vcl.j2
# What the origin is asked. A GraphQL query is asked with what its key holds and nothing else; a page with all that does not
# steer the origin elsewhere. A 304 would bring back a body that was purged: conditions are not sent.
sub shellac_fetch_graphql {
    shellac_header.regsub(bereq, "(?i)^(?!(accept|accept\-encoding|authorization|content\-currency|content\-length|cookie|host|origin|preview\-version|store|traceparent|transfer\-encoding|x\-adobe\-company|x\-forwarded\-proto|x\-magento\-cache\-id|x-shellac-.*):).*$", "X-Shellac-Cut: 1", true);
    set bereq.http.Accept = bereq.http.X-Shellac-Accept;
    unset bereq.http.Cookie;
}
# Varnish sends a request again when a reused connection breaks, and a write must not be: none to the controller is reused.
sub shellac_fetch_passes {
    set bereq.http.Connection = "close";
    if (bereq.http.X-Shellac-Round == "graphql") {
        set bereq.http.X-Shellac-Round = "pass";
    }
    else { shellac_header.regsub(bereq, "(?i)^(shellac-.*|proxy):.*$", "X-Shellac-Cut: 1", true); }  # a purge: it has not been through trust_recv
}
# Of our own headers those stay that a retry, errors_backend or vcl_backend_response reads: the others tell of the client.
sub shellac_fetch_origin {
    if (!bereq.http.X-Shellac-Passes) { shellac_header.regsub(bereq, "(?i)^x-shellac-(?!(accept|asked|cookies|flush|moved|own|round):).*$", "X-Shellac-Cut: 1", true); }
    unset bereq.http.X-Shellac-Cut;
}

# from: templates/direct/storing.vcl.j2
# What may be stored: what the origin says, and nothing that belongs to one client. Else a marker, so that nobody queues.
sub shellac_storing_response {
    if (beresp.was_304) { return (abandon); }
    shellac_std.collect(beresp.http.Surrogate-Control);  # Varnish does it to Cache-Control
    shellac_std.collect(beresp.http.CDN-Cache-Control);
    if (bereq.is_bgfetch && beresp.status >= 500) { return (abandon); }  # what is stale stays
    if (beresp.status != 200) { set beresp.http.X-Shellac-Detail = "origin-status"; }
    elsif (beresp.http.Cache-Control ~ "(?i)(^|[\s,])(no-cache|no-store|private)" || beresp.http.Surrogate-Control ~ "(?i)(^|[\s,])(no-cache|no-store|private|max-age=0+(\D|$))" || beresp.http.CDN-Cache-Control ~ "(?i)(^|[\s,])(no-cache|no-store|private|max-age=0+(\D|$))") { set beresp.http.X-Shellac-Detail = "origin-no-store"; }
    # Where nothing can be read Varnish takes two minutes. An Expires that is no date has passed (RFC 9111, 5.3).
    elsif (beresp.http.Cache-Control !~ "(?i)(^|[\s,])(s-maxage|max-age)=[0-9]" && beresp.http.Expires !~ "^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$") { set beresp.http.X-Shellac-Detail = "no-max-age"; }
    elsif (beresp.ttl <= 0s) { set beresp.http.X-Shellac-Detail = "origin-max-age"; }
    elsif (beresp.http.Vary ~ "\*") { set beresp.http.X-Shellac-Detail = "vary"; }
    elsif (bereq.http.X-Shellac-Round == "graphql" && beresp.http.Vary ~ "(?i)(^|[\s,])(?!(accept|accept\-encoding|accept\-language|content\-currency|origin|preview\-version|store|x\-adobe\-company|x\-forwarded\-proto|x\-magento\-cache\-id)\s*(,|$))[^\s,]") { set beresp.http.X-Shellac-Detail = "vary"; }
    elsif (bereq.http.X-Shellac-Round == "graphql" && bereq.http.x-magento-cache-id && bereq.http.x-magento-cache-id != beresp.http.x-magento-cache-id) { set beresp.http.X-Shellac-Detail = "cache-id"; }
    if (beresp.http.X-Shellac-Detail) {
        set beresp.uncacheable = true;
        set beresp.ttl = 10s;
        if (beresp.status >= 500) { set beresp.ttl = 1s; }
        set beresp.grace = 0s;  # a marker counts through its grace and keep as well
        set beresp.keep = 0s;
    } else {
        set beresp.keep = 0s;
        set beresp.grace = 259200s;
        unset beresp.http.Set-Cookie;  # the origin says that everybody may have this answer
        if (bereq.http.X-Shellac-Round == "graphql") {
            unset beresp.http.Vary;  # it names what is keyed
            set beresp.do_gzip = true;
        }
    }
}

# from: templates/direct/tags.vcl.j2
# Each tag of the origin is a key "t:TAG". "all" is on every object, "u:" has its URL. A list that is too long, or that
# holds a tag which cannot be written in a purge, gives "some" instead: every purge of a tag takes it along.
# A URL that cannot be written gives "some-url", for every purge of a URL: queries are often longer than a key may be.
sub shellac_tags_response {
    shellac_std.collect(beresp.http.x-magento-tags, ",");
    set beresp.http.X-Shellac-Tags = beresp.http.x-magento-tags;
    unset beresp.http.x-magento-tags;
    unset beresp.http.xkey;
    set beresp.http.xkey = "all " + beresp.http.X-Shellac-Born + " wVHoUS7gvV1Ikt24";
    if (bereq.url ~ "^[^,]{1,200}$" && bereq.http.Host !~ "[^!-~]") { set beresp.http.xkey = beresp.http.xkey + " u:" + bereq.http.Host + bereq.url; } else { set beresp.http.xkey = beresp.http.xkey + " some-url"; }
    if (beresp.http.X-Shellac-Tags ~ "^(?s:.{1024}){64}.") { set beresp.http.xkey = beresp.http.xkey + " some"; }
    elsif (beresp.http.X-Shellac-Tags ~ "[^\s,]") {
        set beresp.http.X-Shellac-Tags = regsub(regsuball(beresp.http.X-Shellac-Tags, "\s*,[\s,]*", ","), "^,|,$", "");
        if (beresp.http.X-Shellac-Tags ~ "[^!-~]|[^,]{201}") { set beresp.http.xkey = beresp.http.xkey + " some"; }
        else { set beresp.http.xkey = beresp.http.xkey + " t:" + regsuball(beresp.http.X-Shellac-Tags, ",", " t:"); }
    }
    unset beresp.http.X-Shellac-Born;
    unset beresp.http.X-Shellac-Tags;
}

# from: templates/direct/status.vcl.j2
# What happened, for people: Cache-Status (RFC 9211) and X-Magento-Cache-Debug. X-Shellac-Status: the word after "fwd=", none of a hit or who
# waited in vain.
sub shellac_status_deliver {
    if (!req.http.X-Shellac-Status && resp.status == 200) {
        set resp.http.Cache-Status = "shellac; hit; ttl=" + shellac_std.integer(duration=obj.ttl, fallback=0);
        set resp.http.X-Magento-Cache-Debug = "HIT";
    } else {
        if (resp.http.X-Shellac-Detail) { set req.http.X-Shellac-Detail = resp.http.X-Shellac-Detail; }
        set resp.http.Cache-Status = "shellac; fwd=" + regsub(req.http.X-Shellac-Status, "^$", "miss; collapsed");
        if (req.http.X-Shellac-Detail) { set resp.http.Cache-Status = resp.http.Cache-Status + "; detail=" + req.http.X-Shellac-Detail; }
        else { set resp.http.Cache-Status = resp.http.Cache-Status + "; stored; ttl=" + regsub(obj.ttl, "\..*$", ""); }
        if (req.http.X-Shellac-Status == "miss" && (!req.http.X-Shellac-Detail || req.http.X-Shellac-Detail ~ "^(cache-id|purged-meanwhile)$")) { set resp.http.X-Magento-Cache-Debug = "MISS"; }
        else { set resp.http.X-Magento-Cache-Debug = "UNCACHEABLE"; }
    }
}

# from: templates/direct/client.vcl.j2
# What a client's own cache may do with an answer: no purge reaches it. Stored as it leaves, so that hits need not be told.
sub shellac_client_response {
    if (bereq.http.X-Shellac-Round ~ "^(graphql|pass)$" && beresp.http.Cache-Control !~ "(?i)private|no-store") {
        set beresp.http.Cache-Control = "no-store, no-cache, must-revalidate, max-age=0";
        unset beresp.http.Expires;
        unset beresp.http.Pragma;
    }
}
# Vary is not stored: by it Varnish would keep variants.
sub shellac_client_deliver {
    set resp.http.Vary = "accept, accept-encoding, store, content-currency, x-magento-cache-id, x-adobe-company, preview-version, origin, authorization, cookie";
    if (req.http.Range) { unset req.http.Range; }  # it would be cut from the stored bytes: a part of JSON is of no use
}

# from: templates/direct/errors.vcl.j2
# Whatever Varnish has to say itself: a GraphQL error on the GraphQL path, else plain text.
sub shellac_errors_synth {
    set resp.http.Cache-Control = "no-store";
    # Where the body ends is in doubt, or far away. Of other bodies the rest is read: a reset could overtake the answer.
    if (shellac_std.port(local.ip) != 8081 && (resp.status == 400 && !req.http.X-Shellac-Round || resp.status == 413 && req.http.Content-Length ~ "[0-9]{10}")) { set resp.http.Connection = "close"; }
    if (resp.status == 503) { set resp.http.Retry-After = "1"; }
    if (resp.status == 405) { set resp.http.Allow = "GET, HEAD, POST, OPTIONS" + req.http.X-Shellac-Allow; }
    if (req.http.X-Shellac-Round == "graphql") {
        set resp.http.Content-Type = "application/json; charset=utf-8";
        synthetic({"{"errors":[{"message":""} + regsuball(resp.reason, "[\x00-\x1f\x22\x5c]", "'") + {"","extensions":{"code":"SHELLAC_"} + resp.status + {"" }}]}"});
    } else {
        set resp.http.Content-Type = "text/plain; charset=utf-8";
        synthetic(resp.reason + {"
"});
    }
    return (deliver);
}
sub shellac_errors_backend {
    if (bereq.is_bgfetch) { return (abandon); }  # what was stale stays until a refresh succeeds
    set beresp.status = 503;  # the ttl stays as Varnish set it: a second if a queue waits, which drains instead of trying one by one
    set beresp.http.Cache-Control = "no-store";
    set beresp.http.Retry-After = "1";
    set beresp.http.X-Shellac-Detail = "origin-unreachable";
    if (bereq.http.X-Shellac-Passes) { set beresp.http.X-Shellac-Detail = "controller-unreachable"; }
    if (bereq.http.X-Shellac-Round ~ "^(graphql|pass)$") {
        set beresp.http.Content-Type = "application/json; charset=utf-8";
        synthetic({"{"errors":[{"message":""} + beresp.http.X-Shellac-Detail + {"","extensions":{"code":"SHELLAC_503" }}]}"});
    } else {
        set beresp.http.Content-Type = "text/plain; charset=utf-8";
        synthetic(beresp.http.X-Shellac-Detail + {"
"});
    }
    return (deliver);
}

# from: templates/direct/main.vcl.j2
# The order of everything.
sub shellac_init {
    call shellac_fresh_init;
    call shellac_admin_init;
}
sub shellac_recv {
    if (req.restarts == 0) {
        call shellac_trust_recv;
        if (shellac_std.port(local.ip) == 8081) { call shellac_admin_recv; }
        else { call shellac_request_recv; }
        if (req.http.X-Shellac-Detail == "method") { call shellac_request_write; }
        if (req.http.X-Shellac-Round == "graphql" && !req.http.X-Shellac-Detail) { call shellac_keyed_recv; }
        if (req.http.X-Shellac-Round == "graphql" && !req.http.X-Shellac-Detail) {
            call shellac_accept_recv;
            call shellac_graphql_recv;
        }
    }
    if (req.http.X-Shellac-Round == "purge" || req.http.X-Shellac-Detail) { return (pass); }
    call shellac_request_grace;
    return (hash);
}
sub shellac_hash {
    call shellac_request_hash;
    if (req.http.X-Shellac-Round == "graphql") { call shellac_graphql_hash; }
    return (lookup);
}
sub shellac_hit {
    call shellac_fresh_hit;
    if (obj.ttl <= 0s) { call shellac_keyed_miss; }  # a refresh in the background is a fetch too
}
sub shellac_miss {
    call shellac_keyed_miss;
    call shellac_request_miss;
}
sub shellac_pipe {
    call shellac_request_pipe;
}
sub shellac_pass { call shellac_request_pass; }
sub shellac_backend_fetch {
    if (!bereq.uncacheable) {
        call shellac_fresh_fetch;
        call shellac_fetch_graphql;
    }
    elsif (bereq.http.X-Shellac-Passes) { call shellac_fetch_passes; }
    call shellac_fetch_origin;
    return (fetch);
}
sub shellac_backend_response {
    call shellac_trust_response;
    if (!bereq.uncacheable) { call shellac_storing_response; }
    call shellac_client_response;
    if (!beresp.uncacheable) { call shellac_fresh_response; }
    if (!beresp.uncacheable) { call shellac_tags_response; }
    return (deliver);
}
sub shellac_backend_error {
    call shellac_errors_backend;
}
sub shellac_deliver {
    if (req.http.X-Shellac-Round == "purge") { call shellac_purges_deliver; }
    else { call shellac_status_deliver; }
    if (req.http.X-Shellac-Round == "graphql" && req.http.X-Shellac-Status !~ "^(bypass|method)$") { call shellac_client_deliver; }
    call shellac_trust_deliver;
}
sub shellac_synth {
    if (req.http.X-Shellac-Body) { call shellac_admin_synth; }
    call shellac_errors_synth;
}

# from: templates/features/include.vcl.j2
# The way in. Varnish runs subs of one name one after the other, so these before the host's. What is ours bears X-Shellac-Own, ends
# here and never comes to the host's subs; all else falls through. No client knows its value: a host can bring back, by
# std.rollback, headers that a client sent and that were cut.
sub shellac_forget {
    shellac_header.regsub(req, "(?i)^x-shellac-.*$", "X-Shellac-Cut: 1", true);
    unset req.http.X-Shellac-Cut;
}
sub vcl_init { call shellac_init; }
sub vcl_recv {
    if (req.restarts == 0) {
        call shellac_forget;
        if (req.method ~ "^(PURGE|BAN|REFRESH|PURGEKEYS|PURGE_GRAPHQL)$" && !(shellac_std.port(local.ip) == 8081 && req.http.Shellac-Secret)) {
            call shellac_purges_recv;
            if (req.http.X-Shellac-Round == "purge") {
                set req.http.X-Shellac-Own = shellac_var.global_get("shellac_boot");
                return (pass);
            }
            call shellac_forget;  # the host purges its own
        }
        elsif (shellac_std.port(local.ip) == 8081 || req.url ~ "^/graphql(\?|$)") {
            set req.http.X-Shellac-Own = shellac_var.global_get("shellac_boot");
            set req.backend_hint = shellac_origin;
        }
    }
    if (req.http.X-Shellac-Own && req.http.X-Shellac-Own == shellac_var.global_get("shellac_boot")) {
        call shellac_recv;
        return (pass);
    }
}
sub vcl_hash {
    if (req.http.X-Shellac-Own && req.http.X-Shellac-Own == shellac_var.global_get("shellac_boot")) {
        call shellac_hash;
        return (lookup);
    }
}
sub vcl_hit {
    if (req.http.X-Shellac-Own && req.http.X-Shellac-Own == shellac_var.global_get("shellac_boot")) {
        call shellac_hit;
        return (deliver);
    }
}
sub vcl_miss {
    if (req.http.X-Shellac-Own && req.http.X-Shellac-Own == shellac_var.global_get("shellac_boot")) {
        call shellac_miss;
        return (fetch);
    }
}
sub vcl_pass {
    if (req.http.X-Shellac-Own && req.http.X-Shellac-Own == shellac_var.global_get("shellac_boot")) {
        call shellac_pass;
        return (fetch);
    }
}
sub vcl_pipe {
    if (req.http.X-Shellac-Own && req.http.X-Shellac-Own == shellac_var.global_get("shellac_boot")) {
        call shellac_pipe;
        return (pipe);
    }
}
sub vcl_backend_fetch {
    if (bereq.http.X-Shellac-Own && bereq.http.X-Shellac-Own == shellac_var.global_get("shellac_boot")) {
        call shellac_backend_fetch;
        return (fetch);
    }
}
sub vcl_backend_response {
    if (bereq.http.X-Shellac-Own && bereq.http.X-Shellac-Own == shellac_var.global_get("shellac_boot")) {
        call shellac_backend_response;
        return (deliver);
    }
}
sub vcl_backend_error {
    if (bereq.http.X-Shellac-Own && bereq.http.X-Shellac-Own == shellac_var.global_get("shellac_boot")) {
        call shellac_backend_error;
        return (deliver);
    }
}
sub vcl_deliver {
    if (req.http.X-Shellac-Own && req.http.X-Shellac-Own == shellac_var.global_get("shellac_boot")) {
        call shellac_deliver;
        if (req.http.X-Shellac-Round == "purge") {
            call shellac_forget;
            set req.backend_hint = default;
            return (restart);  # and now the host purges its own
        }
        return (deliver);
    }
}
sub vcl_synth {
    if (req.http.X-Shellac-Own && req.http.X-Shellac-Own == shellac_var.global_get("shellac_boot")) {
        call shellac_synth;
        return (deliver);
    }
}
