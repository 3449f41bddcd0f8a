#!/usr/bin/env bash
# Gets GraphiQL for /playground with npm, into .venv, once; `shellac playground` checks what it is.
#   scripts/playground.sh           installs npm where it is missing; fails if GraphiQL cannot be had
#   scripts/playground.sh --maybe   where there is no npm or no network it only says what to do
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/debian.sh
. scripts/debian.sh

here='from controller.graphiql import home, is_complete as there; import sys; sys.exit(not there(home()))'
if .venv/bin/python -c "$here"; then exit 0; fi

if [ "${1-}" != --maybe ]; then
    need npm nodejs npm
    exec .venv/bin/shellac playground
fi
if ! command -v npm >/dev/null; then
    echo "setup: no npm, so /playground is not there; \`make playground\` installs both"
elif ! .venv/bin/shellac playground; then
    echo "setup: went on without /playground"
fi
