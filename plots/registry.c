#include "plots/figures.h"

#include "plots/files.h"
#include "plots/gnuplot.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static const plot_figure *const figures[] = {
    &plot_figure_4,
};

const plot_figure *plot_figure_at(size_t i)
{
    return i < sizeof figures / sizeof figures[0] ? figures[i] : NULL;
}

meka_status plot_figure_find(const plot_figure **out, const char *name, meka_error *err)
{
    assert(out && name);
    char known[256] = "";
    for (size_t i = 0; plot_figure_at(i); i++) {
        const plot_figure *figure = plot_figure_at(i);
        if (strcmp(figure->name, name) == 0) {
            *out = figure;
            return MEKA_OK;
        }
        size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "", figure->name);
    }
    return meka_fail(err, MEKA_ERR_INPUT, "there is no figure '%.80s'; there are: %s", name,
                     known);
}

meka_status plot_figure_make(const plot_figure *figure, const plot_figure_config *config,
                             plot_figure_files *out, meka_error *err)
{
    assert(figure && config && config->directory && out);
    /* Before the experiment, which takes its time: can its result be drawn at all? */
    meka_status status = plot_gnuplot_check(err);
    if (!status)
        status = plot_directory_create(config->directory, err);
    return status ? status : figure->make(figure, config, out, err);
}
