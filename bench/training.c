/* Training runs: the table, agreement and time. */
#include "bench/training.h"

#include "base/memory.h"

#include <meka/optim.h>
#include <meka/problems.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* In a convolutional network much smaller than this some relu has an argument that is exactly
 * 0, where PyTorch has another derivative. */
static const training_workload workloads[] = {
    {.name = "T1",
     .summary = "SGD on a network 784-128-10, batches of 128",
     .problem = "mlp",
     .width_option = "hidden",
     .width = {128, 8},
     .train_rows = {8192, 160},
     .batch_size = {128, 16},
     .method = "sgd",
     .alpha = 0.1,
     .bar = 1.0,
     .aim = 0.5},
    {.name = "T2",
     .summary = "MEKA beside SGD on the network of T1",
     .problem = "mlp",
     .width_option = "hidden",
     .width = {128, 8},
     .train_rows = {8192, 160},
     .batch_size = {128, 16},
     .method = "meka",
     .beside = "sgd",
     .bar = 2.0,
     .aim = 1.6},
    {.name = "T3",
     .summary = "SGD on three convolutions of 32, 64, 64 channels, images of 3 x 32 x 32, "
                "batches of 64",
     .problem = "cnn",
     .width_option = "width",
     .width = {32, 8},
     .train_rows = {640, 80},
     .batch_size = {64, 8},
     .method = "sgd",
     .alpha = 0.02,
     .bar = 2.0,
     .aim = 1.0},
};
enum { n_workloads = sizeof workloads / sizeof workloads[0] };

enum {
    n_compared = 10, /* steps whose losses are; an epoch has as many at least */
    longer = 20,     /* than a timing of an evaluation, in which a step would hardly fit */
};

const training_workload *training_at(size_t i)
{
    return i < n_workloads ? &workloads[i] : NULL;
}

/* --------------------------------------------------------------- what is trained */

typedef struct scene {
    const training_workload *workload;
    bool small;
    size_t batch_size;
    prob_instance problem;
    ad_program *program; /* owned */
} scene;

static meka_status scene_init(scene *s, const training_workload *w, bool small, meka_error *err)
{
    const prob_problem *row;
    char settings[128];
    *s = (scene){.workload = w, .small = small, .batch_size = w->batch_size[small]};
    snprintf(settings, sizeof settings, "%s=%zu train-rows=%zu test-rows=1", w->width_option,
             w->width[small], w->train_rows[small]);
    meka_status status = prob_problem_find(&row, w->problem, err);
    if (status == MEKA_OK)
        status = prob_create(&s->problem, row, &(prob_request){.settings = settings}, err);
    if (status == MEKA_OK)
        status = ad_program_create(&s->program, &s->problem.objective, err);
    return status;
}

static void scene_clear(scene *s)
{
    ad_program_destroy(s->program);
    prob_destroy(&s->problem);
}

/* A run without an end, from the problem's start. */
static meka_status run_create(opt_run **out, const scene *s, const char *method,
                              size_t n_threads, meka_error *err)
{
    char settings[64] = "";
    opt_config config = opt_config_default();
    if (s->workload->alpha > 0.0)
        snprintf(settings, sizeof settings, "alpha=%.17g", s->workload->alpha);
    config.settings = settings;
    config.batch_size = s->batch_size;
    config.max_steps = UINT64_MAX;
    config.n_threads = n_threads;
    meka_status status = opt_method_find(&config.method, method, err);
    if (status == MEKA_OK)
        status = opt_run_create(out, s->program, &s->problem.source, &config,
                                s->problem.objective.x0, err);
    return status;
}

static meka_status take_steps(opt_run *run, size_t n, double *loss, meka_error *err)
{
    for (size_t k = 0; k < n; k++) {
        opt_stop stop;
        opt_result result;
        meka_status status = opt_run_step(run, &stop, err);
        if (status != MEKA_OK)
            return status;
        if (stop != OPT_RUNNING) {
            opt_run_result(run, &result);
            return meka_fail(err, MEKA_NONFINITE, "a timed run ended: %.900s",
                             result.reason.text);
        }
        if (loss)
            loss[k] = opt_run_row(run)->loss;
    }
    return MEKA_OK;
}

