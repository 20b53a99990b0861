/* What `meka explain` prints. */
#include "cli/explain.h"

#include "cli/report.h"
#include "plots/explain.h"

#include <inttypes.h>
#include <math.h>

double cli_explain_predicted_variance(const meka_explanation *e)
{
    if (isnan(e->row.innovation))
        return NAN;
    return e->row.q + (e->n_before ? e->before.p : MEKA_PRIOR_VARIANCE);
}

double cli_explain_surprise(const opt_log_reader *reader, const meka_explanation *e)
{
    double variance = cli_explain_predicted_variance(e) + e->row.sigma;
    return e->row.innovation / sqrt((double)reader->n_parameters * variance);
}

/* Of an improvement at a; NaN where there is no step. */
static double probability(const meka_explanation *e, double a)
{
    return a > 0.0 ? meka_explain_value(e, MEKA_RULE_PI, a) : NAN;
}

/* ------------------------------------------------------------------------- text */

typedef struct number {
    char text[32];
} number;

static const char *show(number *buffer, double value)
{
    return cli_show(buffer->text, value);
}
/* A number as text for the rest of the enclosing full expression. */
#define SHOW(value) show(&(number){{0}}, (value))

static void write_title(const opt_log_reader *reader, const meka_explanation *e, FILE *stream)
{
    size_t n = 0;
    const char *problem = opt_log_reader_find(reader, "problem", &n);
    fprintf(stream, "%s, step %" PRIu64, reader->method->name, e->t);
    if (problem)
        fprintf(stream, " on %.*s", (int)(n < 200 ? n : 200), problem);
    fprintf(stream, " (%" PRIu64 " parameter%s), rule %s\n", reader->n_parameters,
            reader->n_parameters == 1 ? "" : "s", meka_rule_name((size_t)e->params->rule));
}

static void write_slope(const meka_explanation *e, FILE *stream)
{
    const opt_line_model *from = &e->line.measured, *to = &e->choice.model;
    fprintf(stream, "  A = %s: ", SHOW(to->A));
    if (isnan(e->line.calibration))
        fprintf(stream, "the slope that the filter claims\n");
    else if (!e->params->calibrate)
        fprintf(stream, "as the filter claims; calibration (off) would scale it by %s\n",
                SHOW(e->line.calibration));
    else
        fprintf(stream, "the filter claims %s, and claims have been true to A'/A = %s\n",
                SHOW(from->A), SHOW(e->line.calibration));
}

static void write_curvature(const meka_explanation *e, FILE *stream)
{
    const opt_line_model *from = &e->line.measured, *to = &e->choice.model;
    double average = e->choice.average;
    fprintf(stream, "  B = %s: ", SHOW(to->B));
    if (to->B == from->B)
        fprintf(stream, "as measured");
    else if (from->B < 0.0 && to->B > 0.0 && to->B <= -from->B * (1.0 + 1e-12))
        fprintf(stream, "measured %s; its absolute value takes its place", SHOW(from->B));
    else if (!isnan(e->choice.highest) && e->choice.highest < average && from->B >= 0.0)
        fprintf(stream, "measured %s, raised towards its recent average by %s sqrt q",
                SHOW(from->B), SHOW(e->params->curvature_z));
    else
        fprintf(stream, "measured %s, raised to its recent average", SHOW(from->B));
    if (!isnan(average))
        fprintf(stream, "; average %s", SHOW(average));
    fprintf(stream, "\n  C = %s: %s\n", SHOW(to->C),
            e->params->third_order ? "third derivative, absolute" : "third_order=no");
}

static void write_variances(const meka_explanation *e, FILE *stream)
{
    const opt_line_model *from = &e->line.measured, *to = &e->choice.model;
    fprintf(stream, "  s = %s: ", SHOW(to->s));
    if (to->s > from->s)
        fprintf(stream, "the floor (%s A^2/(2B))^2, above the value filter's %s\n",
                SHOW(e->params->floor), SHOW(from->s));
    else
        fprintf(stream, "variance of the filtered loss%s\n",
                e->params->floor > 0.0 ? ", above the floor" : "");
    fprintf(stream, "  p = %s, q = %s: variances of slope and curvature along d\n", SHOW(to->p),
            SHOW(to->q));
}

static void write_model(const meka_explanation *e, FILE *stream)
{
    fprintf(stream,
            "\nLoss along the direction, f(theta + a d) - f(theta), |d| = %s\n"
            "  mean -A a + B a^2/2 + C a^3/6, variance 2 s + p a^2 + q a^4/4\n",
            SHOW(e->row.direction_norm));
    write_slope(e, stream);
    if (e->params->rule == MEKA_RULE_FIXED) {
        fprintf(stream, "  B, C, q: not measured, for the rule is fixed\n");
        return;
    }
    write_curvature(e, stream);
    write_variances(e, stream);
}

