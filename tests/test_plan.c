/* That each optimization happens: which instructions a plan consists of. */
#include "ad/kernels.h"
#include "tests/plan_reader.h"

#define UNUSED (void)tape, (void)ctx

typedef ad_var (*recorder)(ad_tape *, const ad_var *theta, const ad_var *xi, const void *ctx);

static ad_program *plan_for(recorder record, size_t d, size_t m, unsigned passes_off)
{
    ad_objective o = {.name = "planned", .n_params = d, .n_features = m, .record = record};
    ad_program_options options = {passes_off};
    ad_program *program = NULL;
    meka_error err = {0};
    assert_ok(ad_program_create_with(&program, &o, &options, &err), err);
    return program;
}

/* ------------------------------------------------------------------- what is uniform */

static ad_var regularized(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    UNUSED;
    ad_var penalty = ad_mul(0.1, ad_exp(ad_sqr(t[0]))); /* t0 is nowhere else */
    return ad_add(penalty, ad_exp(ad_mul(t[1], xi[0])));
}

START_TEST(uniform_subexpressions_produce_no_varying_code)
{
    ad_program *p = plan_for(regularized, 2, 1, 0);
    for (int mode = 0; mode < PLAN_N_MODES; mode++) {
        ck_assert_uint_eq(plan_count(&p->plan[mode], PLAN_FUN1), 1);
        ck_assert_uint_gt(p->plan[mode].n_uniform, 0);
    }
    ad_program_destroy(p);
}
END_TEST

START_TEST(components_that_do_not_vary_have_no_job)
{
    ad_program *p = plan_for(regularized, 2, 1, 0);
    for (int mode = PLAN_GRADIENT; mode <= PLAN_PRODUCT; mode++) {
        const ad_plan *plan = &p->plan[mode];
        ck_assert_uint_eq(plan->n_jobs, 2); /* the loss, and t1's component */
        ck_assert_uint_eq(plan_count(plan, PLAN_JOB), 2);
        ck_assert_uint_eq(plan->n_params, 2);
        ck_assert(plan->params[0].index == 1 && plan->params[0].job == 1);
        ck_assert(plan->params[1].index == 0 && plan->params[1].job == PLAN_NO_JOB);
        ck_assert_uint_eq(plan->first_param[2], 1);
    }
    ad_program_destroy(p);
}
END_TEST

START_TEST(without_the_uniform_pass_everything_varies)
{
    ad_program *p = plan_for(regularized, 2, 1, AD_PASS_UNIFORM);
    const ad_plan *plan = &p->plan[PLAN_PRODUCT];
    ck_assert_uint_eq(plan_count(plan, PLAN_FUN1), 2);
    ck_assert_uint_eq(plan->n_jobs, 3);
    ck_assert_uint_eq(plan->n_uniform, 0);
    ad_program_destroy(p);
}
END_TEST

/* ---------------------------------------------------------------------------- groups */

enum { n_in = 6, n_hidden = 8, n_out = 4, layer_2 = n_hidden * n_in + n_hidden };
enum { d_dense = layer_2 + n_out * n_hidden + n_out };

static ad_var dense(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    ad_var y[n_hidden], z[n_out];
    UNUSED;
    ad_affine(n_hidden, n_in, t, xi, t + (size_t)n_hidden * n_in, y);
    for (int k = 0; k < n_hidden; k++)
        y[k] = ad_tanh(y[k]);
    ad_affine(n_out, n_hidden, t + layer_2, y, t + layer_2 + (size_t)n_out * n_hidden, z);
    return ad_logsumexp(n_out, z);
}

/* Some GROUP has R results of C rows. */
static bool has_group(const ad_plan *plan, uint32_t R, uint32_t C)
{
    for (size_t k = 0; k < plan_count(plan, PLAN_GROUP); k++) {
        plan_instruction in = plan_find(plan, PLAN_GROUP, k);
        if (in.word[0] == R && in.word[1] == C)
            return true;
    }
    return false;
}

START_TEST(the_sums_of_dense_layers_become_matrix_products)
{
    ad_program *p = plan_for(dense, d_dense, n_in, 0);
    const ad_plan *gradient = &p->plan[PLAN_GRADIENT], *product = &p->plan[PLAN_PRODUCT];
    ck_assert_uint_eq(plan_count(gradient, PLAN_GROUP), 3);
    ck_assert(has_group(gradient, n_hidden, n_in));  /* W1 x */
    ck_assert(has_group(gradient, n_out, n_hidden)); /* W2 y */
    ck_assert(has_group(gradient, n_hidden, n_out)); /* W2' delta */
    ck_assert_uint_eq(plan_count(product, PLAN_GROUP), 3);
    ck_assert(has_group(product, 2 * n_hidden, n_in)); /* W1 x and V1 x */
    ck_assert(has_group(&p->plan[PLAN_LINE], n_hidden, n_in));
    ad_program_destroy(p);
}
END_TEST

