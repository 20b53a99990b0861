/* Agreement and time of one workload. */
#include "bench/measure.h"

#include "base/memory.h"
#include "bench/peer.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { n_peer_samples = 64 };

bench_config bench_config_default(void)
{
    return (bench_config){.repetitions = 15, .seconds = 10e-3};
}

bench_config bench_config_quick(void)
{
    return (bench_config){.repetitions = 3, .seconds = 1e-3};
}

/* Who is timed: a reference or peer, or the engine where `reference` is NULL. */
typedef struct subject {
    const bench_case *c;
    bench_reference *reference;
    bench_result result;
    size_t calls; /* per timing */
    double *ns;   /* [repetitions], per sample */
} subject;

static meka_status run(subject *s, meka_error *err)
{
    if (!s->reference)
        return bench_run_engine(s->c, &s->result, err);
    bench_run_reference(s->c, s->reference, &s->result);
    return MEKA_OK;
}

static meka_status subject_init(subject *s, const bench_case *c, bench_reference *reference,
                                size_t repetitions, meka_error *err)
{
    *s = (subject){.c = c, .reference = reference, .calls = 1};
    meka_status status = bench_result_init(&s->result, c->workload->n_params, err);
    s->ns = meka_alloc(repetitions, sizeof *s->ns, err);
    if (status != MEKA_OK || !s->ns)
        return MEKA_ERR_MEMORY;
    return run(s, err);
}

static void subject_clear(subject *s)
{
    bench_result_clear(&s->result);
    free(s->ns);
}

/* Seconds of CPU time that s->calls calls take. */
static double seconds_of(subject *s)
{
    struct timespec from, to;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
    for (size_t i = 0; i < s->calls; i++)
        run(s, NULL);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
    return (double)(to.tv_sec - from.tv_sec) + 1e-9 * (double)(to.tv_nsec - from.tv_nsec);
}

/* Enough calls for one timing, with some to spare. */
static void calibrate(subject *s, double seconds)
{
    double taken = seconds_of(s);
    while (taken < 0.2 * seconds) {
        s->calls *= 2;
        taken = seconds_of(s);
    }
    s->calls = (size_t)ceil((double)s->calls * 1.1 * seconds / taken);
}

