# One step of MEKA: the model of the loss along the direction, and what the rules for the step
# size maximize.  Reads explain.tsv, writes explain.png and explain.svg:  gnuplot explain.gp
#
# Columns: a; mean, mean - 2 sd, mean + 2 sd of the change of the loss, and the same band without
# 2 s, the uncertainty of the two losses themselves; what pi, ei, quadratic and bound gain over
# no step, each over its maximum.  Colours: Okabe and Ito's palette, which colour-blind readers
# can tell apart; dashes and symbols do the same in print.

if (!exists("part")) part = ''

set datafile separator "\t"
set datafile missing "nan"
set encoding utf8
set minussign

set xrange [0:range]
set border 3 lw 1
set tics nomirror out
set grid xtics ytics lc rgb "#d0d0d0" lw 0.5

array name[4] = ["PI", "EI", "quadratic", "bound"]
array word[4] = ["pi", "ei", "quadratic", "bound"]
array colour[4] = ["#0072B2", "#D55E00", "#009E73", "#CC79A7"]
array symbol[4] = [7, 9, 5, 13]
array size[4] = [2.4, 2.0, 1.2, 1.8]
used(i) = word[i] eq rule ? " (in use)" : ""
label(i) = name[i].used(i).(at[i] == at[i] ? sprintf(", max at %.3g", at[i]) : ", no maximum")
place(i) = at[i] > 0 && at[i] <= range ? at[i] : NaN

# At most about five labels: a step of 1, 2 or 5 times a power of ten.
power = 10.0**floor(log10(range/5.0))
set xtics power*(range/5.0 <= 2.0*power ? 2.0 : range/5.0 <= 5.0*power ? 5.0 : 10.0)

do for [picture in "png svg"] {
    if (picture eq "png") {
        set terminal pngcairo size 1600,1200 font "DejaVu Sans,20" linewidth 2
    } else {
        set terminal svg size 960,720 font "DejaVu Sans,13" linewidth 1.2 background "#ffffff"
    }
    set linetype 1 dt solid
    set linetype 2 dt (10,4)
    set linetype 3 dt (3,3)
    set linetype 4 dt (10,3,2,3)
    set output 'explain.'.picture.part
    set multiplot
    set lmargin at screen 0.14
    set rmargin at screen 0.62
    set key at screen 0.64, graph 0.5 left center vertical Left reverse spacing 1.5 samplen 3 \
        noautotitle

    set tmargin at screen 0.93
    set bmargin at screen 0.55
    set title sprintf("%s, step %d", method, step) offset 0,-0.5
    set format x ""
    unset xlabel
    set ylabel "change of the loss  {/:Italic f}(θ + {/:Italic a d}) − {/:Italic f}(θ)"
    set yrange [low:high]
    set arrow 1 from chosen, graph 0 to chosen, graph 1 nohead lc rgb "#000000" lw 1 dt (2,4)
    plot 'explain.tsv' skip 2 using 1:3:4 with filledcurves fc rgb "#56B4E9" \
             fs transparent solid 0.25 noborder \
             title sprintf("mean ± 2 sd (sd %.2g)", chosen_sd), \
         '' skip 2 using 1:5:6 with filledcurves fc rgb "#0072B2" \
             fs transparent solid 0.35 noborder title "± 2 sd of the slope and curvature", \
         '' skip 2 using 1:2 with lines lt 1 lw 2.5 lc rgb "#000000" title "mean", \
         '+' using (chosen):(chosen_mean) every ::0::0 with points pt 6 ps 2.2 lw 2 \
             lc rgb "#000000" title sprintf("step taken, %.3g", chosen)

    set tmargin at screen 0.50
    set bmargin at screen 0.11
    unset title
    set format x "%g"
    set xlabel method eq "MEKA" ? "step size {/:Italic a} along {/:Italic d} = −{/:Italic m}" \
                                : "step size {/:Italic a} along the scaled {/:Italic d}"
    set ylabel "gain over no step / its maximum"
    set yrange [0:1.1]
    plot for [i=1:4] 'explain.tsv' skip 2 using 1:(column(6+i)) with lines lt i lw (i == 1 ? 4.5 : 2) \
             lc rgb colour[i] notitle, \
         for [i=1:4] '+' using (place(i)):(1.0) every ::0::0 with points pt symbol[i] \
             ps size[i] lc rgb colour[i] notitle, \
         for [i=1:4] keyentry with linespoints lt i lw (i == 1 ? 4.5 : 2) pt symbol[i] ps size[i] \
             lc rgb colour[i] title label(i)
    unset multiplot
    unset output
}
