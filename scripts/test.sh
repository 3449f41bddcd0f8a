#!/usr/bin/env bash
# All tests, in three parts beside each other that take about as long: what mostly computes, what
# runs varnishtest and single parts, and whole paths; each of the first two has some paths besides.
set -uo pipefail
cd "$(dirname "$0")/.." || exit
compute=(tests/core tests/config tests/vclgen tests/golden tests/packaging tests/cli)
compute+=(tests/purging tests/demo tests/tokens tests/shops tests/e2e/test_[s-z]*.py)
parts=(tests/vtc tests/freshness tests/purge tests/direct tests/origins tests/gateway tests/admin)
parts+=(tests/include tests/guides tests/soak)
logs=$(mktemp -d)
compilers=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null; rm -rf "$logs" "$compilers"' EXIT
# Half of the processor time of a short test is varnishd's C compiler, which optimises each VCL anew: not here.
chmod 755 "$compilers"
compiler=$compilers/$(uname -m)-linux-gnu-gcc
printf '#!/bin/sh\nexec gcc "$@" -O0\n' >"$compiler"
chmod 755 "$compiler"
export PATH=$compilers:$PATH
run() { .venv/bin/python -m pytest -p no:cacheprovider -m "not peers" --durations=15 "$@"; }
run "${compute[@]}" >"$logs/compute" 2>&1 &
computed=$!
run "${parts[@]}" >"$logs/parts" 2>&1 &
parted=$!
run "${compute[@]/#/--ignore=}" "${parts[@]/#/--ignore=}"
failed=$?
wait "$computed" || failed=1
wait "$parted" || failed=1
cat "$logs/compute" "$logs/parts"
exit "$failed"
