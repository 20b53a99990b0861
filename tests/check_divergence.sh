#!/bin/sh
# The defaults diverge nowhere in the table, and PI without calibration ends below fixed steps
# and below gradient descent with exact line search on quadratics.
#
#     check_divergence.sh PROGRAM
set -eu
program=$1

"$program" --steps 300 --seeds 4 --no-presets --set preset=calibrated |
    tee /dev/stderr | grep -q '^diverged: set1 0 of 84$'

# Columns: problem n start, then (diverged, median) of pi, six fixed steps, line search.
"$program" --quadratics --steps 300 --seeds 20 | tee /dev/stderr | awk '
    /^quadratic/ {
        rows++
        for (k = 7; k <= 19; k += 2)
            if (!($5 < ($k == "inf" ? 1e300 : $k + 0)))
                bad = 1
    }
    END { exit bad || rows != 2 }'
