vcl 4.1;
# Shellac 0.1.0, magento profile, service shellac, config digest 3bbef80b10ff29b8. Generated from shellac.yaml: edit that.
# One lookup. The origin tags its answers and says what of them may be cached; its own purges are understood.
# A request is one of "graphql", "page", "static" or "purge" in X-Shellac-Round; with X-Shellac-Detail, the reason, it passes.
import cookie;
import header;
import purge;
import std;
import var;
import vsthrottle;
import xkey;

# from: templates/direct/backend.vcl.j2
# The origin.
backend origin {
    .host = "10.0.0.5"; .port = "8080"; .connect_timeout = 5s; .first_byte_timeout = 600s; .between_bytes_timeout = 60s;
    .host_header = "10.0.0.5";
    .probe = { .url = "/health_check.php"; .timeout = 2s; .interval = 5s; .window = 10; .threshold = 5; .initial = 5; }
}
backend origin_2 {
    .host = "10.0.0.6"; .port = "8080"; .connect_timeout = 5s; .first_byte_timeout = 600s; .between_bytes_timeout = 60s;
    .host_header = "10.0.0.6";
    .probe = { .url = "/health_check.php"; .timeout = 2s; .interval = 5s; .window = 10; .threshold = 5; .initial = 5; }
}

# from: templates/direct/servers.vcl.j2
# Several servers of the origin: one of those that are not sick, at random by weight. What GET or HEAD finds no connection for is
# asked of another one, once. Anything else is not: VCL cannot tell whether it was sent.
import directors;
sub servers_init {
    new servers = directors.random();
    servers.add_backend(origin, 1);
    servers.add_backend(origin_2, 2);
    new after_origin = directors.random();
    after_origin.add_backend(origin_2, 2);
    new after_origin_2 = directors.random();
    after_origin_2.add_backend(origin, 1);
}
sub servers_fetch {
    if (bereq.retries == 0) {
        set bereq.backend = servers.backend();
        set bereq.http.X-Shellac-Asked = std.real(time=now, fallback=0.0);
    }
}
# A time-out after the connection is no reason: the servers are slow then, and would get everything twice.
sub servers_failed {
    if (bereq.retries == 0 && bereq.method ~ "^(GET|HEAD)$" && !bereq.http.Content-Length && !bereq.http.Transfer-Encoding && std.real(bereq.http.X-Shellac-Asked, 0.0) + 6 > std.real(time=now, fallback=0.0)) {
        if (beresp.backend == origin) { set bereq.backend = after_origin.backend(); return (retry); }
        elsif (beresp.backend == origin_2) { set bereq.backend = after_origin_2.backend(); return (retry); }
    }
}
sub servers_pipe {
    set bereq.backend = servers.backend();
}

# from: templates/direct/trust.vcl.j2
# The trust boundary. X-Shellac-* and Shellac-* are decisions of ours: cut on entry, before anything is answered, from the origin
# and on the way out. X-HashTwo and xkey of an answer would tag it. The same pass over the headers finds what is known to change
# answers and not keyed; most requests have nothing of either.
sub trust_recv {
    std.collect(req.http.Host);
    header.regsub(req, "(?i)^(?:x-shellac-.*|shellac-(?!debug:).*|proxy|(?!(accept\-language|content\-currency|preview\-version|ssl\-offloaded|store|x\-adobe\-company|x\-magento\-cache\-id):)(access\-token|access_token|api\-key|api\-version|api_key|apikey|apitoken|authorization\-bearer|dg\-auth|gcms\-[^:]*|graphql\-features|prismic\-ref|sc_apikey|shopify\-storefront\-[^:]*|token|vendure\-token|version|woocommerce\-session|x\-access\-token|x\-account\-id|x\-api\-key|x\-api\-version|x\-auth|x\-auth\-request\-[^:]*|x\-auth\-token|x\-base\-editing\-url|x\-bc\-[^:]*|x\-channel|x\-channel\-id|x\-country|x\-country\-code|x\-craft\-token|x\-crystallize\-[^:]*|x\-currency|x\-customer\-group|x\-customer\-id|x\-dgraph\-[^:]*|x\-environment|x\-exclude\-invalid|x\-forwarded\-email|x\-forwarded\-user|x\-hasura\-[^:]*|x\-impersonate\-user|x\-include\-drafts|x\-lang|x\-language|x\-locale|x\-market|x\-moltin\-[^:]*|x\-org\-id|x\-organization|x\-organization\-id|x\-parse\-[^:]*|x\-preview|x\-price\-list|x\-publishable\-api\-key|x\-region|x\-remote\-user|x\-role|x\-session\-id|x\-session\-token|x\-shop\-id|x\-shopify\-[^:]*|x\-site\-id|x\-store\-id|x\-tenant|x\-tenant\-id|x\-timezone|x\-user|x\-user\-id|x\-user\-role|x\-visual\-editing|x\-workspace\-id|x\-wp\-nonce)):(?!(?<=accept-language:)\s*\*$).*$", "X-Shellac-Odd: \0");
    if (req.http.X-Shellac-Odd) { call trust_odd; }
    if (req.url !~ "^/[!\x22$-~]*$" || req.http.Host !~ "^[0-9A-Za-z._:\[\]-]*$" || req.proto == "HTTP/1.0" && req.http.Transfer-Encoding || req.proto != "HTTP/1.0" && !req.http.Host) { return (synth(400, "The target must be a path, percent-encoded; Host a name that stands once; Transfer-Encoding is not for HTTP/1.0")); }
}
# Where no trusted proxy says by ssl-offloaded how the client came, what X-Forwarded-Proto says by now counts.
sub trust_scheme {
    if (!req.http.ssl-offloaded) { set req.http.ssl-offloaded = req.http.X-Forwarded-Proto; }
}
# All but ours get their names back. Accept-Language: * is as none (RFC 9110, 12.5.4).
sub trust_odd {
    if (local.socket == "admin") { header.regsub(req, "(?i)^x-shellac-odd: (x-shellac-.*|proxy):.*$", "X-Shellac-Cut: 1"); }
    else { header.regsub(req, "(?i)^x-shellac-odd: (x-shellac-.*|shellac-.*|proxy):.*$", "X-Shellac-Cut: 1"); }
    unset req.http.X-Shellac-Cut;
    if (req.http.X-Shellac-Odd) {
        header.regsub(req, "(?i)^x-shellac-odd: (.*)$", "\1");
        set req.http.X-Shellac-Unkeyed = "1";
    }
}
sub trust_response {
    header.regsub(beresp, "(?i)^(x-hashtwo|server|x-powered-by|x-shellac-.*|shellac-.*):.*$", "X-Shellac-Cut: 1", true);
    unset beresp.http.X-Shellac-Cut;  # the names that are left go in trust_deliver: fewer to look for at every hit
}
sub trust_deliver {
    if (req.http.X-Shellac-Detail) {  # else it is stored, and has none of these
        unset resp.http.X-Shellac-Detail;
        unset resp.http.x-magento-tags;
    }
    unset resp.http.X-Shellac-Flush;
    unset resp.http.X-Shellac-Moved;
    unset resp.http.X-Shellac-Stored;
    unset resp.http.X-Shellac-Whole;
    unset resp.http.xkey;
    unset resp.http.X-Varnish;
    unset resp.http.Via;
}

