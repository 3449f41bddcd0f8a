#!/bin/bash
# Healthy when the generated VCL answers on the admin listener that varnishd.args names. Whether its
# controller is there does not count: hits go on without it, and a restart would empty the cache.
set -euo pipefail

address=$(sed -n 's/^admin=\([^,]*\).*/\1/p' "${SHELLAC_RENDERED:-/run/shellac}/varnishd.args")
host=${address%:*}
host=${host//[\[\]]/}
exec 3<>"/dev/tcp/$host/${address##*:}"
printf 'GET /_shellac/alive HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n' "$address" >&3
read -r -t 2 status <&3
[[ $status == "HTTP/1.1 200 "* ]]
