vcl 4.1;

# Shellac 0.1.0, gateway profile, service demo.
# Config digest 50ded37c4c75a0f0. Generated from shellac.yaml: edit that, not this.
#
# A request is looked up twice. Round "verdict" finds what the controller decided about the
# request as it was sent; round "data" finds the answer under the canonical key of that verdict.
# Everything else is round "pass". The words on the wire are in docs/protocol.md.

import bodyaccess;
import cookie;
import header;
import std;
import var;
import xkey;

# from: templates/features/backend.vcl.j2
# The controller, twice: see request_fetch for why passes have an address of their own. Its own
# time-outs towards the origin are shorter than these, so it is the controller that says what went
# wrong.
backend controller {
    .host = "127.0.0.1"; .port = "8090";
    .connect_timeout = 2s; .first_byte_timeout = 75s; .between_bytes_timeout = 75s;
}
backend passes {
    .host = "127.0.0.1"; .port = "8092";
    .connect_timeout = 2s; .first_byte_timeout = 75s; .between_bytes_timeout = 75s;
}

# from: templates/features/trust.vcl.j2
# The trust boundary. A header named X-Shellac-* or Shellac-* is a decision of ours, so none may
# come in from a client or go out to one; xkey and X-HashTwo would tag, Proxy would redirect a CGI.
sub trust_recv {
    if (req.url !~ "^/[!-~]*$" || req.url ~ "#") {
        return (synth(400, "The request target must be a path, percent-encoded"));
    }
    if (local.socket == "admin") {
        header.regsub(req, "(?i)^x-shellac-.*$", "X-Shellac-Cut: 1", true);
    } else {
        header.regsub(req, "(?i)^(x-shellac-|shellac-(?!debug:)).*$", "X-Shellac-Cut: 1", true);
        unset req.http.xkey-purge;
        unset req.http.xkey-softpurge;
    }
    unset req.http.X-Shellac-Cut;
    unset req.http.xkey;
    unset req.http.X-HashTwo;
    unset req.http.Proxy;
}

# Once per fetch: of our own names only those stay that trust_deliver takes off by name.
sub trust_response {
    header.regsub(beresp, "(?i)^(x-hashtwo|x-shellac-(?!(again|detail|flush|refetch|tags):).*):.*$", "X-Shellac-Cut: 1", true);
    unset beresp.http.X-Shellac-Cut;
}

sub trust_deliver {
    unset resp.http.X-Shellac-Again;
    unset resp.http.X-Shellac-Detail;
    unset resp.http.X-Shellac-Flush;
    unset resp.http.X-Shellac-Refetch;
    unset resp.http.X-Shellac-Tags;
    unset resp.http.xkey;
    unset resp.http.X-Varnish;
    unset resp.http.Via;
}

# from: templates/features/admin.vcl.j2
# The node and its admin listener. What a node knows outlives a reload of its VCL in globals:
#   boot   a new one means an empty cache; it is part of every key
#   seq    the last purge applied; the node is its own cursor in the purge log
#   plan   the schema generation: a part of every verdict's key
#   flush  the data generation: a part of every data key
#   lease  until when it counts as up to date: seconds, by its own clock
sub admin_init {
    if (!var.global_get("boot")) {
        var.global_set("boot", std.time2integer(now, 0) + "-" + std.real2integer(std.random(0, 999999999), 0)
            + "-" + std.real2integer(std.random(0, 999999999), 0));
        var.global_set("seq", "-");
        var.global_set("plan", "-");
        var.global_set("flush", "-");
        var.global_set("lease", "0");
    }
}

