#!/usr/bin/env bash
# All tests: those of the core, which only compute, beside those that start servers and wait for
# them.
set -uo pipefail
cd "$(dirname "$0")/.." || exit
log=$(mktemp)
.venv/bin/python -m pytest -p no:cacheprovider -m "not peers" tests/core >"$log" 2>&1 &
core=$!
trap 'kill "$core" 2>/dev/null; rm -f "$log"' EXIT
.venv/bin/python -m pytest -m "not peers" --ignore=tests/core
served=$?
wait "$core"
computed=$?
cat "$log"
exit $((served || computed))