static void write_rule(const meka_explanation *e, meka_rule rule, FILE *stream)
{
    double a = meka_explain_rule(e, rule);
    const opt_line_model *m = &e->choice.model;
    char mark = (int)rule == e->params->rule ? '*' : ' ';
    if (isinf(a)) {
        fprintf(stream, "  %c %-9s  improves without bound: no best step\n", mark,
                meka_rule_name(rule));
        return;
    }
    if (a == 0.0) {
        fprintf(stream, "  %c %-9s %12s\n", mark, meka_rule_name(rule), "0");
        return;
    }
    fprintf(stream, "  %c %-9s %12s %13s %12s %12s\n", mark, meka_rule_name(rule), SHOW(a),
            SHOW(opt_line_mean(m, a)), SHOW(sqrt(opt_line_variance(m, a))),
            SHOW(probability(e, a)));
}

static void write_rules(const meka_explanation *e, FILE *stream)
{
    if (e->params->rule == MEKA_RULE_FIXED)
        return;
    fprintf(stream,
            "\nWhere each rule has its maximum (*: in use)\n"
            "    %-9s %12s %13s %12s %12s\n",
            "rule", "step a", "mean change", "sd", "P(better)");
    for (size_t k = 0; k < PLOT_EXPLAIN_RULES; k++)
        write_rule(e, plot_explain_rule[k], stream);
}

/* Why the rule in use does not move. */
static const char *reason_to_stay(const meka_explanation *e)
{
    const opt_line_model *m = &e->choice.model;
    if (!(m->A > 0.0))
        return "no slope is left along d that has been true, so it waits";
    if (e->params->rule == MEKA_RULE_PI && m->s == 0.0)
        return "where s = 0 the shortest steps improve most probably; the option floor mends "
               "it";
    if (e->params->rule == MEKA_RULE_BOUND)
        return "the slope along d is not significant (A <= k sqrt p), so it waits";
    return "in this model no step improves on staying";
}

static void write_choice(const meka_explanation *e, FILE *stream)
{
    const meka_choice *c = &e->choice;
    const meka_params *p = e->params;
    fprintf(stream, "\nThe step that was taken\n  rule %s: a = %s%s\n",
            meka_rule_name((size_t)p->rule), SHOW(c->rule_step),
            c->determined ? "" : ", the last one found, for this model has no best step");
    if (c->determined && c->rule_step == 0.0)
        fprintf(stream, "    %s\n", reason_to_stay(e));
    if (p->rule != MEKA_RULE_FIXED && p->smoothing > 0.0)
        fprintf(stream, "  moving average (smoothing %s): %s\n", SHOW(p->smoothing),
                SHOW(c->smoothed));
    if (c->fixed)
        fprintf(stream, "  one of the first %" PRIu64 ", which have the size %s\n",
                p->fixed_steps, SHOW(p->alpha));
    if (p->factor != 1.0 || e->line.schedule != 1.0)
        fprintf(stream, "  times factor %s and schedule %s: %s\n", SHOW(p->factor),
                SHOW(e->line.schedule), SHOW(c->wanted));
    if (c->alpha < c->wanted)
        fprintf(stream, "  above the cap\n");
    fprintf(stream, "  alpha = %s; the log has %s\n", SHOW(c->alpha), SHOW(e->row.alpha));
}

static void write_surprise(const opt_log_reader *reader, const meka_explanation *e,
                           FILE *stream)
{
    const meka_params *p = e->params;
    double surprise = cli_explain_surprise(reader, e);
    fprintf(stream, "  innovation |g - m-| = %s, %s times what P- and Sigma let expect%s\n",
            SHOW(e->row.innovation), SHOW(surprise),
            p->gate > 0.0 && p->noise == MEKA_NOISE_ESTIMATED && surprise > p->gate
                ? ": beyond the gate, so P- was widened"
                : "");
}

static void write_filter(const opt_log_reader *reader, const meka_explanation *e, FILE *stream)
{
    const opt_row *row = &e->row;
    bool first = isnan(row->innovation);
    fprintf(stream, "\nThe filters%s\n",
            first ? ", which begin here with what is observed" : "");
    fprintf(stream, "  loss: predicted %s, observed %s, filtered %s with sd %s\n",
            SHOW(row->loss_predicted), SHOW(row->loss), SHOW(row->loss_filtered),
            SHOW(row->loss_sd));
    fprintf(stream, "  gradient: |g| = %s observed, |m| = %s filtered\n", SHOW(row->grad_norm),
            SHOW(row->filtered_norm));
    if (!first)
        write_surprise(reader, e, stream);
    fprintf(stream,
            "  per dimension: P- = %s (Q = %s of it), Sigma = %s, gain K = %s, P = %s\n",
            SHOW(cli_explain_predicted_variance(e)), SHOW(row->q), SHOW(row->sigma),
            SHOW(row->gain), SHOW(row->p));
    if (!isnan(row->filter_error))
        fprintf(stream, "  exact error: |m - grad f| = %s, |g - grad f| = %s\n",
                SHOW(row->filter_error), SHOW(row->sample_error));
}

