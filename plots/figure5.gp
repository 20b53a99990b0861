# Figure 5: errors of gradient estimates.  Reads figure5.tsv, writes figure5.png and figure5.svg:
# gnuplot figure5.gp
#
# Columns: t, then median, low and high of filter_error, sample_error, factor and gap of each
# curve.

if (!exists("part")) part = ''

set datafile separator "\t"
set datafile missing "nan"
set datafile columnheaders
set encoding utf8

array title[2] = ["constant steps, filter as printed", "adaptive steps, default options"]
m = "#0072B2"
g = "#E69F00"

at(curve, measure) = 2 + 3*(4*curve + measure)
left(i) = 0.09 + 0.46*(i - 1)

stats 'figure5.tsv' using 1 nooutput
set xrange [0:STATS_max]
set xtics STATS_max > 1000 ? STATS_max/4 : 100
set border 3 lw 1
set tics nomirror out
set grid xtics ytics lc rgb "#d0d0d0" lw 0.5

do for [picture in "png svg"] {
    if (picture eq "png") {
        set terminal pngcairo size 1500,1000 font "DejaVu Sans,18" linewidth 2
    } else {
        set terminal svg size 900,600 font "DejaVu Sans,11" linewidth 1.2 background "#ffffff"
    }
    set output 'figure5.'.picture.part
    set multiplot
    do for [i=1:2] {
        set lmargin at screen left(i)
        set rmargin at screen left(i) + 0.405
        set title title[i] offset 0,-0.5
        set xlabel ""
        set format x ""

        set tmargin at screen 0.87
        set bmargin at screen 0.49
        set logscale y
        set yrange [0.02:5]
        set ytics 10
        set mytics 10
        set format y i == 1 ? "10^{%L}" : ""
        set ylabel i == 1 ? "error of the gradient" : ""
        if (i == 1) {
            set key at screen 0.5,0.995 center top vertical maxrows 1 Left reverse samplen 4 width 2 \
                noautotitle
        } else {
            set key off
        }
        plot 'figure5.tsv' using 1:(column(at(i-1,1)+1)):(column(at(i-1,1)+2)) \
                 with filledcurves fc rgb g fs transparent solid 0.2 noborder notitle, \
             '' using 1:(column(at(i-1,0)+1)):(column(at(i-1,0)+2)) \
                 with filledcurves fc rgb m fs transparent solid 0.2 noborder notitle, \
             '' using 1:(column(at(i-1,1))) with lines lc rgb g lw 2 dt (8,3) \
                 title "batch gradient, |{/:Italic g} − ∇{/:Italic f} |", \
             '' using 1:(column(at(i-1,0))) with lines lc rgb m lw 2 dt solid \
                 title "filtered gradient, |{/:Italic m} − ∇{/:Italic f} |"

        unset title
        set key off
        set tmargin at screen 0.455
        set bmargin at screen 0.105
        set yrange [0.5:50]
        set format x "%g"
        set xlabel "iteration {/:Italic t}"
        set format y i == 1 ? "%g" : ""
        set ylabel i == 1 ? "ratio |{/:Italic g} − ∇{/:Italic f} | / |{/:Italic m} − ∇{/:Italic f} |" : ""
        plot 5 with lines lc rgb "#000000" lw 1 dt (5,4), \
             'figure5.tsv' using 1:(column(at(i-1,2)+1)):(column(at(i-1,2)+2)) \
                 with filledcurves fc rgb m fs transparent solid 0.2 noborder, \
             '' using 1:(column(at(i-1,2))) with lines lc rgb m lw 2 dt solid
    }
    unset multiplot
    unset output
}
