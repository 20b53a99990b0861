# Figure T: cost of a step.  Reads figureT.tsv, writes figureT.png and figureT.svg:
# gnuplot figureT.gp
#
# One row for every problem.  Columns: name, batch, ratio with its interval, milliseconds of SGD
# and of MEKA.

if (!exists("part")) part = ''

set datafile separator "\t"
set datafile columnheaders
set encoding utf8

stats 'figureT.tsv' using 3 nooutput
rows = STATS_records
set xrange [0:*]
set yrange [rows - 0.4:-0.6]
set border 3 lw 1
set tics nomirror out
set ytics scale 0
set grid xtics lc rgb "#e0e0e0" lw 0.5
set xlabel "processor time of a step of MEKA over that of a step of SGD"
set key off
set object 1 rectangle from 1, graph 0 to 1.6, graph 1 fc rgb "#dddddd" fs solid noborder behind
set label 1 "the paper's" at 1.3, graph 1.03 center

do for [picture in "png svg"] {
    if (picture eq "png") {
        set terminal pngcairo size 1500,700 font "DejaVu Sans,20" linewidth 2
    } else {
        set terminal svg size 900,420 font "DejaVu Sans,12" linewidth 1.2 background "#ffffff"
    }
    set output 'figureT.'.picture.part
    plot 'figureT.tsv' using 3:0:4:5:ytic(sprintf("%s, batch %s", strcol(1), strcol(2))) \
             with xerrorbars pt 7 ps 1.6 lw 2 lc rgb "#0072B2", \
         '' using 3:0:(sprintf("%s / %s ms", strcol(7), strcol(6))) with labels offset 0,1.1 \
             font ",15"
    unset output
}
