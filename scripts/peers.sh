#!/usr/bin/env bash
# Installs the servers of tests/peers, as package-lock.json pins them, and a Node for them.
# May be run again at any time.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/debian.sh
. scripts/debian.sh
cd tests/peers

own_node=false
if node -e 'process.exit(parseInt(process.versions.node) < 22)' 2>/dev/null; then
    own_node=true
fi

if [ node_modules/.package-lock.json -nt package-lock.json ] &&
    { $own_node || compgen -G 'node_modules/node-linux-*/bin/node' >/dev/null; }; then
    exit 0
fi

need npm nodejs npm
echo "peers: installing the servers into tests/peers/node_modules"
# The optional packages are Node itself. No package here needs to run a script of its own.
omit=()
if $own_node; then omit=(--omit=optional); fi
npm ci --ignore-scripts --loglevel=error "${omit[@]}"
