/* The workloads of 'meka bench': engine and references agree with each other and with
 * differences. */
#include "tests/cli_driver.h"

#include "bench/measure.h"
#include "bench/peer.h"
#include "bench/training.h"

#include <stdlib.h>

static bench_case make_case(const bench_workload *workload, size_t n, ad_isa isa)
{
    bench_case c;
    meka_error err = {0};
    assert_ok(bench_case_init(&c, workload, n, isa, &err), err);
    return c;
}

static bench_result make_result(const bench_workload *workload)
{
    bench_result result;
    meka_error err = {0};
    assert_ok(bench_result_init(&result, workload->n_params, &err), err);
    return result;
}

/* Engine against both references, all with one instruction set. */
static void check_agreement(const bench_workload *w, size_t n, ad_isa isa)
{
    meka_error err = {0};
    bench_case c = make_case(w, n, ad_isa_is_available(isa) ? isa : AD_ISA_BEST);
    bench_result engine = make_result(w), by_hand = make_result(w);
    const bench_reference_id id[] = {w->reference, w->also};
    assert_ok(bench_run_engine(&c, &engine, &err), err);
    for (size_t k = 0; k < 2; k++) {
        bench_reference *reference = bench_reference_of(id[k], isa);
        if (!reference)
            continue;
        bench_run_reference(&c, reference, &by_hand);
        double distance = bench_distance(&engine, &by_hand, n, w->n_params);
        ck_assert_msg(distance <= BENCH_TOLERANCE, "%s, n = %zu, %s: off by %g", w->name, n,
                      ad_isa_name(isa), distance);
    }
    bench_result_clear(&engine);
    bench_result_clear(&by_hand);
    bench_case_clear(&c);
}

START_TEST(engine_and_references_agree_for_every_instruction_set_and_odd_n)
{
    static const size_t sizes[] = {1, 2, 5, 17, 67, 131};
    const bench_workload *w;
    for (size_t i = 0; (w = bench_workload_at(i)); i++)
        for (ad_isa isa = AD_ISA_BEST; ad_isa_name(isa); isa++)
            for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++)
                check_agreement(w, sizes[k], isa);
}
END_TEST

START_TEST(a_reference_takes_more_samples_than_one_of_its_blocks)
{
    check_agreement(&bench_w2, 1027, AD_ISA_BEST);
    check_agreement(&bench_w2, 1027, AD_ISA_BASELINE);
    check_agreement(&bench_w3, 261, AD_ISA_BEST);
}
END_TEST

START_TEST(the_best_reference_is_the_one_this_processor_suits)
{
    ck_assert(bench_reference_of(BENCH_REF_logistic, AD_ISA_BASELINE) != NULL);
    ck_assert(bench_reference_of(BENCH_REF_logistic, AD_ISA_BEST) ==
              bench_reference_of(BENCH_REF_logistic, bench_isa_best()));
    ck_assert(bench_reference_of(BENCH_REF_NONE, AD_ISA_BEST) == NULL);
}
END_TEST

/* The gradient is the slope of the reference's own mean loss, the product that of its mean
 * gradient along v; central differences of relative step 1e-6 leave about 1e-9. */
