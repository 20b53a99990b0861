# Figure 6: the factor c.  Reads figure6.tsv, writes figure6.png and figure6.svg:
# gnuplot figure6.gp
#
# Blocks 0 and 2: t, then median, low and high of every curve (rule, factor), batch 64 and 32.
# Blocks 1 and 3: factor, then level, low, high and runs that diverge of every rule; the last one
# is in block 1 only.

if (!exists("part")) part = ''

set datafile separator "\t"
set datafile missing "nan"
set datafile columnheaders
set encoding utf8

array title[4] = ["PI as printed", "quadratic as printed", "EI as printed", "default options (PI)"]
array factor[5] = ["0.25", "0.5", "1", "1.5", "2"]
array colour[5] = ["#000000", "#CC79A7", "#0072B2", "#E69F00", "#D55E00"]
array width[5] = [1.6, 1.6, 3, 1.6, 1.6]

left(i) = 0.07 + 0.235*(i - 1)

stats 'figure6.tsv' index 0 using 1 nooutput
last = STATS_max
set border 3 lw 1
set tics nomirror out
set grid xtics ytics lc rgb "#d0d0d0" lw 0.5

do for [picture in "png svg"] {
    if (picture eq "png") {
        set terminal pngcairo size 1800,1050 font "DejaVu Sans,18" linewidth 2
    } else {
        set terminal svg size 1080,630 font "DejaVu Sans,11" linewidth 1.2 background "#ffffff"
    }
    set linetype 1 dt (3,2)
    set linetype 2 dt (8,3)
    set linetype 3 dt solid
    set linetype 4 dt (12,3,3,3)
    set linetype 5 dt (5,2)
    set output 'figure6.'.picture.part
    set multiplot
    do for [i=1:4] {
        set lmargin at screen left(i)
        set rmargin at screen left(i) + 0.205

        set title title[i] offset 0,-0.5
        set tmargin at screen 0.88
        set bmargin at screen 0.61
        set xrange [0:last]
        set xtics last > 1000 ? last/4 : 100
        set xlabel "iteration {/:Italic t}"
        set logscale y
        set yrange [1:10]
        set ytics (1, 2, 5, 10)
        set format y i == 1 ? "%g" : ""
        set ylabel i == 1 ? "training loss, batch 64" : ""
        if (i == 1) {
            set key at screen 0.5,0.995 center top vertical maxrows 1 Left reverse samplen 4 \
                width 2 noautotitle
        } else {
            set key off
        }
        plot for [k=1:5] 'figure6.tsv' index 0 \
                 using 1:(column(3*(5*(i-1)+k))):(column(3*(5*(i-1)+k)+1)) with filledcurves \
                 fc rgb colour[k] fs transparent solid 0.12 noborder notitle, \
             for [k=1:5] '' index 0 using 1:(column(3*(5*(i-1)+k)-1)) with lines \
                 lt k lc rgb colour[k] lw width[k] title "{/:Italic c} = ".factor[k]

        unset title
        set tmargin at screen 0.41
        set bmargin at screen 0.105
        set xrange [0:2.25]
        set xtics 0.5
        set xlabel "factor {/:Italic c}"
        set yrange [1:4]
        set ytics (1, 1.5, 2, 3, 4)
        set ylabel i == 1 ? "training loss, second half" : ""
        if (i == 1) {
            set key at screen 0.5,0.485 center top vertical maxrows 1 Left reverse samplen 4 \
                width 2 noautotitle
        }
        plot for [b=0:(i < 4 ? 1 : 0)] 'figure6.tsv' index 2*b+1 \
                 using 1:(column(4*i-2)):(column(4*i-1)):(column(4*i)) with yerrorlines \
                 pt (b ? 4 : 7) ps 1.2 lt (b ? 2 : 3) lc rgb (b ? "#D55E00" : "#0072B2") lw 1.6 \
                 title (b ? "batch 32" : "batch 64"), \
             for [b=0:(i < 4 ? 1 : 0)] '' index 2*b+1 \
                 using 1:(column(4*i+1) > 0 ? (b ? 3.2 : 3.7) : NaN) with points pt 2 ps 1.2 \
                 lc rgb (b ? "#D55E00" : "#0072B2") lw 1.6 \
                 title (b ? "diverges, batch 32" : "diverges, batch 64")
    }
    unset multiplot
    unset output
}
