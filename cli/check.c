/* meka check: is the objective what its derivatives say? */
#include "cli/check.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct check_values {
    const char *theta, *data;
    char *option;
    uint64_t samples, points, seed, problem_seed;
    bool json;
} check_values;

/* --------------------------------------------------------------------- state */

static void clear(cli_checkup *c)
{
    double *const owned[] = {c->theta, c->u, c->v, c->w, c->loss, c->grad, c->hu, c->hv};
    for (size_t i = 0; i < sizeof owned / sizeof owned[0]; i++)
        free(owned[i]);
    free(c->used);
    free(c->moved);
    free(c->xi);
    free(c->at);
    ad_extended_clear(&c->extended);
    ad_batch_destroy(c->batch);
}

static meka_status create(cli_checkup *c, const cli_subject *subject, uint64_t seed,
                          meka_error *err)
{
    size_t n = subject->n, d = subject->objective.n_params, m = subject->objective.n_features;
    *c = (cli_checkup){.subject = subject, .n = n, .d = d, .m = m};
    meka_rng_init(&c->rng, seed, MEKA_STREAM_METHOD, 0, 0);
    const struct {
        double **place;
        size_t n, width;
    } arrays[] = {{&c->theta, d, 1}, {&c->u, d, 1},    {&c->v, d, 1},  {&c->w, d, 1},
                  {&c->loss, n, 1},  {&c->grad, n, d}, {&c->hu, n, d}, {&c->hv, n, d}};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++) {
        *arrays[i].place = meka_alloc(arrays[i].n, arrays[i].width * sizeof(double), err);
        if (!*arrays[i].place)
            return MEKA_ERR_MEMORY;
    }
    c->used = meka_alloc(d + m, 1, err);
    c->moved = meka_alloc(d, 1, err);
    c->xi = meka_alloc(m, sizeof *c->xi, err);
    c->at = meka_alloc(d, sizeof *c->at, err);
    if (!c->used || !c->moved || !c->xi || !c->at)
        return MEKA_ERR_MEMORY;
    meka_status status = ad_extended_init(&c->extended, subject->program, err);
    return status ? status : ad_batch_create(&c->batch, subject->program, NULL, err);
}

/* At most `most` of the samples, evenly spread over them. */
static void thin_samples(cli_subject *subject, size_t most)
{
    size_t m = subject->objective.n_features, n = subject->n;
    if (n <= most || m == 0)
        return;
    for (size_t i = 0; i < most; i++)
        memmove(subject->xi + i * m, subject->xi + i * n / most * m, m * sizeof *subject->xi);
    subject->n = most;
}

/* -------------------------------------------------------------------- points */

/* Normal numbers, larger where the parameter is. */
static void draw_direction(cli_checkup *c, double *v)
{
    double largest = 0.0;
    for (size_t j = 0; j < c->d; j++) {
        v[j] = fmax(1.0, fabs(c->theta[j])) * meka_rng_normal(&c->rng);
        largest = fmax(largest, fabs(v[j]) / fmax(1.0, fabs(c->theta[j])));
    }
    for (size_t j = 0; j < c->d; j++)
        v[j] /= largest;
}

/* Losses, gradients and products at c->theta. */
static meka_status evaluate(cli_checkup *c, meka_error *err)
{
    const double *xi = c->subject->xi;
    draw_direction(c, c->u);
    draw_direction(c, c->v);
    meka_status status =
        ad_eval_samples(c->batch, c->theta, c->u, c->n, xi, c->loss, c->grad, c->hu, err);
    return status ? status
                  : ad_eval_samples(c->batch, c->theta, c->v, c->n, xi, c->loss, c->grad, c->hv,
                                    err);
}

/* A point near the one asked for at which all is finite; *found false: none was met. */
static meka_status find_point(cli_checkup *c, bool *found, meka_error *err)
{
    const double *centre = c->subject->theta;
    double radius = 0.1;
    *found = false;
    for (int attempt = 0; attempt < 10 && !*found; attempt++) {
        meka_error why = {0};
        for (size_t j = 0; j < c->d; j++)
            c->theta[j] =
                centre[j] + radius * fmax(1.0, fabs(centre[j])) * meka_rng_normal(&c->rng);
        meka_status status = evaluate(c, &why);
        if (status != MEKA_OK && status != MEKA_NONFINITE)
            return meka_fail(err, status, "%s", why.text);
        *found = status == MEKA_OK;
        radius *= 0.5;
    }
    if (!*found)
        cli_find(&c->findings, CLI_HINT, "domain", NAN, NAN,
                 "no random point near theta was found at which all is finite");
    return MEKA_OK;
}

static meka_status check_point(cli_checkup *c, meka_error *err)
{
    meka_status status = cli_check_differences(c, err);
    return status ? status : cli_check_statistics(c, err);
}

static meka_status check_first_point(cli_checkup *c, meka_error *err)
{
    meka_error why = {0};
    memcpy(c->theta, c->subject->theta, c->d * sizeof *c->theta);
    meka_status status = evaluate(c, &why);
    if (status == MEKA_NONFINITE) {
        cli_find(&c->findings, CLI_FAIL, "finite", NAN, NAN, "%.700s", why.text);
        return MEKA_OK;
    }
    if (status != MEKA_OK)
        return meka_fail(err, status, "%s", why.text);
    cli_find(&c->findings, CLI_PASS, "finite", NAN, NAN,
             "loss, gradient and products are finite at theta, for %zu sample%s", c->n,
             c->n == 1 ? "" : "s");
    return check_point(c, err);
}

