#!/bin/sh
# check_headers.sh ROOT COMPILER: fails unless every header compiles alone, without a warning:
# the public ones as plain C11 and, where the compiler can, as C++11; the private ones with what
# meson.build gives.  Exit status 77 (meson: skipped) if there is no such compiler.
set -eu
cd "$1"
command -v "$2" >/dev/null || exit 77

compiles() { # HEADER FLAGS...
    header=$1
    shift
    # A header of macros alone would leave nothing to compile.
    printf '#include <%s>\ntypedef int not_empty;\n' "$header" |
        "$compiler" -std=c11 -Wall -Wextra -pedantic -Werror "$@" -fsyntax-only -x c -
}

compiles_as_cxx() { # HEADER
    printf '#include <%s>\n' "$1" |
        "$compiler" -std=c++11 -Wall -Wextra -pedantic -Werror -Iinclude -fsyntax-only -x c++ -
}

compiler=$2
cxx=yes
"$compiler" -fsyntax-only -x c++ /dev/null 2>/dev/null || cxx=
status=0
for header in include/meka/*.h; do
    compiles "${header#include/}" -Iinclude || status=1
    [ -z "$cxx" ] || compiles_as_cxx "${header#include/}" || status=1
done
for header in base/*.h ad/*.h optim/*.h problems/*.h plots/*.h cli/*.h tests/*.h; do
    [ -e "$header" ] || continue
    # A static inline function that a file does not call is no mistake of the header's.
    compiles "$header" -D_POSIX_C_SOURCE=200809L -I. -Iinclude -Wno-unused-function || status=1
done
exit $status
