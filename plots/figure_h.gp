# Figure H: divergence over the zoo.  Reads figureH.tsv, writes figureH.png and figureH.svg:
# gnuplot figureH.gp
#
# One row for every problem.  Columns: name, share of runs that diverged (default, paper) for
# every batch, then A'/A for every batch.

if (!exists("part")) part = ''

set datafile separator "\t"
set datafile missing "nan"
set datafile columnheaders
set encoding utf8

default = "#0072B2"
paper = "#D55E00"
array batch[3] = [4, 16, 64]
array mark[3] = [4, 6, 8]

stats 'figureH.tsv' using 2 nooutput
rows = STATS_records
set yrange [rows - 0.4:-0.6]
set border 3 lw 1
set tics nomirror out
set ytics scale 0
set grid ytics xtics lc rgb "#e0e0e0" lw 0.5

do for [picture in "png svg"] {
    if (picture eq "png") {
        set terminal pngcairo size 1600,1500 font "DejaVu Sans,17" linewidth 2
    } else {
        set terminal svg size 960,900 font "DejaVu Sans,10" linewidth 1.2 background "#ffffff"
    }
    set output 'figureH.'.picture.part
    set multiplot
    set tmargin at screen 0.935
    set bmargin at screen 0.075
    set lmargin at screen 0.24
    set rmargin at screen 0.62
    set xrange [-0.04:1.04]
    set xtics 0.25
    set xlabel "share of runs that diverged"
    set key at screen 0.5,0.995 center top vertical maxrows 2 Left reverse samplen 1 spacing 1.2 width 3 noautotitle
    plot 'figureH.tsv' using (NaN):0:ytic(1) with points notitle, \
         for [b=1:3] for [k=0:1] '' using (column(2*b + k)):($0 + 0.22*(b - 2)) \
             with points pt mark[b] + 1 - k ps 1 lc rgb (k ? paper : default) \
             title sprintf(k ? "preset paper, batch %d" : "default, batch %d", batch[b])
    set lmargin at screen 0.655
    set rmargin at screen 0.985
    set format y ""
    set logscale x
    set autoscale x
    set xrange [*:1.15]
    set xtics 10
    set mxtics 10
    set format x "10^{%L}"
    set xlabel "{/:Italic A'/A} of the default"
    set key off
    plot for [b=1:3] 'figureH.tsv' using (column(7 + b)):($0 + 0.22*(b - 2)) \
             with points pt mark[b]+1 ps 0.9 lc rgb default
    unset logscale x
    set format x "%g"
    set format y "%g"
    unset multiplot
    unset output
}
