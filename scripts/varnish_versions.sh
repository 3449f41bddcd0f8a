#!/bin/bash
# Other Varnishes than the one installed here, each in a tree of another Debian that is made for it
# and removed: runs the VTCs with 7.7 (Debian 13), and compiles the golden VCLs with Vinyl Cache 9.0
# (Debian 14) as far as that goes without varnish-modules, which are not packaged for it.
#   scripts/varnish_versions.sh [PYTEST ARGUMENTS]       Needs root and a Debian mirror.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/debian.sh
need mmdebstrap mmdebstrap

python=${PYTHON:-.venv/bin/python}
trees=$(mktemp -d)
trap 'rm -rf --one-file-system "$trees"' EXIT
chmod 755 "$trees"

# tree NAME PACKAGES SUITE [SOURCE]
tree() {
    # A suite that is still in the making has an index that ends after a week.
    mmdebstrap --quiet --variant=apt --aptopt='Acquire::Check-Valid-Until "false"' \
        --include="$2" "$3" "$trees/$1" "${@:4}"
    echo "127.0.0.1 localhost" >"$trees/$1/etc/hosts"
}

tree 7.7 varnish,varnish-modules trixie
chroot "$trees/7.7" varnishd -V 2>&1 | head -n 1
VARNISH_TREE=$trees/7.7 VARNISH_VERSION=7.7 "$python" -m pytest tests/vtc "$@"

tree 9.0 vinyl-cache forky "deb http://deb.debian.org/debian forky main"
chroot "$trees/9.0" vinyld -V 2>&1 | head -n 1
for golden in tests/golden/*/expected.vcl tests/golden/*.expected.vcl; do
    # 6.0 has words of its own; an include is no whole VCL.
    [[ $golden == */varnish_6_0/* || $golden == */include-* ]] && continue
    "$python" -m tests.vtc.without_modules <"$golden" >"$trees/9.0/tmp/default.vcl"
    chroot "$trees/9.0" vinyld -C -j none -n /tmp/work -f /tmp/default.vcl \
        -s data=malloc,1m -s verdict=malloc,1m >"$trees/said" 2>&1 || { cat "$trees/said"; exit 1; }
    echo "compiled with Vinyl Cache 9.0, without varnish-modules: $golden"
done
