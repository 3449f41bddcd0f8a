vcl 4.1;
# Shellac 0.1.0, gateway profile, service shop, config digest 370bf78fe8e02a01. Generated from shellac.yaml: edit that.
# A request is looked up as it was sent, for the controller's verdict; then by its canonical key, in round "data". All else passes.
import blob;
import bodyaccess;
import cookie;
import header;
import purge;
import std;
import var;
import vsthrottle;
import xkey;

# from: templates/features/backend.vcl.j2
# The controller, twice: request_fetch says why. Its own time-outs are shorter than these, so it is what names a fault.
backend controller { .host = "127.0.0.1"; .port = "8090"; .connect_timeout = 2s; .first_byte_timeout = 76s; .between_bytes_timeout = 66s; }
backend passes { .host = "127.0.0.1"; .port = "8092"; .connect_timeout = 2s; .first_byte_timeout = 76s; .between_bytes_timeout = 66s; }

# from: templates/features/trust.vcl.j2
# The trust boundary. X-Shellac-* and Shellac-* are decisions of ours: cut on entry, before anything is answered, and on the way
# out. xkey and X-HashTwo tag, Proxy misleads a CGI. "#", odd Hosts, chunks in HTTP/1.0 (RFC 9112, 6.1) are read in two ways.
sub trust_recv {
    std.collect(req.http.Host);
    if (local.socket == "admin") { header.regsub(req, "(?i)^(x-shellac-.*|x-hashtwo|xkey|proxy):.*$", "X-Shellac-Cut: 1", true); }
    else { header.regsub(req, "(?i)^(x-shellac-.*|shellac-(?!debug:).*|x-hashtwo|xkey.*|proxy):.*$", "X-Shellac-Cut: 1", true); }
    unset req.http.X-Shellac-Cut;
    if (req.url !~ "^/[!\x22$-~]*$" || req.http.Host !~ "^[0-9A-Za-z._:\[\]-]*$" || req.proto == "HTTP/1.0" && req.http.Transfer-Encoding || req.proto != "HTTP/1.0" && !req.http.Host) { return (synth(400, "The target must be a path, percent-encoded; Host a name that stands once; Transfer-Encoding is not for HTTP/1.0")); }
}
sub trust_response {
    header.regsub(beresp, "(?i)^(x-hashtwo|x-shellac-(?!(again|detail|flush|refetch):).*):.*$", "X-Shellac-Cut: 1", true);
    unset beresp.http.X-Shellac-Cut;  # the names that are left go in trust_deliver: fewer to look for at every hit
}
sub trust_deliver {
    unset resp.http.X-Shellac-Again;
    unset resp.http.X-Shellac-Detail;
    unset resp.http.X-Shellac-Flush;
    unset resp.http.X-Shellac-Refetch;
    unset resp.http.xkey;
    unset resp.http.X-Varnish;
    unset resp.http.Via;
}

