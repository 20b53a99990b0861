# Figure 4: f(theta_t) - f* on the noisy quadratic.  Reads figure4.tsv, writes figure4.png
# and figure4.svg:  gnuplot figure4.gp
#
# Columns: t, then median, low and high of each curve.  Colours: Okabe and Ito's palette,
# which colour-blind readers can tell apart; dashes and widths do the same in print.

if (!exists("part")) part = ''

set datafile separator "\t"
set datafile missing "nan"
set key autotitle columnhead
set encoding utf8

set xlabel "iteration {/:Italic t}"
set ylabel "optimality gap  {/:Italic f}(θ_{/:Italic t}) − {/:Italic f}^{ *}"
set logscale xy
set format y "10^{%L}"
set format x "10^{%L}"
set xrange [1:1000]
set mxtics 10
set mytics 10
set grid xtics ytics lc rgb "#d0d0d0" lw 0.5
set border 3 lw 1
set tics nomirror out
set key outside right center vertical Left reverse spacing 1.5 samplen 5 noautotitle

# From the slowest to the fastest; `at` is the curve's place in the data file.
array at[7] = [2, 3, 1, 4, 6, 5, 7]
array name[7] = ["SGD, step 0.05/L", "SGD, adaptive", "SGD, step 1/L", "GD, step 1/L", \
                 "MEKA, step 1/L", "GD, adaptive", "MEKA, adaptive"]
array colour[7] = ["#CC79A7", "#D55E00", "#E69F00", "#999999", "#56B4E9", "#000000", "#0072B2"]
array width[7] = [2, 1.5, 1.5, 4, 2, 2, 3]

do for [picture in "png svg"] {
    if (picture eq "png") {
        set terminal pngcairo size 1600,1000 font "DejaVu Sans,20" linewidth 2
    } else {
        set terminal svg size 960,600 font "DejaVu Sans,13" linewidth 1.2 background "#ffffff"
    }
    # Solid, except where two lines coincide or must be told apart in grey.
    set linetype 1 dt (12,3,3,3)
    set linetype 2 dt (3,2)
    set linetype 3 dt solid
    set linetype 4 dt solid
    set linetype 5 dt (8,3)
    set linetype 6 dt (5,2)
    set linetype 7 dt solid
    set output 'figure4.'.picture.part
    plot for [i=1:7] 'figure4.tsv' using 1:(column(3*at[i])):(column(3*at[i]+1)) \
             with filledcurves fc rgb colour[i] fs transparent solid 0.1 noborder notitle, \
         for [i=1:7] 'figure4.tsv' using 1:(column(3*at[i]-1)) with lines \
             lt i lc rgb colour[i] lw width[i] title name[i]
    unset output
}
