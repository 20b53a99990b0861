/* What `meka eval` prints. */
#include "cli/eval.h"

#include "cli/output.h"

#include <math.h>
#include <stdio.h>

enum { samples_shown = 20, columns_shown = 3, params_shown = 50 };

/* -------------------------------------------------------------------- text */

static double norm(const double *x, size_t d)
{
    double sum = 0.0;
    for (size_t j = 0; j < d; j++)
        sum = hypot(sum, x[j]);
    return sum;
}

/* The numbers themselves where a line has room for them, else their norm. */
static void print_vector(const double *x, size_t d)
{
    char number[32];
    if (d > columns_shown)
        printf("  %13s", cli_show(number, norm(x, d)));
    for (size_t j = 0; d <= columns_shown && j < d; j++)
        printf("  %13s", cli_show(number, x[j]));
}

static void print_heading(const char *name, size_t d)
{
    char text[48];
    if (d > columns_shown)
        printf("  %10s%s%s", "|", name, "|");
    for (size_t j = 0; d <= columns_shown && j < d; j++) {
        snprintf(text, sizeof text, "%s[%zu]", name, j);
        printf("  %13s", text);
    }
}

static void print_samples(const cli_evaluation *e)
{
    size_t d = e->subject->objective.n_params, n = e->subject->n;
    char number[32];
    printf("%8s  %13s", "sample", "loss");
    print_heading("grad", d);
    if (e->hvp)
        print_heading("hvp", d);
    printf("\n");
    for (size_t i = 0; i < n && i < samples_shown; i++) {
        printf("%8zu  %13s", i, cli_show(number, e->loss[i]));
        print_vector(e->grad + i * d, d);
        if (e->hvp)
            print_vector(e->hvp + i * d, d);
        printf("\n");
    }
    if (n > samples_shown)
        printf("     ... %zu further samples; --json prints all\n", n - samples_shown);
}

static void print_parameters(const cli_evaluation *e)
{
    const ad_moments *m = &e->moments;
    const double *theta = e->subject->theta;
    size_t d = e->subject->objective.n_params;
    const struct {
        const char *name;
        const double *x;
    } columns[] = {
        {"theta", theta},
        {"direction", e->direction},
        {"grad mean", m->grad_mean},
        {"grad var", m->grad_var},
        {"hvp mean", m->hvp_mean},
        {"hvp var", m->hvp_var},
        {"cross cov", m->cross_cov},
    };
    enum { n_columns = sizeof columns / sizeof columns[0] };
    char number[32];
    printf("\n%8s", "param");
    for (size_t c = 0; c < n_columns; c++)
        if (columns[c].x)
            printf("  %13s", columns[c].name);
    printf("\n");
    for (size_t j = 0; j < d && j < params_shown; j++) {
        printf("%8zu", j);
        for (size_t c = 0; c < n_columns; c++)
            if (columns[c].x)
                printf("  %13s", cli_show(number, columns[c].x[j]));
        printf("\n");
    }
    if (d > params_shown)
        printf("     ... %zu further parameters; --json prints all\n", d - params_shown);
}

static void print_scalars(const cli_evaluation *e)
{
    const ad_moments *m = &e->moments;
    const struct {
        const char *name;
        double x;
        bool of_products;
    } rows[] = {
        {"loss mean", m->loss_mean, false},
        {"loss variance", m->loss_var, false},
        {"trace of grad variance", m->grad_var_trace, false},
        {"trace of hvp variance", m->hvp_var_trace, true},
        {"trace of cross covariance", m->cross_cov_trace, true},
    };
    char number[32];
    printf("\n");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (!rows[i].of_products || e->hvp)
            printf("  %-26s %13s\n", rows[i].name, cli_show(number, rows[i].x));
}

void cli_evaluation_print(const cli_evaluation *evaluation)
{
    print_samples(evaluation);
    print_parameters(evaluation);
    print_scalars(evaluation);
}

/* -------------------------------------------------------------------- JSON */

static void add_vector(cli_json *json, cJSON *parent, const char *name, const double *x,
                       size_t n)
{
    if (!x)
        return;
    cJSON *array = cli_json_array(json, parent, name);
    for (size_t j = 0; j < n; j++)
        cli_json_real(json, array, NULL, x[j]);
}

static void add_matrix(cli_json *json, cJSON *parent, const char *name, const double *x,
                       size_t n, size_t d)
{
    if (!x)
        return;
    cJSON *rows = cli_json_array(json, parent, name);
    for (size_t i = 0; i < n; i++)
        add_vector(json, rows, NULL, x + i * d, d);
}

static void add_moments(cli_json *json, const cli_evaluation *e)
{
    const ad_moments *m = &e->moments;
    size_t d = e->subject->objective.n_params;
    cJSON *object = cli_json_object(json, json->root, "moments");
    cli_json_real(json, object, "loss_mean", m->loss_mean);
    cli_json_real(json, object, "loss_var", m->loss_var);
    add_vector(json, object, "grad_mean", m->grad_mean, d);
    add_vector(json, object, "grad_var", m->grad_var, d);
    cli_json_real(json, object, "grad_var_trace", m->grad_var_trace);
    if (e->hvp) {
        add_vector(json, object, "hvp_mean", m->hvp_mean, d);
        add_vector(json, object, "hvp_var", m->hvp_var, d);
        cli_json_real(json, object, "hvp_var_trace", m->hvp_var_trace);
        add_vector(json, object, "cross_cov", m->cross_cov, d);
        cli_json_real(json, object, "cross_cov_trace", m->cross_cov_trace);
    }
    add_matrix(json, object, "grad_cov", m->grad_cov, d, d);
    add_matrix(json, object, "hvp_cov", m->hvp_cov, d, d);
}

meka_status cli_evaluation_print_json(const cli_evaluation *evaluation, meka_error *err)
{
    const cli_evaluation *e = evaluation;
    const cli_subject *subject = e->subject;
    size_t d = subject->objective.n_params, n = subject->n;
    cli_json json = {0};
    cJSON *root = cli_json_object(&json, NULL, NULL);
    cli_json_text(&json, root, "command", "eval");
    cli_json_text(&json, root, "version", MEKA_VERSION);
    cli_json_text(&json, root, "objective", subject->objective.name);
    cli_json_count(&json, root, "n_params", d);
    cli_json_count(&json, root, "n_features", subject->objective.n_features);
    cli_json_count(&json, root, "n_samples", n);
    add_vector(&json, root, "theta", subject->theta, d);
    add_vector(&json, root, "direction", e->direction, d);
    add_vector(&json, root, "loss", e->loss, n);
    add_matrix(&json, root, "grad", e->grad, n, d);
    add_matrix(&json, root, "hvp", e->hvp, n, d);
    add_moments(&json, e);
    meka_status status = cli_json_print(&json, err);
    cli_json_clear(&json);
    return status;
}
