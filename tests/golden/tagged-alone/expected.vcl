vcl 4.1;
# Shellac 0.1.0, tagged profile, service shellac, config digest 6aac36a18acce793. Generated from shellac.yaml: edit that.
# One lookup. The origin tags its answers and says what of them may be cached; its own purges are understood.
# A request is one of "graphql" or "purge" in X-Shellac-Round; with X-Shellac-Detail, the reason, it passes.
import cookie;
import header;
import purge;
import std;
import var;
import xkey;

# from: templates/direct/backend.vcl.j2
# The origin.
backend origin {
    .host = "127.0.0.1"; .port = "8000"; .connect_timeout = 5s; .first_byte_timeout = 600s; .between_bytes_timeout = 60s;
}

# from: templates/direct/trust.vcl.j2
# The trust boundary. X-Shellac-* and Shellac-* are decisions of ours: cut on entry, before anything is answered, from the origin
# and on the way out. X-HashTwo and xkey of an answer would tag it. The same pass over the headers finds what is known to change
# answers and not keyed; most requests have nothing of either.
sub trust_recv {
    std.collect(req.http.Host);
    header.regsub(req, "(?i)^(?:x-shellac-.*|shellac-(?!debug:).*|proxy|(?!(origin|x\-forwarded\-proto):)(accept\-language|access\-token|access_token|api\-key|api\-version|api_key|apikey|apitoken|authorization\-bearer|content\-currency|dg\-auth|gcms\-[^:]*|graphql\-features|preview\-version|prismic\-ref|sc_apikey|shopify\-storefront\-[^:]*|store|token|vendure\-token|version|woocommerce\-session|x\-access\-token|x\-account\-id|x\-adobe\-company|x\-api\-key|x\-api\-version|x\-auth|x\-auth\-request\-[^:]*|x\-auth\-token|x\-base\-editing\-url|x\-bc\-[^:]*|x\-channel|x\-channel\-id|x\-country|x\-country\-code|x\-craft\-token|x\-crystallize\-[^:]*|x\-currency|x\-customer\-group|x\-customer\-id|x\-dgraph\-[^:]*|x\-environment|x\-exclude\-invalid|x\-forwarded\-email|x\-forwarded\-user|x\-hasura\-[^:]*|x\-impersonate\-user|x\-include\-drafts|x\-lang|x\-language|x\-locale|x\-magento\-cache\-id|x\-market|x\-moltin\-[^:]*|x\-org\-id|x\-organization|x\-organization\-id|x\-parse\-[^:]*|x\-preview|x\-price\-list|x\-publishable\-api\-key|x\-region|x\-remote\-user|x\-role|x\-session\-id|x\-session\-token|x\-shop\-id|x\-shopify\-[^:]*|x\-site\-id|x\-store\-id|x\-tenant|x\-tenant\-id|x\-timezone|x\-user|x\-user\-id|x\-user\-role|x\-visual\-editing|x\-workspace\-id|x\-wp\-nonce)):(?!(?<=accept-language:)\s*\*$).*$", "X-Shellac-Odd: \0");
    if (req.http.X-Shellac-Odd) { call trust_odd; }
    if (req.url !~ "^/[!\x22$-~]*$" || req.http.Host !~ "^[0-9A-Za-z._:\[\]-]*$" || req.proto == "HTTP/1.0" && req.http.Transfer-Encoding || req.proto != "HTTP/1.0" && !req.http.Host) { return (synth(400, "The target must be a path, percent-encoded; Host a name that stands once; Transfer-Encoding is not for HTTP/1.0")); }
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
    header.regsub(beresp, "(?i)^(x-hashtwo|x-shellac-.*|shellac-.*):.*$", "X-Shellac-Cut: 1", true);
    unset beresp.http.X-Shellac-Cut;  # the names that are left go in trust_deliver: fewer to look for at every hit
}
sub trust_deliver {
    if (req.http.X-Shellac-Detail) {  # else it is stored, and has none of these
        unset resp.http.X-Shellac-Detail;
        unset resp.http.x-cache-tags;
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
            + {"","digest":"6aac36a18acce793","plan":""} + var.global_get("plan") + {"","flush":""} + var.global_get("flush")
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
        set beresp.http.X-Shellac-Stored = std.real(time=now, fallback=0.0);
        set beresp.http.X-Shellac-Born = "s:" + regsub(bereq.http.X-Shellac-Moved, "\..*$", "") + ":" + std.integer(real=std.real(time=now, fallback=0.0) * 10.0, fallback=0);
    }
}
sub fresh_hit {
    if (obj.http.X-Shellac-Moved && obj.http.X-Shellac-Moved != var.global_get("moved") && (std.real(obj.http.X-Shellac-Stored, 0.0) + 0.5 > std.real(var.global_get("purged"), 0.0))) {
        if (req.restarts > 3) {  # a burst of purges: each stores one that the next distrusts
            set req.http.X-Shellac-Detail = "purged-meanwhile";
            return (pass);
        }
        purge.hard();
        return (restart);
    }
}

