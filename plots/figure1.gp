# Figure 1: trajectories in two dimensions.  Reads figure1.tsv, writes figure1.png and
# figure1.svg:  gnuplot figure1.gp
#
# Blocks: 0 contours (level, x, y); 1 the path of every method (t, then x and y of each);
# 2 over repetitions (t, then median, low and high of x, y, square and length of each).
# Colours: Okabe and Ito's palette, as in figure 4.

if (!exists("part")) part = ''

set datafile separator "\t"
set datafile missing "nan"
set datafile columnheaders
set encoding utf8

array name[4] = ["SGD, step 0.5/L", "SGD, adaptive", "MEKA, step 0.5/L", "MEKA, adaptive"]
array colour[4] = ["#E69F00", "#D55E00", "#56B4E9", "#0072B2"]
array width[4] = [1.5, 1.5, 2, 3]

# So many steps are drawn of the paths: more would fill the plane.
steps = 150
# The part of the plane that the paths of constant steps need, to scale.
stats 'figure1.tsv' index 1 using 2 nooutput name "X"
stats 'figure1.tsv' index 1 using 3 nooutput name "Y"
max(a, b) = a > b ? a : b
middle_x = 0.5*(X_min + X_max)
middle_y = 0.5*(Y_min + Y_max)
half = 0.63*max(X_max - X_min, Y_max - Y_min)
wide = 1.13*half # as the panels are

do for [picture in "png svg"] {
    if (picture eq "png") {
        set terminal pngcairo size 1800,1000 font "DejaVu Sans,18" linewidth 2
        mark = 1
    } else {
        set terminal svg size 1080,600 font "DejaVu Sans,11" linewidth 1.2 background "#ffffff"
        mark = 0.5
    }
    set linetype 1 dt (12,3,3,3)
    set linetype 2 dt (3,2)
    set linetype 3 dt (8,3)
    set linetype 4 dt solid
    set output 'figure1.'.picture.part
    set multiplot

    # Paths, two by two.
    unset logscale
    unset mxtics
    unset mytics
    unset grid
    set format "%g"
    set border 15 lw 1
    set tics 1 in
    unset key
    set xrange [middle_x - wide:middle_x + wide]
    set yrange [middle_y - half:middle_y + half]
    do for [i=1:4] {
        column = (i - 1) % 2
        row = (i - 1) / 2
        set lmargin at screen 0.055 + 0.265*column
        set rmargin at screen 0.055 + 0.265*column + 0.245
        set tmargin at screen 0.95 - 0.46*row
        set bmargin at screen 0.95 - 0.46*row - 0.39
        set title name[i] offset 0,-0.6
        set format x row == 1 ? "%g" : ""
        set format y column == 0 ? "%g" : ""
        set xlabel row == 1 ? "θ_0" : ""
        set ylabel column == 0 ? "θ_1" : "" offset 1,0
        plot 'figure1.tsv' index 0 using 2:3 with lines lc rgb "#c8c8c8" lw 0.7 dt solid, \
             '' index 1 every ::0::steps using (column(2*i)):(column(2*i+1)) with lines lc rgb colour[i] \
                 lw 0.9 dt solid, \
             '' index 1 using (column(2*i)):(column(2*i+1)) every ::0::0 with points pt 6 ps 1.5*mark \
                 lc rgb "#000000", \
             '' index 0 using (0):(0) every ::0::0 with points pt 2 ps 1.5*mark lw 2 lc rgb "#000000"
    }
    unset title

    # Distances.
    set lmargin at screen 0.66
    set rmargin at screen 0.985
    set tmargin at screen 0.84
    set bmargin at screen 0.10
    set logscale xy
    set xrange [1:*]
    set autoscale xfixmax
    set yrange [*:*]
    set autoscale yfix
    set format "10^{%L}"
    set mxtics 10
    set mytics 10
    set grid xtics ytics lc rgb "#d0d0d0" lw 0.5
    set border 3
    set tics autofreq nomirror out
    set xlabel "iteration {/:Italic t}"
    set ylabel "distance to the optimum  |θ_{/:Italic t} − θ^{ *}|" offset 0,0
    set key at screen 0.985,0.985 right top vertical maxrows 2 Left reverse spacing 1.3 samplen 4 \
        noautotitle
    plot for [i=1:4] 'figure1.tsv' index 2 \
             using 1:(sqrt(column(12*i-3))):(sqrt(column(12*i-2))) \
             with filledcurves fc rgb colour[i] fs transparent solid 0.12 noborder notitle, \
         for [i=1:4] '' index 2 using 1:(sqrt(column(12*i-4))) with lines \
             lt i lc rgb colour[i] lw width[i] title name[i]
    unset multiplot
    unset output
}
