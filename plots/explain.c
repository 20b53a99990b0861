#include "plots/explain.h"

#include "base/memory.h"
#include "base/text.h"
#include "plots/gnuplot.h"

#include "explain_gp.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

enum { N_POINTS = 600 };

const meka_rule plot_explain_rule[PLOT_EXPLAIN_RULES] = {MEKA_RULE_PI, MEKA_RULE_EI,
                                                         MEKA_RULE_QUADRATIC, MEKA_RULE_BOUND};

double plot_explain_range(const meka_explanation *e)
{
    double chosen = e->choice.alpha, at[PLOT_EXPLAIN_RULES], unit = chosen, most = chosen;
    for (size_t k = 0; k < PLOT_EXPLAIN_RULES; k++) {
        at[k] = meka_explain_rule(e, plot_explain_rule[k]);
        if (!(unit > 0.0) && at[k] > 0.0 && isfinite(at[k]))
            unit = at[k];
    }
    if (!(unit > 0.0)) /* the slope is thought to be 0: as far as it was claimed to go */
        return fabs(e->line.measured.A / e->choice.model.B) > 0.0 && e->choice.model.B != 0.0
                   ? 1.4 * fabs(e->line.measured.A / e->choice.model.B)
                   : 1.0;
    for (size_t k = 0; k < PLOT_EXPLAIN_RULES; k++)
        if (at[k] <= 8.0 * unit)
            most = fmax(most, at[k]);
    return 1.4 * most;
}

/* What the rule gains over staying where one is. */
static double gain(const meka_explanation *e, meka_rule rule, double a)
{
    return meka_explain_value(e, rule, a) - meka_explain_value(e, rule, 0.0);
}

/* Nothing, as "nan", of a rule that sees no gain anywhere. */
static void write_share(double value, double top, FILE *stream)
{
    if (top > 0.0 && isfinite(value))
        fprintf(stream, "\t%.10g", value / top);
    else
        fputs("\tnan", stream);
}

/* a, mean, bands, and what each rule gains over its maximum. */
static void write_curves(const meka_explanation *e, FILE *stream)
{
    double top[PLOT_EXPLAIN_RULES], range = plot_explain_range(e);
    for (size_t k = 0; k < PLOT_EXPLAIN_RULES; k++) {
        double at = meka_explain_rule(e, plot_explain_rule[k]);
        top[k] = 0.0;
        if (at > 0.0 && isfinite(at))
            top[k] = gain(e, plot_explain_rule[k], at);
        for (int i = 0; i <= N_POINTS && !(at > 0.0 && at <= range); i++)
            top[k] = fmax(top[k], gain(e, plot_explain_rule[k], range * i / N_POINTS));
    }
    fputs("# The line model of one step, what the rules gain, each over its maximum.\n"
          "a\tmean\tlow\thigh\tinner_low\tinner_high",
          stream);
    for (size_t k = 0; k < PLOT_EXPLAIN_RULES; k++)
        fprintf(stream, "\t%s", meka_rule_name(plot_explain_rule[k]));
    for (int i = 0; i <= N_POINTS; i++) {
        double a = range * i / N_POINTS, mean = opt_line_mean(&e->choice.model, a);
        double sd = sqrt(opt_line_variance(&e->choice.model, a));
        double inner = sqrt(fmax(sd * sd - 2.0 * e->choice.model.s, 0.0));
        fprintf(stream, "\n%.10g\t%.10g\t%.10g\t%.10g\t%.10g\t%.10g", a, mean, mean - 2.0 * sd,
                mean + 2.0 * sd, mean - 2.0 * inner, mean + 2.0 * inner);
        for (size_t k = 0; k < PLOT_EXPLAIN_RULES; k++)
            write_share(gain(e, plot_explain_rule[k], a), top[k], stream);
    }
    fputc('\n', stream);
}

/* The part of the upper panel: all of the band, but no more than four times what the mean
 * changes, beside which it would be a flat line. */
static void find_height(const meka_explanation *e, double range, double *low, double *high)
{
    double height = 0.0;
    *low = *high = 0.0;
    for (int i = 0; i <= N_POINTS; i++) {
        double a = range * i / N_POINTS, mean = opt_line_mean(&e->choice.model, a);
        double sd = sqrt(opt_line_variance(&e->choice.model, a));
        height = fmax(height, fabs(mean));
        *low = fmin(*low, mean - 2.0 * sd);
        *high = fmax(*high, mean + 2.0 * sd);
    }
    if (height > 0.0) {
        *low = fmax(*low, -4.0 * height);
        *high = fmin(*high, 4.0 * height);
    }
    if (!(*high > *low)) {
        *low = -1.0;
        *high = 1.0;
    }
}

/* The variables of plots/explain.gp, before it. */
static void write_variables(const meka_explanation *e, FILE *stream)
{
    double range = plot_explain_range(e), low, high;
    find_height(e, range, &low, &high);
    fprintf(stream,
            "# meka explain: the variables of this step.\n"
            "step = %" PRIu64 "\nmethod = \"%s\"\nrule = \"%s\"\nchosen = %.10g\n"
            "chosen_mean = %.10g\nrange = %.10g\nlow = %.10g\nhigh = %.10g\n"
            "chosen_sd = %.10g\narray at[%d]\n",
            e->t, e->adam ? "ADAMEKA" : "MEKA", meka_rule_name((size_t)e->params->rule),
            e->choice.alpha, opt_line_mean(&e->choice.model, e->choice.alpha), range, low, high,
            sqrt(opt_line_variance(&e->choice.model, e->choice.alpha)), PLOT_EXPLAIN_RULES);
    for (size_t k = 0; k < PLOT_EXPLAIN_RULES; k++) {
        double at = meka_explain_rule(e, plot_explain_rule[k]);
        fprintf(stream, "at[%zu] = ", k + 1);
        if (isfinite(at))
            fprintf(stream, "%.10g\n", at);
        else
            fputs("NaN\n", stream);
    }
    fprintf(stream, "\n%s", explain_gp);
}

static meka_status write_data(const meka_explanation *e, const char *path, meka_error *err)
{
    meka_error why = {0};
    meka_file *file = meka_file_begin(path, &why);
    if (!file)
        return meka_fail(err, why.status, "%s", why.text);
    write_curves(e, file->stream);
    return meka_file_commit(file, err);
}

meka_status plot_explain_draw(const meka_explanation *e, const char *directory,
                              const char *caption, plot_figure_files *out, meka_error *err)
{
    plot_figure_files files;
    char *script = NULL;
    size_t size = 0;
    if (e->params->rule == MEKA_RULE_FIXED)
        return meka_fail(
            err, MEKA_ERR_RANGE,
            "the run used rule=fixed, which measures no curvature: there is no line "
            "model to draw");
    meka_status status = plot_files_name(&files, directory, "explain", err);
    if (status == MEKA_OK)
        status = plot_gnuplot_check(err);
    if (status == MEKA_OK)
        status = plot_directory_create(directory, err);
    if (status == MEKA_OK)
        status = write_data(e, files.data, err);
    if (status != MEKA_OK)
        return status;
    FILE *memory = open_memstream(&script, &size);
    if (!memory)
        return meka_fail(err, MEKA_ERR_MEMORY, "out of memory for a gnuplot script");
    write_variables(e, memory);
    if (fclose(memory) != 0)
        status = meka_fail(err, MEKA_ERR_MEMORY, "out of memory for a gnuplot script");
    if (status == MEKA_OK)
        status = plot_files_draw(&files, directory, "explain", script, caption, err);
    free(script);
    if (status == MEKA_OK)
        *out = files;
    return status;
}