# from: templates/direct/purges.vcl.j2
# Purges as this origin sends them, from its own address or on the admin listener. An address that connects, and no proxy's.
acl purgers {
    "10.0.0.5"/32;
}
sub purges_recv {
    if (local.socket != "admin" && !(remote.ip ~ purgers && req.http.X-Forwarded-For !~ ",")) { return (synth(405, "Purging is not allowed from this address")); }
    set req.http.X-Shellac-Allow = ", PURGE, PURGEKEYS, BAN, REFRESH";
    if (req.method !~ "^(PURGE|PURGEKEYS|BAN|REFRESH)$") { return (synth(405, "The profile tagged purges with PURGE, PURGEKEYS, BAN, REFRESH")); }
    set req.http.X-Shellac-Round = "purge";
    call purges_lists;
    if (req.http.fastly-soft-purge == "1") {
        set req.http.X-Shellac-Soft-Keys = req.http.X-Shellac-Soft-Keys + " " + req.http.X-Shellac-Keys;
        unset req.http.X-Shellac-Keys;
        if (req.http.X-Shellac-Everything) { set req.http.X-Shellac-Soft-Keys = "all"; }
    }
    if (req.http.X-Shellac-Everything) { std.log("shellac: " + req.http.X-Shellac-Everything + ", so everything is purged"); }
    if (req.http.X-Shellac-Everything && !req.http.X-Shellac-Soft-Keys) { call purges_flush; } else { call purges_tags; }
    return (synth(200, "Purged"));
}
# Headers that list tags. Without one a purge is of its URL, or of what a pattern of paths finds, which is not evaluated here.
sub purges_lists {
    if (req.method == "BAN") {
        call purges_ban;
        return;
    }
    if (req.http.surrogate-key) {
        std.collect(req.http.surrogate-key, " ");
        set req.http.X-Shellac-Keys = req.http.X-Shellac-Keys + " " + regsuball(" " + req.http.surrogate-key, "[\s,]+(?=[^\s,])", " t:");
    }
    if (req.http.xkey-purge) {
        std.collect(req.http.xkey-purge, " ");
        set req.http.X-Shellac-Keys = req.http.X-Shellac-Keys + " " + regsuball(" " + req.http.xkey-purge, "[\s,]+(?=[^\s,])", " t:");
    }
    if (req.http.xkey) {
        std.collect(req.http.xkey, " ");
        set req.http.X-Shellac-Keys = req.http.X-Shellac-Keys + " " + regsuball(" " + req.http.xkey, "[\s,]+(?=[^\s,])", " t:");
    }
    if (req.http.cache-tags) {
        std.collect(req.http.cache-tags, " ");
        set req.http.X-Shellac-Keys = req.http.X-Shellac-Keys + " " + regsuball(" " + req.http.cache-tags, "[\s,]+(?=[^\s,])", " t:");
        if (req.http.cache-tags ~ "[\\+*?|\[\]{}()^$]") { set req.http.X-Shellac-Keys = req.http.X-Shellac-Keys + " all"; }  # a BAN's
    }
    if (req.http.purge-cache-tags) {
        std.collect(req.http.purge-cache-tags, " ");
        set req.http.X-Shellac-Keys = req.http.X-Shellac-Keys + " " + regsuball(" " + req.http.purge-cache-tags, "[\s,]+(?=[^\s,])", " t:");
        if (req.http.purge-cache-tags ~ "[\\+*?|\[\]{}()^$]") { set req.http.X-Shellac-Keys = req.http.X-Shellac-Keys + " all"; }  # a BAN's
    }
    if (req.http.xkey-softpurge) {
        std.collect(req.http.xkey-softpurge, " ");
        set req.http.X-Shellac-Soft-Keys = req.http.X-Shellac-Soft-Keys + " " + regsuball(" " + req.http.xkey-softpurge, "[\s,]+(?=[^\s,])", " t:");
    }
    if (req.http.cache-group-invalidation) {
        std.collect(req.http.cache-group-invalidation, ",");
        set req.http.X-Shellac-Groups = req.http.cache-group-invalidation;
        call purges_groups;
    }
    if (!req.http.X-Shellac-Keys && !req.http.X-Shellac-Soft-Keys) {
        if (req.method ~ "^(PURGEKEYS)$") { return (synth(400, "A " + req.method + " has to list tags")); }
        elsif (req.http.X-Purge-Method && req.http.X-Purge-Method !~ "(?i)^\s*(default|exact)\s*$") { set req.http.X-Shellac-Everything = "a pattern of paths is not evaluated"; }
        else { set req.http.X-Shellac-Keys = "some-url u:" + std.tolower(req.http.Host) + req.url; }
    }
}
# Drupal lists tags in a BAN, with bars between as well (controller/core/dialects/drupal.py). All else in one is a condition.
sub purges_ban {
    std.collect(req.http.cache-tags, " ");
    std.collect(req.http.purge-cache-tags, " ");
    set req.http.X-Shellac-Rest = regsuball(" " + req.http.cache-tags + " " + req.http.purge-cache-tags, "\|", " ");
    if (req.http.X-Shellac-Rest ~ "[^\s,]" && req.http.X-Shellac-Rest !~ "[\\+*?\[\]{}()^$]"
        && !req.http.apiplatform-ban-regex && !req.http.cache-group-invalidation && !req.http.cache-tag && !req.http.surrogate-key && !req.http.x-cache-tags && !req.http.xkey && !req.http.xkey-purge && !req.http.xkey-softpurge) {
        set req.http.X-Shellac-Keys = regsuball(req.http.X-Shellac-Rest, "[\s,]+(?=[^\s,])", " t:");
    } else {
        set req.http.X-Shellac-Everything = "a BAN with conditions";
    }
}
# A list of strings (RFC 9875, section 3). One that is not plain to read (escapes, parameters, blanks) means everything.
sub purges_groups {
    if (req.http.X-Shellac-Groups ~ "^(?=.{1,16000}$)\s*+\x22[!#-+.-\[\]-~-]{1,200}\x22(?:\s*+,\s*+\x22[!#-+.-\[\]-~-]{1,200}\x22)*+\s*$") {
        set req.http.X-Shellac-Keys = req.http.X-Shellac-Keys + regsuball(req.http.X-Shellac-Groups, "\s*\x22([^\x22]*)\x22\s*,?", " t:\1");
    } else {
        std.log("shellac: a list of groups that is not plain to read, so everything is purged");
        set req.http.X-Shellac-Keys = req.http.X-Shellac-Keys + " all";
    }
}
# The origin's answer to a write names what it has changed. Its client has the answer once that is purged.
sub purges_answer {
    if (resp.http.cache-group-invalidation && req.method != "OPTIONS") {
        std.collect(resp.http.cache-group-invalidation, ",");
        set req.http.X-Shellac-Groups = resp.http.cache-group-invalidation;
        call purges_groups;
        call purges_tags;
    }
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

# from: templates/direct/refresh.vcl.j2
# FOSHttpCache's refresh: a GET that says no-cache, from an address that may purge, is fetched anew. What was stored is removed
# first: beside a newer answer it would come back once that is purged.
sub refresh_recv {
    if (req.http.Cache-Control ~ "(?i)(^|[\s,])no-cache([\s,]|$)" && remote.ip ~ purgers && req.http.X-Forwarded-For !~ ",") { set req.http.X-Shellac-Refresh = "1"; }
}
sub refresh_hit {
    if (req.http.X-Shellac-Refresh && req.restarts == 0) {
        purge.hard();
        return (restart);
    }
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
    else { return (synth(404, "This cache serves /graphql")); }
    if (req.method != "GET" && req.method != "HEAD") { set req.http.X-Shellac-Detail = "method"; }
    elsif (req.http.Transfer-Encoding || std.integer(req.http.Content-Length, 0) != 0) { set req.http.X-Shellac-Detail = "body-on-get"; }
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
}
sub request_miss {
    set req.http.X-Shellac-Status = "miss";
}
sub request_pass {
    set req.http.X-Shellac-Status = regsub(req.http.X-Shellac-Detail, "^(?!method$).*$", "bypass");
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
    if (req.http.origin) { std.collect(req.http.origin, " |+| "); }
    if (req.http.origin ~ " \|\+\| ") { set req.http.X-Shellac-Detail = "repeated-header"; header.append(req.http.origin, regsuball(regsub(req.http.origin, "^.*? \|\+\| ", ""), " \|\+\| ", ", ")); header.regsub(req, "(?i)^(origin:.*?) \|\+\| .*$", "\1"); }
    if (req.http.x-forwarded-proto) { std.collect(req.http.x-forwarded-proto, " |+| "); }
    if (req.http.x-forwarded-proto ~ " \|\+\| ") { set req.http.X-Shellac-Detail = "repeated-header"; header.append(req.http.x-forwarded-proto, regsuball(regsub(req.http.x-forwarded-proto, "^.*? \|\+\| ", ""), " \|\+\| ", ", ")); header.regsub(req, "(?i)^(x\-forwarded\-proto:.*?) \|\+\| .*$", "\1"); }
    if (req.http.authorization) { std.collect(req.http.authorization, " |+| "); }
    if (req.http.authorization ~ " \|\+\| ") { set req.http.X-Shellac-Detail = "repeated-header"; header.append(req.http.authorization, regsuball(regsub(req.http.authorization, "^.*? \|\+\| ", ""), " \|\+\| ", ", ")); header.regsub(req, "(?i)^(authorization:.*?) \|\+\| .*$", "\1"); }
    if (req.http.X-Shellac-Unkeyed && !req.http.X-Shellac-Detail) { set req.http.X-Shellac-Detail = "unkeyed-header"; }
}
# Before a fetch alone: a hit does without.
sub keyed_miss {
    if (req.http.origin && !req.http.X-Shellac-Detail) { set req.http.origin = req.http.origin; }
    if (req.http.x-forwarded-proto && !req.http.X-Shellac-Detail) { set req.http.x-forwarded-proto = req.http.x-forwarded-proto; }
    if (req.http.authorization && !req.http.X-Shellac-Detail) { set req.http.authorization = req.http.authorization; }
}

# from: templates/direct/graphql.vcl.j2
# GraphQL by GET: shared by everybody who sends the same keyed headers. Its URL is taken as it is, variables and all.
sub graphql_recv {
    if (req.http.Authorization) { set req.http.X-Shellac-Detail = "credentials"; }
    if (req.http.Cookie) {
        std.collect(req.http.Cookie, "; ");
        if (req.http.Cookie ~ "(?:^|;)\s*+(?:=|[^=;\s][^=;]*+(?:;|$))") { set req.http.X-Shellac-Detail = "odd-cookie"; }  # it would swallow the next one
        cookie.parse(req.http.Cookie);
        cookie.filter_re("^(AMP_[^:]*|AWSALB[^:]*|CookieConsent|CookieConsentBulkSetting[^:]*|FCCDCF|FCNEC|OptanonAlertBoxClosed|OptanonConsent|__cf_bm|__eoi|__gads|__gpi|__hs[^:]*|__stripe_mid|__stripe_sid|__utm[^:]*|_cfuvid|_clck|_clsk|_dc_gtm_[^:]*|_dd_s|_fbc|_fbp|_ga[^:]*|_gac_[^:]*|_gat[^:]*|_gcl_[^:]*|_gid|_hj[^:]*|_mkto_trk|_pin_unauth|_pk_[^:]*|_rdt_uuid|_scid[^:]*|_sp_id[^:]*|_sp_ses[^:]*|_ttp|_uet[^:]*|_ym_[^:]*|ajs_anonymous_id|amplitude_id[^:]*|axeptio_[^:]*|borlabs\-cookie|cf_clearance|cmplz_[^:]*|cookieconsent_status|cookielawinfo\-[^:]*|cookieyes\-consent|didomi_token|euconsent\-v2|hubspotutk|li_fat_id|tarteaucitron|usprivacy|viewed_cookie_policy)$");
        if (cookie.get_string() != "") { set req.http.X-Shellac-Detail = "credentials"; }
    }
}
sub graphql_hash {
    hash_data(req.http.X-Shellac-Accept);  # after all that can be absent: this one is in every key
}

# from: templates/direct/hash.vcl.j2
# The key: generations, host, scheme, every keyed header by name and value. hash_data ends each part with a NUL, which no header
# holds: nothing can run into the next part, and a header that is not there needs none.
sub request_hash {
    hash_data("direct shellac 41a0cd95 " + var.global_get("boot") + " " + var.global_get("flush") + " " + req.http.X-Shellac-Round);
    hash_data(req.http.Host);
    hash_data(req.url);
    if (req.http.x-forwarded-proto) { hash_data("x-forwarded-proto=" + req.http.x-forwarded-proto); }
    if (req.http.origin) { hash_data("origin=" + req.http.origin); }
}

# from: templates/direct/fetch.vcl.j2
# What the origin is asked. A GraphQL query is asked with what its key holds and nothing else; a page with all that does not
# steer the origin elsewhere. A 304 would bring back a body that was purged: conditions are not sent.
sub fetch_graphql {
    header.regsub(bereq, "(?i)^(?!(accept|accept\-encoding|authorization|content\-length|cookie|host|origin|traceparent|transfer\-encoding|x\-forwarded\-proto|x-shellac-.*):).*$", "X-Shellac-Cut: 1", true);
    set bereq.http.Accept = bereq.http.X-Shellac-Accept;
    unset bereq.http.Cookie;
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
    elsif (bereq.http.X-Shellac-Round == "graphql" && beresp.http.Vary ~ "(?i)(^|[\s,])(?!(accept|accept\-encoding|origin|x\-forwarded\-proto)\s*(,|$))[^\s,]") { set beresp.http.X-Shellac-Detail = "vary"; }
    elsif (beresp.http.Set-Cookie) { set beresp.http.X-Shellac-Detail = "set-cookie"; }
    if (beresp.http.X-Shellac-Detail) {
        set beresp.uncacheable = true;
        set beresp.ttl = 10s;
        if (beresp.status >= 500) { set beresp.ttl = 1s; }
        set beresp.grace = 0s;  # a marker counts through its grace and keep as well
        set beresp.keep = 0s;
    } else {
        set beresp.storage = storage.data;
        set beresp.keep = 0s;
        if (beresp.http.Cache-Control !~ "(?i)stale-while-revalidate") { set beresp.grace = 0s; }
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
    std.collect(beresp.http.x-cache-tags, ",");
    set beresp.http.X-Shellac-Tags = beresp.http.x-cache-tags;
    unset beresp.http.x-cache-tags;
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

# from: templates/direct/status.vcl.j2
# What happened, for people: Cache-Status (RFC 9211). X-Shellac-Status: the word after "fwd=", none of a hit or who
# waited in vain.
sub status_deliver {
    if (!req.http.X-Shellac-Status && resp.status == 200) {
        set resp.http.Cache-Status = "shellac; hit; ttl=" + std.integer(duration=obj.ttl, fallback=0);
    } else {
        if (resp.http.X-Shellac-Detail) { set req.http.X-Shellac-Detail = resp.http.X-Shellac-Detail; }
        set resp.http.Cache-Status = "shellac; fwd=" + regsub(req.http.X-Shellac-Status, "^$", "miss; collapsed");
        if (req.http.X-Shellac-Detail) { set resp.http.Cache-Status = resp.http.Cache-Status + "; detail=" + req.http.X-Shellac-Detail; }
        else { set resp.http.Cache-Status = resp.http.Cache-Status + "; stored; ttl=" + regsub(obj.ttl, "\..*$", ""); }
    }
}

# from: templates/direct/client.vcl.j2
# What a client's own cache may do with an answer: no purge reaches it. Stored as it leaves, so that hits need not be told.
sub client_response {
    if (bereq.http.X-Shellac-Round ~ "^(graphql|pass)$" && beresp.http.Cache-Control !~ "(?i)private|no-store") {
        set beresp.http.Cache-Control = "no-cache";
        unset beresp.http.Expires;
        unset beresp.http.Pragma;
    }
}
# Vary is not stored: by it Varnish would keep variants.
sub client_deliver {
    set resp.http.Vary = "accept, accept-encoding, origin, authorization, cookie";
    if (req.http.Range) { unset req.http.Range; }  # it would be cut from the stored bytes: a part of JSON is of no use
}

# from: templates/direct/errors.vcl.j2
# Whatever Varnish has to say itself: a GraphQL error on the GraphQL path, else plain text.
sub errors_synth {
    set resp.http.Cache-Control = "no-store";
    # Where the body ends is in doubt, or far away. Of other bodies the rest is read: a reset could overtake the answer.
    if (local.socket != "admin" && (resp.status == 400 && !req.http.X-Shellac-Round || resp.status == 413 && req.http.Content-Length ~ "[0-9]{10}")) { set resp.http.Connection = "close"; }
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
    call admin_init;
}
sub vcl_recv {
    if (req.restarts == 0) {
        call trust_recv;
        if (req.method ~ "^(PURGE|BAN|REFRESH|PURGEKEYS|PURGE_GRAPHQL)$" && !req.http.Shellac-Secret) { call purges_recv; }
        elsif (local.socket == "admin") { call admin_recv; }
        else { call request_recv; }
        if (req.http.X-Shellac-Detail == "method") { call request_write; }
        if (req.http.X-Shellac-Round == "graphql" && !req.http.X-Shellac-Detail) { call keyed_recv; }
        if (req.http.X-Shellac-Round == "graphql" && !req.http.X-Shellac-Detail) {
            call accept_recv;
            call graphql_recv;
        }
        call refresh_recv;
    }
    if (req.http.X-Shellac-Round == "purge" || req.http.X-Shellac-Detail) { return (pass); }
    call request_grace;
    return (hash);
}
sub vcl_hash {
    call request_hash;
    if (req.http.X-Shellac-Round == "graphql") { call graphql_hash; }
    return (lookup);
}
sub vcl_hit {
    call refresh_hit;
    call fresh_hit;
    if (obj.ttl <= 0s) { call keyed_miss; }  # a refresh in the background is a fetch too
}
sub vcl_miss {
    call keyed_miss;
    call request_miss;
}
sub vcl_pass { call request_pass; }
sub vcl_backend_fetch {
    if (!bereq.uncacheable) {
        call fresh_fetch;
        call fetch_graphql;
    }
    call fetch_origin;
    return (fetch);
}
sub vcl_backend_response {
    call trust_response;
    if (!bereq.uncacheable) { call storing_response; }
    call client_response;
    if (!beresp.uncacheable) { call fresh_response; }
    if (!beresp.uncacheable) { call tags_response; }
    return (deliver);
}
sub vcl_backend_error {
    call errors_backend;
}
sub vcl_deliver {
    if (req.http.X-Shellac-Status == "method") { call purges_answer; }
    call status_deliver;
    if (req.http.X-Shellac-Round == "graphql" && req.http.X-Shellac-Status !~ "^(bypass|method)$") { call client_deliver; }
    call trust_deliver;
}
sub vcl_synth {
    if (req.http.X-Shellac-Body) { call admin_synth; }
    call errors_synth;
}
