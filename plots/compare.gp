# Convergence of every contender in every arena, and the performance profile.  Reads
# compare.tsv (one block per arena, then the profile), writes compare.png and compare.svg:
# gnuplot compare.gp
#
# A arenas, K contenders, arrays arena, name and colour, the commands styles that set the dashes
# and the text merit are set above.
# Columns of a block: cost, then median, low and high of each contender; of the profile:
# factor, then one share per contender.

if (!exists("part")) part = ''

set datafile separator "\t"
set datafile missing "nan"
set encoding utf8
set border 3 lw 1
set tics nomirror out
set grid xtics ytics lc rgb "#d0d0d0" lw 0.5

columns = A + 1 < 3 ? A + 1 : 3
rows = (A + columns) / columns

do for [picture in "png svg"] {
    if (picture eq "png") {
        set terminal pngcairo size 800*columns,(640*rows + 60*((K + 4)/5)) \
            font "DejaVu Sans,15" linewidth 2
    } else {
        set terminal svg size 480*columns,(384*rows + 40*((K + 4)/5)) \
            font "DejaVu Sans,11" linewidth 1.2 background "#ffffff"
    }
    set output 'compare.'.picture.part
    eval(styles)
    set multiplot layout rows,columns margins 0.09,0.98,0.16,0.94 spacing 0.1,0.14
    unset key
    do for [a=1:A] {
        set title arena[a] noenhanced
        set xlabel "cost in batch gradients"
        set ylabel merit
        set logscale xy
        set format x "10^{%L}"
        set format y "10^{%L}"
        set xrange [1:*]
        set autoscale xfixmax
        set autoscale y
        plot for [i=1:K] 'compare.tsv' index a-1 using 1:(column(3*i)):(column(3*i+1)) \
                 with filledcurves fc rgb colour[i] fs transparent solid 0.12 noborder notitle, \
             for [i=1:K] 'compare.tsv' index a-1 using 1:(column(3*i-1)) with lines \
                 lt i lc rgb colour[i] lw 1.6 notitle
    }
    set title "performance profile"
    set xlabel "cost over that of the cheapest"
    set ylabel "share solved"
    unset logscale y
    set format y "%.1f"
    set yrange [0:1.02]
    set key at screen 0.5,0.01 center bottom horizontal Left reverse samplen 4 width 2 maxcols 5 noenhanced
    plot for [i=1:K] 'compare.tsv' index A using 1:(column(i+1)) with steps \
             lt i lc rgb colour[i] lw 1.6 title name[i]
    unset multiplot
    unset output
    set yrange [*:*]
}
