# packages.sh - which Debian packages meka needs, and how run and check install them.
# shellcheck shell=sh

# To build and run; gcc also compiles the objective files of `meka run FILE.c`.
packages_to_run="gcc libc6-dev meson ninja-build pkgconf
    libgsl-dev libsleef-dev librandom123-dev libcjson-dev zlib1g-dev gnuplot-nox fonts-dejavu-core"
# To build and run the tests as well.
packages_to_check="$packages_to_run check clang clang-format clang-tidy"
# For ./check --full.
# shellcheck disable=SC2034  # used by check
packages_to_check_fully="$packages_to_check valgrind g++ libadolc-dev"

# packages_install PACKAGE...: installs those that are missing.  Elsewhere than on Debian it
# trusts in what is installed; the build names what is not.
packages_install() {
    if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
        echo "not a Debian system: going on with the tools that are installed" >&2
        return 0
    fi
    packages_missing=
    for package; do
        case $(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) in
        installed*) ;;
        *) packages_missing="$packages_missing $package" ;;
        esac
    done
    [ -n "$packages_missing" ] || return 0
    echo "installing:$packages_missing" >&2
    as_root=
    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null; then
            echo "this needs root; run: apt-get install --no-install-recommends$packages_missing" >&2
            return 1
        fi
        as_root=sudo
    fi
    packages_log=$(mktemp)
    # shellcheck disable=SC2086  # words on purpose
    if ! { $as_root apt-get update -qq &&
        $as_root env DEBIAN_FRONTEND=noninteractive \
            apt-get install -y -qq --no-install-recommends $packages_missing; } \
        </dev/null >"$packages_log" 2>&1; then
        cat "$packages_log" >&2
        rm -f "$packages_log"
        return 1
    fi
    rm -f "$packages_log"
}

# quietly COMMAND...: shows what it printed only if it fails.
quietly() {
    quiet_log=$(mktemp)
    quiet_status=0
    "$@" </dev/null >"$quiet_log" 2>&1 || quiet_status=$?
    [ $quiet_status -eq 0 ] || cat "$quiet_log" >&2
    rm -f "$quiet_log"
    return $quiet_status
}