void cli_explain_write(const opt_log_reader *reader, const meka_explanation *e, FILE *stream)
{
    write_title(reader, e, stream);
    write_model(e, stream);
    write_rules(e, stream);
    write_choice(e, stream);
    write_filter(reader, e, stream);
}

/* ------------------------------------------------------------------------- JSON */

static void add_model(cli_json *json, cJSON *parent, const char *name,
                      const opt_line_model *model)
{
    cJSON *object = cli_json_object(json, parent, name);
    cli_json_real(json, object, "A", model->A);
    cli_json_real(json, object, "B", model->B);
    cli_json_real(json, object, "C", model->C);
    cli_json_real(json, object, "p", model->p);
    cli_json_real(json, object, "q", model->q);
    cli_json_real(json, object, "s", model->s);
}

static void add_choice(cli_json *json, cJSON *root, const meka_explanation *e)
{
    const meka_choice *c = &e->choice;
    cJSON *object = cli_json_object(json, root, "choice");
    cli_json_text(json, object, "rule", meka_rule_name((size_t)e->params->rule));
    cli_json_real(json, object, "calibration", e->line.calibration);
    cli_json_real(json, object, "curvature_average", c->average);
    cli_json_real(json, object, "curvature_highest", c->highest);
    cli_json_bool(json, object, "floored", c->model.s > e->line.measured.s);
    cli_json_bool(json, object, "determined", c->determined);
    cli_json_real(json, object, "rule_step", c->rule_step);
    cli_json_real(json, object, "smoothed", c->smoothed);
    cli_json_bool(json, object, "fixed", c->fixed);
    cli_json_real(json, object, "schedule", e->line.schedule);
    cli_json_real(json, object, "factor", e->params->factor);
    cli_json_bool(json, object, "capped", c->alpha < c->wanted);
    cli_json_real(json, object, "alpha", c->alpha);
    cli_json_real(json, object, "alpha_logged", e->row.alpha);
}

static void add_rules(cli_json *json, cJSON *root, const meka_explanation *e)
{
    cJSON *array = cli_json_array(json, root, "rules");
    for (size_t k = 0; k < PLOT_EXPLAIN_RULES && e->params->rule != MEKA_RULE_FIXED; k++) {
        double a = meka_explain_rule(e, plot_explain_rule[k]);
        bool bounded = !isinf(a);
        cJSON *object = cli_json_object(json, array, NULL);
        cli_json_text(json, object, "rule", meka_rule_name(plot_explain_rule[k]));
        cli_json_bool(json, object, "determined", bounded);
        cli_json_real(json, object, "step", bounded ? a : NAN);
        cli_json_real(json, object, "value",
                      bounded ? meka_explain_value(e, plot_explain_rule[k], a) : NAN);
        cli_json_real(json, object, "mean", bounded ? opt_line_mean(&e->choice.model, a) : NAN);
        cli_json_real(json, object, "sd",
                      bounded ? sqrt(opt_line_variance(&e->choice.model, a)) : NAN);
        cli_json_real(json, object, "probability", bounded ? probability(e, a) : NAN);
    }
}

meka_status cli_explain_print_json(const opt_log_reader *reader, const meka_explanation *e,
                                   const plot_figure_files *files, meka_error *err)
{
    cli_json json = {0};
    cJSON *root = cli_json_object(&json, NULL, NULL);
    cli_json_text(&json, root, "command", "explain");
    cli_json_text(&json, root, "version", MEKA_VERSION);
    cli_json_text(&json, root, "log", reader->path);
    cli_json_text(&json, root, "method", reader->method->name);
    cli_json_count(&json, root, "step", e->t);
    cli_json_count(&json, root, "n_params", reader->n_parameters);
    cli_json_options(&json, root, "options", &reader->method->options, e->params);
    add_model(&json, root, "measured", &e->line.measured);
    add_model(&json, root, "model", &e->choice.model);
    add_choice(&json, root, e);
    add_rules(&json, root, e);
    cJSON *filter = cli_json_object(&json, root, "filter");
    cli_json_real(&json, filter, "p_predicted", cli_explain_predicted_variance(e));
    cli_json_real(&json, filter, "surprise", cli_explain_surprise(reader, e));
    cJSON *row = cli_json_object(&json, root, "row");
    for (size_t i = 0; opt_column_at(i); i++)
        cli_json_real(&json, row, opt_column_at(i)->name,
                      *(const double *)((const char *)&e->row + opt_column_at(i)->offset));
    cJSON *array = cli_json_array(&json, root, "files");
    if (files)
        cli_report_add_files(&json, array, files);
    meka_status status = cli_json_print(&json, err);
    cli_json_clear(&json);
    return status;
}