static meka_status check_points(cli_checkup *c, size_t n_points, meka_error *err)
{
    meka_status status = check_first_point(c, err);
    bool found = true;
    for (c->point = 1; c->point < n_points && found && status == MEKA_OK; c->point++) {
        status = find_point(c, &found, err);
        if (status == MEKA_OK && found)
            status = check_point(c, err);
    }
    return status;
}

/* ------------------------------------------------------------------ subcommand */

static meka_status examine(cli_checkup *c, size_t n_points, meka_error *err)
{
    bool pure = false;
    if (c->subject->invented)
        cli_find(&c->findings, CLI_HINT, "samples", NAN, NAN,
                 "there are none; standard normal numbers stand in for them (--data FILE.csv "
                 "gives real ones)");
    meka_status status = cli_check_recording(c, &pure, err);
    if (status != MEKA_OK || !pure)
        return status;
    status = check_points(c, n_points, err);
    if (status != MEKA_OK && status != MEKA_NONFINITE)
        return status;
    cli_check_conclude(c);
    return cli_check_usage(c, err);
}

static cli_exit judge(const cli_checkup *c)
{
    for (size_t i = 0; i < c->findings.n; i++)
        if (c->findings.item[i].outcome == CLI_FAIL)
            return CLI_FINDING_FAILED;
    return CLI_DONE;
}

static cli_exit check(const cli_call *call, meka_error *err)
{
    const check_values *values = call->values;
    cli_subject subject;
    cli_checkup *c = NULL;
    const cli_subject_request request = {.operand = call->operand[0],
                                         .option = values->option,
                                         .data = values->data,
                                         .theta = values->theta,
                                         .problem_seed = values->problem_seed,
                                         .seed = values->seed,
                                         .n_drawn = (size_t)values->samples,
                                         .invent = true};
    cli_exit result = cli_subject_open(&subject, &request, err);
    if (result != CLI_DONE)
        goto cleanup;
    result = CLI_FAILED;
    c = meka_alloc(1, sizeof *c, err);
    if (!c)
        goto cleanup;
    thin_samples(&subject, (size_t)values->samples);
    if (create(c, &subject, values->seed, err) != MEKA_OK ||
        examine(c, (size_t)values->points, err) != MEKA_OK)
        goto cleanup;
    result = judge(c);
    if (!values->json)
        cli_findings_print(c);
    else if (cli_findings_print_json(c, err) != MEKA_OK)
        result = CLI_FAILED;
cleanup:
    if (c)
        clear(c);
    free(c);
    cli_subject_close(&subject);
    return result;
}

static void defaults(void *place)
{
    *(check_values *)place =
        (check_values){.samples = 8, .points = 3, .seed = 1, .problem_seed = 1};
}

#define PLACE(field) .offset = offsetof(check_values, field)

static const cli_option options[] = {
    CLI_OPTION_THETA(check_values),
    CLI_OPTION_DATA(check_values),
    {.name = "samples",
     .argument = "N",
     .type = CLI_COUNT,
     .min = 1,
     .max = 1e6,
     .meaning = "samples that are looked at, spread over the data, or drawn",
     PLACE(samples)},
    {.name = "points",
     .argument = "N",
     .type = CLI_COUNT,
     .min = 1,
     .max = 1e4,
     .meaning = "points that are looked at: theta and random ones near it",
     PLACE(points)},
    {.name = "seed",
     .argument = "S",
     .type = CLI_COUNT,
     .min = 0,
     .max = 1e15,
     .meaning = "which samples, points and directions are drawn",
     PLACE(seed)},
    CLI_OPTION_PROBLEM(check_values),
    CLI_OPTION_PROBLEM_SEED(check_values),
    CLI_OPTION_JSON(check_values),
};

const cli_command cli_check = {
    .name = "check",
    .summary = "check an objective: its derivatives against differences, and a verdict",
    .usage = "FILE.c|FILE.so|PROBLEM [OPTION]...",
    .details =
        "Records the objective twice to see whether it is a pure function; compares gradients "
        "and Hessian-vector products along random directions with differences of its loss in "
        "extended precision, at theta and at random points near it; and moments and line "
        "derivatives with the per-sample numbers.  An objective that reads values is recorded "
        "anew at every point of the differences, so that a dependence which escapes "
        "the derivatives is found.\n"
        "Without --data the samples of an objective from a file are standard normal numbers, "
        "which one that takes class labels or indices cannot use.\n"
        "Each finding is one line: pass, FAIL or hint, with the worst error and the bound that "
        "it must not exceed.  Where theta lies on a kink the line says so, and derivatives are "
        "not compared there.\n"
        "Ends with status 0 if no check fails and with status 1 if one does.",
    .example = "meka check examples/rosenbrock.c --data examples/noise.csv",
    .option = options,
    .n_options = sizeof options / sizeof options[0],
    .n_operands_min = 1,
    .n_operands_max = 1,
    .operand = "a problem or a file",
    .size = sizeof(check_values),
    .defaults = defaults,
    .function = check,
};