/* PyTorch with the batches that the run draws in its first epoch. */
static meka_status start_torch(torch_peer **out, const scene *s, size_t n_threads,
                               const char *core, meka_error *err)
{
    const training_workload *w = s->workload;
    const ad_objective *objective = &s->problem.objective;
    const meka_source *source = &s->problem.source;
    size_t m = source->n_features, n_batches = w->train_rows[s->small] / s->batch_size;
    bool colour = m - 1 == 3 * 32 * 32;
    double *xi = meka_alloc(n_batches * s->batch_size * m, sizeof *xi, err);
    if (!xi)
        return MEKA_ERR_MEMORY;
    uint64_t seed = opt_config_default().seed;
    for (size_t k = 0; k < n_batches; k++)
        source->draw(source->ctx, seed, k, s->batch_size, xi + k * s->batch_size * m);
    const torch_task task = {.kind = w->problem,
                             .width = w->width[s->small],
                             .channels = colour ? 3 : 1,
                             .height = colour ? 32 : 28,
                             .breadth = colour ? 32 : 28,
                             .batch_size = s->batch_size,
                             .n_batches = n_batches,
                             .alpha = w->alpha,
                             .n_params = objective->n_params,
                             .theta = objective->x0,
                             .xi = xi};
    meka_status status = torch_start(out, &task, n_threads, core, err);
    free(xi);
    return status;
}

/* -------------------------------------------------------------------- agreement */

static meka_status compare(training_outcome *out, const scene *s, torch_peer *peer,
                           meka_error *err)
{
    double ours[n_compared], theirs[n_compared];
    opt_run *run = NULL;
    meka_status status = run_create(&run, s, s->workload->method, 1, err);
    if (status == MEKA_OK)
        status = take_steps(run, n_compared, ours, err);
    if (status == MEKA_OK)
        status = torch_losses(peer, n_compared, theirs, err);
    opt_run_destroy(run);
    if (status != MEKA_OK)
        return status;
    out->distance = 0.0;
    for (size_t k = 0; k < n_compared; k++) {
        double off = fabs(ours[k] - theirs[k]) / fabs(theirs[k]);
        out->distance = off <= out->distance ? out->distance : off; /* NaN is kept */
    }
    out->agrees = out->distance <= TRAINING_TOLERANCE;
    return MEKA_OK;
}

/* ----------------------------------------------------------------------- time */

/* Who is timed: a run, or PyTorch. */
typedef struct subject {
    opt_run *run;
    torch_peer *peer;
    size_t n_threads;
    size_t steps; /* per timing */
} subject;

static double seconds_since(clockid_t clock, const struct timespec *from)
{
    struct timespec to;
    clock_gettime(clock, &to);
    return (double)(to.tv_sec - from->tv_sec) + 1e-9 * (double)(to.tv_nsec - from->tv_nsec);
}

/* Seconds that n steps take. */
static meka_status time_steps(const subject *s, size_t n, double *seconds, meka_error *err)
{
    if (s->peer) {
        torch_time time;
        meka_status status = torch_run(s->peer, n, &time, err);
        *seconds = s->n_threads == 1 ? time.cpu : time.wall;
        return status;
    }
    clockid_t clock = s->n_threads == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC;
    struct timespec from;
    clock_gettime(clock, &from);
    meka_status status = take_steps(s->run, n, NULL, err);
    *seconds = seconds_since(clock, &from);
    return status;
}

/* Enough steps for one timing, after one that warms up. */
static meka_status calibrate(subject *s, double seconds, meka_error *err)
{
    double taken = 0.0;
    meka_status status = time_steps(s, 2, &taken, err);
    for (s->steps = 1; status == MEKA_OK; s->steps *= 2) {
        status = time_steps(s, s->steps, &taken, err);
        if (!(taken < 0.5 * seconds))
            break;
    }
    return status;
}

/* Times the two in turn. */
static meka_status time_in_turn(training_figure *out, subject *s, const bench_config *config,
                                meka_error *err)
{
    double seconds = longer * config->seconds, ms[2] = {INFINITY, INFINITY};
    bool pair = s[1].run || s[1].peer;
    *out = (training_figure){NAN, NAN, NAN, NAN, NAN};
    for (int k = 0; k < 1 + pair; k++) {
        meka_status status = calibrate(&s[k], seconds, err);
        if (status != MEKA_OK)
            return status;
    }
    for (size_t i = 0; i < config->repetitions; i++) {
        double now[2];
        for (int k = 0; k < 1 + pair; k++) {
            meka_status status = time_steps(&s[k], s[k].steps, &now[k], err);
            if (status != MEKA_OK)
                return status;
            now[k] *= 1e3 / (double)s[k].steps;
            ms[k] = fmin(ms[k], now[k]);
        }
        if (pair) {
            out->ratio_min = fmin(out->ratio_min, now[0] / now[1]);
            out->ratio_max = fmax(out->ratio_max, now[0] / now[1]);
        }
    }
    out->ms = ms[0];
    if (pair) {
        out->other_ms = ms[1];
        out->ratio = ms[0] / ms[1];
    }
    return MEKA_OK;
}

