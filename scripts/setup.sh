#!/usr/bin/env bash
# Installs what Shellac needs: Varnish with its modules, and .venv with the project in it.
# May be run again at any time; where nothing is missing it only looks.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/debian.sh
. scripts/debian.sh
# Debian keeps varnishd here, and an ordinary user's PATH does not.
PATH=$PATH:/usr/local/sbin:/usr/sbin

# The first interpreter that is new enough.
find_python() {
    local candidate
    for candidate in python3 python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
}

# Compiles a VCL, because that is what must work: varnishd, the C compiler it calls, the modules.
# Leaves the message of a failure in `said`.
said=
varnish_works() {
    local folder status=0
    command -v varnishd >/dev/null || return 1
    folder=$(mktemp -d)
    chmod 755 "$folder" # as root, varnishd compiles as another user
    cat >"$folder/probe.vcl" <<'VCL'
vcl 4.1;
import bodyaccess;
import header;
import var;
import xkey;
backend default none;
VCL
    said=$(varnishd -C -n "$folder/work" -f "$folder/probe.vcl" 2>&1) || status=$?
    rm -rf "$folder"
    return $status
}

if ! varnish_works; then
    install varnish varnish-modules
    varnish_works || fail "Varnish is installed, but cannot compile a VCL that imports its modules:" \
        "$said" "Versions that fit each other: varnish 7.1 with varnish-modules 0.20 (Debian 12)."
    if systemctl is-active --quiet varnish.service 2>/dev/null; then
        echo "setup: the package started varnish.service (port 6081). Shellac runs a Varnish of its"
        echo "setup: own; if you have no use for that one: sudo systemctl disable --now varnish"
    fi
fi

# The stamp names the place, because a virtual environment does not survive being moved.
stamp=.venv/.setup
usable=false
if [ "$(cat $stamp 2>/dev/null)" = "$PWD" ] && .venv/bin/python -c '' 2>/dev/null; then
    usable=true
    if [ $stamp -nt pyproject.toml ]; then exit 0; fi
fi

python=$(find_python)
if [ -z "$python" ]; then
    install python3 python3-venv
    python=$(find_python)
    [ -n "$python" ] || fail "Shellac needs Python 3.11 or newer; found $(python3 --version)."
fi
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    case $python in
        python3) install python3-venv ;;
        *) install "$python-venv" ;;
    esac
fi

echo "setup: installing the project in .venv ($("$python" --version))"
if ! $usable; then "$python" -m venv --clear .venv; fi
.venv/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
echo "$PWD" >$stamp
