# Figure 3: acquisition functions.  Reads figure3.tsv, writes figure3.png and figure3.svg:
# gnuplot figure3.gp
#
# Blocks 2 i and 2 i + 1 belong to column i: the curves (a, mean, sd, pi, ei, bound), and the
# steps chosen (rule, a, value, mean; rows quadratic, pi, ei, bound).

if (!exists("part")) part = ''

set datafile separator "\t"
set datafile missing "nan"
set datafile columnheaders
set encoding utf8

array title[3] = ["{/:Italic B} > 0, little uncertainty", \
                  "{/:Italic B} > 0, uncertainty rises quickly", "{/:Italic B} < 0"]
array name[4] = ["quadratic minimum", "probability of improvement (PI)", \
                 "expected improvement (EI)", "confidence bound"]
array colour[4] = ["#000000", "#0072B2", "#D55E00", "#009E73"]
array point[4] = [9, 7, 5, 13]
array size[4] = [1.6, 1.4, 1.2, 1.6]

set border 3 lw 1
set tics nomirror out
set grid xtics ytics lc rgb "#d0d0d0" lw 0.5
set xrange [0:2.5]
set xtics 0.5
do for [picture in "png svg"] {
    if (picture eq "png") {
        set terminal pngcairo size 1800,1050 font "DejaVu Sans,18" linewidth 2
        mark = 1
    } else {
        set terminal svg size 1080,630 font "DejaVu Sans,11" linewidth 1.2 background "#ffffff"
        mark = 0.5
    }
    set linetype 1 dt (3,2)
    set linetype 2 dt solid
    set linetype 3 dt (8,3)
    set linetype 4 dt (12,3,3,3)
    set output 'figure3.'.picture.part
    set multiplot
    do for [i=1:3] {
        set lmargin at screen 0.075 + 0.32*(i - 1)
        set rmargin at screen 0.075 + 0.32*(i - 1) + 0.265

        # The model.
        set tmargin at screen 0.87
        set bmargin at screen 0.50
        set title title[i] offset 0,-0.4
        set yrange [i == 3 ? -6 : -3:3]
        set ytics autofreq
        set format x ""
        set format y "%g"
        set xlabel ""
        set ylabel i == 1 ? "change of {/:Italic f}, units of {/:Italic A}^2/|{/:Italic B}|" : ""
        if (i == 1) {
            set key at screen 0.53,0.995 center top vertical maxrows 2 Left reverse \
                samplen 3 spacing 1.2 width 3 noautotitle
        } else {
            set key off
        }
        plot 'figure3.tsv' index 2*i-2 using 1:($2-2*$3):($2+2*$3) with filledcurves \
                 fc rgb "#999999" fs transparent solid 0.2 noborder title "±1, ±2 sd", \
             '' index 2*i-2 using 1:($2-$3):($2+$3) with filledcurves \
                 fc rgb "#999999" fs transparent solid 0.3 noborder notitle, \
             '' index 2*i-2 using 1:2 with lines lc rgb "#444444" lw 2 dt solid title "mean", \
             for [k=1:4] '' index 2*i-1 every ::k-1::k-1 using 2:4 with points pt point[k] \
                 ps mark*size[k] lc rgb colour[k] title name[k]

        # What is optimized.
        set tmargin at screen 0.46
        set bmargin at screen 0.10
        unset title
        set key off
        set yrange [0:1.05]
        set ytics 0.25
        set format x "%g"
        set xlabel "step {/:Italic a}, units of {/:Italic A}/|{/:Italic B}|"
        set ylabel i == 1 ? "PI;  EI and bound, units as above" : ""
        plot 'figure3.tsv' index 2*i-2 using 1:4 with lines lt 2 lc rgb colour[2] lw 2.5, \
             '' index 2*i-2 using 1:5 with lines lt 3 lc rgb colour[3] lw 2, \
             '' index 2*i-2 using 1:(-$6) with lines lt 4 lc rgb colour[4] lw 2, \
             for [k=2:3] '' index 2*i-1 every ::k-1::k-1 using 2:3 with points pt point[k] \
                 ps mark*size[k] lc rgb colour[k], \
             '' index 2*i-1 every ::3::3 using 2:(-$3) with points pt point[4] \
                 ps mark*size[4] lc rgb colour[4]
    }
    unset multiplot
    unset output
}