static void check_differences(const bench_workload *w)
{
    enum { n = 5 };
    const double step = 1e-6, tolerance = 1e-7 / DBL_EPSILON;
    size_t d = w->n_params;
    bench_case c = make_case(w, n, AD_ISA_BEST);
    bench_result at = make_result(w), up = make_result(w), down = make_result(w);
    bench_reference *reference = bench_reference_of(w->reference, AD_ISA_BEST);
    double scale = 1.0, scale_h = 1.0;
    bench_run_reference(&c, reference, &at);
    for (size_t j = 0; j < d; j++) {
        scale = fmax(scale, fabs(at.gm[j]));
        scale_h = fmax(scale_h, fabs(at.hm[j]));
    }
    scale = fmax(scale, fabs(at.loss2[0])); /* whose rounding is divided by the step */
    for (size_t j = 0; j < d; j++) {
        double t = c.theta[j];
        c.theta[j] = t + step;
        bench_run_reference(&c, reference, &up);
        c.theta[j] = t - step;
        bench_run_reference(&c, reference, &down);
        c.theta[j] = t;
        assert_scaled((up.loss2[0] - down.loss2[0]) / (2.0 * step), at.gm[j], scale, tolerance);
    }
    for (int sign = -1; sign <= 1; sign += 2) {
        for (size_t j = 0; j < d; j++)
            c.theta[j] += sign * step * c.v[j];
        bench_run_reference(&c, reference, sign < 0 ? &down : &up);
        for (size_t j = 0; j < d; j++)
            c.theta[j] -= sign * step * c.v[j];
    }
    for (size_t j = 0; j < d; j++)
        assert_scaled((up.gm[j] - down.gm[j]) / (2.0 * step), at.hm[j], scale_h, tolerance);
    bench_result_clear(&at);
    bench_result_clear(&up);
    bench_result_clear(&down);
    bench_case_clear(&c);
}

START_TEST(references_agree_with_differences)
{
    const bench_workload *w;
    for (size_t i = 0; (w = bench_workload_at(i)); i++)
        if (w->reference != BENCH_REF_NONE)
            check_differences(w);
}
END_TEST

/* Each sample alone gives its gradient and product; their spread is the variance. */
START_TEST(variances_are_those_of_the_samples_taken_one_by_one)
{
    enum { n = 11 };
    const bench_workload *w;
    for (size_t i = 0; (w = bench_workload_at(i)); i++) {
        bench_reference *reference = bench_reference_of(w->reference, AD_ISA_BEST);
        if (!reference)
            continue;
        bench_case c = make_case(w, n, AD_ISA_BEST), one = c;
        bench_result all = make_result(w), alone[n];
        bench_run_reference(&c, reference, &all);
        one.n = 1;
        for (size_t s = 0; s < n; s++) {
            one.xi = c.xi + s * w->n_features;
            alone[s] = make_result(w);
            bench_run_reference(&one, reference, &alone[s]);
            ck_assert_double_eq(alone[s].gv[0], 0.0);
        }
        for (size_t j = 0; j < w->n_params; j++) {
            long double g = 0.0L, h = 0.0L;
            for (size_t s = 0; s < n; s++) {
                g += powl((long double)alone[s].gm[j] - all.gm[j], 2) / (n - 1);
                h += powl((long double)alone[s].hm[j] - all.hm[j], 2) / (n - 1);
            }
            assert_scaled(all.gv[j], (double)g, (double)g + pow(all.gm[j], 2), 1e3);
            assert_scaled(all.hv[j], (double)h, (double)h + pow(all.hm[j], 2), 1e3);
        }
        for (size_t s = 0; s < n; s++)
            bench_result_clear(&alone[s]);
        bench_result_clear(&all);
        bench_case_clear(&c);
    }
}
END_TEST

START_TEST(a_wrong_result_is_as_far_off_as_it_is_wrong)
{
    bench_result right = make_result(&bench_w4), wrong = make_result(&bench_w4);
    for (size_t j = 0; j < 20; j++) {
        right.gm[j] = wrong.gm[j] = 3.0;
        right.gv[j] = wrong.gv[j] = 16.0 * 10.0 / 9.0; /* mean square 25 with n = 10 */
    }
    ck_assert_double_eq(bench_distance(&wrong, &right, 10, 20), 0.0);
    wrong.gm[7] = 3.0 + 1e-3;
    ck_assert_double_eq_tol(bench_distance(&wrong, &right, 10, 20), 1e-3 / 5.0, 1e-12);
    wrong.gv[19] += 1.0;
    ck_assert_double_eq_tol(bench_distance(&wrong, &right, 10, 20), 1.0 / 25.0, 1e-12);
    wrong.hm[0] = 1e-300; /* where nothing is expected */
    ck_assert(isinf(bench_distance(&wrong, &right, 10, 20)));
    wrong.hm[0] = 0.0;
    wrong.hv[3] = NAN;
    ck_assert(isinf(bench_distance(&wrong, &right, 10, 20)));
    wrong.hv[3] = 0.0;
    wrong.loss2[0] = NAN;
    ck_assert(isinf(bench_distance(&wrong, &right, 10, 20)));
    bench_result_clear(&right);
    bench_result_clear(&wrong);
}
END_TEST