START_TEST(a_groups_matrix_holds_each_coefficient_once)
{
    ad_program *p = plan_for(dense, d_dense, n_in, 0);
    const ad_plan *plan = &p->plan[PLAN_LINE]; /* the loss alone */
    ck_assert_uint_eq(plan->n_pack, n_hidden * n_in + n_out * n_hidden);
    double theta[d_dense], u[1000], pack[1000];
    for (int j = 0; j < d_dense; j++)
        theta[j] = 1 + j;
    ck_assert_uint_le(plan->n_scalars, 1000);
    ad_plan_uniform(plan, ad_kernels(AD_ISA_BEST)->loop, theta, NULL, u, pack);
    for (int r = 0; r < n_hidden; r++)
        for (int k = 0; k < n_in; k++)
            ck_assert_double_eq(pack[k * n_hidden + r], theta[r * n_in + k]);
    ad_program_destroy(p);
}
END_TEST

START_TEST(without_the_group_pass_there_are_sums_only)
{
    ad_program *p = plan_for(dense, d_dense, n_in, AD_PASS_GROUP), *q;
    q = plan_for(dense, d_dense, n_in, 0);
    for (int mode = 0; mode < PLAN_N_MODES; mode++) {
        ck_assert_uint_eq(plan_count(&p->plan[mode], PLAN_GROUP), 0);
        ck_assert_uint_eq(plan_multiplications(&p->plan[mode]),
                          plan_multiplications(&q->plan[mode]));
    }
    ad_program_destroy(p);
    ad_program_destroy(q);
}
END_TEST

/* ---------------------------------------------------- features that stand together */

enum { n_weights = 128 };

static ad_var logistic(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    UNUSED;
    return ad_softplus(ad_neg(ad_mul(xi[n_weights], ad_dot(n_weights, t, xi))));
}

START_TEST(logistic_regression_reads_features_where_they_lie)
{
    ad_program *p = plan_for(logistic, n_weights, n_weights + 1, 0);
    const ad_plan *plan = &p->plan[PLAN_PRODUCT];
    ck_assert_uint_eq(plan_count(plan, PLAN_FEATURE_GROUP), 1);
    plan_instruction group = plan_find(plan, PLAN_FEATURE_GROUP, 0);
    ck_assert(group.word[0] == 2 && group.word[1] == n_weights); /* t.x and v.x */
    ck_assert_uint_eq(group.word[3], 0);
    ck_assert_uint_eq(plan_count(plan, PLAN_FEATURE_JOBS), 1);
    plan_instruction jobs = plan_find(plan, PLAN_FEATURE_JOBS, 0);
    ck_assert(jobs.word[0] == 1 && jobs.word[1] == n_weights && jobs.word[2] == 0);
    ck_assert(jobs.word[4] != UINT32_MAX);            /* with h */
    ck_assert_uint_eq(plan_count(plan, PLAN_JOB), 1); /* the loss */
    ck_assert_uint_eq(plan->n_features_used, 1);
    ck_assert_uint_eq(plan->feature[0].index, n_weights); /* the label */
    ck_assert_uint_lt(plan->n_rows, 10);
    ad_program_destroy(p);
}
END_TEST

START_TEST(gradients_of_logistic_regression_have_no_second_part)
{
    ad_program *p = plan_for(logistic, n_weights, n_weights + 1, 0);
    const ad_plan *plan = &p->plan[PLAN_GRADIENT];
    ck_assert_uint_eq(plan_count(plan, PLAN_FEATURE_JOBS), 1);
    plan_instruction jobs = plan_find(plan, PLAN_FEATURE_JOBS, 0);
    ck_assert(jobs.word[1] == n_weights && jobs.word[4] == UINT32_MAX);
    ad_program_destroy(p);
}
END_TEST

START_TEST(without_the_group_pass_features_have_rows_and_jobs_of_their_own)
{
    ad_program *p = plan_for(logistic, n_weights, n_weights + 1, AD_PASS_GROUP);
    const ad_plan *plan = &p->plan[PLAN_PRODUCT];
    ck_assert_uint_eq(plan_count(plan, PLAN_FEATURE_GROUP), 0);
    ck_assert_uint_eq(plan_count(plan, PLAN_FEATURE_JOBS), 0);
    ck_assert_uint_eq(plan_count(plan, PLAN_JOB), 1 + n_weights);
    ck_assert_uint_eq(plan->n_features_used, n_weights + 1);
    ad_program_destroy(p);
}
END_TEST

/* ------------------------------------------------------------- the quadratic's He */

enum { d_quadratic = 6 };

static double hessian(int j, int k)
{
    return j == k ? 10.0 + j : 1.0 + (j + k) % 4 + 0.25 * (j * k % 3);
}