# from: templates/features/admin.vcl.j2
# The node and its admin listener. What a node knows stands in globals: they outlive a reload. A new boot: an empty cache.
sub admin_init {
    if (!var.global_get("boot")) {
        var.global_set("boot", std.integer(time=now, fallback=0) + "-" + std.integer(real=std.round(std.random(0, 999999999)), fallback=0) + "-" + std.integer(real=std.round(std.random(0, 999999999)), fallback=0));
        var.global_set("seq", "-");    # the last purge applied: the node is its own cursor in the purge log
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
            + {"","digest":"370bf78fe8e02a01","plan":""} + var.global_get("plan") + {"","flush":""} + var.global_get("flush")
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
    set req.http.X-Shellac-Purged = xkey.purge(req.http.xkey-purge) + xkey.softpurge(req.http.xkey-softpurge);
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

# from: templates/features/request.vcl.j2
# What can be looked up: a bodiless GET or HEAD, or a POST whose whole body Varnish holds. All else passes as it was sent, in
# this round: a restart would lose or hang its body. TRACE shows what we add; std.integer takes 16 digits for no length at all.
sub request_recv {
    if (req.method !~ "^(GET|HEAD|POST|OPTIONS|PUT|PATCH|DELETE)$") { return (synth(405, "Not a method that is passed on; purging needs the admin listener")); }
    if (req.url !~ "^/graphql(\?|$)") { return (synth(404, "This cache serves /graphql")); }
    if (req.http.Content-Length && std.integer(req.http.Content-Length, 10485761) > 10485760 && (req.http.Connection !~ "(?i)\bclose\b" || req.http.Content-Length ~ "[0-9]{10}")) { return (synth(413, "The request body is larger than maxRequestSize")); }
    if (req.method == "GET" || req.method == "HEAD") {
        if (req.http.Transfer-Encoding || std.integer(req.http.Content-Length, 0) != 0) { set req.http.X-Shellac-Detail = "body-on-get"; }
    }
    elsif (req.method != "POST") { set req.http.X-Shellac-Detail = "method"; }
    elsif (req.http.Content-Encoding) { set req.http.X-Shellac-Detail = "content-encoding"; }
    elsif (!req.http.Content-Length || req.http.Transfer-Encoding) { set req.http.X-Shellac-Detail = "chunked-body"; }
    elsif (std.integer(req.http.Content-Length, 0) > 262144) { set req.http.X-Shellac-Detail = "large-body"; }
    elsif (!std.cache_req_body(262144b) || bodyaccess.len_req_body() <= 0) { set req.http.X-Shellac-Detail = "no-body"; }
    if (!req.http.X-Shellac-Detail && req.method == "GET" && req.http.Upgrade ~ "(?i)^websocket$") { return (pipe); }
}
# A WebSocket: the controller relays and reads it. What is no handshake to it gets one answer: what follows passed no trust_recv.
sub request_pipe {
    set bereq.backend = passes;
    set bereq.http.X-Shellac-Round = "pipe";
    set bereq.url = regsub(bereq.url, "^[^?]*", "/graphql");
    set bereq.http.Connection = "Upgrade";
    set bereq.http.Upgrade = "websocket";
}
sub request_miss {
    set req.http.X-Shellac-Method = regsub(req.method, "HEAD", "GET");  # Varnish makes a GET of every fetch that may be stored
    set req.http.X-Shellac-Flush = var.global_get("flush");             # for the ban of the next flush: the hash alone hides it
}
sub request_pass {
    set req.http.X-Shellac-Round = "pass";
    set req.http.X-Shellac-Status = regsub(req.http.X-Shellac-Detail, "^(?!method$).*$", "bypass");
    set req.backend_hint = passes;
}
sub request_fetch {
    set bereq.http.Connection = "close";  # Varnish repeats what it sent on a reused connection that breaks: no write may be
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

# from: templates/features/verdict.vcl.j2
# Lookup 1, before a round has a name. A verdict depends on request, config and schema: no data purge touches it, in its own storage.
sub verdict_hash {
    hash_data("verdict shop 370bf78fe8e02a01 " + var.global_get("boot") + " " + var.global_get("plan"));
    hash_data(req.http.Host);
    hash_data(req.http.Content-Type);
    hash_data(req.url);
    hash_data(regsub(req.method, "HEAD", "GET"));
    if (req.method == "POST" && !req.http.X-Shellac-Body) { bodyaccess.hash_req_body(); }  # last: it adds no separator of its own
}
sub verdict_fetch {
    set bereq.http.X-Shellac-Round = "verdict";
    set bereq.method = bereq.http.X-Shellac-Method;
    set bereq.url = regsub(bereq.url, "^[^?]*", "/verdict");
    header.regsub(bereq, "(?i)^(?!(host|content-type|content-length|x-shellac-.*):).*$", "X-Shellac-Cut: 1", true);
    unset bereq.http.X-Shellac-Cut;  # Content-Length stays: it belongs to the body that goes along
}
sub verdict_response {
    set beresp.grace = 0s;  # never stale; and a marker counts through its grace and keep as well
    set beresp.keep = 0s;
    if (beresp.status == 200 && beresp.http.X-Shellac-Kind && (!beresp.http.X-Shellac-Plan || beresp.http.X-Shellac-Plan == var.global_get("plan"))) {
        set beresp.ttl = std.duration(beresp.http.X-Shellac-Max-Age + "s", 0s);
        set beresp.storage = storage.verdict;
    } else {
        set beresp.uncacheable = true;  # of another plan than this key's, or none: a marker, so that nobody queues
        set beresp.ttl = 1s;
    }
    return (deliver);
}
sub verdict_hit {
    if (obj.http.X-Shellac-Kind != "query") { set req.http.X-Shellac-Detail = obj.http.X-Shellac-Detail; }
    else {
        set req.http.X-Shellac-Round = "data";
        set req.http.X-Shellac-Key = obj.http.X-Shellac-Key;
        set req.http.X-Shellac-Scopes = obj.http.X-Shellac-Scopes;
    }
    return (restart);
}
sub verdict_deliver {
    if (resp.status != 200 || !resp.http.X-Shellac-Kind) { return (synth(503, "The controller gave no verdict on this request")); }
    if (resp.http.X-Shellac-Kind != "query") { set req.http.X-Shellac-Detail = resp.http.X-Shellac-Detail; }
    else {
        set req.http.X-Shellac-Round = "data";
        set req.http.X-Shellac-Key = resp.http.X-Shellac-Key;
        set req.http.X-Shellac-Scopes = resp.http.X-Shellac-Scopes;
    }
    return (restart);
}

# from: templates/features/keyed.vcl.j2
# varyHeaders: hashed by name and value, forwarded. One that is known to change answers and not keyed makes the request pass; all
# others go in data_fetch. One line alone is keyed, so there must be no second; set anew, it is not cut by a client's Connection.
sub keyed_type {
    if (req.http.Content-Type) { std.collect(req.http.Content-Type, " |+| "); }
    if (req.http.Content-Type ~ " \|\+\| ") { set req.http.X-Shellac-Detail = "repeated-header"; header.append(req.http.Content-Type, regsuball(regsub(req.http.Content-Type, "^.*? \|\+\| ", ""), " \|\+\| ", ", ")); header.regsub(req, "(?i)^(Content\-Type:.*?) \|\+\| .*$", "\1"); }
    if (req.http.Content-Type && !req.http.X-Shellac-Detail) { set req.http.Content-Type = req.http.Content-Type; }
}
sub keyed_recv {
    if (req.http.Accept-Language == "*") { unset req.http.Accept-Language; }  # as none (RFC 9110, 12.5.4); Node's fetch sends it
    if (req.http.origin) { std.collect(req.http.origin, " |+| "); }
    if (req.http.origin ~ " \|\+\| ") { set req.http.X-Shellac-Detail = "repeated-header"; header.append(req.http.origin, regsuball(regsub(req.http.origin, "^.*? \|\+\| ", ""), " \|\+\| ", ", ")); header.regsub(req, "(?i)^(origin:.*?) \|\+\| .*$", "\1"); }
    if (req.http.origin && !req.http.X-Shellac-Detail) { set req.http.origin = req.http.origin; }
    # Rename one to see it, rename it back: that is one pass over the headers for the whole list.
    header.regsub(req, "(?i)^(?!(origin):)(accept\-language|access\-token|access_token|api\-key|api\-version|api_key|apikey|apitoken|authorization\-bearer|content\-currency|dg\-auth|gcms\-[^:]*|graphql\-features|preview\-version|prismic\-ref|sc_apikey|shopify\-storefront\-[^:]*|store|token|vendure\-token|version|woocommerce\-session|x\-access\-token|x\-account\-id|x\-adobe\-company|x\-api\-key|x\-api\-version|x\-auth|x\-auth\-request\-[^:]*|x\-auth\-token|x\-base\-editing\-url|x\-bc\-[^:]*|x\-channel|x\-channel\-id|x\-country|x\-country\-code|x\-craft\-token|x\-crystallize\-[^:]*|x\-currency|x\-customer\-group|x\-customer\-id|x\-dgraph\-[^:]*|x\-environment|x\-exclude\-invalid|x\-forwarded\-email|x\-forwarded\-user|x\-hasura\-[^:]*|x\-impersonate\-user|x\-include\-drafts|x\-lang|x\-language|x\-locale|x\-magento\-cache\-id|x\-market|x\-moltin\-[^:]*|x\-org\-id|x\-organization|x\-organization\-id|x\-parse\-[^:]*|x\-preview|x\-price\-list|x\-publishable\-api\-key|x\-region|x\-remote\-user|x\-role|x\-session\-id|x\-session\-token|x\-shop\-id|x\-shopify\-[^:]*|x\-site\-id|x\-store\-id|x\-tenant|x\-tenant\-id|x\-timezone|x\-user|x\-user\-id|x\-user\-role|x\-visual\-editing|x\-workspace\-id|x\-wp\-nonce):.*$", "X-Shellac-Unkeyed: \0");
    if (req.http.X-Shellac-Unkeyed) {
        header.regsub(req, "(?i)^x-shellac-unkeyed: (.*)$", "\1", true);
        if (!req.http.X-Shellac-Detail) { set req.http.X-Shellac-Detail = "unkeyed-header"; }
    }
}

# from: templates/features/scopes.vcl.j2
# Whose answer this is. Authorization, cookies not ignored, what some scope reads: if no scope of the query reads it, ANONYMOUS passes.
sub scopes_recv {
    if (req.http.Cookie) {
        std.collect(req.http.Cookie, "; ");
        if (req.http.Cookie ~ "(?:^|;)\s*+(?:=|[^=;\s][^=;]*+(?:;|$))") { set req.http.X-Shellac-Detail = "odd-cookie"; }  # it would swallow the next one
        cookie.parse(req.http.Cookie);
        cookie.filter_re("^(AMP_[^:]*|AWSALB[^:]*|CookieConsent|CookieConsentBulkSetting[^:]*|FCCDCF|FCNEC|OptanonAlertBoxClosed|OptanonConsent|__cf_bm|__eoi|__gads|__gpi|__hs[^:]*|__stripe_mid|__stripe_sid|__utm[^:]*|_cfuvid|_clck|_clsk|_dc_gtm_[^:]*|_dd_s|_fbc|_fbp|_ga[^:]*|_gac_[^:]*|_gat[^:]*|_gcl_[^:]*|_gid|_hj[^:]*|_mkto_trk|_pin_unauth|_pk_[^:]*|_rdt_uuid|_scid[^:]*|_sp_id[^:]*|_sp_ses[^:]*|_ttp|_uet[^:]*|_ym_[^:]*|ajs_anonymous_id|amplitude_id[^:]*|axeptio_[^:]*|borlabs\-cookie|cf_clearance|cmplz_[^:]*|cookieconsent_status|cookielawinfo\-[^:]*|cookieyes\-consent|didomi_token|euconsent\-v2|hubspotutk|li_fat_id|tarteaucitron|usprivacy|viewed_cookie_policy)$");
    }
    if (req.http.Authorization || req.http.Cookie && cookie.get_string() != "") { set req.http.X-Shellac-Dropped = "1"; }
    if (req.http.X-Shellac-Dropped && req.http.X-Shellac-Scopes ~ ",ANONYMOUS," && !req.http.X-Shellac-Detail) { set req.http.X-Shellac-Detail = "credentials"; }
}

# from: templates/features/data.vcl.j2
# Lookup 2: the answer. The canonical key holds the schema and all that shapes tags: what other rules tagged is not hit.
sub data_hash {
    hash_data("data shop " + var.global_get("boot") + " " + var.global_get("flush") + " " + req.http.X-Shellac-Key);
    hash_data(req.http.X-Shellac-Accept);
    if (req.http.origin) { hash_data("origin=" + req.http.origin); } else { hash_data("origin-"); }
}
sub data_miss {
    # Known not to be storable without the credentials: ask with them at once.
    if (req.is_hitmiss && req.http.X-Shellac-Dropped) { set req.http.X-Shellac-Detail = "credentials"; }
    set req.http.X-Shellac-Status = "miss";
    if (req.http.X-Shellac-Found) { set req.http.X-Shellac-Status = req.http.X-Shellac-Found; }  # there was something
}
sub data_fetch {
    set bereq.http.X-Shellac-Boot = var.global_get("boot");  # a purge waits for what is on its way to this node
    set bereq.method = bereq.http.X-Shellac-Method;
    header.regsub(bereq, "(?i)^(?!(accept|accept\-encoding|content\-length|content\-type|host|origin|traceparent|transfer\-encoding|x-shellac-.*):).*$", "X-Shellac-Cut: 1", true);
    unset bereq.http.X-Shellac-Cut;
    set bereq.http.Accept = bereq.http.X-Shellac-Accept;
    set bereq.http.X-Shellac-Began = std.real(time=now, fallback=0.0);
    set bereq.http.X-Shellac-Digest = "370bf78fe8e02a01";  # nothing is stored by another config's rules
}
sub data_response {
    if (beresp.was_304) { return (abandon); }
    unset beresp.http.Vary;
    # Too long on its way besides what the controller took: purges look for it no more (controller/purge/freshness.py).
    if (std.real(bereq.http.X-Shellac-Began, 0.0) + std.real(beresp.http.X-Shellac-Took, 0.0) + 2.0 < std.real(time=now, fallback=0.0) && beresp.http.X-Shellac-Max-Age) {
        unset beresp.http.X-Shellac-Max-Age;
        set beresp.http.X-Shellac-Detail = "late";
        set beresp.http.X-Shellac-Refetch = "1";
    }
    if (bereq.is_bgfetch && !beresp.http.X-Shellac-Max-Age) { return (abandon); }  # what was stale stays until a refresh succeeds
    set beresp.grace = 0s;  # a marker counts through its grace and keep as well
    set beresp.keep = 0s;
    if (beresp.http.X-Shellac-Max-Age) {
        set beresp.ttl = std.duration(beresp.http.X-Shellac-Max-Age + "s", 0s);
        set beresp.grace = std.duration(beresp.http.X-Shellac-Swr + "s", 0s) + 3600s;
        if (beresp.http.X-Shellac-Never-Stale) { set beresp.grace = 0s; }  # must-revalidate
        set beresp.storage = storage.data;
        set beresp.http.X-Shellac-Flush = bereq.http.X-Shellac-Flush;
        set beresp.do_gzip = true;
    } else {
        unset beresp.http.xkey;
        # Refetch, fetched before a purge: nobody's hit, its waiters share one new fetch. Else hit-for-miss: nobody queues.
        set beresp.uncacheable = !(beresp.http.X-Shellac-Refetch && beresp.status == 200);
        if (!beresp.uncacheable) { set beresp.ttl = 0s; }
        elsif (beresp.status >= 500 || beresp.http.X-Shellac-Again) { set beresp.ttl = 1s; }
        else { set beresp.ttl = 10s; }
    }
}
sub data_deliver {
    # The controller's config or schema is not this key's; or it is not to be shared: with this client's own credentials.
    if (resp.http.X-Shellac-Again) { set req.http.X-Shellac-Detail = resp.http.X-Shellac-Detail; }
    elsif (req.http.X-Shellac-Dropped && obj.uncacheable && (resp.status < 502 || resp.status > 504)) { set req.http.X-Shellac-Detail = "credentials"; }
    if (req.http.X-Shellac-Detail) { return (restart); }
    if (req.method == "POST" || obj.uncacheable || resp.http.X-Shellac-Refetch) {
        set resp.http.Cache-Control = "no-store";
        unset resp.http.ETag;
    }
    elsif (req.http.X-Shellac-Scopes == ",") { set resp.http.Cache-Control = "no-cache"; }
    else { set resp.http.Cache-Control = "private, no-cache"; }
    unset req.http.Range;  # a part of JSON is of no use
    unset resp.http.Accept-Ranges;
    set resp.http.Vary = "accept, accept-encoding, origin, authorization, cookie";
}

# from: templates/features/stale.vcl.j2
# staleIfError (RFC 5861, section 4): an answer is kept for 3600s after its swr, and served then only if its fetch fails by a
# status of 500 or more, or because there is no controller. To deliver the failure would end what is stale. So the fetch is
# abandoned, which comes out as a 503 in vcl_synth, and the request is looked up once more with all of the grace. A failure ends
# the fetches of its key for two seconds: those who wait for it would fail one after the other.
sub stale_hit {
    if (obj.ttl + obj.grace <= 3600s && !req.http.X-Shellac-Failed) {
        if (vsthrottle.remaining(blob.encode(blob=req.hash, encoding=HEX), 1, 2s) == 0) { set req.http.X-Shellac-Failed = "1"; }
        else {
            set req.http.X-Shellac-Found = "stale";
            set req.grace = 0s;
            return (restart);
        }
    }
}
sub stale_fetch {
    if (bereq.http.If-None-Match) {  # the ETag of what is stale, from Varnish: no client's condition gets here
        if (vsthrottle.remaining(blob.encode(blob=bereq.hash, encoding=HEX), 1, 2s) == 0) { return (abandon); }
        set bereq.http.X-Shellac-Stale = "1";
    }
}
sub stale_failed {
    if (bereq.http.X-Shellac-Stale) {
        set bereq.http.X-Shellac-Stale = vsthrottle.is_denied(blob.encode(blob=bereq.hash, encoding=HEX), 1, 2s);
        return (abandon);
    }
}
sub stale_synth {
    if (!req.http.X-Shellac-Failed) {
        set req.http.X-Shellac-Failed = "1";
        unset req.http.X-Shellac-Status;
        set req.grace = 100y;
        return (restart);
    }
}
sub stale_deliver {
    if (req.http.X-Shellac-Failed && !req.http.X-Shellac-Status && obj.ttl <= 0s) { set resp.http.Cache-Status = resp.http.Cache-Status + "; detail=stale-if-error"; }
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

# from: templates/features/status.vcl.j2
# Cache-Status (RFC 9211) and Stellate's gcdn-cache. X-Shellac-Status: the word after "fwd=", none of a hit or who waited in vain.
sub status_deliver {
    if (resp.http.X-Shellac-Detail) { set req.http.X-Shellac-Detail = resp.http.X-Shellac-Detail; }
    if (!req.http.X-Shellac-Status && resp.status == 200) {
        set resp.http.gcdn-cache = "HIT";
        set resp.http.Cache-Status = "shellac; hit; ttl=" + std.integer(duration=obj.ttl, fallback=0);
    } else {
        set resp.http.gcdn-cache = "MISS";
        set resp.http.Cache-Status = "shellac; fwd=" + regsub(req.http.X-Shellac-Status, "^$", "miss; collapsed");
        if (req.http.X-Shellac-Round == "pass") { set resp.http.gcdn-cache = "PASS"; }
        elsif (!obj.uncacheable && !resp.http.X-Shellac-Refetch && resp.status == 200) { set resp.http.Cache-Status = resp.http.Cache-Status + "; stored; ttl=" + regsub(obj.ttl, "\..*$", ""); }
        if (req.http.X-Shellac-Detail) { set resp.http.Cache-Status = resp.http.Cache-Status + "; detail=" + req.http.X-Shellac-Detail; }
    }
}

# from: templates/features/errors.vcl.j2
# What Varnish says itself is a GraphQL error, of the new media type if that is named and has no smaller q than the old one.
sub errors_synth {
    set resp.http.Content-Type = "application/json; charset=utf-8";
    if (req.http.Accept ~ "(?i)application/graphql-response\+json(?![^,]*;\s*q=0(\.0*)?\s*([;,]|$))\s*([;,]|$)" && (req.http.Accept !~ "(?i)application/json\s*([;,]|$)" || std.real(regsub(req.http.Accept, "(?i)^.*application/graphql-response\+json\s*;[^,]*\bq=([0-9.]+).*$", "\1"), 1.0) >= std.real(regsub(req.http.Accept, "(?i)^.*application/json\s*;[^,]*\bq=([0-9.]+).*$", "\1"), 1.0))) { set resp.http.Content-Type = "application/graphql-response+json; charset=utf-8"; }
    set resp.http.Cache-Control = "no-store";
    set resp.http.gcdn-cache = "PASS";
    # Where the body ends is in doubt, or far away. Of other bodies the rest is read: a reset could overtake the answer.
    if (local.socket != "admin" && (resp.status == 400 || resp.status == 413 && req.http.Content-Length ~ "[0-9]{10}")) { set resp.http.Connection = "close"; }
    if (resp.status == 503) { set resp.http.Retry-After = "1"; }
    if (resp.status == 405) { set resp.http.Allow = "GET, HEAD, POST, OPTIONS"; }
    synthetic({"{"errors":[{"message":""} + regsuball(resp.reason, "[\x00-\x1f\x22\x5c]", "'") + {"","extensions":{"code":"SHELLAC_"} + resp.status + {"" }}]}"});
    return (deliver);
}
sub errors_backend {
    if (bereq.is_bgfetch) { return (abandon); }  # what was stale stays until a refresh succeeds
    set beresp.status = 503;  # the ttl stays as Varnish set it: a second if a queue waits, which drains instead of trying one by one
    set beresp.http.Content-Type = "application/json; charset=utf-8";
    if (bereq.http.Accept ~ "(?i)application/graphql-response\+json(?![^,]*;\s*q=0(\.0*)?\s*([;,]|$))\s*([;,]|$)" && (bereq.http.Accept !~ "(?i)application/json\s*([;,]|$)" || std.real(regsub(bereq.http.Accept, "(?i)^.*application/graphql-response\+json\s*;[^,]*\bq=([0-9.]+).*$", "\1"), 1.0) >= std.real(regsub(bereq.http.Accept, "(?i)^.*application/json\s*;[^,]*\bq=([0-9.]+).*$", "\1"), 1.0))) { set beresp.http.Content-Type = "application/graphql-response+json; charset=utf-8"; }
    set beresp.http.Cache-Control = "no-store";
    set beresp.http.Retry-After = "1";
    set beresp.http.X-Shellac-Detail = "controller-unreachable";
    synthetic({"{"errors":[{"message":"The controller of this cache cannot be reached","extensions":{"code":"SHELLAC_503" }}]}"});
    return (deliver);
}

# from: templates/main.vcl.j2
sub vcl_init { call admin_init; }
sub vcl_recv {
    if (req.restarts == 0) {
        call trust_recv;
        if (local.socket == "admin") { call admin_recv; }
        call request_recv;
        if (!req.http.X-Shellac-Detail) { call clientcache_recv; }
        if (!req.http.X-Shellac-Detail) { call accept_recv; }
        if (!req.http.X-Shellac-Detail) { call keyed_type; }
        if (!req.http.X-Shellac-Detail) { return (hash); }
    }
    if (req.http.X-Shellac-Round == "data" && !req.http.X-Shellac-Detail) {
        call keyed_recv;
        if (!req.http.X-Shellac-Detail) { call scopes_recv; }
        if (!req.http.X-Shellac-Detail) { return (hash); }
    }
    return (pass);
}
sub vcl_hash {
    if (req.http.X-Shellac-Round == "data") { call data_hash; }
    elsif (!req.http.X-Shellac-Detail) { call verdict_hash; }  # what passes is not looked up
    return (lookup);
}
sub vcl_hit {
    if (!req.http.X-Shellac-Round) { call verdict_hit; }
    if (req.http.X-Shellac-Round == "data") { call clientcache_hit; }
    if (obj.ttl <= 0s && req.http.X-Shellac-Round == "data") { call stale_hit; }
    if (obj.ttl <= 0s) { call request_miss; }  # a refresh in the background is a fetch too
}
sub vcl_miss {
    if (req.http.X-Shellac-Round == "data") { call data_miss; }
    if (req.http.X-Shellac-Detail) { return (pass); }
    call request_miss;
}
sub vcl_pass { call request_pass; }
sub vcl_pipe { call request_pipe; }
sub vcl_backend_fetch {
    if (bereq.http.X-Shellac-Round == "data") { call stale_fetch; }
    if (!bereq.http.X-Shellac-Round) { call verdict_fetch; }
    elsif (bereq.http.X-Shellac-Round == "data") { call data_fetch; }
    else { call request_fetch; }
    return (fetch);
}
sub vcl_backend_response {
    if (bereq.http.X-Shellac-Round == "verdict") { call verdict_response; }
    if (bereq.http.X-Shellac-Round == "data" && beresp.status >= 500) { call stale_failed; }
    if (bereq.http.X-Shellac-Round == "data") { call data_response; }
    call trust_response;
    return (deliver);
}
sub vcl_backend_error {
    if (bereq.http.X-Shellac-Round == "data") { call stale_failed; }
    call errors_backend;
}
sub vcl_deliver {
    if (!req.http.X-Shellac-Round) { call verdict_deliver; }
    if (req.http.X-Shellac-Round == "data") { call data_deliver; }
    if (req.http.X-Shellac-Round == "data") { call clientcache_deliver; }
    call status_deliver;
    if (req.http.X-Shellac-Round == "data") { call stale_deliver; }
    call trust_deliver;
}
sub vcl_synth {
    if (req.http.X-Shellac-Body) { call admin_synth; }
    if (req.http.X-Shellac-Round == "data" && resp.status == 503) { call stale_synth; }
    call errors_synth;
}