static meka_status measure_briefly(void *ctx, meka_error *err)
{
    const bench_config config = {.repetitions = 2, .seconds = 1e-6};
    bench_outcome outcome;
    return bench_measure(&outcome, ctx, &config, err);
}

START_TEST(failing_memory_is_reported)
{
    bench_workload few = bench_w4;
    few.n_samples = 16;
    ck_assert_uint_ge(test_every_allocation(measure_briefly, &few), 10);
}
END_TEST

static void check_training(const cJSON *item, const training_workload *w)
{
    const cJSON *figure;
    double threads = 1.0;
    bool torch = cJSON_IsString(cJSON_GetObjectItem(item, "torch"));
    ck_assert_str_eq(cJSON_GetObjectItem(item, "name")->valuestring, w->name);
    ck_assert(cJSON_IsTrue(cJSON_GetObjectItem(item, "agrees")));
    ck_assert(!torch || !w->beside);
    if (torch)
        ck_assert_double_le(drive_number(item, "distance"), TRAINING_TOLERANCE);
    cJSON_ArrayForEach(figure, cJSON_GetObjectItem(item, "figures"))
    {
        ck_assert_double_eq(drive_number(figure, "threads"), threads++);
        ck_assert_double_gt(drive_number(figure, "ms_per_step"), 0.0);
        if (!torch && !w->beside) {
            ck_assert(cJSON_IsNull(cJSON_GetObjectItem(figure, "ratio")));
            continue;
        }
        ck_assert_double_eq_tol(drive_number(figure, "ratio"),
                                drive_number(figure, "ms_per_step") /
                                    drive_number(figure, "other_ms_per_step"),
                                1e-12 * drive_number(figure, "ratio"));
        ck_assert_double_le(drive_number(figure, "ratio_min"),
                            drive_number(figure, "ratio_max"));
    }
    ck_assert_double_eq(threads, 1.0 + TRAINING_MOST_THREADS);
}

START_TEST(quick_json_holds_every_workload_and_every_figure)
{
    drive_result result = drive("bench --quick --json --quiet");
    assert_done(result);
    cJSON *json = drive_json(result);
    const cJSON *machine = cJSON_GetObjectItem(json, "machine"), *item;
    ck_assert(cJSON_IsString(cJSON_GetObjectItem(machine, "processor")));
    ck_assert(cJSON_IsString(cJSON_GetObjectItem(machine, "compiler")));
    ck_assert(cJSON_IsString(cJSON_GetObjectItem(machine, "isa")));
    ck_assert_double_eq(drive_number(json, "repetitions"), 3.0);
    size_t i = 0;
    cJSON_ArrayForEach(item, cJSON_GetObjectItem(json, "workloads"))
    {
        const bench_workload *w = bench_workload_at(i++);
        const cJSON *meka = cJSON_GetObjectItem(item, "meka");
        ck_assert_str_eq(cJSON_GetObjectItem(item, "name")->valuestring, w->name);
        ck_assert(cJSON_IsTrue(cJSON_GetObjectItem(item, "agrees")));
        ck_assert_double_gt(drive_number(meka, "ns_per_sample"), 0.0);
        if (w->reference != BENCH_REF_NONE) {
            ck_assert_double_le(drive_number(meka, "ratio_min"), drive_number(meka, "ratio"));
            ck_assert_double_ge(drive_number(meka, "ratio_max"), drive_number(meka, "ratio"));
            ck_assert_double_le(drive_number(meka, "distance"), BENCH_TOLERANCE);
        }
        if (w->bar > 0.0 && bench_peer_is_present())
            ck_assert_double_gt(drive_number(cJSON_GetObjectItem(item, "adolc"), "ratio"), 0.0);
    }
    ck_assert_ptr_null(bench_workload_at(i));
    i = 0;
    cJSON_ArrayForEach(item, cJSON_GetObjectItem(json, "trainings"))
        check_training(item, training_at(i++));
    ck_assert_ptr_null(training_at(i));
    cJSON_Delete(json);
}
END_TEST