/* Times the subjects in turn, A B C A B C. */
static void time_in_turn(subject *s, size_t n_subjects, const bench_config *config)
{
    for (size_t k = 0; k < n_subjects; k++)
        calibrate(&s[k], config->seconds);
    for (size_t i = 0; i < config->repetitions; i++)
        for (size_t k = 0; k < n_subjects; k++)
            s[k].ns[i] = 1e9 * seconds_of(&s[k]) / (double)(s[k].calls * s[k].c->n);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sorts x [n]. */
static double median(double *x, size_t n)
{
    qsort(x, n, sizeof *x, ascending);
    return 0.5 * (x[(n - 1) / 2] + x[n / 2]);
}

/* Fills in the figure; `base` NULL: no ratios.  Sorts s->ns. */
static void summarize(bench_figure *out, subject *s, const subject *base, double *ratio,
                      size_t n)
{
    if (base) {
        for (size_t i = 0; i < n; i++)
            ratio[i] = s->ns[i] / base->ns[i];
        out->ratio = median(ratio, n);
        out->ratio_min = ratio[0];
        out->ratio_max = ratio[n - 1];
    }
    out->ns = median(s->ns, n);
}

/* The peer on fewer samples; its ratio is to the reference's median. */
static meka_status measure_peer(bench_outcome *out, const bench_config *config, meka_error *err)
{
    const bench_workload *w = out->workload;
    bench_case c = {0};
    subject s[2] = {{0}};
    int which = w->name[0] == 'W' ? w->name[1] - '0' : 0;
    meka_status status = bench_case_init(&c, w, n_peer_samples, config->isa, err);
    if (status != MEKA_OK || !bench_peer_begin(which, c.theta, c.xi, c.constants))
        goto cleanup;
    status = subject_init(&s[0], &c, bench_peer_run, config->repetitions, err);
    if (status == MEKA_OK)
        status = subject_init(&s[1], &c, NULL, config->repetitions, err);
    if (status != MEKA_OK)
        goto cleanup;
    out->peer.distance = bench_distance(&s[0].result, &s[1].result, c.n, w->n_params);
    out->agrees = out->agrees && out->peer.distance <= BENCH_PEER_TOLERANCE;
    if (out->agrees) {
        time_in_turn(s, 1, config);
        summarize(&out->peer, &s[0], NULL, NULL, config->repetitions);
        out->peer.ratio = out->peer.ns / out->reference.ns;
    }
cleanup:
    bench_peer_end();
    subject_clear(&s[0]);
    subject_clear(&s[1]);
    bench_case_clear(&c);
    return status;
}

/* Engine, reference and the other reference: s [n_subjects], each run once. */
static void compare(bench_outcome *out, subject *s, size_t n_subjects, double *ratio,
                    const bench_config *config)
{
    const bench_case *c = s[0].c;
    bench_figure *figure[] = {&out->engine, &out->reference, &out->also};
    size_t d = c->workload->n_params;
    assert(n_subjects >= 1 && n_subjects <= sizeof figure / sizeof figure[0]);
    out->agrees = true;
    if (n_subjects > 1)
        out->engine.distance = bench_distance(&s[0].result, &s[1].result, c->n, d);
    if (n_subjects > 2)
        out->also.distance = bench_distance(&s[2].result, &s[1].result, c->n, d);
    for (size_t k = 0; k < n_subjects; k++)
        out->agrees = out->agrees && !(figure[k]->distance > BENCH_TOLERANCE);
    if (!out->agrees)
        return;
    time_in_turn(s, n_subjects, config);
    for (size_t k = 0; k < n_subjects; k++)
        if (k != 1)
            summarize(figure[k], &s[k], n_subjects > 1 ? &s[1] : NULL, ratio,
                      config->repetitions);
    if (n_subjects > 1)
        summarize(figure[1], &s[1], NULL, ratio, config->repetitions);
}

meka_status bench_measure(bench_outcome *out, const bench_workload *workload,
                          const bench_config *config, meka_error *err)
{
    static const bench_figure none = {NAN, NAN, NAN, NAN, NAN};
    bench_outcome o = {workload, none, none, none, none, false};
    bench_case c = {0};
    subject s[3] = {{0}};
    size_t n_subjects = 1;
    const bench_reference_id id[] = {BENCH_REF_NONE, workload->reference, workload->also};
    double *ratio = meka_alloc(config->repetitions, sizeof *ratio, err);
    meka_status status = MEKA_ERR_MEMORY;
    if (!ratio)
        goto cleanup;
    status = bench_case_init(&c, workload, 0, config->isa, err);
    if (status == MEKA_OK)
        status = subject_init(&s[0], &c, NULL, config->repetitions, err);
    for (; status == MEKA_OK && n_subjects < 3; n_subjects++) {
        bench_reference *reference = bench_reference_of(id[n_subjects], config->isa);
        if (!reference)
            break;
        status = subject_init(&s[n_subjects], &c, reference, config->repetitions, err);
    }
    if (status != MEKA_OK)
        goto cleanup;
    compare(&o, s, n_subjects, ratio, config);
    if (o.agrees && bench_peer_is_present())
        status = measure_peer(&o, config, err);
    if (status == MEKA_OK)
        *out = o;
cleanup:
    for (size_t k = 0; k < 3; k++)
        subject_clear(&s[k]);
    bench_case_clear(&c);
    free(ratio);
    return status;
}

bool bench_is_met(const bench_outcome *outcome)
{
    return outcome->workload->bar > 0.0 && outcome->engine.ratio <= outcome->workload->bar;
}

void bench_machine(char *text, size_t size)
{
    char line[512];
    FILE *stream = fopen("/proc/cpuinfo", "r");
    snprintf(text, size, "unknown");
    while (stream && fgets(line, sizeof line, stream)) {
        char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || !colon)
            continue;
        colon += 1 + strspn(colon + 1, " ");
        colon[strcspn(colon, "\n")] = '\0';
        snprintf(text, size, "%s", colon);
        break;
    }
    if (stream)
        fclose(stream);
}

const char *bench_compiler(void)
{
#ifdef __clang__
    return __VERSION__; /* "Clang 14.0.6" or the distribution's longer name */
#else
    return "gcc " __VERSION__;
#endif
}

ad_isa bench_engine_isa_best(void)
{
    for (ad_isa isa = AD_ISA_AVX512; isa > AD_ISA_BASELINE; isa--)
        if (ad_isa_is_available(isa))
            return isa;
    return AD_ISA_BASELINE;
}
