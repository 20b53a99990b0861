/* Which settings diverge where: seven problems x three batch sizes x seeds, and how the step
 * rule of probability of improvement compares on noisy quadratics.
 *
 * Problems are made from one problem seed (1 unless given), runs have the seeds 1..N. */
#include "bench/trial.h"

#include "base/parallel.h"

#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT_OF(a) (sizeof(a) / sizeof(a)[0])

static const trial_problem zoo[] = {
    {"logistic-10", "logistic", "condition=10 l2=1e-3"},
    {"logistic-1e4", "logistic", "condition=1e4 l2=1e-4"},
    {"quadratic-10", "noisy-quadratic", "condition=10"},
    {"quadratic-1e5", "noisy-quadratic", "condition=1e5"},
    {"hessian-100", "noisy-hessian", "condition=100 hessian-noise=2"},
    {"rosenbrock-0.3", "rosenbrock", "dim=10 noise=0.3"},
    {"rosenbrock-1", "rosenbrock", "dim=10 noise=1"},
};
static const size_t batches[] = {4, 16, 64};

static const trial_problem quadratics[] = {
    {"quadratic-2000", "noisy-quadratic", "dim=20 condition=2000"},
};
static const size_t quadratic_batches[] = {4, 32};

enum { MAX_SETTINGS = 24, MAX_EXTRA = 12 };

typedef struct arguments {
    uint64_t steps, seeds, problem_seed, threads;
    const char *methods, *problems;
    const char *extra[MAX_EXTRA]; /* --set */
    size_t n_extra;
    bool no_presets, quadratics;
} arguments;

static const char help[] =
    "usage: divergence [options]\n"
    "  --steps N         iterations of each run (300)\n"
    "  --seeds N         runs of each cell, with seeds 1..N (4; with --quadratics 20)\n"
    "  --methods A,B     methods, each with all its presets (meka)\n"
    "  --set 'KEY=VALUE ...'  a column with these settings besides; may be repeated\n"
    "  --no-presets      only the columns of --set\n"
    "  --problems A,B    labels of the problems to run (all)\n"
    "  --problem-seed N  from which problems are made (1)\n"
    "  --jobs N          threads (all processors); results do not depend on it\n"
    "  --quadratics      instead: probability of improvement against fixed steps and exact\n"
    "                    line search on the noisy quadratic, d = 20, condition 2000\n";

static bool read_count(const char *text, uint64_t *out)
{
    char *end;
    *out = strtoull(text, &end, 10);
    return *end == '\0' && text[0] >= '0' && text[0] <= '9' && *out > 0 && *out < 1000000000;
}

static bool read_arguments(int argc, char **argv, arguments *out)
{
    enum { STEPS, SEEDS, METHODS, SET, PROBLEMS, PROBLEM_SEED, JOBS, NO_PRESETS, QUADRATICS };
    static const struct option names[] = {
        {"steps", required_argument, NULL, STEPS},
        {"seeds", required_argument, NULL, SEEDS},
        {"methods", required_argument, NULL, METHODS},
        {"set", required_argument, NULL, SET},
        {"problems", required_argument, NULL, PROBLEMS},
        {"problem-seed", required_argument, NULL, PROBLEM_SEED},
        {"jobs", required_argument, NULL, JOBS},
        {"no-presets", no_argument, NULL, NO_PRESETS},
        {"quadratics", no_argument, NULL, QUADRATICS},
        {NULL, 0, NULL, 0},
    };
    *out = (arguments){300, 0, 1, meka_cpu_count(), "meka", NULL, {NULL}, 0, false, false};
    bool good = true;
    for (int c; good && (c = getopt_long(argc, argv, "", names, NULL)) != -1;) {
        if (c == STEPS || c == SEEDS || c == PROBLEM_SEED || c == JOBS) {
            uint64_t *target[] = {[STEPS] = &out->steps,
                                  [SEEDS] = &out->seeds,
                                  [PROBLEM_SEED] = &out->problem_seed,
                                  [JOBS] = &out->threads};
            good = read_count(optarg, target[c]);
        } else if (c == METHODS) {
            out->methods = optarg;
        } else if (c == PROBLEMS) {
            out->problems = optarg;
        } else if (c == SET && out->n_extra < MAX_EXTRA) {
            out->extra[out->n_extra++] = optarg;
        } else if (c == NO_PRESETS) {
            out->no_presets = true;
        } else if (c == QUADRATICS) {
            out->quadratics = true;
        } else {
            good = false;
        }
    }
    if (!out->seeds)
        out->seeds = out->quadratics ? 20 : 4;
    return good && optind == argc;
}

/* ------------------------------------------------------------------- columns */

typedef struct columns {
    trial_setting setting[MAX_SETTINGS];
    size_t n;
} columns;