/* With a module of that name that cannot be imported. */
START_TEST(training_is_timed_alone_where_there_is_no_pytorch)
{
    char directory[256], path[300];
    const char *place = getenv("TMPDIR");
    snprintf(directory, sizeof directory, "%s/no-torch-XXXXXX", place ? place : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/torch.py", directory);
    FILE *module = fopen(path, "w");
    ck_assert_ptr_nonnull(module);
    fputs("raise ImportError('not here')\n", module);
    ck_assert_int_eq(fclose(module), 0);
    ck_assert_int_eq(setenv("PYTHONPATH", directory, 1), 0);
    drive_result result = drive("bench T1 --quick --repetitions 1 --quiet");
    remove(path);
    remove(directory);
    assert_done(result);
    ck_assert_ptr_nonnull(strstr(result.out, "\nT1  sgd x1"));
    ck_assert_ptr_nonnull(strstr(result.out, "    PyTorch x2          -\n"));
    ck_assert_ptr_nonnull(strstr(result.out, "PyTorch is skipped"));
    ck_assert_ptr_null(strstr(result.out, "met"));
    ck_assert_ptr_null(strstr(result.out, "W1"));
}
END_TEST

START_TEST(the_table_shows_what_was_asked_for)
{
    drive_result result = drive("bench W2 U2 --quick --repetitions 1 --isa baseline --quiet");
    assert_done(result);
    ck_assert_ptr_nonnull(strstr(result.out, "\nW2  meka"));
    ck_assert_ptr_nonnull(strstr(result.out, "    hoisted"));
    ck_assert_ptr_nonnull(strstr(result.out, "\nU2  meka"));
    ck_assert_ptr_nonnull(strstr(result.out, "meka baseline, references baseline"));
    ck_assert_ptr_nonnull(strstr(result.out, " met\n"));
    ck_assert_ptr_null(strstr(result.out, "W1"));
    ck_assert_ptr_null(strstr(result.out, "T1"));
    ck_assert(bench_peer_is_present() == (strstr(result.out, "skipped") == NULL));
}
END_TEST

START_TEST(unknown_workloads_and_instruction_sets_are_told_the_known_ones)
{
    assert_refused(drive("bench W9"), 2, "'W9'", "W1", "U3, T1");
    assert_refused(drive("bench --isa sse9"), 2, "--isa", "'sse9'", "baseline");
    assert_refused(drive("bench --repetitions 0"), 2, "--repetitions", "[1, 1000]");
}
END_TEST

TEST_MAIN("bench", engine_and_references_agree_for_every_instruction_set_and_odd_n,
          a_reference_takes_more_samples_than_one_of_its_blocks,
          the_best_reference_is_the_one_this_processor_suits, references_agree_with_differences,
          variances_are_those_of_the_samples_taken_one_by_one,
          a_wrong_result_is_as_far_off_as_it_is_wrong, failing_memory_is_reported,
          quick_json_holds_every_workload_and_every_figure, the_table_shows_what_was_asked_for,
          training_is_timed_alone_where_there_is_no_pytorch,
          unknown_workloads_and_instruction_sets_are_told_the_known_ones)
