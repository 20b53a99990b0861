# Figure P: Proposition 1.  Reads figureP.tsv, writes figureP.png and figureP.svg:
# gnuplot figureP.gp
#
# Columns: t, exact, mean, low, high, sgd, plateau, limit, bound.

if (!exists("part")) part = ''

set datafile separator "\t"
set datafile missing "nan"
set key autotitle columnhead
set encoding utf8

set xlabel "iteration {/:Italic t}"
set ylabel "expected gap  E {/:Italic f}(θ_{/:Italic t}) − {/:Italic f}^{ *}"
set logscale xy
set format "10^{%L}"
set xrange [1:*]
set autoscale xfixmax
set mxtics 10
set mytics 10
set grid xtics ytics lc rgb "#d0d0d0" lw 0.5
set border 3 lw 1
set tics nomirror out
set key outside right center vertical Left reverse spacing 1.5 samplen 5 noautotitle

do for [picture in "png svg"] {
    if (picture eq "png") {
        set terminal pngcairo size 1600,1000 font "DejaVu Sans,20" linewidth 2
    } else {
        set terminal svg size 960,600 font "DejaVu Sans,13" linewidth 1.2 background "#ffffff"
    }
    set output 'figureP.'.picture.part
    plot 'figureP.tsv' using 1:6 with lines lc rgb "#E69F00" lw 2 dt (12,3,3,3) \
             title "SGD, step 1/L (exact)", \
         '' using 1:7 with lines lc rgb "#E69F00" lw 1 dt (2,3) title "SGD, plateau", \
         '' using 1:9 with lines lc rgb "#999999" lw 2 dt (8,3) title "bound", \
         '' using 1:4:5 with filledcurves fc rgb "#56B4E9" fs transparent solid 0.35 noborder \
             title "MEKA, 99% band", \
         '' using 1:3 with points pt 6 ps 1.2 lc rgb "#0072B2" title "MEKA, mean of runs", \
         '' using 1:2 with lines lc rgb "#0072B2" lw 2 title "MEKA, exact", \
         '' using 1:8 with lines lc rgb "#000000" lw 1.5 dt (3,2) title "limit / {/:Italic t}"
    unset output
}
