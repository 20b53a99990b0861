#!/bin/sh
# check_library.sh LIBRARY...: fails if a static library calls what prints, exits or changes
# the whole process, or holds variables that outlive a call.  check_library.sh --self-test
# COMPILER...: proves that it can fail.
set -eu

forbidden='printf vprintf puts putchar perror stdout stderr exit _exit quick_exit abort atexit
    signal sigaction raise setlocale chdir setenv putenv rand srand random
    __printf_chk __vprintf_chk gsl_set_error_handler gsl_set_error_handler_off'

# Section and symbol of everything in the library, undefined symbols with section *UND*.
check_library() {
    nm -f sysv "$1" | awk -F'|' -v library="$1" -v forbidden="$forbidden" '
        BEGIN {
            n = split(forbidden, name, /[ \n]+/)
            for (i = 1; i <= n; i++)
                is_forbidden[name[i]] = 1
        }
        NF == 7 {
            gsub(/ /, "", $1)
            gsub(/ /, "", $7)
            if ($7 == "*UND*" && $1 in is_forbidden)
                print library ": a library must not use " $1
            # .data.rel.ro holds constants with addresses in them.
            if ($7 ~ /^(\.(data|bss|tdata|tbss)|\*COM\*)/ && $7 !~ /^\.data\.rel\.ro/)
                print library ": state that outlives a call: " $1
        }'
}

self_test() {
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    n=0
    while read -r wanted code; do
        printf '#include <stdio.h>\n#include <stdlib.h>\n%s\n' "$code" >"$scratch/a.c"
        "$@" -c -O1 -fPIC -o "$scratch/a.o" "$scratch/a.c"
        rm -f "$scratch/liba.a"
        ar cr "$scratch/liba.a" "$scratch/a.o"
        found=$(check_library "$scratch/liba.a")
        case $wanted:$found in
        none:) ;;
        none:*) echo "refused without reason: $found" && exit 1 ;;
        *": a library must not use $wanted" | *"outlives a call: $wanted") ;;
        *) echo "not refused: $code" && exit 1 ;;
        esac
        n=$((n + 1))
    done <<'CASES'
printf int f(int x) { return printf("%d", x); }
stderr int f(int x) { return fprintf(stderr, "%d", x); }
exit void f(void) { exit(1); }
counter static int counter; int f(void) { return ++counter; }
table int table[3] = {1, 2, 3};
last _Thread_local int last;
none static const char *const names[] = {"a", "b"}; const char *f(int i) { return names[i]; }
none int f(FILE *out) { return fprintf(out, "x"); }
CASES
    echo "judged $n libraries as they deserve"
}

if [ "${1:-}" = --self-test ]; then
    shift
    self_test "$@"
    exit
fi
status=0
for library; do
    found=$(check_library "$library")
    [ -z "$found" ] || { printf '%s\n' "$found" && status=1; }
done
exit $status
