# Figure 7: adaptive steps from step k on.  Reads figure7.tsv, writes figure7.png and figure7.svg:
# gnuplot figure7.gp
#
# Columns: t, then median, low and high of curvature, variance, alpha, test_score and loss of each
# curve: adaptive from step 0, 100, 240, never.

if (!exists("part")) part = ''

set datafile separator "\t"
set datafile missing "nan"
set datafile columnheaders
set encoding utf8

array what[4] = ["curvature along {/:Italic d}", "variance of the gradient", "step size", \
                 "test accuracy"]
array name[4] = ["adaptive from {/:Italic t} = 0", "from {/:Italic t} = 100", "from {/:Italic t} = 240", "never"]
array colour[4] = ["#0072B2", "#009E73", "#CC79A7", "#56B4E9"]
array width[4] = [2.5, 2, 2, 2]

at(curve, measure) = 2 + 3*(5*(curve - 1) + measure - 1)
left(i) = 0.095 + 0.5*((i - 1) % 2)
top(i) = i < 3 ? 0.9 : 0.475

stats 'figure7.tsv' using 1 nooutput
last = STATS_max
set xrange [0:last]
set xtics last > 1000 ? last/4 : 100
set border 3 lw 1
set tics nomirror out
set grid xtics ytics lc rgb "#d0d0d0" lw 0.5

do for [picture in "png svg"] {
    if (picture eq "png") {
        set terminal pngcairo size 1500,1050 font "DejaVu Sans,18" linewidth 2
    } else {
        set terminal svg size 900,630 font "DejaVu Sans,11" linewidth 1.2 background "#ffffff"
    }
    set linetype 1 dt solid
    set linetype 2 dt (8,3)
    set linetype 3 dt (12,3,3,3)
    set linetype 4 dt (3,2)
    set output 'figure7.'.picture.part
    set multiplot
    do for [i=1:4] {
        set lmargin at screen left(i)
        set rmargin at screen left(i) + 0.385
        set tmargin at screen top(i)
        set bmargin at screen top(i) - 0.37
        set ylabel what[i]
        set xlabel i > 2 ? "iteration {/:Italic t}" : ""
        set format x i > 2 ? "%g" : ""
        if (i < 4) {
            set logscale y
            set yrange [*:*]
            set format y "10^{%L}"
            set ytics 10
            set mytics 10
        } else {
            unset logscale y
            set yrange [0:*]
            set format y "%g"
            set ytics 0.1
            set mytics 1
        }
        if (i == 1) {
            set key at screen 0.5,0.99 center top vertical maxrows 1 Left reverse samplen 3 \
                width -2 noautotitle
        } else {
            set key off
        }
        plot for [k=1:4] 'figure7.tsv' using 1:(column(at(k,i)+1)):(column(at(k,i)+2)) \
                 with filledcurves fc rgb colour[k] fs transparent solid 0.12 noborder notitle, \
             for [k=1:4] '' using 1:(column(at(k,i))) with lines lt k lc rgb colour[k] \
                 lw width[k] title name[k]
    }
    unset multiplot
    unset output
}