static ad_var quadratic(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    ad_var e[d_quadratic], row[d_quadratic], he[d_quadratic];
    (void)ctx;
    for (int k = 0; k < d_quadratic; k++)
        e[k] = ad_sub(t[k], xi[k]);
    for (int j = 0; j < d_quadratic; j++) {
        for (int k = 0; k < d_quadratic; k++)
            row[k] = ad_const(tape, hessian(j, k));
        he[j] = ad_dot(d_quadratic, row, e);
    }
    return ad_mul(0.5, ad_dot(d_quadratic, e, he));
}

START_TEST(a_quadratics_gradient_computes_its_product_with_the_matrix_once)
{
    ad_program *p = plan_for(quadratic, d_quadratic, d_quadratic, 0);
    ad_program *q = plan_for(quadratic, d_quadratic, d_quadratic, AD_PASS_SHARE);
    for (int mode = PLAN_GRADIENT; mode <= PLAN_PRODUCT; mode++) {
        ck_assert_uint_eq(plan_count(&p->plan[mode], PLAN_GROUP), 1);
        ck_assert(has_group(&p->plan[mode], d_quadratic, d_quadratic));
        ck_assert(has_group(&q->plan[mode], 2 * d_quadratic, d_quadratic));
        ck_assert_uint_eq(plan_multiplications(&p->plan[mode]) +
                              d_quadratic * (d_quadratic + 1),
                          plan_multiplications(&q->plan[mode]));
    }
    ad_program_destroy(p);
    ad_program_destroy(q);
}
END_TEST

START_TEST(a_quadratics_hessian_product_is_uniform)
{
    ad_program *p = plan_for(quadratic, d_quadratic, d_quadratic, 0);
    const ad_plan *gradient = &p->plan[PLAN_GRADIENT], *product = &p->plan[PLAN_PRODUCT];
    ck_assert_uint_eq(gradient->n_code, product->n_code);
    for (size_t k = 0; k < plan_count(product, PLAN_JOB); k++) {
        plan_instruction job = plan_find(product, PLAN_JOB, k);
        ck_assert_uint_eq(job.word[1], job.word[0] == 0 ? PLAN_LOSS : PLAN_G1);
    }
    ad_program_destroy(p);
}
END_TEST

/* ---------------------------------------------------------------- chained Rosenbrock */

enum { d_chain = 50 };

static ad_var rosenbrock(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    ad_var total = ad_const(tape, 0);
    (void)ctx;
    for (int k = 0; k + 1 < d_chain; k++) {
        ad_var a = ad_sub(xi[0], t[k]), b = ad_sub(t[k + 1], ad_sqr(t[k]));
        total = ad_add(total, ad_add(ad_mul(100.0, ad_sqr(b)), ad_sqr(a)));
    }
    return total;
}

START_TEST(components_that_are_the_same_up_to_scale_and_shift_take_one_job)
{
    ad_program *p = plan_for(rosenbrock, d_chain, 1, 0);
    ad_program *q = plan_for(rosenbrock, d_chain, 1, AD_PASS_AFFINE);
    for (int mode = PLAN_GRADIENT; mode <= PLAN_PRODUCT; mode++) {
        const ad_plan *plan = &p->plan[mode];
        ck_assert_uint_eq(plan_count(plan, PLAN_JOB), 2); /* and the loss */
        size_t last = plan_find(plan, PLAN_JOB, 0).word[0] == 0;
        plan_instruction job = plan_find(plan, PLAN_JOB, last);
        ck_assert_uint_eq(job.word[1], PLAN_G1); /* of the feature, with nothing for h */
        ck_assert_uint_eq(plan->first_param[2], d_chain - 1);
        ck_assert_uint_eq(plan->params[d_chain - 1].job, PLAN_NO_JOB); /* the last one's */
        ck_assert_uint_eq(plan_count(&q->plan[mode], PLAN_JOB), d_chain);
    }
    ad_program_destroy(p);
    ad_program_destroy(q);
}
END_TEST

START_TEST(without_fusion_a_loop_leaves_many_short_sums)
{
    ad_program *p = plan_for(rosenbrock, d_chain, 1, 0);
    ad_program *q = plan_for(rosenbrock, d_chain, 1, AD_PASS_FUSE);
    const ad_plan *fused = &p->plan[PLAN_GRADIENT], *plain = &q->plan[PLAN_GRADIENT];
    ck_assert_uint_gt(plan_count(plain, PLAN_SUM), 3 * plan_count(fused, PLAN_SUM));
    ck_assert_uint_gt(plan_multiplications(plain), 2 * plan_multiplications(fused));
    ad_program_destroy(p);
    ad_program_destroy(q);
}
END_TEST

/* -------------------------------------------------------------------------- memory */

