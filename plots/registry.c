#include "plots/figures.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static const plot_figure *const figures[] = {
    &plot_figure_1, &plot_figure_3, &plot_figure_4, &plot_figure_5,
    &plot_figure_6, &plot_figure_7, &plot_figure_c, &plot_figure_d1,
    &plot_figure_f, &plot_figure_h, &plot_figure_p, &plot_figure_t,
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
