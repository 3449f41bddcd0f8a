#!/usr/bin/env bash
# All tests, in four parts beside each other that take about as long: what mostly computes, what runs
# varnishtest and single parts, and whole paths in two.
set -uo pipefail
cd "$(dirname "$0")/.." || exit
compute=(tests/core tests/config tests/vclgen tests/golden tests/packaging tests/cli)
compute+=(tests/purging)
parts=(tests/vtc tests/freshness tests/purge tests/direct tests/gateway tests/admin)
parts+=(tests/demo tests/tokens tests/shops)
paths=(tests/origins tests/include tests/guides tests/soak tests/e2e/test_[q-z]*.py)
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
running=()
run "${compute[@]}" >"$logs/compute" 2>&1 &
running+=($!)
run "${parts[@]}" >"$logs/parts" 2>&1 &
running+=($!)
run "${paths[@]}" >"$logs/paths" 2>&1 &
running+=($!)
run "${compute[@]/#/--ignore=}" "${parts[@]/#/--ignore=}" "${paths[@]/#/--ignore=}"
failed=$?
for each in "${running[@]}"; do
    wait "$each" || failed=1
done
cat "$logs"/*
exit "$failed"
