# Output tokens per second over the time of a run, a colour for each backend.
#
#     gnuplot -c timeseries.gnuplot RUN PICTURE.png BACKEND [BACKEND]
#
# With a picture that ends with .svg it draws that instead. Gnuplot does not find a backend with a `"` in
# its name.

file = ARG1 . "/timeseries.csv"
if (ARG2[strlen(ARG2) - 3 : *] eq ".svg") {
    set terminal svg noenhanced size 900,450 background "white"
} else {
    set terminal pngcairo noenhanced size 900,450
}
set output ARG2

set datafile separator comma
set datafile columnheaders
set key above
set grid
set xlabel "seconds since the run began"
set ylabel "output tokens/s"
set yrange [0:*]

rate(name) = strcol("backend") eq name ? column("output_tokens") / column("length_ms") * 1000 : NaN
plot for [at = 3 : ARGC] file \
    using (column("start_at_ms") / 1000):(rate(value("ARG" . at))) \
    with points pointtype 7 pointsize 0.8 title value("ARG" . at)
