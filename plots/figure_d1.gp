# Figure D.1: tuned baselines and untuned MEKA.  Reads figureD1.tsv, writes figureD1.png and
# figureD1.svg: gnuplot figureD1.gp
#
# A block for every network.  Columns: cost, then median, low and high of loss and score of sgd,
# heavy-ball, adam, meka, meka-paper.

if (!exists("part")) part = ''

set datafile separator "\t"
set datafile missing "nan"
set datafile columnheaders
set encoding utf8

array title[2] = ["perceptron", "convolutional network"]
array name[5] = ["SGD, tuned", "heavy ball, tuned", "Adam, tuned", "MEKA, default", \
                 "MEKA, preset paper"]
array colour[5] = ["#E69F00", "#D55E00", "#CC79A7", "#0072B2", "#009E73"]
array width[5] = [2, 2, 2, 3, 2]

at(curve, measure) = 2 + 3*(2*curve + measure)
left(i) = 0.09 + 0.46*(i - 1)

stats 'figureD1.tsv' index 0 using 1 nooutput
last = STATS_max
set xrange [0:last]
set border 3 lw 1
set tics nomirror out
set grid xtics ytics lc rgb "#d0d0d0" lw 0.5

do for [picture in "png svg"] {
    if (picture eq "png") {
        set terminal pngcairo size 1500,1050 font "DejaVu Sans,18" linewidth 2
    } else {
        set terminal svg size 900,630 font "DejaVu Sans,11" linewidth 1.2 background "#ffffff"
    }
    set linetype 1 dt (12,3,3,3)
    set linetype 2 dt (8,3)
    set linetype 3 dt (3,2)
    set linetype 4 dt solid
    set linetype 5 dt (8,3,3,3)
    set output 'figureD1.'.picture.part
    set multiplot
    do for [i=1:2] {
        set lmargin at screen left(i)
        set rmargin at screen left(i) + 0.405
        set title title[i] offset 0,-0.5
        set xlabel ""
        set format x ""

        set tmargin at screen 0.86
        set bmargin at screen 0.49
        set logscale y
        set yrange [0.5:10]
        set ytics (0.5, 1, 2, 5, 10)
        set format y i == 1 ? "%g" : ""
        set ylabel i == 1 ? "training loss" : ""
        if (i == 1) {
            set key at screen 0.5,0.995 center top vertical maxrows 2 Left reverse samplen 4 \
                width 3 noautotitle
        } else {
            set key off
        }
        plot for [k=0:4] 'figureD1.tsv' index i-1 \
                 using 1:(column(at(k,0)+1)):(column(at(k,0)+2)) with filledcurves \
                 fc rgb colour[k+1] fs transparent solid 0.15 noborder notitle, \
             for [k=0:4] '' index i-1 using 1:(column(at(k,0))) with lines lt k+1 \
                 lc rgb colour[k+1] lw width[k+1] title name[k+1]

        unset title
        set key off
        set tmargin at screen 0.455
        set bmargin at screen 0.1
        unset logscale y
        set yrange [0:0.7]
        set ytics 0.1
        set mytics 1
        set format x "%g"
        set xlabel "cost in batch gradients"
        set format y i == 1 ? "%g" : ""
        set ylabel i == 1 ? "test accuracy" : ""
        plot for [k=0:4] 'figureD1.tsv' index i-1 \
                 using 1:(column(at(k,1)+1)):(column(at(k,1)+2)) with filledcurves \
                 fc rgb colour[k+1] fs transparent solid 0.15 noborder, \
             for [k=0:4] '' index i-1 using 1:(column(at(k,1))) with lines lt k+1 \
                 lc rgb colour[k+1] lw width[k+1]
    }
    unset multiplot
    unset output
}
