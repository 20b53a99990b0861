#include "tests/ad_fixture.h"

#include <math.h>

enum { n_samples = 16, m = 8, rows = 4 };

/* tanh of three proportional sums over the same features, two of which have other terms too,
 * as many as there are features: they are as long after sharing as the sum they share. */
static ad_var proportional(ad_tape *tape, const ad_var *theta, const ad_var *xi,
                           const void *ctx)
{
    ad_var part[3];
    (void)tape, (void)ctx;
    for (int q = 0; q < 3; q++) {
        ad_var s = ad_mul(q + 1, xi[0]);
        for (int k = 1; k < rows; k++)
            s = ad_add(s, ad_mul((q + 1) * (k + 1), xi[k]));
        for (int k = 0; q > 0 && k < rows - 1; k++)
            s = ad_add(s, ad_mul(0.01 * (q + k + 1), ad_mul(xi[k], xi[rows + q])));
        part[q] = ad_tanh(s);
    }
    return ad_mul(theta[0], ad_sum(3, part));
}

START_TEST(a_sum_that_shared_another_one_is_not_taken_for_its_former_self)
{
    ad_objective o = {
        .name = "proportional", .n_params = 1, .n_features = m, .record = proportional};
    const double theta = 1.3;
    double xi[n_samples * m], loss[2][n_samples];
    for (int i = 0; i < n_samples * m; i++)
        xi[i] = 0.3 * sin(1.7 * i);
    for (int k = 0; k < 2; k++) {
        ad_program_options options = {k ? AD_PASS_REPLAY : 0};
        ad_program *program = NULL;
        ad_batch *batch = NULL;
        ck_assert(!ad_program_create_with(&program, &o, &options, NULL));
        ck_assert(!ad_batch_create(&batch, program, NULL, NULL));
        ad_eval_samples(batch, &theta, NULL, n_samples, xi, loss[k], NULL, NULL, NULL);
        ad_batch_destroy(batch);
        ad_program_destroy(program);
    }
    for (int i = 0; i < n_samples; i++)
        ck_assert_double_eq_tol(loss[0][i], loss[1][i], 1e-14);
}
END_TEST

/* Proportional sums, of which the first is subnormal. */
static ad_var far_apart(ad_tape *tape, const ad_var *theta, const ad_var *xi, const void *ctx)
{
    ad_var tiny[rows], plain[rows];
    (void)tape, (void)ctx;
    for (int k = 0; k < rows; k++) {
        tiny[k] = ad_mul(0x1p-1000 * (k + 1), xi[k]);
        plain[k] = ad_mul(k + 1, xi[k]);
    }
    ad_var a = ad_atan(ad_sum(rows, tiny)), b = ad_atan(ad_sum(rows, plain));
    return ad_mul(theta[0], ad_add(a, b));
}

START_TEST(a_sum_is_not_computed_from_one_that_underflows)
{
    ad_objective o = {.n_params = 1, .n_features = m, .record = far_apart};
    fixture f = fixture_make(&o, 0);
    const double theta = 1.0, xi[m] = {0x1p-60 / 3, 0x1p-61 / 7, 0x1p-60 / 9, 0x1p-62 / 11};
    double loss, want = xi[0] + 2 * xi[1] + 3 * xi[2] + 4 * xi[3];
    ad_eval_samples(f.batch, &theta, NULL, 1, xi, &loss, NULL, NULL, NULL);
    ck_assert_double_eq_tol(loss, want, 1e-15 * want);
    fixture_clear(&f);
}
END_TEST

TEST_MAIN("plan_share", a_sum_that_shared_another_one_is_not_taken_for_its_former_self,
          a_sum_is_not_computed_from_one_that_underflows)