# Every request of this listener ends here; one without the secret learns only how the node is. What
# stands in X-Shellac-Body is the answer.
sub admin_recv {
    if (local.socket != "admin") {
        if (req.method ~ "^(PURGE|BAN|REFRESH|PURGEKEYS|PURGE_GRAPHQL)$") {
            return (synth(405, "Purging needs the admin listener"));
        }
    } else {
        set req.http.X-Shellac-Body = "ok";
        if (req.method == "GET" && req.url == "/_shellac/alive") { return (synth(200)); }
        if (req.method == "GET" && req.url == "/_shellac/health") {
            if (var.global_get("seq") == "-") {
                set req.http.X-Shellac-Body = "not met by its controller yet";
                return (synth(503));
            }
            return (synth(200));
        }
        unset req.http.X-Shellac-Body;
        # An unreadable or empty file means that nobody has the secret.
        set req.http.X-Shellac-Secret = regsub(std.fileread("/var/lib/shellac/varnish.secret"), "\s+$", "");
        if (req.http.X-Shellac-Secret == "" || req.http.Shellac-Secret != req.http.X-Shellac-Secret) {
            return (synth(403, "The admin listener needs the Shellac-Secret header"));
        }
        if (req.method == "PURGE") {
            call admin_purge;
        }
        if (req.method == "POST" && req.url == "/_shellac/lease") {
            if (req.http.Shellac-Lease !~ "^[0-9]{1,12}(\.[0-9]{1,3})?$") { return (synth(400, "Shellac-Lease is malformed")); }
            var.global_set("lease", req.http.Shellac-Lease);
            set req.http.X-Shellac-Body = {"{"lease":""} + var.global_get("lease") + {"" }"};
            return (synth(200));
        }
        if (req.method == "GET" && req.url == "/_shellac/node") {
            set req.http.X-Shellac-Body = {"{"boot":""} + var.global_get("boot") + {"","seq":""} + var.global_get("seq")
                + {"","digest":"50ded37c4c75a0f0","plan":""} + var.global_get("plan")
                + {"","flush":""} + var.global_get("flush") + {"","lease":""} + var.global_get("lease")
                + {"","now":""} + std.time2real(now, 0.0) + {"" }"};
            return (synth(200));
        }
        return (synth(404, "The admin listener serves PURGE and /_shellac/node, lease, health, alive"));
    }
}

# PURGE comes from the controller over one connection per node, in the order of the log; the node's
# cursor moves only after the purge is done. Bans have one fixed form, never a user's text.
sub admin_purge {
    if (req.http.Shellac-Seq && req.http.Shellac-Seq !~ "^[0-9a-z]+:[0-9]{1,15}$"
        || req.http.Shellac-Flush && req.http.Shellac-Flush !~ "^[0-9a-z]+:[0-9]{1,15}$"
        || req.http.Shellac-Plan && req.http.Shellac-Plan !~ "^[0-9a-z]{1,64}$") {
        return (synth(400, "Shellac-Seq, Shellac-Flush or Shellac-Plan is malformed"));
    }
    set req.http.X-Shellac-Purged = "0";
    if (req.http.Shellac-Plan) { var.global_set("plan", req.http.Shellac-Plan); }
    if (req.http.Shellac-Flush) {
        # The new generation is what makes old objects unreachable; the ban frees the memory.
        # It names the old one: "!=" would match verdicts too, which have no such header.
        set req.http.X-Shellac-Flush = var.global_get("flush");
        var.global_set("flush", req.http.Shellac-Flush);
        if (!std.ban("obj.http.X-Shellac-Flush == " + req.http.X-Shellac-Flush)) { return (synth(500, std.ban_error())); }
    }
    if (req.http.xkey-purge) {
        std.collect(req.http.xkey-purge, " ");
        set req.http.X-Shellac-Purged = xkey.purge(req.http.xkey-purge);
    }
    if (req.http.xkey-softpurge) {
        std.collect(req.http.xkey-softpurge, " ");
        set req.http.X-Shellac-Purged = xkey.softpurge(req.http.xkey-softpurge);
    }
    if (req.http.Shellac-Seq) { var.global_set("seq", req.http.Shellac-Seq); }
    set req.http.X-Shellac-Body = {"{"purged":"} + req.http.X-Shellac-Purged + {","boot":""} + var.global_get("boot") + {"" }"};
    return (synth(200));
}

sub admin_synth {
    if (req.http.X-Shellac-Body) {
        set resp.http.Content-Type = "text/plain";
        if (req.http.X-Shellac-Body !~ "^[a-z]") { set resp.http.Content-Type = "application/json"; }
        set resp.http.Cache-Control = "no-store";
        synthetic(req.http.X-Shellac-Body);
        return (deliver);
    }
}

# from: templates/features/request.vcl.j2
# What can be looked up at all: a bodiless GET or HEAD, or a POST whose whole body Varnish holds.
# All else goes through as it was sent, in this round: a restart would lose or hang its body.
sub request_recv {
    if (req.url !~ "^/graphql(\?|$)") { return (synth(404, "This cache serves /graphql")); }
    if (std.integer(req.http.Content-Length, 0) > 10485760) {
        return (synth(413, "The request body is larger than maxRequestSize"));
    }
    if (req.method == "GET" || req.method == "HEAD") {
        if (req.http.Transfer-Encoding || std.integer(req.http.Content-Length, 0) != 0) {
            set req.http.X-Shellac-Detail = "body-on-get";
        }
    } elsif (req.method != "POST") {
        set req.http.X-Shellac-Detail = "method";
    } elsif (req.http.Content-Encoding) {
        set req.http.X-Shellac-Detail = "content-encoding";
    } elsif (!req.http.Content-Length || req.http.Transfer-Encoding) {
        set req.http.X-Shellac-Detail = "chunked-body";
    } elsif (std.integer(req.http.Content-Length, 0) > 262144) {
        set req.http.X-Shellac-Detail = "large-body";
    } elsif (!std.cache_req_body(262144b) || bodyaccess.len_req_body() <= 0) {
        set req.http.X-Shellac-Detail = "no-body";
    }
    if (req.http.X-Shellac-Detail) { return (pass); }
}

sub request_miss {
    # Varnish makes a GET of every fetch that may be stored.
    set req.http.X-Shellac-Method = regsub(req.method, "HEAD", "GET");
    # Names the generation for the ban of the next flush; the hash is what makes it unreachable.
    set req.http.X-Shellac-Flush = var.global_get("flush");
    set req.http.X-Shellac-Status = "MISS";
}

sub request_pass {
    set req.http.X-Shellac-Round = "pass";
    set req.http.X-Shellac-Status = "PASS";
    set req.backend_hint = passes;
}

sub request_fetch {
    set bereq.url = regsub(bereq.url, "^[^?]*", "/graphql");
    # Varnish repeats a request when a reused connection breaks before the answer, and nothing that
    # may write can be sent twice. Connections are pooled by address: none to this one is reused.
    set bereq.http.Connection = "close";
}

sub request_response {
    # A pass is the origin's answer and nothing else: not stored, not changed.
    set beresp.uncacheable = true;
    set beresp.ttl = 0s;
}

# from: templates/features/bypass.vcl.j2
# bypassCacheHeaders: the request passes, and a mutation among them invalidates nothing.
sub bypass_recv {
    if (req.http.x-preview-token) {
        set req.http.X-Shellac-Bypass = "1";
        set req.http.X-Shellac-Detail = "bypass-header";
        return (pass);
    }
}

# from: templates/features/accept.vcl.j2
# Content negotiation: what clients commonly send falls together, what is odd keeps its own words.
# The result is part of the data key, and it is what the origin gets as Accept.
sub accept_recv {
    std.collect(req.http.Accept, ", ");
    if (!req.http.Accept || req.http.Accept ~ "^\s*(\*/\*)?\s*$") {
        set req.http.X-Shellac-Accept = "*/*";
    } elsif (req.http.Accept ~ "(?i)^\s*application/json\s*(;\s*charset=utf-8\s*)?(,|$)") {
        set req.http.X-Shellac-Accept = "application/json";
    } elsif (req.http.Accept ~ "(?i)^\s*application/graphql-response\+json\s*(;\s*charset=utf-8\s*)?,.*(application/json|application/\*|\*/\*)") {
        set req.http.X-Shellac-Accept = "application/graphql-response+json, application/json;q=0.9";
    } else {
        set req.http.X-Shellac-Accept = regsuball(std.tolower(req.http.Accept), "\s", "");
        if (req.http.X-Shellac-Accept ~ "text/html" || req.http.X-Shellac-Accept !~ "^[!-~]{1,200}$") {
            set req.http.X-Shellac-Detail = "accept";
            return (pass);
        }
    }
}

# from: templates/features/verdict.vcl.j2
# Lookup 1: the request as it was sent. A verdict depends on the request, the config and the schema
# alone, never on data, so no data purge touches it and it lives in its own storage.
sub verdict_recv {
    if (req.http.Content-Type) {
        header.copy(req.http.Content-Type, req.http.X-Shellac-Lines);
        call keyed_single;
        set req.http.Content-Type = req.http.Content-Type;
    }
    set req.http.X-Shellac-Round = "verdict";
    return (hash);
}

sub verdict_hash {
    hash_data("verdict");
    hash_data("demo");
    hash_data("50ded37c4c75a0f0");
    hash_data(var.global_get("boot"));
    hash_data(var.global_get("plan"));
    hash_data(req.http.Host);
    hash_data(req.http.Content-Type);
    hash_data(req.url);
    hash_data(regsub(req.method, "HEAD", "GET"));
    # Last: bodyaccess adds no separator of its own.
    if (req.method == "POST") { bodyaccess.hash_req_body(); }
}

sub verdict_fetch {
    set bereq.method = bereq.http.X-Shellac-Method;
    set bereq.url = regsub(bereq.url, "^[^?]*", "/verdict");
    # Content-Length must stay: it belongs to the body that goes along.
    header.regsub(bereq, "(?i)^(?!(host|content-type|content-length|x-shellac-.*):).*$", "X-Shellac-Cut: 1", true);
    unset bereq.http.X-Shellac-Cut;
}

sub verdict_response {
    unset beresp.http.Cache-Control;
    unset beresp.http.Set-Cookie;
    # A verdict is never stale, and a marker counts through its grace and keep as well.
    set beresp.grace = 0s;
    set beresp.keep = 0s;
    if (beresp.status == 200 && beresp.http.X-Shellac-Kind
        && (!beresp.http.X-Shellac-Plan || beresp.http.X-Shellac-Plan == var.global_get("plan"))) {
        set beresp.ttl = std.duration(beresp.http.X-Shellac-Max-Age + "s", 0s);
        set beresp.storage = storage.verdict;
    } else {
        # Of another plan than this key's, or none. A marker, so that the next requests of this key
        # do not queue behind one another.
        set beresp.uncacheable = true;
        set beresp.ttl = 1s;
    }
}

# A verdict is never stale (no grace), so a hit needs no delivery before the second lookup.
sub verdict_hit {
    if (req.http.X-Shellac-Round == "verdict") {
        set req.http.X-Shellac-Operation = obj.http.X-Shellac-Operation;
        if (obj.http.X-Shellac-Kind == "query") {
            set req.http.X-Shellac-Round = "data";
            set req.http.X-Shellac-Key = obj.http.X-Shellac-Key;
            set req.http.X-Shellac-Scopes = obj.http.X-Shellac-Scopes;
        } else {
            set req.http.X-Shellac-Round = "pass";
            set req.http.X-Shellac-Detail = obj.http.X-Shellac-Detail;
        }
        return (restart);
    }
}

sub verdict_deliver {
    if (req.http.X-Shellac-Round == "verdict") {
        if (resp.status != 200 || !resp.http.X-Shellac-Kind) {
            set req.http.X-Shellac-Round = "none";
            return (synth(503, "The controller gave no verdict on this request"));
        }
        set req.http.X-Shellac-Operation = resp.http.X-Shellac-Operation;
        if (resp.http.X-Shellac-Kind == "query") {
            set req.http.X-Shellac-Round = "data";
            set req.http.X-Shellac-Key = resp.http.X-Shellac-Key;
            set req.http.X-Shellac-Scopes = resp.http.X-Shellac-Scopes;
        } else {
            set req.http.X-Shellac-Round = "pass";
            set req.http.X-Shellac-Detail = resp.http.X-Shellac-Detail;
        }
        return (restart);
    }
}

# from: templates/features/keyed.vcl.j2
# varyHeaders: hashed by name and value, forwarded. A header that is known to change answers and is
# not keyed makes the request pass; all others are dropped in data_fetch.
# One header's lines stand in X-Shellac-Lines. Of several only the first would be keyed and all
# sent. The caller sets the header anew, or one that the client names in Connection would be keyed
# and cut from the fetch.
sub keyed_single {
    std.collect(req.http.X-Shellac-Lines, " |+| ");
    if (req.http.X-Shellac-Lines ~ " \|\+\| ") {
        set req.http.X-Shellac-Detail = "repeated-header";
        return (pass);
    }
    unset req.http.X-Shellac-Lines;
}

sub keyed_recv {
    # RFC 9110, 12.5.4: the same as none. Node's fetch sends it always.
    if (req.http.Accept-Language == "*") { unset req.http.Accept-Language; }
    if (req.http.store) {
        header.copy(req.http.store, req.http.X-Shellac-Lines);
        call keyed_single;
        set req.http.store = req.http.store;
    }
    if (req.http.content-currency) {
        header.copy(req.http.content-currency, req.http.X-Shellac-Lines);
        call keyed_single;
        set req.http.content-currency = req.http.content-currency;
    }
    if (req.http.origin) {
        header.copy(req.http.origin, req.http.X-Shellac-Lines);
        call keyed_single;
        set req.http.origin = req.http.origin;
    }
    if (req.http.authorization) {
        header.copy(req.http.authorization, req.http.X-Shellac-Lines);
        call keyed_single;
        set req.http.authorization = req.http.authorization;
    }
    if (req.http.x-session) {
        header.copy(req.http.x-session, req.http.X-Shellac-Lines);
        call keyed_single;
        set req.http.x-session = req.http.x-session;
    }
    # Rename one to see it, rename it back: that is one pass over the headers for the whole list.
    header.regsub(req, "(?i)^(?!(accept\-language|authorization|content\-currency|origin|store|x\-session):)(access\-token|access_token|api\-key|api\-version|api_key|apikey|apitoken|authorization\-bearer|dg\-auth|gcms\-[^:]*|graphql\-features|preview\-version|prismic\-ref|sc_apikey|shopify\-storefront\-[^:]*|token|vendure\-token|version|woocommerce\-session|x\-access\-token|x\-account\-id|x\-adobe\-company|x\-api\-key|x\-api\-version|x\-auth|x\-auth\-request\-[^:]*|x\-auth\-token|x\-base\-editing\-url|x\-bc\-[^:]*|x\-channel|x\-channel\-id|x\-country|x\-country\-code|x\-craft\-token|x\-crystallize\-[^:]*|x\-currency|x\-customer\-group|x\-customer\-id|x\-dgraph\-[^:]*|x\-environment|x\-exclude\-invalid|x\-forwarded\-email|x\-forwarded\-user|x\-hasura\-[^:]*|x\-impersonate\-user|x\-include\-drafts|x\-lang|x\-language|x\-locale|x\-magento\-cache\-id|x\-market|x\-moltin\-[^:]*|x\-org\-id|x\-organization|x\-organization\-id|x\-parse\-[^:]*|x\-preview|x\-price\-list|x\-publishable\-api\-key|x\-region|x\-remote\-user|x\-role|x\-session\-id|x\-session\-token|x\-shop\-id|x\-shopify\-[^:]*|x\-site\-id|x\-store\-id|x\-tenant|x\-tenant\-id|x\-timezone|x\-user|x\-user\-id|x\-user\-role|x\-visual\-editing|x\-workspace\-id|x\-wp\-nonce):.*$", "X-Shellac-Unkeyed: \0");
    if (req.http.X-Shellac-Unkeyed) {
        header.regsub(req, "(?i)^x-shellac-unkeyed: (.*)$", "\1", true);
        set req.http.X-Shellac-Detail = "unkeyed-header";
        return (pass);
    }
}

sub keyed_hash {
    if (req.http.store) { hash_data("store=" + req.http.store); } else { hash_data("store-"); }
    if (req.http.content-currency) { hash_data("content-currency=" + req.http.content-currency); } else { hash_data("content-currency-"); }
    if (req.http.origin) { hash_data("origin=" + req.http.origin); } else { hash_data("origin-"); }
}

# from: templates/features/scopes.vcl.j2
# Scopes: whose answer this is. A verdict names the scopes of its query; each is hashed with the
# source that gave its value, and only that source is forwarded. Credentials are Authorization,
# cookies that are not ignored, and whatever some scope reads; those that no scope of this query
# reads make an ANONYMOUS query pass, and are dropped from one with only PUBLIC or named scopes.
sub scopes_recv {
    if (req.http.Cookie) {
        std.collect(req.http.Cookie, "; ");
        if (req.http.Cookie ~ "(?:^|;)\s*session\s*=.*;\s*session\s*=") {
            set req.http.X-Shellac-Detail = "repeated-cookie";
            return (pass);
        }
        # A cookie without "=" would swallow the next one.
        if (req.http.Cookie ~ "(?:^|;)[^=;]*[^=;\s][^=;]*(?:;|$)") {
            set req.http.X-Shellac-Detail = "odd-cookie";
            return (pass);
        }
        cookie.parse(req.http.Cookie);
        cookie.filter_re("^(AMP_[^:]*|AWSALB[^:]*|CookieConsent|CookieConsentBulkSetting[^:]*|FCCDCF|FCNEC|OptanonAlertBoxClosed|OptanonConsent|__cf_bm|__eoi|__gads|__gpi|__hs[^:]*|__stripe_mid|__stripe_sid|__utm[^:]*|_cfuvid|_clck|_clsk|_dc_gtm_[^:]*|_dd_s|_fbc|_fbp|_ga[^:]*|_gac_[^:]*|_gat[^:]*|_gcl_[^:]*|_gid|_hj[^:]*|_mkto_trk|_pin_unauth|_pk_[^:]*|_rdt_uuid|_scid[^:]*|_sp_id[^:]*|_sp_ses[^:]*|_ttp|_uet[^:]*|_ym_[^:]*|ab_[^:]*|ajs_anonymous_id|amplitude_id[^:]*|axeptio_[^:]*|borlabs\-cookie|cf_clearance|cmplz_[^:]*|cookieconsent_status|cookielawinfo\-[^:]*|cookieyes\-consent|didomi_token|euconsent\-v2|hubspotutk|li_fat_id|tarteaucitron|theme|usprivacy|viewed_cookie_policy)$");
    }
    if (req.http.Authorization) { set req.http.X-Shellac-Login = "1"; }
    unset req.http.X-Shellac-Send;
    unset req.http.X-Shellac-Send-Cookie;

    # AUTHENTICATED: header:authorization
    if (req.http.X-Shellac-Scopes ~ ",AUTHENTICATED,") {
        set req.http.X-Shellac-Scope-1 = "-";
        if (req.http.authorization) {
            set req.http.X-Shellac-Scope-1 = "header:authorization=" + req.http.authorization;
            set req.http.X-Shellac-Send = req.http.X-Shellac-Send + ",authorization,";
            unset req.http.X-Shellac-Login;
        }
    }

    # VISITOR: cookie:session|header:x-session
    if (req.http.X-Shellac-Scopes ~ ",VISITOR,") {
        set req.http.X-Shellac-Scope-2 = "-";
        if (cookie.isset("session")) {
            set req.http.X-Shellac-Scope-2 = "cookie:session=" + cookie.get("session");
            set req.http.X-Shellac-Send = req.http.X-Shellac-Send + ",cookie:session,";
        } elsif (req.http.x-session) {
            set req.http.X-Shellac-Scope-2 = "header:x-session=" + req.http.x-session;
            set req.http.X-Shellac-Send = req.http.X-Shellac-Send + ",x-session,";
        }
    }

    if (req.http.X-Shellac-Send ~ ",cookie:session,") {
        set req.http.X-Shellac-Send-Cookie = req.http.X-Shellac-Send-Cookie + "session=" + cookie.get("session") + "; ";
        cookie.delete("session");
    }
    if (req.http.x-session && req.http.X-Shellac-Send !~ ",x\-session,") {
        set req.http.X-Shellac-Login = "1";
    }
    if (req.http.Cookie && cookie.get_string() != "") { set req.http.X-Shellac-Login = "1"; }
    if (req.http.X-Shellac-Login) {
        if (req.http.X-Shellac-Scopes ~ ",ANONYMOUS,") {
            set req.http.X-Shellac-Detail = "credentials";
            return (pass);
        }
        set req.http.X-Shellac-Dropped = "1";
    }
}

sub scopes_hash {
    hash_data("AUTHENTICATED:" + req.http.X-Shellac-Scope-1);
    hash_data("VISITOR:" + req.http.X-Shellac-Scope-2);
}

sub scopes_miss {
    # Known not to be storable without the credentials: ask with them at once.
    if (req.is_hitmiss && req.http.X-Shellac-Dropped && req.http.X-Shellac-Round == "data") {
        set req.http.X-Shellac-Detail = "credentials";
        return (pass);
    }
}

sub scopes_fetch {
    if (bereq.http.X-Shellac-Send !~ ",authorization,") {
        unset bereq.http.authorization;
    }
    if (bereq.http.X-Shellac-Send !~ ",x\-session,") {
        unset bereq.http.x-session;
    }
    unset bereq.http.Cookie;
    if (bereq.http.X-Shellac-Send-Cookie) {
        set bereq.http.Cookie = regsub(bereq.http.X-Shellac-Send-Cookie, "; $", "");
    }
}

sub scopes_deliver {
    # What nobody may share is asked for again with this client's own credentials.
    if (req.http.X-Shellac-Round == "data" && req.http.X-Shellac-Dropped
        && obj.uncacheable && resp.status != 502 && resp.status != 503 && resp.status != 504) {
        set req.http.X-Shellac-Detail = "credentials";
        set req.http.X-Shellac-Round = "pass";
        return (restart);
    }
}

# from: templates/features/data.vcl.j2
# Lookup 2: the answer, under the canonical key. The canonical key holds the schema and everything
# that shapes tags, so an object that was tagged under other rules cannot be hit.
sub data_recv {
    # Range and conditions are answered by Varnish from what it stores, never sent on: a 304 would
    # bring a purged body back.
    unset req.http.Range;
    return (hash);
}

sub data_hash {
    hash_data("data");
    hash_data("demo");
    hash_data(var.global_get("boot"));
    hash_data(var.global_get("flush"));
    hash_data(req.http.X-Shellac-Key);
    hash_data(req.http.X-Shellac-Accept);
}

sub data_hit {
    # A refresh in the background is a fetch too.
    if (obj.ttl <= 0s) {
        call request_miss;
    }
    set req.http.X-Shellac-Status = "HIT";
}

sub data_fetch {
    # Whose answer it will be: a purge waits for what is on its way to this node.
    set bereq.http.X-Shellac-Boot = var.global_get("boot");
    set bereq.method = bereq.http.X-Shellac-Method;
    set bereq.url = regsub(bereq.url, "^[^?]*", "/graphql");
    header.regsub(bereq, "(?i)^(?!(accept|accept\-encoding|authorization|content\-currency|content\-length|content\-type|host|origin|store|traceparent|transfer\-encoding|x\-session|x-shellac-.*):).*$", "X-Shellac-Cut: 1", true);
    unset bereq.http.X-Shellac-Cut;
    set bereq.http.Accept = bereq.http.X-Shellac-Accept;
    set bereq.http.X-Shellac-Began = std.time2real(now, 0.0);
    # Which config these rules come from: the controller stores nothing for another one's.
    set bereq.http.X-Shellac-Digest = "50ded37c4c75a0f0";
}

sub data_response {
    unset beresp.http.Cache-Control;
    unset beresp.http.Vary;
    if (beresp.was_304) { return (abandon); }
    # An answer that was on its way for long, besides the time that the controller took for it: a
    # purge does not look for it any more (RECENT_SECONDS in controller/purge/freshness.py).
    if (std.real(bereq.http.X-Shellac-Began, 0.0) + std.real(beresp.http.X-Shellac-Took, 0.0) + 2.0
        < std.time2real(now, 0.0) && beresp.http.X-Shellac-Max-Age) {
        unset beresp.http.X-Shellac-Max-Age;
        set beresp.http.X-Shellac-Detail = "late";
        set beresp.http.X-Shellac-Refetch = "1";
    }
    unset beresp.http.X-Shellac-Took;
    if (beresp.http.X-Shellac-Max-Age) {
        set beresp.ttl = std.duration(beresp.http.X-Shellac-Max-Age + "s", 0s);
        set beresp.grace = std.duration(beresp.http.X-Shellac-Swr + "s", 0s);
        set beresp.keep = 0s;
        set beresp.storage = storage.data;
        set beresp.http.X-Shellac-Flush = bereq.http.X-Shellac-Flush;
        set beresp.do_gzip = true;
        # Not kept with the object: each would be read and cut again at every hit.
        unset beresp.http.X-Shellac-Max-Age;
        unset beresp.http.X-Shellac-Swr;
    } elsif (bereq.is_bgfetch) {
        # What was stale stays until a refresh succeeds.
        return (abandon);
    } else {
        unset beresp.http.xkey;
        # A marker counts through its grace and keep as well.
        set beresp.grace = 0s;
        set beresp.keep = 0s;
        if (beresp.http.X-Shellac-Refetch && beresp.status == 200) {
            # Fetched before a purge. With no time at all it is nobody's hit, and those who wait for
            # it share one new fetch.
            set beresp.ttl = 0s;
        } else {
            # Hit-for-miss: the next requests of this key are not put in a queue.
            set beresp.uncacheable = true;
            set beresp.ttl = 10s;
            if (beresp.status >= 500 || beresp.http.X-Shellac-Again) { set beresp.ttl = 1s; }
        }
    }
}

sub data_deliver {
    # The controller's config or schema is not the one of this key: the request goes as it was sent.
    if (req.http.X-Shellac-Round == "data" && resp.http.X-Shellac-Again) {
        set req.http.X-Shellac-Detail = resp.http.X-Shellac-Detail;
        set req.http.X-Shellac-Round = "pass";
        return (restart);
    }
}

sub data_client {
    if (req.http.X-Shellac-Round == "data") {
        if (req.method == "POST" || obj.uncacheable || resp.http.X-Shellac-Refetch) {
            unset resp.http.ETag;
            set resp.http.Cache-Control = "no-store";
        } elsif (req.http.X-Shellac-Scopes == ",") {
            set resp.http.Cache-Control = "no-cache";
        } else {
            set resp.http.Cache-Control = "private, no-cache";
        }
        set resp.http.Vary = "accept, accept-encoding, store, content-currency, origin, authorization, x-session, cookie";
    }
}

# from: templates/features/status.vcl.j2
# What happened, for people: Cache-Status (RFC 9211) and gcdn-cache, which Stellate's clients know.
sub status_deliver {
    set resp.http.gcdn-cache = req.http.X-Shellac-Status;
    if (req.http.X-Shellac-Status == "HIT") {
        set resp.http.Cache-Status = "shellac; hit; ttl=" + regsub(regsub(obj.ttl, "\..*$", ""), "^-0$", "0");
    } elsif (req.http.X-Shellac-Status == "MISS" && !obj.uncacheable && !resp.http.X-Shellac-Refetch) {
        set resp.http.Cache-Status = "shellac; fwd=miss; stored; ttl=" + regsub(obj.ttl, "\..*$", "");
    } else {
        set resp.http.Cache-Status = "shellac; fwd=" + std.tolower(regsub(req.http.X-Shellac-Status, "PASS", "bypass"));
        if (resp.http.X-Shellac-Detail) {
            set resp.http.Cache-Status = resp.http.Cache-Status + "; detail=" + resp.http.X-Shellac-Detail;
        } elsif (req.http.X-Shellac-Detail) {
            set resp.http.Cache-Status = resp.http.Cache-Status + "; detail=" + req.http.X-Shellac-Detail;
        }
    }
    if (req.http.shellac-debug == "1") {
        set resp.http.Shellac-Round = req.http.X-Shellac-Round;
        set resp.http.Shellac-Operation = req.http.X-Shellac-Operation;
        set resp.http.Shellac-Key = req.http.X-Shellac-Key;
        set resp.http.Shellac-Scopes = req.http.X-Shellac-Scopes;
        header.copy(resp.http.X-Shellac-Tags, resp.http.Shellac-Tags);
    }
}

# from: templates/features/errors.vcl.j2
# Whatever Varnish has to say itself is a GraphQL error, in the media type the client asked for.
sub errors_synth {
    set resp.http.Content-Type = "application/json; charset=utf-8";
    if (req.http.Accept ~ "application/graphql-response\+json") {
        set resp.http.Content-Type = "application/graphql-response+json; charset=utf-8";
    }
    set resp.http.Cache-Control = "no-store";
    set resp.http.gcdn-cache = "PASS";
    set resp.http.Cache-Status = "shellac; detail=synthetic";
    if (resp.status == 503) { set resp.http.Retry-After = "1"; }
    if (resp.status == 405) { set resp.http.Allow = "GET, HEAD, POST, OPTIONS"; }
    synthetic({"{"errors":[{"message":""} + resp.reason + {"","extensions":{"code":"SHELLAC_"} + resp.status + {"" }}]}"});
}

sub errors_backend {
    # What was stale stays until a refresh succeeds.
    if (bereq.is_bgfetch) { return (abandon); }
    # beresp.ttl is left as Varnish set it: with a queue behind this key it is one second, so the
    # queue drains instead of trying one by one.
    set beresp.status = 503;
    set beresp.http.Content-Type = "application/json; charset=utf-8";
    if (bereq.http.Accept ~ "application/graphql-response\+json") {
        set beresp.http.Content-Type = "application/graphql-response+json; charset=utf-8";
    }
    set beresp.http.Cache-Control = "no-store";
    set beresp.http.Retry-After = "1";
    set beresp.http.X-Shellac-Detail = "controller-unreachable";
    synthetic({"{"errors":[{"message":"The controller of this cache cannot be reached","extensions":{"code":"SHELLAC_503" }}]}"});
}

# from: templates/main.vcl.j2
# The order of everything.

sub vcl_init {
    call admin_init;
}

sub vcl_recv {
    if (req.restarts == 0) {
        call trust_recv;
        call admin_recv;
        call request_recv;
        call bypass_recv;
        call accept_recv;
        call verdict_recv;
    } elsif (req.http.X-Shellac-Round == "data") {
        call keyed_recv;
        call scopes_recv;
        call data_recv;
    }
    return (pass);
}

sub vcl_hash {
    if (req.http.X-Shellac-Round == "verdict") {
        call verdict_hash;
    } else {
        call data_hash;
        call keyed_hash;
        call scopes_hash;
    }
    return (lookup);
}

sub vcl_hit {
    call verdict_hit;
    call data_hit;
    return (deliver);
}

sub vcl_miss {
    call scopes_miss;
    call request_miss;
    return (fetch);
}

sub vcl_pass {
    call request_pass;
    return (fetch);
}

sub vcl_backend_fetch {
    if (bereq.http.X-Shellac-Round == "verdict") {
        call verdict_fetch;
    } elsif (bereq.http.X-Shellac-Round == "data") {
        call data_fetch;
        call scopes_fetch;
    } else {
        call request_fetch;
    }
    return (fetch);
}

sub vcl_backend_response {
    if (bereq.http.X-Shellac-Round == "verdict") {
        call verdict_response;
    } else {
        if (bereq.http.X-Shellac-Round == "data") {
            call data_response;
        } else {
            call request_response;
        }
        call trust_response;
    }
    return (deliver);
}

sub vcl_backend_error {
    call errors_backend;
    return (deliver);
}

sub vcl_deliver {
    call verdict_deliver;
    call data_deliver;
    call scopes_deliver;
    call data_client;
    call status_deliver;
    call trust_deliver;
    return (deliver);
}

sub vcl_synth {
    call admin_synth;
    call errors_synth;
    return (deliver);
}