static meka_status add_column(columns *c, const opt_method *method, const char *settings,
                              const char *label, meka_error *err)
{
    if (c->n == MAX_SETTINGS)
        return meka_fail(err, MEKA_ERR_INPUT, "more than %d columns", MAX_SETTINGS);
    trial_setting *s = &c->setting[c->n++];
    *s = (trial_setting){.method = method, .settings = settings};
    snprintf(s->label, sizeof s->label, "%s", label);
    return MEKA_OK;
}

/* The preset's settings stand for its name: a list of settings is borrowed, not copied. */
static meka_status add_method(columns *c, const opt_method *method, const arguments *args,
                              bool several, meka_error *err)
{
    char label[64];
    meka_status status = MEKA_OK;
    for (size_t k = 0; !status && !args->no_presets && k < method->n_presets; k++) {
        snprintf(label, sizeof label, "%s%s%s", several ? method->name : "", several ? "-" : "",
                 method->presets[k].name);
        status = add_column(c, method, method->presets[k].settings, label, err);
    }
    if (!status && !args->no_presets && !method->n_presets)
        status = add_column(c, method, NULL, method->name, err);
    for (size_t k = 0; !status && k < args->n_extra; k++) {
        snprintf(label, sizeof label, "%s%sset%zu", several ? method->name : "",
                 several ? "-" : "", k + 1);
        status = add_column(c, method, args->extra[k], label, err);
    }
    return status;
}

static meka_status choose_columns(const arguments *args, columns *c, meka_error *err)
{
    char names[256];
    c->n = 0;
    snprintf(names, sizeof names, "%s", args->methods);
    bool several = strchr(names, ',');
    for (char *next = NULL, *name = strtok_r(names, ",", &next); name;
         name = strtok_r(NULL, ",", &next)) {
        const opt_method *method;
        meka_status status = opt_method_find(&method, name, err);
        if (!status)
            status = add_method(c, method, args, several, err);
        if (status)
            return status;
    }
    return c->n ? MEKA_OK : meka_fail(err, MEKA_ERR_INPUT, "no columns; give --set");
}

/* Part of the zoo by labels; out [COUNT_OF(zoo)]. */
static meka_status choose_problems(const char *labels, trial_problem *out, size_t *n,
                                   meka_error *err)
{
    *n = 0;
    if (!labels) {
        memcpy(out, zoo, sizeof zoo);
        *n = COUNT_OF(zoo);
        return MEKA_OK;
    }
    char copy[256];
    snprintf(copy, sizeof copy, "%s", labels);
    for (char *next = NULL, *label = strtok_r(copy, ",", &next); label;
         label = strtok_r(NULL, ",", &next)) {
        size_t k = 0;
        while (k < COUNT_OF(zoo) && strcmp(zoo[k].label, label) != 0)
            k++;
        if (k == COUNT_OF(zoo) || *n == COUNT_OF(zoo))
            return meka_fail(err, MEKA_ERR_INPUT, "no problem '%s'; the first is %s", label,
                             zoo[0].label);
        out[(*n)++] = zoo[k];
    }
    return MEKA_OK;
}

/* -------------------------------------------------------------------- tables */

static void print_heading(const trial_plan *plan)
{
    printf("# %" PRIu64 " steps, run seeds 1..%" PRIu64 ", problem seed %" PRIu64 "\n",
           plan->steps, plan->n_seeds, plan->problem_seed);
    for (size_t k = 0; k < plan->n_problems; k++)
        printf("# %s: %s %s\n", plan->problem[k].label, plan->problem[k].name,
               plan->problem[k].settings);
    for (size_t k = 0; k < plan->n_settings; k++)
        printf("# %s: %s %s\n", plan->setting[k].label, plan->setting[k].method->name,
               plan->setting[k].settings ? plan->setting[k].settings : "");
    printf("# diverged: ended above its start, was ever above %g times it, or not finite\n",
           plan->diverge_factor);
    printf("# of each setting: diverged of %" PRIu64 ", median final gap f - f*\n",
           plan->n_seeds);
    printf("%-16s %3s %9s", "problem", "n", "start");
    for (size_t k = 0; k < plan->n_settings; k++)
        printf("  %16s", plan->setting[k].label);
    printf("\n");
}

/* Sums over the rows of a table, by setting. */
typedef struct totals {
    size_t diverged[MAX_SETTINGS];
    double log_ratio[MAX_SETTINGS]; /* of the median to the first setting's */
    size_t n_ratios[MAX_SETTINGS];
} totals;

static meka_status print_row(const trial_plan *plan, size_t row, const trial_outcome *all,
                             totals *sum, meka_error *err)
{
    const trial_outcome *cell = all + row * plan->n_settings * plan->n_seeds;
    printf("%-16s %3zu %9.2e", plan->problem[row / plan->n_batches].label,
           plan->batch[row % plan->n_batches], cell[0].start);
    double first = NAN;
    for (size_t k = 0; k < plan->n_settings; k++, cell += plan->n_seeds) {
        size_t diverged = 0;
        double median;
        for (size_t i = 0; i < plan->n_seeds; i++)
            diverged += cell[i].diverged;
        meka_status status = trial_median(cell, plan->n_seeds, &median, err);
        if (status)
            return status;
        printf("  %5zu %10.2e", diverged, median);
        sum->diverged[k] += diverged;
        first = k ? first : median;
        double ratio = log(median / first);
        if (isfinite(ratio)) {
            sum->log_ratio[k] += ratio;
            sum->n_ratios[k]++;
        }
    }
    printf("\n");
    return MEKA_OK;
}

