# shellcheck shell=bash
# Debian's packages, for the other scripts: `. scripts/debian.sh`. Needs `set -e`.

# Says what is wrong and what to do about it, and ends the script.
fail() {
    printf 'setup: %s\n' "$@" >&2
    exit 1
}

# install PACKAGE…  As root, or by a sudo that asks for no password.
install() {
    local command="apt-get install -y --no-install-recommends $*" as_root=()
    command -v apt-get >/dev/null ||
        fail "$* not found, and this is no Debian: install it by your system's means."
    if [ "$(id -u)" -ne 0 ]; then
        if ! sudo -n true 2>/dev/null; then
            fail "$* not found, and installing it needs root. Run this, then \`make setup\` again:" \
                "    sudo $command"
        fi
        as_root=(sudo -n)
    fi
    echo "setup: installing $*"
    "${as_root[@]}" apt-get update -qq
    # Without recommendations: npm's alone are hundreds of packages.
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "$@" >/dev/null ||
        fail "apt-get could not install $*; its message is above."
}

# need COMMAND PACKAGE…  Installs the packages if there is no such command.
need() {
    local program=$1
    shift
    command -v "$program" >/dev/null || install "$@"
}