# from: templates/features/client.vcl.j2
# X-Shellac-Client: the client's address, whatever the client says of it. Varnish has put who connected, or whom the PROXY
# protocol names, at the end of X-Forwarded-For: that is client.ip, and the only entry that is true by itself.
import proxy;
acl trusted_proxies {
    "10.0.0.0"/24;
}
# One step back: what a trusted proxy saw is the last entry that is left. One that is no address (unknown, a name, nothing) ends
# the way at this proxy: what stands before it may be the client's invention.
sub client_hop {
    if (req.http.X-Shellac-Left && std.ip(req.http.X-Shellac-Client, "0.0.0.0", false) ~ trusted_proxies) {
        # 192.0.2.1, 192.0.2.1:80, 2001:db8::1, [2001:db8::1]:80, as proxies write them; std.ip alone would take 010.1 or 1 as well.
        set req.http.X-Shellac-Entry = regsub(regsub(req.http.X-Shellac-Left, "^.*,", ""), "^\s*\x22?(?|\[([0-9A-Fa-f:.]+)\](?::[0-9]+)?|([0-9.]+):[0-9]+|([0-9A-Fa-f:.]+))\x22?\s*$", "\1");
        if (req.http.X-Shellac-Entry !~ "^((25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])(\.(?2)){3}|[0-9A-Fa-f]*:[0-9A-Fa-f:.]*)$") { set req.http.X-Shellac-Entry = ""; }
        set req.http.X-Shellac-Entry = std.ip(req.http.X-Shellac-Entry, "0.0.0.0", false);  # as text ::ffff:192.0.2.1 is 192.0.2.1
        if (req.http.X-Shellac-Entry != "0.0.0.0") {
            set req.http.X-Shellac-Client = req.http.X-Shellac-Entry;
            set req.http.X-Shellac-Chain = req.http.X-Shellac-Entry + ", " + req.http.X-Shellac-Chain;
            if (req.http.X-Shellac-Left ~ ",") { set req.http.X-Shellac-Left = regsub(req.http.X-Shellac-Left, "^(.*),[^,]*$", "\1"); }
            else { unset req.http.X-Shellac-Left; }
        }
    }
}
sub client_recv {
    if (local.socket == "proxy" && remote.ip !~ trusted_proxies) { return (synth(403, "Only trusted proxies may connect here")); }
    set req.http.X-Shellac-Client = client.ip;
    set req.http.X-Shellac-Chain = req.http.X-Shellac-Client;
    if (std.ip(req.http.X-Shellac-Client, "0.0.0.0", false) ~ trusted_proxies) {
        if (req.http.X-Forwarded-For ~ ",") { set req.http.X-Shellac-Left = regsub(req.http.X-Forwarded-For, "^(.*),[^,]*$", "\1"); }
        call client_hop;
        call client_hop;
        call client_hop;
        call client_hop;
        call client_hop;
        unset req.http.X-Shellac-Left;
        unset req.http.X-Shellac-Entry;
    } else {
        header.regsub(req, "(?i)^(forwarded|x[-_]forwarded[-_]for|x[-_]forwarded[-_]host|x[-_]forwarded[-_]port|x[-_]forwarded[-_]proto|x[-_]forwarded[-_]protocol|x[-_]forwarded[-_]scheme|x[-_]forwarded[-_]server|x[-_]forwarded[-_]ssl|front[-_]end[-_]https|x[-_]url[-_]scheme|x[-_]real[-_]ip|x[-_]client[-_]ip|x[-_]cluster[-_]client[-_]ip|true[-_]client[-_]ip|cf[-_]connecting[-_]ip|fastly[-_]client[-_]ip|ssl[-_]offloaded):.*$", "X-Shellac-Cut: 1", true);
        unset req.http.X-Shellac-Cut;
    }
    set req.http.X-Forwarded-For = req.http.X-Shellac-Chain;
    unset req.http.X-Shellac-Chain;
    if (req.http.X-Forwarded-Proto !~ "(?i)^https?$") {
        set req.http.X-Forwarded-Proto = "http";
        # Version 1 does not tell of TLS, nor do all that speak version 2; both tell which port the client came to.
        if (local.socket == "proxy" && (proxy.is_ssl() || std.port(server.ip) == 443)) { set req.http.X-Forwarded-Proto = "https"; }
    }
    if (!req.http.X-Forwarded-Host && req.http.Host) { set req.http.X-Forwarded-Host = req.http.Host; }
}