static meka_status print_table(const trial_plan *plan, const trial_outcome *all,
                               meka_error *err)
{
    totals sum = {0};
    size_t n_rows = plan->n_problems * plan->n_batches;
    print_heading(plan);
    for (size_t row = 0; row < n_rows; row++) {
        meka_status status = print_row(plan, row, all, &sum, err);
        if (status)
            return status;
    }
    printf("# median final gap over that of %s, geometric mean of the finite ones:",
           plan->setting[0].label);
    for (size_t k = 0; k < plan->n_settings; k++)
        printf("%s %s %.3g (%zu)", k ? "," : "", plan->setting[k].label,
               exp(sum.log_ratio[k] / (double)sum.n_ratios[k]), sum.n_ratios[k]);
    printf("\ndiverged:");
    for (size_t k = 0; k < plan->n_settings; k++)
        printf("%s %s %zu of %zu", k ? "," : "", plan->setting[k].label, sum.diverged[k],
               n_rows * (size_t)plan->n_seeds);
    printf("\n");
    return MEKA_OK;
}

static meka_status run_table(const trial_plan *plan, size_t threads, meka_error *err)
{
    trial_outcome *all = calloc(trial_count(plan), sizeof *all);
    if (!all)
        return meka_fail(err, MEKA_ERR_MEMORY, "out of memory");
    meka_status status = trial_run(plan, threads, all, err);
    if (!status)
        status = print_table(plan, all, err);
    free(all);
    return status;
}

static meka_status run_zoo(const arguments *args, meka_error *err)
{
    columns c;
    trial_problem problems[COUNT_OF(zoo)];
    trial_plan plan = {.problem = problems,
                       .batch = batches,
                       .n_batches = COUNT_OF(batches),
                       .setting = c.setting,
                       .n_seeds = args->seeds,
                       .problem_seed = args->problem_seed,
                       .steps = args->steps,
                       .diverge_factor = 10.0};
    meka_status status = choose_columns(args, &c, err);
    if (!status)
        status = choose_problems(args->problems, problems, &plan.n_problems, err);
    plan.n_settings = c.n;
    return status ? status : run_table(&plan, args->threads, err);
}

/* Fixed steps are tuned on a grid, where L = 1 and steps of 2/L and more diverge: the best
 * median of the row counts. */
static meka_status run_quadratics(const arguments *args, meka_error *err)
{
    static const char *const fixed[] = {
        "rule=fixed alpha=1.9", "rule=fixed alpha=1.5",  "rule=fixed alpha=1",
        "rule=fixed alpha=0.5", "rule=fixed alpha=0.25", "rule=fixed alpha=0.125",
    };
    const opt_method *meka, *gd;
    columns c = {.n = 0};
    meka_status status = opt_method_find(&meka, "meka", err);
    if (!status)
        status = opt_method_find(&gd, "gd", err);
    if (!status)
        status = add_column(&c, meka, "rule=pi calibrate=no curvature_ema=0", "pi", err);
    for (size_t k = 0; !status && k < COUNT_OF(fixed); k++)
        status = add_column(&c, meka, fixed[k], strrchr(fixed[k], ' ') + 1, err);
    if (!status)
        status = add_column(&c, gd, "rule=quadratic", "gd-line-search", err);
    if (!status)
        status = add_column(&c, meka, NULL, "defaults", err);
    for (size_t k = 0; !status && k < args->n_extra; k++) {
        char label[64];
        snprintf(label, sizeof label, "set%zu", k + 1);
        status = add_column(&c, meka, args->extra[k], label, err);
    }
    if (status)
        return status;
    const trial_plan plan = {.problem = quadratics,
                             .n_problems = COUNT_OF(quadratics),
                             .batch = quadratic_batches,
                             .n_batches = COUNT_OF(quadratic_batches),
                             .setting = c.setting,
                             .n_settings = c.n,
                             .n_seeds = args->seeds,
                             .problem_seed = args->problem_seed,
                             .steps = args->steps,
                             .diverge_factor = 10.0};
    return run_table(&plan, args->threads, err);
}

int main(int argc, char **argv)
{
    arguments args;
    meka_error err = {0};
    if (!read_arguments(argc, argv, &args)) {
        fputs(help, stderr);
        return 2;
    }
    meka_status status = args.quadratics ? run_quadratics(&args, &err) : run_zoo(&args, &err);
    if (status)
        fprintf(stderr, "divergence: %s\n", err.text);
    return status == MEKA_OK ? 0 : status == MEKA_ERR_INPUT ? 2 : 3;
}
