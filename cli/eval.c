/* meka eval: losses, gradients and Hessian-vector products at a point. */
#include "cli/eval.h"

#include "base/memory.h"

#include <stdlib.h>

typedef struct eval_values {
    const char *theta, *direction, *data;
    char *option;
    uint64_t samples, seed, problem_seed;
    bool covariances, json;
} eval_values;

static void clear(cli_evaluation *e)
{
    free(e->direction);
    free(e->loss);
    free(e->grad);
    free(e->hvp);
    free(e->moments.grad_mean);
    free(e->moments.grad_var);
    free(e->moments.hvp_mean);
    free(e->moments.hvp_var);
    free(e->moments.cross_cov);
    free(e->moments.grad_cov);
    free(e->moments.hvp_cov);
}

/* Room for n numbers at *place; later requests do nothing once one failed. */
static void reserve(double **place, size_t n, size_t width, meka_status *status,
                    meka_error *err)
{
    if (*status != MEKA_OK)
        return;
    *place = meka_alloc(n, width * sizeof **place, err);
    if (!*place)
        *status = MEKA_ERR_MEMORY;
}

static meka_status create(cli_evaluation *e, bool covariances, meka_error *err)
{
    size_t n = e->subject->n, d = e->subject->objective.n_params;
    meka_status status = MEKA_OK;
    reserve(&e->loss, n, 1, &status, err);
    reserve(&e->grad, n, d, &status, err);
    reserve(&e->moments.grad_mean, d, 1, &status, err);
    reserve(&e->moments.grad_var, d, 1, &status, err);
    if (covariances)
        reserve(&e->moments.grad_cov, d, d, &status, err);
    if (!e->direction)
        return status;
    reserve(&e->hvp, n, d, &status, err);
    reserve(&e->moments.hvp_mean, d, 1, &status, err);
    reserve(&e->moments.hvp_var, d, 1, &status, err);
    reserve(&e->moments.cross_cov, d, 1, &status, err);
    if (covariances)
        reserve(&e->moments.hvp_cov, d, d, &status, err);
    return status;
}

/* MEKA_NONFINITE with the first text: everything is computed nevertheless. */
static meka_status compute(cli_evaluation *e, meka_error *err)
{
    const cli_subject *s = e->subject;
    ad_batch *batch = NULL;
    meka_error second = {0};
    meka_status status = ad_batch_create(&batch, s->program, NULL, err);
    if (status != MEKA_OK)
        return status;
    e->moments.traces = true;
    meka_status samples = ad_eval_samples(batch, s->theta, e->direction, s->n, s->xi, e->loss,
                                          e->grad, e->hvp, err);
    meka_status moments = samples;
    if (samples == MEKA_OK || samples == MEKA_NONFINITE)
        moments = ad_eval_moments(batch, s->theta, e->direction, s->n, s->xi, &e->moments,
                                  samples == MEKA_OK ? err : &second);
    ad_batch_destroy(batch);
    if (samples == MEKA_NONFINITE && moments == MEKA_OK)
        return samples;
    if (samples == MEKA_NONFINITE && moments != MEKA_NONFINITE)
        return meka_fail(err, moments, "%s", second.text);
    return moments;
}

static cli_exit evaluate(const cli_call *call, const cli_subject *subject, meka_error *err)
{
    const eval_values *values = call->values;
    size_t d = subject->objective.n_params;
    cli_evaluation e = {.subject = subject};
    cli_exit result = CLI_FAILED;
    if (values->direction) {
        e.direction = meka_alloc(d, sizeof *e.direction, err);
        if (!e.direction)
            goto cleanup;
        result = cli_read_list(e.direction, d, "direction", values->direction, err);
        if (result != CLI_DONE)
            goto cleanup;
    }
    meka_status status = create(&e, values->covariances, err);
    if (status == MEKA_OK)
        status = compute(&e, err);
    result = cli_exit_of(status);
    if (status != MEKA_OK && status != MEKA_NONFINITE)
        goto cleanup;
    if (!values->json)
        cli_evaluation_print(&e);
    else if (cli_evaluation_print_json(&e, err) != MEKA_OK)
        result = CLI_FAILED;
cleanup:
    clear(&e);
    return result;
}

static cli_exit eval(const cli_call *call, meka_error *err)
{
    const eval_values *values = call->values;
    cli_subject subject;
    const cli_subject_request request = {.operand = call->operand[0],
                                         .option = values->option,
                                         .data = values->data,
                                         .theta = values->theta,
                                         .problem_seed = values->problem_seed,
                                         .seed = values->seed,
                                         .n_drawn = (size_t)values->samples};
    cli_exit result = cli_subject_open(&subject, &request, err);
    if (result == CLI_DONE)
        result = evaluate(call, &subject, err);
    cli_subject_close(&subject);
    return result;
}

static void defaults(void *place)
{
    *(eval_values *)place = (eval_values){.samples = 8, .seed = 1, .problem_seed = 1};
}

#define PLACE(field) .offset = offsetof(eval_values, field)

static const cli_option options[] = {
    CLI_OPTION_THETA(eval_values),
    {.name = "direction",
     .argument = "LIST|FILE",
     .type = CLI_TEXT,
     .initial = "none, and no Hessian-vector products",
     .meaning = "the vector v of the Hessian-vector products H v, given like --theta",
     PLACE(direction)},
    CLI_OPTION_DATA(eval_values),
    {.name = "samples",
     .argument = "N",
     .type = CLI_COUNT,
     .min = 1,
     .max = 1e8,
     .meaning = "samples drawn from a problem of the zoo where --data is not given",
     PLACE(samples)},
    {.name = "seed",
     .argument = "S",
     .type = CLI_COUNT,
     .min = 0,
     .max = 1e15,
     .meaning = "which samples are drawn",
     PLACE(seed)},
    CLI_OPTION_PROBLEM(eval_values),
    CLI_OPTION_PROBLEM_SEED(eval_values),
    {.name = "covariances",
     .type = CLI_FLAG,
     .meaning = "with --json: also the d x d covariances of gradients and products",
     PLACE(covariances)},
    CLI_OPTION_JSON(eval_values),
};

const cli_command cli_eval = {
    .name = "eval",
    .summary = "evaluate an objective: per-sample losses, gradients, Hessian-vector products",
    .usage = "FILE.c|FILE.so|PROBLEM [OPTION]...",
    .details =
        "Evaluates every sample's loss and gradient at theta, and with --direction v its "
        "Hessian-vector product; and the moments of these over the samples: means, unbiased "
        "variances of one sample, covariances between gradient and product, and their sums "
        "over the parameters.\n"
        "JSON holds loss [n], grad [n][d], hvp [n][d] and the moments; a number that is not "
        "finite is null there.  Such a number makes the status 3, with the operation, its "
        "file and line and the first such sample on standard error; everything is printed "
        "nevertheless.",
    .example = "meka eval examples/rosenbrock.c --data examples/noise.csv --direction 1,0",
    .option = options,
    .n_options = sizeof options / sizeof options[0],
    .n_operands_min = 1,
    .n_operands_max = 1,
    .operand = "a problem or a file",
    .size = sizeof(eval_values),
    .defaults = defaults,
    .function = eval,
};
