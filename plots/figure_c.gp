# Figure C: calibration of the filter.  Reads figureC.tsv, writes figureC.png and figureC.svg:
# gnuplot figureC.gp
#
# One block for every problem.  Columns: t, then value, low and high of error, innovation, axes,
# along, slope, factor and excess, first of the default options, then of the preset paper.

if (!exists("part")) part = ''

set datafile separator "\t"
set datafile missing "nan"
set datafile columnheaders
set encoding utf8

array title[5] = ["quadratic, condition 1", "quadratic, condition 2000", "noisy Hessian", \
                  "Rosenbrock, {/:Italic d} = 10", "logistic, {/:Italic d} = 50"]
default = "#0072B2"
paper = "#009E73"
nominal = 0.9544997

at(curve, measure) = 2 + 3*(7*curve + measure)
left(i) = 0.065 + 0.188*(i - 1)

set logscale x
set format x "10^{%L}"
set xrange [1:*]
set autoscale xfixmax
set xtics 10, 10
set mxtics 10
set border 3 lw 1
set tics nomirror out
set grid xtics ytics lc rgb "#d0d0d0" lw 0.5

do for [picture in "png svg"] {
    if (picture eq "png") {
        set terminal pngcairo size 1900,1250 font "DejaVu Sans,17" linewidth 2
    } else {
        set terminal svg size 1140,750 font "DejaVu Sans,10" linewidth 1.2 background "#ffffff"
    }
    set linetype 1 dt solid
    set linetype 2 dt (8,3)
    set output 'figureC.'.picture.part
    set multiplot
    do for [i=1:5] {
        set lmargin at screen left(i)
        set rmargin at screen left(i) + 0.172
        set title title[i] offset 0,-0.5
        set xlabel ""
        set format x ""

        set tmargin at screen 0.885
        set bmargin at screen 0.65
        set logscale y
        set yrange [0.1:10000]
        set ytics 10
        set mytics 10
        set format y i == 1 ? "10^{%L}" : ""
        set ylabel i == 1 ? "|{/:Italic m} − ∇{/:Italic f} |^2 / ({/:Italic d P})" : ""
        if (i == 1) {
            set key at screen 0.5,0.995 center top vertical maxrows 2 Left reverse samplen 4 spacing 1.2 width 3 \
                noautotitle
        } else {
            set key off
        }
        plot keyentry with lines lc rgb default lw 2.5 dt solid \
                 title "MEKA, default; bottom: {/:Italic A'/A}", \
             keyentry with lines lc rgb paper lw 2.5 dt (8,3) title "MEKA, preset paper", \
             1 with lines lc rgb "#000000" lw 1 dt (2,3) title "what the filter claims", \
             keyentry with lines lc rgb "#555555" lw 2 dt (3,2) \
                 title "bottom: true slope", \
             keyentry with lines lc rgb default lw 2.5 dt solid title "middle: partial derivatives", \
             keyentry with lines lc rgb default lw 1.2 dt solid title "middle: slope along −{/:Italic m}", \
             for [k=0:1] 'figureC.tsv' index i-1 using 1:(column(at(k,0)+1)):(column(at(k,0)+2)) \
                 with filledcurves fc rgb (k ? paper : default) fs transparent solid 0.15 noborder \
                 notitle, \
             'figureC.tsv' index i-1 using 1:(column(at(1,0))) with lines lc rgb paper lw 2.5 \
                 dt (8,3), \
             '' index i-1 using 1:(column(at(0,0))) with lines lc rgb default lw 2.5 dt solid

        unset title
        set key off
        set tmargin at screen 0.62
        set bmargin at screen 0.385
        unset logscale y
        set yrange [0:1.03]
        set ytics 0.25
        set mytics 1
        set format y i == 1 ? "%g" : ""
        set ylabel i == 1 ? "covered by ±2 sd" : ""
        plot nominal with lines lc rgb "#000000" lw 1 dt (2,3), \
             for [k=0:1] for [m=2:3] 'figureC.tsv' index i-1 \
                 using 1:(column(at(k,m)+1)):(column(at(k,m)+2)) with filledcurves \
                 fc rgb (k ? paper : default) fs transparent solid 0.12 noborder, \
             for [k=0:1] 'figureC.tsv' index i-1 using 1:(column(at(k,2))) with lines \
                 lt k+1 lc rgb (k ? paper : default) lw 2.5, \
             for [k=0:1] 'figureC.tsv' index i-1 using 1:(column(at(k,3))) with lines \
                 lt k+1 lc rgb (k ? paper : default) lw 1.2

        set tmargin at screen 0.355
        set bmargin at screen 0.085
        set format x "10^{%L}"
        set xlabel "iteration {/:Italic t}"
        set yrange [-0.25:1.5]
        set ytics 0.5
        set ylabel i == 1 ? "slope over claimed slope {/:Italic A}" : ""
        plot 1 with lines lc rgb "#000000" lw 1 dt (2,3), \
             'figureC.tsv' index i-1 using 1:(column(at(0,4)+1)):(column(at(0,4)+2)) \
                 with filledcurves fc rgb "#999999" fs transparent solid 0.25 noborder, \
             '' index i-1 using 1:(column(at(0,5)+1)):(column(at(0,5)+2)) \
                 with filledcurves fc rgb default fs transparent solid 0.2 noborder, \
             '' index i-1 using 1:(column(at(0,4))) with lines lc rgb "#555555" lw 2 dt (3,2), \
             '' index i-1 using 1:(column(at(0,5))) with lines lc rgb default lw 2.5 dt solid
    }
    unset multiplot
    unset output
}