# from: templates/features/admin.vcl.j2
# The node and its admin listener. What a node knows stands in globals: they outlive a reload. A new boot: an empty cache.
sub admin_init {
    if (!var.global_get("boot")) {
        var.global_set("boot", std.integer(time=now, fallback=0) + "-" + std.integer(real=std.round(std.random(0, 999999999)), fallback=0) + "-" + std.integer(real=std.round(std.random(0, 999999999)), fallback=0));
        var.global_set("seq", "alone");    # the last purge applied: the node is its own cursor in the purge log
        var.global_set("plan", "-");   # the schema generation, part of every verdict's key
        var.global_set("flush", "-");  # the data generation, part of every data key
        var.global_set("lease", "0");  # until when it counts as up to date: seconds, by its own clock
    }
}
# Every request of this listener ends here; one without the secret learns only how the node is. X-Shellac-Body: the answer.
sub admin_recv {
    if (req.method == "GET" && req.url ~ "^/_shellac/(alive|health)$") {
        set req.http.X-Shellac-Body = "ok";
        if (req.url ~ "health" && var.global_get("seq") == "-") { set req.http.X-Shellac-Body = "not met by its controller yet"; }
        if (req.http.X-Shellac-Body != "ok") { return (synth(503)); }
        return (synth(200));
    }
    set req.http.X-Shellac-Secret = regsub(std.fileread("/var/lib/shellac/varnish.secret"), "\s+$", "");  # no file: nobody has it
    if (req.http.X-Shellac-Secret == "" || req.http.Shellac-Secret != req.http.X-Shellac-Secret) { return (synth(403, "The admin listener needs the Shellac-Secret header")); }
    if (req.method == "PURGE") { call admin_purge; }
    elsif (req.method == "POST" && req.url == "/_shellac/lease") {
        if (req.http.Shellac-Lease !~ "^[0-9]{1,12}(\.[0-9]{1,3})?$") { return (synth(400, "Shellac-Lease is malformed")); }
        var.global_set("lease", req.http.Shellac-Lease);
        set req.http.X-Shellac-Body = {"{"lease":""} + var.global_get("lease") + {"" }"};
    }
    elsif (req.method == "GET" && req.url == "/_shellac/node") {
        set req.http.X-Shellac-Body = {"{"boot":""} + var.global_get("boot") + {"","seq":""} + var.global_get("seq")
            + {"","digest":"3bbef80b10ff29b8","plan":""} + var.global_get("plan") + {"","flush":""} + var.global_get("flush")
            + {"","lease":""} + var.global_get("lease") + {"","now":""} + std.real(time=now, fallback=0.0) + {"" }"};
    }
    else { return (synth(404, "The admin listener serves PURGE and /_shellac/node, lease, health, alive")); }
    return (synth(200));
}
# PURGEs come in the order of the log; the node's cursor moves once one is done. Bans have one fixed form, no user's text.
sub admin_purge {
    if (req.http.Shellac-Seq + "," + req.http.Shellac-Flush + "," + req.http.Shellac-Plan !~ "^([0-9a-z]+:[0-9]{1,15})?,([0-9a-z]+:[0-9]{1,15})?,[0-9a-z]{0,64}$") { return (synth(400, "Shellac-Seq, Shellac-Flush or Shellac-Plan is malformed")); }
    if (req.http.Shellac-Plan) { var.global_set("plan", req.http.Shellac-Plan); }
    if (req.http.Shellac-Flush) {
        # The new generation makes old objects unreachable; the ban frees the memory. "!=" would match verdicts too.
        set req.http.X-Shellac-Flush = var.global_get("flush");
        var.global_set("flush", req.http.Shellac-Flush);
        if (!std.ban("obj.http.X-Shellac-Flush == " + req.http.X-Shellac-Flush)) { return (synth(500, std.ban_error())); }
    }
    std.collect(req.http.xkey-purge, " ");
    std.collect(req.http.xkey-softpurge, " ");
    call fresh_begin;
    set req.http.xkey-purge = req.http.xkey-purge + " " + req.http.X-Shellac-Window;
    set req.http.X-Shellac-Purged = xkey.purge(req.http.xkey-purge) + xkey.softpurge(req.http.xkey-softpurge);
    call fresh_end;
    if (req.http.Shellac-Seq) { var.global_set("seq", req.http.Shellac-Seq); }
    set req.http.X-Shellac-Body = {"{"purged":"} + req.http.X-Shellac-Purged + {","boot":""} + var.global_get("boot") + {"" }"};
}
sub admin_synth {
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
sub fresh_init {
    if (!var.global_get("moved")) { var.global_set("moved", "-.-"); }
}
sub fresh_begin {
    set req.http.X-Shellac-Window = var.global_get("window");
    set req.http.X-Shellac-Epoch = regsub(var.global_get("moved"), "\..*$", "");
    set req.http.X-Shellac-Next = req.http.X-Shellac-Epoch;
    if (std.real(var.global_get("began"), 0.0) + 0.5 < std.real(time=now, fallback=0.0)) {
        var.global_set("began", std.real(time=now, fallback=0.0));
        set req.http.X-Shellac-Next = req.xid;
    }
    var.global_set("moved", req.http.X-Shellac-Next + "." + req.xid);  # soon after it was read: purges may come together
    set req.http.X-Shellac-Young = "";
    set req.http.X-Shellac-Young = req.http.X-Shellac-Young + " s:" + req.http.X-Shellac-Epoch + ":" + std.integer(real=std.real(time=now, fallback=0.0) * 10.0 + 1.0, fallback=0);
    set req.http.X-Shellac-Young = req.http.X-Shellac-Young + " s:" + req.http.X-Shellac-Epoch + ":" + std.integer(real=std.real(time=now, fallback=0.0) * 10.0 + 0.0, fallback=0);
    set req.http.X-Shellac-Young = req.http.X-Shellac-Young + " s:" + req.http.X-Shellac-Epoch + ":" + std.integer(real=std.real(time=now, fallback=0.0) * 10.0 + -1.0, fallback=0);
    set req.http.X-Shellac-Young = req.http.X-Shellac-Young + " s:" + req.http.X-Shellac-Epoch + ":" + std.integer(real=std.real(time=now, fallback=0.0) * 10.0 + -2.0, fallback=0);
    set req.http.X-Shellac-Young = req.http.X-Shellac-Young + " s:" + req.http.X-Shellac-Epoch + ":" + std.integer(real=std.real(time=now, fallback=0.0) * 10.0 + -3.0, fallback=0);
    set req.http.X-Shellac-Young = req.http.X-Shellac-Young + " s:" + req.http.X-Shellac-Epoch + ":" + std.integer(real=std.real(time=now, fallback=0.0) * 10.0 + -4.0, fallback=0);
    set req.http.X-Shellac-Young = req.http.X-Shellac-Young + " s:" + req.http.X-Shellac-Epoch + ":" + std.integer(real=std.real(time=now, fallback=0.0) * 10.0 + -5.0, fallback=0);
    set req.http.X-Shellac-Young = req.http.X-Shellac-Young + " s:" + req.http.X-Shellac-Epoch + ":" + std.integer(real=std.real(time=now, fallback=0.0) * 10.0 + -6.0, fallback=0);
    if (req.http.X-Shellac-Next != req.http.X-Shellac-Epoch) {
        var.global_set("before", req.http.X-Shellac-Young);
        set req.http.X-Shellac-Young = "";
    }
}
sub fresh_end {
    var.global_set("window", var.global_get("before") + " " + req.http.X-Shellac-Young);
    var.global_set("purged", std.real(time=now, fallback=0.0));
}
sub fresh_fetch {
    set bereq.http.X-Shellac-Moved = var.global_get("moved");
    set bereq.http.X-Shellac-Flush = var.global_get("flush");  # for the ban of the next flush: the hash alone hides it
}
sub fresh_response {
    if (bereq.http.X-Shellac-Moved != var.global_get("moved")) {
        if (bereq.is_bgfetch) { return (abandon); }  # what is stale stays
        set beresp.http.X-Shellac-Detail = "purged-meanwhile";
        set beresp.uncacheable = true;  # those who waited fetch anew
        set beresp.ttl = 1s;
        set beresp.grace = 0s;
    } else {
        set beresp.http.X-Shellac-Moved = bereq.http.X-Shellac-Moved;
        set beresp.http.X-Shellac-Flush = bereq.http.X-Shellac-Flush;
        if (beresp.do_esi) { set beresp.http.X-Shellac-Whole = bereq.xid; }
        set beresp.http.X-Shellac-Stored = std.real(time=now, fallback=0.0);
        set beresp.http.X-Shellac-Born = "s:" + regsub(bereq.http.X-Shellac-Moved, "\..*$", "") + ":" + std.integer(real=std.real(time=now, fallback=0.0) * 10.0, fallback=0);
    }
}
sub fresh_hit {
    if (obj.http.X-Shellac-Moved && obj.http.X-Shellac-Moved != var.global_get("moved") && (obj.http.X-Shellac-Whole && vsthrottle.remaining("whole " + obj.http.X-Shellac-Whole, 2, 21600s) == 2 || std.real(obj.http.X-Shellac-Stored, 0.0) + 0.5 > std.real(var.global_get("purged"), 0.0))) {
        if (req.restarts > 3) {  # a burst of purges: each stores one that the next distrusts
            set req.http.X-Shellac-Detail = "purged-meanwhile";
            return (pass);
        }
        purge.hard();
        return (restart);
    }
    if (obj.http.X-Shellac-Whole && obj.http.X-Shellac-Moved != var.global_get("moved")) { set req.http.X-Shellac-Whole = vsthrottle.is_denied("whole " + obj.http.X-Shellac-Whole, 2, 21600s); }  # still asked for: the note lasts on
}
# A page with includes is not found before all of its body is there, and a purge in that time skips it. The client that fetched
# it waits for that, too: if it came soon enough for the half second above to hold, that is noted ("whole"). A page without such
# a note, because its body was slow or nobody waited, is fetched anew after the next purge. vsthrottle is a set that forgets by
# itself: a note takes one of two tokens and lasts until both are there again, three hours, or six since a hit took the other.
sub fresh_deliver {
    if (req.http.X-Shellac-Status == "miss" && resp.http.X-Shellac-Whole && std.real(resp.http.X-Shellac-Stored, 0.0) + 0.25 > std.real(time=now, fallback=0.0)) {
        set req.http.X-Shellac-Whole = vsthrottle.is_denied("whole " + resp.http.X-Shellac-Whole, 2, 21600s);
    }
}

# from: templates/direct/purges.vcl.j2
# Purges as this origin sends them, from its own address or on the admin listener. The address of the client, and nobody's who was forwarded by others than trusted proxies.
acl purgers {
    "10.0.0.5"/32;
    "10.0.0.6"/32;
}
# As it came: client_recv sets it anew.
sub purges_forwarded {
    if (req.method ~ "^(PURGE|BAN|REFRESH|PURGEKEYS|PURGE_GRAPHQL)$") { set req.http.X-Shellac-Forwarded = req.http.X-Forwarded-For; }
}
sub purges_recv {
    if (local.socket != "admin" && !(std.ip(req.http.X-Shellac-Client, "0.0.0.0", false) ~ purgers && regsuball(req.http.X-Shellac-Forwarded, "[^,]", "") == regsuball(req.http.X-Forwarded-For, "[^,]", ""))) { return (synth(405, "Purging is not allowed from this address")); }
    set req.http.X-Shellac-Allow = ", PURGE";
    if (req.method !~ "^(PURGE)$") { return (synth(405, "The profile magento purges with PURGE")); }
    set req.http.X-Shellac-Round = "purge";
    if (req.url !~ "^/graphql(\?|$)") { call pages_url; }  # as it is stored
    call purges_pattern;
    if (req.http.x-magento-purge-soft == "1") {
        set req.http.X-Shellac-Soft-Keys = req.http.X-Shellac-Soft-Keys + " " + req.http.X-Shellac-Keys;
        unset req.http.X-Shellac-Keys;
        if (req.http.X-Shellac-Everything) { set req.http.X-Shellac-Soft-Keys = "all"; }
    }
    if (req.http.X-Shellac-Everything) { std.log("shellac: " + req.http.X-Shellac-Everything + ", so everything is purged"); }
    if (req.http.X-Shellac-Everything && !req.http.X-Shellac-Soft-Keys) { call purges_flush; } else { call purges_tags; }
    return (synth(200, "Purged"));
}
# Magento: ((^|,)TAG(,|$)) for each tag, joined by |. Everything else is a regular expression that nobody here evaluates.
sub purges_pattern {
    if (!req.http.X-Magento-Tags-Pattern && !req.http.X-Pool) { return (synth(400, "X-Magento-Tags-Pattern or X-Pool header required")); }
    std.collect(req.http.X-Magento-Tags-Pattern, "|");
    set req.http.X-Shellac-Rest = regsuball(req.http.X-Magento-Tags-Pattern, "\(\(\^\|,\)([^][()|,^$*+?{}\\\s]+)\(,\|\$\)\)(?:\||$)", "");
    if (req.http.X-Pool) { set req.http.X-Shellac-Everything = "a purge of a pool"; }
    elsif (req.http.X-Magento-Tags-Pattern == ".*") { set req.http.X-Shellac-Everything = "a purge of .*"; }
    elsif (req.http.X-Shellac-Rest != "") { set req.http.X-Shellac-Everything = "a pattern that does not list tags"; }
    else { set req.http.X-Shellac-Keys = regsuball(req.http.X-Magento-Tags-Pattern, "\(\(\^\|,\)([^][()|,^$*+?{}\\\s]+)\(,\|\$\)\)(?:\||$)", "t:\1 "); }
}
sub purges_tags {
    call fresh_begin;
    if (req.http.X-Shellac-Keys) { set req.http.X-Shellac-Keys = req.http.X-Shellac-Keys + " some"; }
    if (req.http.X-Shellac-Soft-Keys) { set req.http.X-Shellac-Soft-Keys = req.http.X-Shellac-Soft-Keys + " some"; }
    set req.http.X-Shellac-Purged = xkey.purge(req.http.X-Shellac-Window + " " + req.http.X-Shellac-Keys) + xkey.softpurge(req.http.X-Shellac-Soft-Keys);
    call fresh_end;
    set req.http.X-Shellac-Body = {"{ "invalidated": "} + req.http.X-Shellac-Purged + {" }"};
}
# A new generation: what was stored before is unreachable at once. The ban frees the memory; its form is fixed.
sub purges_flush {
    set req.http.X-Shellac-Flush = var.global_get("flush");
    var.global_set("flush", req.xid);
    var.global_set("before", "");  # purges before this one can have missed nothing that is left
    var.global_set("window", "");
    if (!std.ban("obj.http.X-Shellac-Flush == " + req.http.X-Shellac-Flush)) { return (synth(500, std.ban_error())); }
    set req.http.X-Shellac-Body = {"{ "invalidated": "all" }"};
}

# from: templates/direct/request.vcl.j2
# What a request is, and what can be looked up: a bodiless GET or HEAD. All else passes as it was sent.
sub request_recv {
    if (req.http.Host ~ "[A-Z]") { set req.http.Host = std.tolower(req.http.Host); }
    if (req.method !~ "^(GET|HEAD|POST|OPTIONS|PUT|PATCH|DELETE)$") { return (synth(405, "Not a method that is passed on; purging is not allowed here")); }
    if (req.http.Content-Length ~ "[0-9]{16}") { return (synth(413, "The length of the body is no usable number")); }  # to std.integer it is none
    if (req.url ~ "^/graphql(\?|$)") {
        set req.http.X-Shellac-Round = "graphql";
        if (std.integer(req.http.Content-Length, 0) > 10485760) { return (synth(413, "The request body is larger than maxRequestSize")); }
    }
    elsif (req.url ~ "^/(pub/)?(media|static)/") { set req.http.X-Shellac-Round = "static"; }
    else { set req.http.X-Shellac-Round = "page"; }
    if (req.method != "GET" && req.method != "HEAD") { set req.http.X-Shellac-Detail = "method"; }
    elsif (req.http.Transfer-Encoding || std.integer(req.http.Content-Length, 0) != 0) { set req.http.X-Shellac-Detail = "body-on-get"; }
    elsif (req.http.X-Shellac-Round == "static") { set req.http.X-Shellac-Detail = "static"; }
}
# Varnish sends a request without a body again when a reused connection breaks, and a write must not be: piped, it has one of its
# own, which Varnish has closed behind it.
sub request_write {
    if (req.method !~ "^(GET|HEAD|OPTIONS|TRACE)$" && !req.http.Transfer-Encoding && std.integer(req.http.Content-Length, 0) == 0) {
        header.regsub(req, "(?i)^x-shellac-.*$", "X-Shellac-Cut: 1", true);  # no way to do it in vcl_pipe
        unset req.http.X-Shellac-Cut;
        return (pipe);
    }
}
# For how long a stale answer will do: short while the origin is well, then for as long as the object lasts.
sub request_grace {
    if (std.healthy(servers.backend())) { set req.grace = 300s; }
    if (req.http.X-Shellac-Found) { set req.grace = 0s; }  # clientcache_hit has ended it
}
sub request_miss {
    set req.http.X-Shellac-Status = "miss";
}
sub request_pass {
    set req.http.X-Shellac-Status = regsub(req.http.X-Shellac-Detail, "^(?!method$).*$", "bypass");
}

# from: templates/features/cors.vcl.j2
# CORS (Fetch standard, section 3.3), answered here: Origin neither splits the cache nor goes along with what is fetched for it.
# X-Shellac-Origin: what the answer allows. The patterns are checked in vclgen/config/cors.py.
sub cors_recv {
    if (req.http.Origin ~ "^(https://shop\.example)$") { set req.http.X-Shellac-Origin = req.http.Origin; }
    if (req.method == "OPTIONS" && req.http.Origin && req.http.Access-Control-Request-Method && req.url ~ "^/graphql(\?|$)") { return (synth(204)); }
    # No browser asks before a page opens a WebSocket, and it sends cookies along: pages of other origins are judged here.
    if (req.http.Upgrade ~ "(?i)websocket" && req.http.Origin && std.tolower(regsub(req.http.Origin, "^https?://", "")) != std.tolower(req.http.Host)) {
        if (!req.http.X-Shellac-Origin) { return (synth(403, "Pages of this origin may not open a WebSocket here")); }
        unset req.http.Cookie;
        unset req.http.Authorization;
    }
}
sub cors_response {
    header.regsub(beresp, "(?i)^access-control-[^:]*:.*$", "X-Shellac-Cut: 1", true);  # trust_response drops it
}
sub cors_deliver {
    if (!resp.http.Vary) { set resp.http.Vary = "Origin"; }
    elsif (resp.http.Vary !~ "(?i)(^|[\s,])(origin|\*)([\s,]|$)") { set resp.http.Vary = resp.http.Vary + ", Origin"; }
    if (req.http.X-Shellac-Origin) {
        set resp.http.Access-Control-Allow-Origin = req.http.X-Shellac-Origin;
    }
}
sub cors_preflight {
    if (resp.http.Vary) { set resp.http.Vary = resp.http.Vary + ", Access-Control-Request-Headers"; }
    else { set resp.http.Vary = "Access-Control-Request-Headers"; }
    if (req.http.X-Shellac-Origin) {
        unset resp.http.Access-Control-Expose-Headers;
        set resp.http.Access-Control-Allow-Methods = "GET, POST";
        set resp.http.Access-Control-Max-Age = "7200";
        if (req.http.Access-Control-Request-Headers ~ "^[-!#-'*+.^_`|~0-9A-Za-z, ]+$") { set resp.http.Access-Control-Allow-Headers = req.http.Access-Control-Request-Headers; }
    }
    return (deliver);
}

# from: templates/features/limits.vcl.j2
# Rate limits: a bucket of `budget` requests for each address or value, which fills again in the course of the window. Counted
# once per request of a client, before anything is looked up. vsthrottle keeps a hash of what is counted, not the value. Case,
# blanks and quotes are left out of it: servers read a scheme or a cookie alike in several spellings, and each would be a bucket.
acl limit_1_allowed {
    "10.0.0.0"/8;
}
# Varnish closes a connection whose request says so without reading its body, and the reset can overtake the answer.
sub limits_read {
    if (req.http.Connection ~ "(?i)\bclose\b" && req.http.Content-Length && std.integer(req.http.Content-Length, 262145) <= 262144) { set req.http.X-Shellac-Read = std.cache_req_body(256KB); }
}
sub limits_recv {
    # by address
    set req.http.X-Shellac-Counted = "1 address " + req.http.X-Shellac-Client;
    if (std.ip(req.http.X-Shellac-Client, "0.0.0.0") !~ limit_1_allowed && vsthrottle.is_denied(std.tolower(regsuball(req.http.X-Shellac-Counted, "[\s\x22]", "")), 100, 10s)) {
        if (req.http.X-Shellac-Limits) { set req.http.X-Shellac-Limits = req.http.X-Shellac-Limits + ", "; }
        set req.http.X-Shellac-Limits = req.http.X-Shellac-Limits + {""by address""};
        std.log({"Shellac-RateLimit: "by address""});
        set req.http.X-Shellac-Retry = "1";
        call limits_read;
        return (synth(429, "Rate limit by address: 100 requests in 10 s are used up"));
    }
    unset req.http.X-Shellac-Counted;
}
sub limits_deliver {
    if (req.http.X-Shellac-Limits) { set resp.http.Shellac-RateLimit = req.http.X-Shellac-Limits; }
    if (req.http.X-Shellac-Retry) { set resp.http.Retry-After = req.http.X-Shellac-Retry; }
}

# from: templates/features/accept.vcl.j2
# Content negotiation: what clients commonly send falls together. The result is in the data key, and the origin gets it.
sub accept_recv {
    std.collect(req.http.Accept, ", ");
    if (!req.http.Accept || req.http.Accept ~ "^\s*(\*/\*)?\s*$") { set req.http.X-Shellac-Accept = "*/*"; }
    elsif (req.http.Accept ~ "(?i)^\s*application/json\s*(;\s*charset=utf-8\s*)?(,|$)") { set req.http.X-Shellac-Accept = "application/json"; }
    elsif (req.http.Accept ~ "(?i)^\s*application/graphql-response\+json\s*(;\s*charset=utf-8\s*)?,.*(application/json|application/\*|\*/\*)") { set req.http.X-Shellac-Accept = "application/graphql-response+json, application/json;q=0.9"; }
    else {
        set req.http.X-Shellac-Accept = regsuball(std.tolower(req.http.Accept), "\s", "");
        if (req.http.X-Shellac-Accept ~ "text/html" || req.http.X-Shellac-Accept !~ "^[!-~]{1,200}$") { set req.http.X-Shellac-Detail = "accept"; }
    }
}

# from: templates/features/keyed.vcl.j2
# varyHeaders: hashed by name and value, forwarded. One that is known to change answers and not keyed makes the request pass; all
# others go in fetch_graphql. One line alone is keyed, so there must be no second; set anew, it is not cut by a client's Connection.
sub keyed_recv {
    if (req.http.Accept-Language == "*") { unset req.http.Accept-Language; }  # as none (RFC 9110, 12.5.4); Node's fetch sends it
    if (req.http.store) { std.collect(req.http.store, " |+| "); }
    if (req.http.store ~ " \|\+\| ") { set req.http.X-Shellac-Detail = "repeated-header"; header.append(req.http.store, regsuball(regsub(req.http.store, "^.*? \|\+\| ", ""), " \|\+\| ", ", ")); header.regsub(req, "(?i)^(store:.*?) \|\+\| .*$", "\1"); }
    if (req.http.content-currency) { std.collect(req.http.content-currency, " |+| "); }
    if (req.http.content-currency ~ " \|\+\| ") { set req.http.X-Shellac-Detail = "repeated-header"; header.append(req.http.content-currency, regsuball(regsub(req.http.content-currency, "^.*? \|\+\| ", ""), " \|\+\| ", ", ")); header.regsub(req, "(?i)^(content\-currency:.*?) \|\+\| .*$", "\1"); }
    if (req.http.x-magento-cache-id) { std.collect(req.http.x-magento-cache-id, " |+| "); }
    if (req.http.x-magento-cache-id ~ " \|\+\| ") { set req.http.X-Shellac-Detail = "repeated-header"; header.append(req.http.x-magento-cache-id, regsuball(regsub(req.http.x-magento-cache-id, "^.*? \|\+\| ", ""), " \|\+\| ", ", ")); header.regsub(req, "(?i)^(x\-magento\-cache\-id:.*?) \|\+\| .*$", "\1"); }
    if (req.http.x-adobe-company) { std.collect(req.http.x-adobe-company, " |+| "); }
    if (req.http.x-adobe-company ~ " \|\+\| ") { set req.http.X-Shellac-Detail = "repeated-header"; header.append(req.http.x-adobe-company, regsuball(regsub(req.http.x-adobe-company, "^.*? \|\+\| ", ""), " \|\+\| ", ", ")); header.regsub(req, "(?i)^(x\-adobe\-company:.*?) \|\+\| .*$", "\1"); }
    if (req.http.preview-version) { std.collect(req.http.preview-version, " |+| "); }
    if (req.http.preview-version ~ " \|\+\| ") { set req.http.X-Shellac-Detail = "repeated-header"; header.append(req.http.preview-version, regsuball(regsub(req.http.preview-version, "^.*? \|\+\| ", ""), " \|\+\| ", ", ")); header.regsub(req, "(?i)^(preview\-version:.*?) \|\+\| .*$", "\1"); }
    if (req.http.origin) { std.collect(req.http.origin, " |+| "); }
    if (req.http.origin ~ " \|\+\| ") { set req.http.X-Shellac-Detail = "repeated-header"; header.append(req.http.origin, regsuball(regsub(req.http.origin, "^.*? \|\+\| ", ""), " \|\+\| ", ", ")); header.regsub(req, "(?i)^(origin:.*?) \|\+\| .*$", "\1"); }
    if (req.http.ssl-offloaded) { std.collect(req.http.ssl-offloaded, " |+| "); }
    if (req.http.ssl-offloaded ~ " \|\+\| ") { set req.http.X-Shellac-Detail = "repeated-header"; header.append(req.http.ssl-offloaded, regsuball(regsub(req.http.ssl-offloaded, "^.*? \|\+\| ", ""), " \|\+\| ", ", ")); header.regsub(req, "(?i)^(ssl\-offloaded:.*?) \|\+\| .*$", "\1"); }
    if (req.http.authorization) { std.collect(req.http.authorization, " |+| "); }
    if (req.http.authorization ~ " \|\+\| ") { set req.http.X-Shellac-Detail = "repeated-header"; header.append(req.http.authorization, regsuball(regsub(req.http.authorization, "^.*? \|\+\| ", ""), " \|\+\| ", ", ")); header.regsub(req, "(?i)^(authorization:.*?) \|\+\| .*$", "\1"); }
    if (req.http.X-Shellac-Unkeyed && !req.http.X-Shellac-Detail) { set req.http.X-Shellac-Detail = "unkeyed-header"; }
}
# Before a fetch alone: a hit does without.
sub keyed_miss {
    if (req.http.store && !req.http.X-Shellac-Detail) { set req.http.store = req.http.store; }
    if (req.http.content-currency && !req.http.X-Shellac-Detail) { set req.http.content-currency = req.http.content-currency; }
    if (req.http.x-magento-cache-id && !req.http.X-Shellac-Detail) { set req.http.x-magento-cache-id = req.http.x-magento-cache-id; }
    if (req.http.x-adobe-company && !req.http.X-Shellac-Detail) { set req.http.x-adobe-company = req.http.x-adobe-company; }
    if (req.http.preview-version && !req.http.X-Shellac-Detail) { set req.http.preview-version = req.http.preview-version; }
    if (req.http.origin && !req.http.X-Shellac-Detail) { set req.http.origin = req.http.origin; }
    if (req.http.ssl-offloaded && !req.http.X-Shellac-Detail) { set req.http.ssl-offloaded = req.http.ssl-offloaded; }
    if (req.http.authorization && !req.http.X-Shellac-Detail) { set req.http.authorization = req.http.authorization; }
}

# from: templates/direct/graphql.vcl.j2
# GraphQL by GET: shared by everybody who sends the same keyed headers. Its URL is taken as it is, variables and all.
sub graphql_recv {
    # A token counts only with the id that the origin gave for its holder; schemes ignore case (RFC 9110, 11.1).
    if (req.http.Authorization && (!req.http.x-magento-cache-id || req.http.Authorization !~ "(?i)^bearer\s")) { set req.http.X-Shellac-Detail = "credentials"; }
    if (req.http.Cookie) {
        std.collect(req.http.Cookie, "; ");
        if (req.http.Cookie ~ "(?:^|;)\s*+(?:=|[^=;\s][^=;]*+(?:;|$))") { set req.http.X-Shellac-Detail = "odd-cookie"; }  # it would swallow the next one
        # Somebody logged in, or with another context than a guest's: the session may count. All other cookies are a guest's.
        if (req.http.Cookie ~ "(?:^|;)\s*X\-Magento\-Vary\s*=" && !req.http.Authorization) { set req.http.X-Shellac-Detail = "credentials"; }
    }
}
sub graphql_hash {
    if (req.http.Authorization) { hash_data("authorized"); }
    hash_data(req.http.X-Shellac-Accept);  # after all that can be absent: this one is in every key
}

# from: templates/direct/pages.vcl.j2
# Pages.
sub pages_recv {
    if (req.url ~ "^[^?]*/(customer|checkout)(/|\?|$)") { set req.http.X-Shellac-Detail = "path"; }
    if (req.url ~ "^(/pub)?/health_check\.php(\?|$)") { set req.http.X-Shellac-Detail = "path"; }
    if (req.http.Authorization) { set req.http.X-Shellac-Detail = "credentials"; }
    if (req.http.Cookie) {
        std.collect(req.http.Cookie, "; ");
        if (req.http.Cookie ~ "(?:^|;)\s*X\-Magento\-Vary\s*=.*;\s*X\-Magento\-Vary\s*=") { set req.http.X-Shellac-Detail = "repeated-cookie"; }
        elsif (req.http.Cookie ~ "(?:^|;)\s*+(?:=|[^=;\s][^=;]*+(?:;|$))") { set req.http.X-Shellac-Detail = "odd-cookie"; }  # it would swallow the next one
        cookie.parse(req.http.Cookie);
        if (cookie.isset("X-Magento-Vary")) { set req.http.X-Shellac-Cookies = req.http.X-Shellac-Cookies + "X-Magento-Vary=" + cookie.get("X-Magento-Vary") + "; "; }
    }
    if (!req.http.X-Shellac-Detail) {
        call pages_url;
        # Frameworks give a script another answer for the same URL. Only what they look for counts: apps send their names in it.
        if (req.http.X-Requested-With ~ "(?i)xmlhttprequest") { set req.http.X-Requested-With = "XMLHttpRequest"; } else { unset req.http.X-Requested-With; }
    }
}
# Marketing parameters go; a name that only ends like one stays. The order of the others does not count.
sub pages_url {
    if (req.url ~ "[?&](_bta_[^=&]*|_gl|_kx|cof|cx|dclid|fbclid|gad_source|gbraid|gclid|gclsrc|ie|mc_[^=&]*|msclkid|origin|siteurl|srsltid|utm_[^=&]*|wbraid|zanpid)(=|&|$)") {
        set req.url = regsuball(req.url, "(?<=[?&])(_bta_[^=&]*|_gl|_kx|cof|cx|dclid|fbclid|gad_source|gbraid|gclid|gclsrc|ie|mc_[^=&]*|msclkid|origin|siteurl|srsltid|utm_[^=&]*|wbraid|zanpid)(=[^&]*)?(&|$)", "");
        set req.url = regsub(req.url, "[?&]+$", "");
    }
    set req.url = std.querysort(req.url);
}
sub pages_hash {
    hash_data("script:" + req.http.X-Requested-With);
    hash_data("cookies:" + req.http.X-Shellac-Cookies);
}
# A page that is not cached can hold includes as well. Its validators say nothing of them: a 304 would confirm what was purged.
sub pages_response {
    if (beresp.http.Content-Type ~ "(?i)^text/html") {
        set beresp.do_esi = true;
        unset beresp.http.ETag;
        unset beresp.http.Last-Modified;
        set beresp.do_gzip = true;
    }
}

# from: templates/direct/hash.vcl.j2
# The key: generations, host, scheme, every keyed header by name and value. hash_data ends each part with a NUL, which no header
# holds: nothing can run into the next part, and a header that is not there needs none.
sub request_hash {
    hash_data("direct shellac bd7ffe7a " + var.global_get("boot") + " " + var.global_get("flush") + " " + req.http.X-Shellac-Round);
    hash_data(req.http.Host);
    hash_data(req.url);
    if (req.http.ssl-offloaded) { hash_data("ssl-offloaded=" + req.http.ssl-offloaded); }
    if (req.http.store) { hash_data("store=" + req.http.store); }
    if (req.http.content-currency) { hash_data("content-currency=" + req.http.content-currency); }
    if (req.http.x-magento-cache-id) { hash_data("x-magento-cache-id=" + req.http.x-magento-cache-id); }
    if (req.http.x-adobe-company) { hash_data("x-adobe-company=" + req.http.x-adobe-company); }
    if (req.http.preview-version) { hash_data("preview-version=" + req.http.preview-version); }
    if (req.http.X-Shellac-Round != "graphql") { hash_data("origin=" + req.http.origin); }
}

# from: templates/direct/fetch.vcl.j2
# What the origin is asked. A GraphQL query is asked with what its key holds and nothing else; a page with all that does not
# steer the origin elsewhere. A 304 would bring back a body that was purged: conditions are not sent.
sub fetch_graphql {
    header.regsub(bereq, "(?i)^(?!(accept|accept\-encoding|authorization|content\-currency|content\-length|cookie|host|preview\-version|ssl\-offloaded|store|traceparent|transfer\-encoding|x\-adobe\-company|x\-magento\-cache\-id|x-shellac-.*):).*$", "X-Shellac-Cut: 1", true);
    set bereq.http.Accept = bereq.http.X-Shellac-Accept;
    unset bereq.http.Cookie;
}
sub fetch_page {
    header.regsub(bereq, "(?i)^(cf\-connecting\-ip|fastly\-client\-ip|forwarded|front\-end\-https|true\-client\-ip|x\-client\-ip|x\-cluster\-client\-ip|x\-forwarded\-for|x\-forwarded\-host|x\-forwarded\-path|x\-forwarded\-port|x\-forwarded\-prefix|x\-forwarded\-proto|x\-forwarded\-protocol|x\-forwarded\-scheme|x\-forwarded\-server|x\-forwarded\-ssl|x\-forwarded\-uri|x\-host|x\-http\-method|x\-http\-method\-override|x\-method\-override|x\-original\-host|x\-original\-url|x\-real\-ip|x\-rewrite\-url|x\-url\-scheme|(?!(store|content\-currency|x\-magento\-cache\-id|x\-adobe\-company|preview\-version|origin|ssl\-offloaded|authorization):)[^:_]*_[^:]*|xkey.*|if-(none-match|modified-since)):.*$", "X-Shellac-Cut: 1", true);
}
# Of our own headers those stay that a retry, errors_backend or vcl_backend_response reads: the others tell of the client.
sub fetch_origin {
    if (!bereq.http.X-Shellac-Passes) { header.regsub(bereq, "(?i)^x-shellac-(?!(accept|asked|cookies|flush|moved|round):).*$", "X-Shellac-Cut: 1", true); }
    unset bereq.http.X-Shellac-Cut;
}

# from: templates/direct/storing.vcl.j2
# What may be stored: what the origin says, and nothing that belongs to one client. Else a marker, so that nobody queues.
sub storing_response {
    if (beresp.was_304) { return (abandon); }
    std.collect(beresp.http.Surrogate-Control);  # Varnish does it to Cache-Control
    std.collect(beresp.http.CDN-Cache-Control);
    if (bereq.is_bgfetch && beresp.status >= 500) { return (abandon); }  # what is stale stays
    if (beresp.status != 200) { set beresp.http.X-Shellac-Detail = "origin-status"; }
    elsif (beresp.http.Cache-Control ~ "(?i)(^|[\s,])(no-cache|no-store|private)" || beresp.http.Surrogate-Control ~ "(?i)(^|[\s,])(no-cache|no-store|private|max-age=0+(\D|$))" || beresp.http.CDN-Cache-Control ~ "(?i)(^|[\s,])(no-cache|no-store|private|max-age=0+(\D|$))") { set beresp.http.X-Shellac-Detail = "origin-no-store"; }
    # Where nothing can be read Varnish takes two minutes. An Expires that is no date has passed (RFC 9111, 5.3).
    elsif (beresp.http.Cache-Control !~ "(?i)(^|[\s,])(s-maxage|max-age)=[0-9]" && beresp.http.Expires !~ "^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$") { set beresp.http.X-Shellac-Detail = "no-max-age"; }
    elsif (beresp.ttl <= 0s) { set beresp.http.X-Shellac-Detail = "origin-max-age"; }
    elsif (beresp.http.Vary ~ "\*") { set beresp.http.X-Shellac-Detail = "vary"; }
    elsif (bereq.http.X-Shellac-Round == "graphql" && beresp.http.Vary ~ "(?i)(^|[\s,])(?!(accept|accept\-encoding|accept\-language|content\-currency|origin|preview\-version|ssl\-offloaded|store|x\-adobe\-company|x\-magento\-cache\-id)\s*(,|$))[^\s,]") { set beresp.http.X-Shellac-Detail = "vary"; }
    # The page of a context that the request did not name, although its session or another cookie may have led there. Without
    # cookies it is that of the host: each store view but the default one sets it, for guests too.
    elsif (bereq.http.X-Shellac-Round == "page" && bereq.http.Cookie && beresp.http.Set-Cookie ~ "." && header.get(beresp.http.Set-Cookie, "^X\-Magento\-Vary=") ~ "." && regsub(header.get(beresp.http.Set-Cookie, "^X\-Magento\-Vary="), "\s*;.*$", "") != regsub(bereq.http.X-Shellac-Cookies, ";.*$", "")) { set beresp.http.X-Shellac-Detail = "set-cookie"; }
    elsif (bereq.http.X-Shellac-Round == "graphql" && bereq.http.x-magento-cache-id && bereq.http.x-magento-cache-id != beresp.http.x-magento-cache-id) { set beresp.http.X-Shellac-Detail = "cache-id"; }
    # GraphQL under another name of its path: asked as a page is, with a session that its key does not hold.
    elsif (bereq.http.X-Shellac-Round == "page" && beresp.http.x-magento-cache-id) { set beresp.http.X-Shellac-Detail = "cache-id"; }
    if (beresp.http.X-Shellac-Detail) {
        set beresp.uncacheable = true;
        set beresp.ttl = 10s;
        if (beresp.status >= 500) { set beresp.ttl = 1s; }
        set beresp.grace = 0s;  # a marker counts through its grace and keep as well
        set beresp.keep = 0s;
    } else {
        set beresp.storage = storage.data;
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
sub tags_response {
    std.collect(beresp.http.x-magento-tags, ",");
    set beresp.http.X-Shellac-Tags = beresp.http.x-magento-tags;
    unset beresp.http.x-magento-tags;
    unset beresp.http.xkey;
    set beresp.http.xkey = "all " + beresp.http.X-Shellac-Born;
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

# from: templates/features/clientcache.vcl.j2
# clientBypass: a client's no-store passes, its no-cache (RFC 9111, section 5.2.1.4) replaces what is stored. That is not left
# beside the new answer, as hash_always_miss would: it may lack a tag by which only the new one is purged, and come back then.
sub clientcache_recv {
    if (req.http.Cache-Control ~ "(?i)(^|,)\s*no-store\s*(,|$)") { set req.http.X-Shellac-Detail = "client-no-store"; }
    elsif (req.http.Cache-Control ~ "(?i)(^|,)\s*no-cache\s*(,|$)" || (!req.http.Cache-Control && req.http.Pragma ~ "(?i)(^|,)\s*no-cache\s*(,|$)")) { set req.http.X-Shellac-Anew = "1"; }
}
sub clientcache_hit {
    # Ages are as of the request: what has come since then, to others, is what this one wants, too.
    if (req.http.X-Shellac-Anew && obj.age > 0s) {
        unset req.http.X-Shellac-Anew;
        set req.http.X-Shellac-Found = "request";
        # At the very time of the request it would be neither fresh nor stale, and stay beside the new one. Of what has ended
        # already a purge would move the end to now.
        if (obj.ttl > 0s) { set req.http.X-Shellac-Ended = purge.soft(-1ms); }
        set req.grace = 0s;
        return (restart);
    }
}

# clientMaxAge. A client counts Age off max-age (RFC 9111, section 4.2): so max-age is what is left and the age.
sub clientcache_deliver {
    if (resp.http.Cache-Control ~ "no-cache$" && obj.ttl > 0s) {
        set req.http.X-Shellac-Left = std.integer(duration=obj.ttl, fallback=0);
        if (obj.ttl > 30s) { set req.http.X-Shellac-Left = "30"; }
        set resp.http.Cache-Control = regsub(regsub(resp.http.Cache-Control, "^no-cache", "public, no-cache"), "no-cache$", "max-age=")
            + (std.integer(resp.http.Age, 0) + std.integer(req.http.X-Shellac-Left, 0));
    }
}

# from: templates/direct/status.vcl.j2
# What happened, for people: Cache-Status (RFC 9211) and X-Magento-Cache-Debug. X-Shellac-Status: the word after "fwd=", none of a hit or who
# waited in vain.
sub status_deliver {
    if (!req.http.X-Shellac-Status && resp.status == 200) {
        set resp.http.Cache-Status = "shellac; hit; ttl=" + std.integer(duration=obj.ttl, fallback=0);
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
sub client_response {
    if (bereq.http.X-Shellac-Round ~ "^(graphql|pass|page)$" && beresp.http.Cache-Control !~ "(?i)private|no-store") {
        set beresp.http.Cache-Control = "no-store, no-cache, must-revalidate, max-age=0";
        if (bereq.http.X-Shellac-Round == "graphql" && !beresp.uncacheable) {
            set beresp.http.Cache-Control = "no-cache";
            if (bereq.http.Authorization || bereq.http.X-Shellac-Cookies) { set beresp.http.Cache-Control = "private, no-cache"; }
        }
        unset beresp.http.Expires;
        unset beresp.http.Pragma;
    }
}
# Vary is not stored: by it Varnish would keep variants.
sub client_deliver {
    set resp.http.Vary = "accept, accept-encoding, store, content-currency, x-magento-cache-id, x-adobe-company, preview-version, authorization, cookie";
    if (req.http.Range) { unset req.http.Range; }  # it would be cut from the stored bytes: a part of JSON is of no use
}

# from: templates/direct/errors.vcl.j2
# Whatever Varnish has to say itself: a GraphQL error on the GraphQL path, else plain text.
sub errors_synth {
    set resp.http.Cache-Control = "no-store";
    # Where the body ends is in doubt, or far away. Of other bodies the rest is read: a reset could overtake the answer.
    if (local.socket != "admin" && (resp.status == 400 && !req.http.X-Shellac-Round || resp.status == 413 && req.http.Content-Length ~ "[0-9]{10}")) { set resp.http.Connection = "close"; }
    if (resp.status == 503) { set resp.http.Retry-After = "1"; }
    if (resp.status == 405) { set resp.http.Allow = "GET, HEAD, POST, OPTIONS, PUT, PATCH, DELETE" + req.http.X-Shellac-Allow; }
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
sub errors_backend {
    if (bereq.is_bgfetch) { return (abandon); }  # what was stale stays until a refresh succeeds
    set beresp.status = 503;  # the ttl stays as Varnish set it: a second if a queue waits, which drains instead of trying one by one
    set beresp.http.Cache-Control = "no-store";
    set beresp.http.Retry-After = "1";
    set beresp.http.X-Shellac-Detail = "origin-unreachable";
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
sub vcl_init {
    call fresh_init;
    call servers_init;
    call admin_init;
}
sub vcl_recv {
    if (req.restarts == 0) {
        call trust_recv;
        call purges_forwarded;
        call client_recv;
        call trust_scheme;
        if (local.socket != "admin" && req.url ~ "^/graphql(\?|$)") { call cors_recv; }
        if (req.method ~ "^(PURGE|BAN|REFRESH|PURGEKEYS|PURGE_GRAPHQL)$" && !req.http.Shellac-Secret) { call purges_recv; }
        elsif (local.socket == "admin") { call admin_recv; }
        else { call request_recv; }
        if (req.http.X-Shellac-Round ~ "^(graphql|page)$" && req.esi_level == 0) { call limits_recv; }
        if (req.http.X-Shellac-Detail == "method") { call request_write; }
        if (req.http.X-Shellac-Round ~ "^(graphql|page)$" && !req.http.X-Shellac-Detail) { call keyed_recv; }
        if (req.http.X-Shellac-Round ~ "^(graphql|page)$" && !req.http.X-Shellac-Detail) { call clientcache_recv; }
        if (req.http.X-Shellac-Round == "graphql" && !req.http.X-Shellac-Detail) {
            call accept_recv;
            call graphql_recv;
        }
        if (req.http.X-Shellac-Round == "page" && !req.http.X-Shellac-Detail) { call pages_recv; }
    }
    if (req.http.X-Shellac-Round == "purge" || req.http.X-Shellac-Detail) { return (pass); }
    call request_grace;
    return (hash);
}
sub vcl_hash {
    call request_hash;
    if (req.http.X-Shellac-Round == "graphql") { call graphql_hash; }
    elsif (req.http.X-Shellac-Round == "page") { call pages_hash; }
    return (lookup);
}
sub vcl_hit {
    call fresh_hit;
    if (std.healthy(servers.backend())) { call clientcache_hit; }
    if (obj.ttl <= 0s) { call keyed_miss; }  # a refresh in the background is a fetch too
}
sub vcl_miss {
    call keyed_miss;
    call request_miss;
}
sub vcl_pipe {
    call servers_pipe;
}
sub vcl_pass { call request_pass; }
sub vcl_backend_fetch {
    if (!bereq.http.X-Shellac-Passes) { call servers_fetch; }
    if (!bereq.uncacheable) {
        call fresh_fetch;
        if (bereq.http.X-Shellac-Round == "graphql") { call fetch_graphql; } else { call fetch_page; }
    }
    call fetch_origin;
    return (fetch);
}
sub vcl_backend_response {
    if (bereq.http.X-Shellac-Round ~ "^(graphql|pass)$") { call cors_response; }
    call trust_response;
    if (bereq.http.X-Shellac-Round == "page") { call pages_response; }
    if (!bereq.uncacheable) { call storing_response; }
    call client_response;
    if (!beresp.uncacheable) { call fresh_response; }
    if (!beresp.uncacheable) { call tags_response; }
    return (deliver);
}
sub vcl_backend_error {
    if (!bereq.http.X-Shellac-Passes) { call servers_failed; }
    call errors_backend;
}
sub vcl_deliver {
    call fresh_deliver;
    call status_deliver;
    if (req.http.X-Shellac-Round == "graphql" && req.http.X-Shellac-Status !~ "^(bypass|method)$") { call client_deliver; }
    if (req.http.X-Shellac-Round == "graphql" && !obj.uncacheable) { call clientcache_deliver; }
    if (req.url ~ "^/graphql(\?|$)") { call cors_deliver; }
    call limits_deliver;
    call trust_deliver;
}
sub vcl_synth {
    if (req.http.X-Shellac-Body) { call admin_synth; }
    if (req.url ~ "^/graphql(\?|$)") { call cors_deliver; }
    if (resp.status == 204) { call cors_preflight; }
    call limits_deliver;
    call errors_synth;
}