/* The kernels with which OpenBLAS is fastest on one thread here: it may not know the processor,
 * or know it and choose badly. */
static meka_status find_core(training_outcome *out, const scene *s, double seconds,
                             meka_error *err)
{
    static const char *const cores[] = {NULL, "Haswell", "Zen", "SkylakeX"};
    double least = INFINITY;
    meka_status status = MEKA_OK;
    size_t n = ad_isa_is_available(AD_ISA_AVX512) ? 4
               : ad_isa_is_available(AD_ISA_AVX2) ? 3
                                                  : 1;
    for (size_t k = 0; k < n && status == MEKA_OK; k++) {
        subject torch = {.n_threads = 1};
        status = start_torch(&torch.peer, s, 1, cores[k], err);
        if (status != MEKA_OK || !torch.peer)
            break;
        if (!strstr(torch_description(torch.peer), "openblas"))
            n = 0; /* another library, which has no such choice */
        else
            status = calibrate(&torch, seconds, err);
        for (int i = 0; i < 5 && n > 0 && status == MEKA_OK; i++) {
            double taken = 0.0;
            status = time_steps(&torch, torch.steps, &taken, err);
            if (taken / (double)torch.steps < least) {
                least = taken / (double)torch.steps;
                out->core = cores[k];
            }
        }
        torch_stop(torch.peer);
    }
    return status;
}

/* Checks and times with so many threads; without PyTorch alone. */
static meka_status measure(training_outcome *out, const scene *s, size_t n_threads,
                           const bench_config *config, meka_error *err)
{
    const training_workload *w = s->workload;
    subject pair[2] = {{.n_threads = n_threads}, {.n_threads = n_threads}};
    meka_status status = run_create(&pair[0].run, s, w->method, n_threads, err);
    if (status == MEKA_OK && w->beside)
        status = run_create(&pair[1].run, s, w->beside, n_threads, err);
    if (status == MEKA_OK && !w->beside)
        status = start_torch(&pair[1].peer, s, n_threads, out->core, err);
    if (status == MEKA_OK && pair[1].peer) {
        out->has_torch = true;
        snprintf(out->torch, sizeof out->torch, "%s", torch_description(pair[1].peer));
        status = compare(out, s, pair[1].peer, err);
    }
    if (status == MEKA_OK && out->agrees)
        status = time_in_turn(&out->figure[n_threads - 1], pair, config, err);
    torch_stop(pair[1].peer);
    opt_run_destroy(pair[0].run);
    opt_run_destroy(pair[1].run);
    return status;
}

meka_status training_measure(training_outcome *out, const training_workload *workload,
                             const bench_config *config, bool small, meka_error *err)
{
    static const training_figure none = {NAN, NAN, NAN, NAN, NAN};
    training_outcome o = {
        .workload = workload, .figure = {none, none}, .distance = NAN, .agrees = true};
    scene s;
    meka_status status = scene_init(&s, workload, small, err);
    if (status == MEKA_OK) {
        o.n_params = s.problem.objective.n_params;
        o.n_features = s.problem.objective.n_features;
        o.batch_size = s.batch_size;
    }
    if (status == MEKA_OK && !workload->beside && !small)
        status = find_core(&o, &s, longer * config->seconds, err);
    for (size_t n = 1; n <= TRAINING_MOST_THREADS && status == MEKA_OK && o.agrees; n++)
        status = measure(&o, &s, n, config, err);
    scene_clear(&s);
    if (status == MEKA_OK)
        *out = o;
    return status;
}

bool training_is_met(const training_outcome *outcome)
{
    for (int k = 0; k < TRAINING_MOST_THREADS; k++)
        if (!(outcome->figure[k].ratio <= outcome->workload->bar))
            return false;
    return true;
}
