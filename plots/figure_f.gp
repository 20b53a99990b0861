# Figure F: coefficients of the moving averages.  Reads figureF.tsv, writes figureF.png and
# figureF.svg: gnuplot figureF.gp
#
# Columns: t, then median, low and high of every curve: three coefficients of each of three
# settings.

if (!exists("part")) part = ''

set datafile separator "\t"
set datafile missing "nan"
set datafile columnheaders
set encoding utf8

array title[3] = ["default options", "as printed, steps not averaged", \
                  "as printed, steps averaged alike"]
array name[3] = ["0.9", "0.99", "0.999"]
array colour[3] = ["#E69F00", "#009E73", "#0072B2"]

at(i, k) = 3*(3*(i - 1) + k) - 1
left(i) = 0.07 + 0.305*(i - 1)

stats 'figureF.tsv' using 1 nooutput
set xrange [0:STATS_max]
set xtics STATS_max > 1000 ? STATS_max/4 : 100
set border 3 lw 1
set tics nomirror out
set grid xtics ytics lc rgb "#d0d0d0" lw 0.5
set logscale y
set yrange [1:4]
set ytics (1, 1.5, 2, 3, 4)
set xlabel "iteration {/:Italic t}"

do for [picture in "png svg"] {
    if (picture eq "png") {
        set terminal pngcairo size 1700,680 font "DejaVu Sans,18" linewidth 2
    } else {
        set terminal svg size 1020,408 font "DejaVu Sans,11" linewidth 1.2 background "#ffffff"
    }
    set linetype 1 dt (3,2)
    set linetype 2 dt (8,3)
    set linetype 3 dt solid
    set output 'figureF.'.picture.part
    set multiplot
    set tmargin at screen 0.82
    set bmargin at screen 0.15
    do for [i=1:3] {
        set lmargin at screen left(i)
        set rmargin at screen left(i) + 0.265
        set title title[i] offset 0,-0.5
        set format y i == 1 ? "%g" : ""
        set ylabel i == 1 ? "training loss" : ""
        if (i == 1) {
            set key at screen 0.5,0.985 center top vertical maxrows 1 Left reverse samplen 4 \
                width 3 noautotitle
        } else {
            set key off
        }
        plot for [k=1:3] 'figureF.tsv' using 1:(column(at(i,k)+1)):(column(at(i,k)+2)) \
                 with filledcurves fc rgb colour[k] fs transparent solid 0.15 noborder notitle, \
             for [k=1:3] '' using 1:(column(at(i,k))) with lines lt k lc rgb colour[k] lw 2 \
                 title "coefficient ".name[k]
    }
    unset multiplot
    unset output
}