enum { n_links = 1000 };

static ad_var chain(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    ad_var x = ad_mul(t[0], xi[0]);
    UNUSED;
    for (int k = 0; k < n_links; k++)
        x = ad_sin(ad_add(x, t[1]));
    return x;
}

static ad_var squares(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    ad_var total = ad_const(tape, 0);
    (void)ctx;
    for (int k = 0; k < n_links; k++)
        total = ad_add(total, ad_sqr(ad_sub(ad_mul(t[k], xi[0]), xi[1])));
    return total;
}

START_TEST(rows_are_used_again)
{
    ad_program *p = plan_for(chain, 2, 1, 0);
    ck_assert_uint_le(p->plan[PLAN_LINE].n_rows, 4);
    /* Reverse mode keeps one derivative of each function, and no more. */
    ck_assert_uint_le(p->plan[PLAN_GRADIENT].n_rows, n_links + 8);
    ad_program_destroy(p);
    p = plan_for(squares, n_links, 2, 0);
    ck_assert_uint_le(p->plan[PLAN_LINE].n_rows, 32);
    ck_assert_uint_le(p->plan[PLAN_GRADIENT].n_rows, 32);
    ad_program_destroy(p);
}
END_TEST

/* --------------------------------------------------------- what each mode leaves out */

/* The largest order of a unary function's derivatives. */
static uint32_t highest_order(const ad_plan *plan)
{
    uint32_t most = 0;
    for (size_t k = 0; k < plan_count(plan, PLAN_FUN1); k++) {
        uint32_t order = plan_find(plan, PLAN_FUN1, k).word[1];
        most = order > most ? order : most;
    }
    return most;
}

START_TEST(each_mode_computes_derivatives_up_to_its_own_order)
{
    ad_program *p = plan_for(dense, d_dense, n_in, 0);
    static const uint32_t order[PLAN_N_MODES] = {1, 2, 0, 1, 2, 3};
    for (int mode = 0; mode < PLAN_N_MODES; mode++)
        ck_assert_uint_eq(highest_order(&p->plan[mode]), order[mode]);
    ad_program_destroy(p);
}
END_TEST

START_TEST(a_gradient_contains_none_of_the_second_orders_work)
{
    static const struct {
        recorder record;
        size_t d, m;
    } row[] = {{regularized, 2, 1},
               {dense, d_dense, n_in},
               {quadratic, d_quadratic, d_quadratic},
               {rosenbrock, d_chain, 1},
               {chain, 2, 1}};
    for (size_t k = 0; k < sizeof row / sizeof row[0]; k++) {
        ad_program *p = plan_for(row[k].record, row[k].d, row[k].m, 0);
        const ad_plan *gradient = &p->plan[PLAN_GRADIENT], *product = &p->plan[PLAN_PRODUCT];
        ck_assert_uint_eq(gradient->n_used_along, 0);
        ck_assert_uint_eq(p->plan[PLAN_LINE].n_used_along, 0);
        ck_assert_uint_gt(product->n_used_along, 0);
        ck_assert_uint_le(gradient->n_code, product->n_code);
        ck_assert_uint_lt(gradient->n_code + gradient->n_uniform,
                          product->n_code + product->n_uniform);
        ck_assert_uint_eq(p->plan[PLAN_LINE].n_jobs, 1);
        ad_program_destroy(p);
    }
}
END_TEST

START_TEST(without_the_replay_pass_there_are_no_plans)
{
    ad_program *p = plan_for(dense, d_dense, n_in, AD_PASS_REPLAY);
    ck_assert(!p->replay && ad_program_is_replayable(p, NULL, NULL));
    for (int mode = 0; mode < PLAN_N_MODES; mode++)
        ck_assert_uint_eq(p->plan[mode].n_code, 0);
    ad_program_destroy(p);
}
END_TEST

TEST_MAIN("plan", uniform_subexpressions_produce_no_varying_code,
          components_that_do_not_vary_have_no_job, without_the_uniform_pass_everything_varies,
          the_sums_of_dense_layers_become_matrix_products,
          a_groups_matrix_holds_each_coefficient_once,
          without_the_group_pass_there_are_sums_only,
          logistic_regression_reads_features_where_they_lie,
          gradients_of_logistic_regression_have_no_second_part,
          without_the_group_pass_features_have_rows_and_jobs_of_their_own,
          a_quadratics_gradient_computes_its_product_with_the_matrix_once,
          a_quadratics_hessian_product_is_uniform,
          components_that_are_the_same_up_to_scale_and_shift_take_one_job,
          without_fusion_a_loop_leaves_many_short_sums, rows_are_used_again,
          each_mode_computes_derivatives_up_to_its_own_order,
          a_gradient_contains_none_of_the_second_orders_work,
          without_the_replay_pass_there_are_no_plans)
