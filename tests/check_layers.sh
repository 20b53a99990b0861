#!/bin/sh
# check_layers.sh ROOT: fails if an #include in ROOT points against base <- ad <-
# {optim, problems} <- {plots, bench} <- cli.  bench measures what users get, so it sees of ad,
# optim and problems only the public headers.  check_layers.sh --self-test: proves that it can fail.
set -eu

# What each layer may include.  A public header belongs to the layer of its name (dual.h,
# images.h, jet.h and plugin.h: ad; data.h: problems; meka.h: all of them, for plots and above).
check_tree() {
    cd "$1"
    for folder in include/meka base ad optim problems plots cli examples bench; do
        [ -d "$folder" ] && find "$folder" -name '*.[ch]' -o -name '*.cpp' -o -name '*.def' | LC_ALL=C sort
    done | while read -r file; do
        awk -v file="$file" '
            function layer_of_header(name) {
                sub(/\.h$/, "", name)
                if (name == "data")
                    return "problems"
                return name ~ /^(dual|images|jet|plugin)$/ ? "ad" : name == "meka" ? "umbrella" : name
            }
            function may(from, to) { return index(" " allowed[from] " ", " " to " ") > 0 }
            BEGIN {
                allowed["base"] = "base"
                allowed["ad"] = "base ad"
                allowed["optim"] = "base ad optim"
                allowed["problems"] = "base ad problems"
                allowed["plots"] = "base ad optim problems umbrella plots"
                allowed["bench"] = "base ad optim problems umbrella bench"
                allowed["cli"] = "base ad optim problems umbrella plots bench cli"
                allowed["umbrella"] = "base ad optim problems"
                allowed["user"] = "base ad optim problems umbrella"
                n = split(file, part, "/")
                public = part[1] == "include"
                from = public ? layer_of_header(part[n]) : part[1]
                user = from == "examples"
                if (user)
                    from = "user"
            }
            /^[ \t]*#[ \t]*include[ \t]*[<"]/ {
                name = $0
                sub(/^[^<"]*[<"]/, "", name)
                sub(/[>"].*/, "", name)
                to = ""
                if (name ~ /^meka\//)
                    to = layer_of_header(substr(name, 6))
                else if (name ~ /^(base|ad|optim|problems|plots|cli|tests|examples|bench)\//) {
                    to = name
                    sub(/\/.*/, "", to)
                    if (public || user || (from == "bench" && to ~ /^(ad|optim|problems)$/))
                        to = "the private header " name
                } else if (name ~ /\.\.\//)
                    to = "a path with .., which hides the layer"
                if (to != "" && !may(from, to))
                    printf "%s:%d: %s must not include %s (%s)\n", file, FNR, from, name, to
            }' "$file"
    done
}

self_test() {
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    n=0
    # A line "FILE LINE": the tree with only this file in it must be refused.
    while read -r file line; do
        rm -rf "$scratch/tree"
        mkdir -p "$scratch/tree/$(dirname "$file")"
        printf '/* x */\n%s\n' "$line" >"$scratch/tree/$file"
        found=$(check_tree "$scratch/tree")
        case $found in
        "$file:2: "*) n=$((n + 1)) ;;
        *) echo "not refused: $line in $file" && exit 1 ;;
        esac
    done <<'BAD'
base/a.c #include "ad/tape.h"
base/a.c #include <meka/ad.h>
base/a.c #  include <meka/meka.h>
ad/a.c #include "optim/ema.h"
ad/ops.def #include "problems/rows.h"
ad/a.h #include <meka/problems.h>
optim/a.c #include "problems/rows.h"
optim/a.c #include <meka/problems.h>
optim/a.c #include <meka/data.h>
problems/a.c #include <meka/optim.h>
problems/a.c #include "../optim/ema.h"
plots/a.c #include "cli/args.h"
cli/a.c #include "tests/testing.h"
include/meka/base.h #include <meka/ad.h>
include/meka/ad.h #include "ad/tape.h"
include/meka/plugin.h #include <meka/optim.h>
examples/a.c #include "ad/tape.h"
bench/a.c #include "ad/tape.h"
bench/a.cpp #include "optim/ema.h"
bench/a.c #include "problems/rows.h"
bench/a.h #include "cli/output.h"
plots/a.c #include "bench/workload.h"
BAD
    rm -rf "$scratch/tree"
    mkdir -p "$scratch/tree/cli" "$scratch/tree/optim" "$scratch/tree/bench"
    printf '#include <meka/meka.h>\n#include "plots/figure.h"\n#include "bench/measure.h"\n' \
        >"$scratch/tree/cli/a.c"
    printf '#include <meka/optim.h>\n#include "base/memory.h"\n#include "ema.h"\n' \
        >"$scratch/tree/optim/a.c"
    printf '#include <meka/meka.h>\n#include "base/memory.h"\n#include "bench/simd.h"\n' \
        >"$scratch/tree/bench/a.c"
    found=$(check_tree "$scratch/tree")
    [ -z "$found" ] || { echo "refused without reason: $found" && exit 1; }
    echo "refused $n wrong includes and no right one"
}

if [ "${1:-}" = --self-test ]; then
    self_test
    exit
fi
found=$(check_tree "${1:?usage: check_layers.sh ROOT | --self-test}")
[ -z "$found" ] && exit
printf '%s\n' "$found"
exit 1
