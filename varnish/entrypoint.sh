#!/bin/bash
# Runs varnishd in the foreground with what `shellac render --output` wrote.
#   SHELLAC_RENDERED  the directory of default.vcl and varnishd.args
#   SHELLAC_WORKDIR   varnishd's own directory. It loads the compiled VCL from there, so the file
#                     system must allow execution; a tmpfs needs the option `exec`.
# Arguments of this script are handed to varnishd after the rendered ones.
set -euo pipefail

rendered=${SHELLAC_RENDERED:-/run/shellac}
workdir=${SHELLAC_WORKDIR:-/run/varnish/shellac}

for file in default.vcl varnishd.args; do
    if [ ! -r "$rendered/$file" ]; then
        echo "entrypoint: cannot read $rendered/$file. First run:" >&2
        echo "    shellac render --config shellac.yaml --output $rendered" >&2
        exit 1
    fi
done

mapfile -t arguments <"$rendered/varnishd.args"
exec varnishd -F -n "$workdir" "${arguments[@]}" "$@"
