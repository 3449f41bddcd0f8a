vcl 4.1;

# A stand-in: just the admin protocol of docs/protocol.md, before an origin that says in X-Tags
# which xkeys an answer has. The rendered VCL takes its place.
import std;
import var;
import xkey;

backend origin { .host = "127.0.0.1"; .port = "@ORIGIN_PORT@"; }

sub vcl_init {
    if (!var.global_get("boot")) {
        var.global_set("boot", "" + std.real2integer(std.random(0, 999999999), 0));
        var.global_set("flush", "0");
    }
}

sub vcl_recv {
    if (local.socket == "admin") {
        if (req.http.Shellac-Secret != "@SECRET@") {
            return (synth(403));
        }
        if (req.method == "PURGE") {
            set req.http.Purged = "0";
            if (req.http.Shellac-Plan) {
                var.global_set("plan", req.http.Shellac-Plan);
            }
            if (req.http.Shellac-Flush) {
                var.global_set("flush", req.http.Shellac-Flush);
            }
            if (req.http.xkey-purge) {
                std.collect(req.http.xkey-purge, " ");
                set req.http.Purged = xkey.purge(req.http.xkey-purge);
            }
            if (req.http.xkey-softpurge) {
                std.collect(req.http.xkey-softpurge, " ");
                set req.http.Purged = xkey.softpurge(req.http.xkey-softpurge);
            }
            if (req.http.Shellac-Seq) {
                var.global_set("seq", req.http.Shellac-Seq);
            }
        }
        return (synth(200));
    }
    return (hash);
}

sub vcl_hash {
    hash_data(req.url + " " + var.global_get("flush"));
    return (lookup);
}

sub vcl_backend_response {
    set beresp.ttl = 1h;
    set beresp.grace = 1h;
    set beresp.http.xkey = beresp.http.X-Tags;
}

sub vcl_deliver {
    set resp.http.X-Cache = "MISS";
    if (obj.hits > 0) {
        set resp.http.X-Cache = "HIT";
        if (obj.ttl <= 0s) {
            set resp.http.X-Cache = "STALE";
        }
    }
}

sub vcl_synth {
    set resp.http.Content-Type = "application/json";
    if (req.method == "PURGE") {
        synthetic({"{"purged":"} + req.http.Purged + " }");
    } else {
        # synthetic() prints what is unset as "(null)"; a header makes it empty.
        set resp.http.Seq = var.global_get("seq");
        set resp.http.Plan = var.global_get("plan");
        synthetic({"{"boot":""} + var.global_get("boot") + {"","seq":""} + resp.http.Seq
            + {"","digest":"stand-in","plan":""} + resp.http.Plan
            + {"","flush":""} + var.global_get("flush") + {"" }"});
    }
    return (deliver);
}
