/* Random programs: everything the toolkit computes against an independent oracle, in every
 * way of evaluating it.
 *
 * MEKA_TEST_PROGRAMS=k draws k times as many; MEKA_TEST_TABLE=1 prints the largest error of
 * each quantity in units of its bound. */
#include "tests/program_checks.h"
#include "tests/sanitized.h"

#include <stdlib.h>

enum { DIVISOR = TEST_SANITIZED ? 12 : 1 };

static int how_many(int n)
{
    const char *text = getenv("MEKA_TEST_PROGRAMS");
    double factor = text ? strtod(text, NULL) : 1.0;
    return (int)ceil(n * factor / DIVISOR);
}

static const unsigned pass_sets[] = {
    0,
    AD_PASS_SHARE,
    AD_PASS_FUSE,
    AD_PASS_UNIFORM,
    AD_PASS_GROUP,
    AD_PASS_COALESCE,
    AD_PASS_AFFINE,
    AD_PASS_BLOCK,
    AD_PASS_REPLAY,
    AD_PASS_ALL,
    AD_PASS_ALL & ~AD_PASS_REPLAY,
};
static const size_t lane_counts[] = {0, 1, 3, 8, 64};
enum {
    N_PASS_SETS = sizeof pass_sets / sizeof pass_sets[0],
    N_LANE_COUNTS = sizeof lane_counts / sizeof lane_counts[0],
};

/* One of all setups; consecutive numbers go through all of them, defaults most often. */
static setup rotating_setup(int number)
{
    ad_isa isa[8];
    int n_isas = available_isas(isa);
    setup how = {.n_threads = (size_t)(number % 3)};
    how.n_lanes = lane_counts[number % N_LANE_COUNTS];
    number /= N_LANE_COUNTS;
    how.passes_off = number % 2 ? pass_sets[number / 2 % N_PASS_SETS] : 0;
    number /= 2 * N_PASS_SETS;
    how.isa = number % (n_isas + 1) ? isa[number % (n_isas + 1) - 1] : AD_ISA_BEST;
    return how;
}

typedef void (*program_test)(checker *c, int number);

static const char *const quantity_name[N_QUANTITIES] = {
    [Q_LOSS] = "loss",        [Q_GRAD] = "gradient", [Q_HVP] = "product",
    [Q_LINE] = "line",        [Q_MEAN] = "mean",     [Q_COVARIANCE] = "covariance",
    [Q_SYMMETRY] = "symmetry"};

static void tell(const char *test, int n, const double *worst)
{
    if (!getenv("MEKA_TEST_TABLE"))
        return;
    printf("%s: %d programs;", test, n);
    for (int q = 0; q < N_QUANTITIES; q++)
        if (worst[q] > 0.0)
            printf(" %s %.2g", quantity_name[q], worst[q]);
    printf(" of the bound\n");
    fflush(stdout);
}

/* Programs first .. first + n - 1, each in one setup. */
static void for_programs(const char *name, int first, int n, program_test test)
{
    double worst[N_QUANTITIES] = {0};
    random_program *p = malloc(sizeof *p);
    ck_assert_ptr_nonnull(p);
    for (int i = 0; i < n; i++) {
        checker c;
        random_program_draw(p, (uint64_t)(first + i));
        checker_init(&c, p, rotating_setup(i));
        test(&c, i);
        checker_clear(&c);
        for (int q = 0; q < N_QUANTITIES; q++)
            worst[q] = fmax(worst[q], c.worst[q]);
    }
    free(p);
    tell(name, n, worst);
}

/* ------------------------------------------------------------------- one setup each */

static void test_samples(checker *c, int number)
{
    (void)number;
    check_samples(c, PIECE_LOSS | PIECE_GRAD | PIECE_HVP);
}

START_TEST(losses_gradients_and_products_of_random_programs_agree_with_the_oracle)
{
    for_programs("samples", 0, how_many(6000), test_samples);
}
END_TEST

static void test_line(checker *c, int number)
{
    check_line(c, 3 - number % 4);
    check_line(c, 3);
}

START_TEST(derivatives_along_a_line_agree_with_the_oracle_to_third_order)
{
    for_programs("line", 10000, how_many(3000), test_line);
}
END_TEST

static void test_moments(checker *c, int number)
{
    check_moments(c, PIECE_ALL);
    check_moments(c, (unsigned)(number * 37) & PIECE_ALL); /* some pieces only */
    check_moments(c, PIECE_GRAD_MEAN | PIECE_HVP_MEAN | PIECE_TRACES);
    check_moments(c, PIECE_GRAD_MEAN | (number % 2 ? PIECE_TRACES : PIECE_HVP_MEAN));
}

static void test_deferred(checker *c, int number)
{
    check_deferred(c, number % 4 != 0);
}

START_TEST(means_left_with_the_batch_agree_with_the_oracle)
{
    for_programs("deferred", 25000, how_many(900), test_deferred);
}
END_TEST

START_TEST(moments_agree_with_two_passes_over_the_oracles_values)
{
    for_programs("moments", 20000, how_many(1800), test_moments);
}
END_TEST

static void test_pieces(checker *c, int number)
{
    (void)number;
    for (unsigned pieces = 1; pieces < 8; pieces++)
        check_samples(c, pieces);
}

START_TEST(outputs_left_out_do_not_change_the_others)
{
    for_programs("pieces", 30000, how_many(200), test_pieces);
}
END_TEST

static void test_places(checker *c, int number)
{
    check_rotated(c, 1 + number % 7);
    check_symmetry(c);
}

START_TEST(a_samples_place_does_not_matter_and_products_are_symmetric)
{
    for_programs("places", 40000, how_many(600), test_places);
}
END_TEST

/* ------------------------------------------------------------------- all setups each */

/* Everything, in one more setup than the checker came with. */
static void check_also(checker *c, setup how)
{
    checker other;
    checker_init(&other, c->p, how);
    check_samples(&other, PIECE_LOSS | PIECE_GRAD | PIECE_HVP);
    check_line(&other, 3);
    check_moments(&other, PIECE_ALL);
    check_deferred(&other, true);
    checker_clear(&other);
    for (int q = 0; q < N_QUANTITIES; q++)
        c->worst[q] = fmax(c->worst[q], other.worst[q]);
}

static void test_setups(checker *c, int number)
{
    ad_isa isa[8];
    int n_isas = available_isas(isa);
    for (int k = 0; k < N_PASS_SETS; k++)
        check_also(c, (setup){.passes_off = pass_sets[k]});
    for (int k = 0; k < n_isas; k++)
        for (int l = 0; l < N_LANE_COUNTS; l++)
            if ((l + number) % 2 == 0)
                check_also(c, (setup){.isa = isa[k], .n_lanes = lane_counts[l]});
}

START_TEST(programs_agree_with_the_oracle_under_every_pass_and_instruction_set)
{
    for_programs("setups", 50000, how_many(150), test_setups);
}
END_TEST

/* An objective that reads one of its values is recorded for every sample. */
START_TEST(programs_recorded_anew_for_every_sample_agree_with_the_oracle)
{
    random_program *p = malloc(sizeof *p);
    ck_assert_ptr_nonnull(p);
    for (int i = 0; i < how_many(300); i++) {
        checker c;
        random_program_draw(p, (uint64_t)(60000 + i));
        p->read = p->n_nodes ? program_n_inputs(p) + (7 * i) % p->n_nodes : -1;
        setup how = rotating_setup(i);
        checker_init(&c, p, how);
        ck_assert_int_eq(ad_program_is_replayable(c.program, NULL, NULL), p->read < 0);
        check_samples(&c, PIECE_LOSS | PIECE_GRAD | PIECE_HVP);
        check_line(&c, 3);
        check_moments(&c, PIECE_ALL);
        check_deferred(&c, i % 4 != 0);
        checker_clear(&c);
    }
    free(p);
}
END_TEST

/* ---------------------------------------------------------------------------- threads */

typedef struct everything {
    double loss[PROGRAM_SAMPLES], grad[PROGRAM_SAMPLES * PROGRAM_PARAMS],
        hvp[PROGRAM_SAMPLES * PROGRAM_PARAMS], row[5][PROGRAM_PARAMS],
        cov[2][PROGRAM_PARAMS * PROGRAM_PARAMS], numbers[5], line[4], line_cov[4][4];
} everything;

static void evaluate_everything(const checker *c, everything *out)
{
    const random_program *p = c->p;
    const double *xi = p->m ? p->xi : NULL;
    size_t n = (size_t)p->n_samples;
    memset(out, 0, sizeof *out);
    ad_moments moments = {.grad_mean = out->row[0],
                          .hvp_mean = out->row[1],
                          .grad_var = out->row[2],
                          .hvp_var = out->row[3],
                          .cross_cov = out->row[4],
                          .grad_cov = out->cov[0],
                          .hvp_cov = out->cov[1],
                          .traces = true};
    ad_line_moments line = {.order = 3};
    ck_assert_int_eq(
        ad_eval_samples(c->batch, p->theta, p->v, n, xi, out->loss, out->grad, out->hvp, NULL),
        MEKA_OK);
    ck_assert_int_eq(ad_eval_moments(c->batch, p->theta, p->v, n, xi, &moments, NULL), MEKA_OK);
    ck_assert_int_eq(ad_eval_line(c->batch, p->theta, p->v, n, xi, &line, NULL), MEKA_OK);
    const double numbers[5] = {moments.loss_mean, moments.loss_var, moments.grad_var_trace,
                               moments.hvp_var_trace, moments.cross_cov_trace};
    memcpy(out->numbers, numbers, sizeof numbers);
    memcpy(out->line, line.mean, sizeof out->line);
    memcpy(out->line_cov, line.cov, sizeof out->line_cov);
}

static void test_threads(checker *c, int number)
{
    everything *results = calloc(2, sizeof *results);
    checker other;
    setup how = c->how;
    ck_assert_ptr_nonnull(results);
    how.n_threads = 2 + (size_t)(number % 2);
    checker_init(&other, c->p, how);
    c->how.n_threads = 1;
    evaluate_everything(c, &results[0]);
    evaluate_everything(&other, &results[1]);
    ck_assert_msg(memcmp(&results[0], &results[1], sizeof *results) == 0,
                  "program %llu: %zu threads give another result than %zu",
                  (unsigned long long)c->p->seed, how.n_threads, c->how.n_threads);
    checker_clear(&other);
    free(results);
}

START_TEST(results_do_not_depend_on_the_number_of_threads)
{
    for_programs("threads", 70000, how_many(200), test_threads);
}
END_TEST

/* ----------------------------------------------------- does the test notice anything? */

static bool uses(const random_program *p, ad_op op)
{
    for (int k = 0; k < p->n_nodes; k++)
        if (p->node[k].op == op)
            return true;
    return false;
}

/* Whether the toolkit's results for p differ from an oracle with a broken operation. */
static bool is_noticed(random_program *p, ad_op broken)
{
    checker c;
    bool noticed;
    for (int i = 0; i < p->n_samples; i++)
        oracle_run(p, p->xi + (ptrdiff_t)i * p->m, broken, &p->want[i]);
    checker_init(&c, p, (setup){0});
    c.quiet = true;
    check_samples(&c, PIECE_LOSS | PIECE_GRAD | PIECE_HVP);
    noticed = c.n_differences > 0;
    checker_clear(&c);
    return noticed;
}

START_TEST(an_operation_that_is_off_by_one_in_a_billion_is_noticed)
{
    random_program *p = malloc(sizeof *p);
    bool noticed[AD_N_OPS] = {[AD_OP_CONST] = true, [AD_OP_BLOCK] = true};
    int n_left = AD_N_OPS - 2; /* of a block the oracle sees dot products */
    ck_assert_ptr_nonnull(p);
    for (uint64_t seed = 80000; n_left > 0 && seed < 82000; seed++) {
        random_program_draw(p, seed);
        for (int op = 1; op < AD_N_OPS; op++) {
            if (!noticed[op] && uses(p, (ad_op)op) && is_noticed(p, (ad_op)op)) {
                noticed[op] = true;
                n_left--;
            }
        }
    }
    for (int op = 0; op < AD_N_OPS; op++)
        ck_assert_msg(noticed[op], "nobody notices a broken %s", ad_op_name((ad_op)op));
    free(p);
}
END_TEST

START_TEST(the_oracle_knows_every_operation)
{
    for (int k = 1; k < AD_N_OPS; k++) {
        ad_op op = (ad_op)k;
        if (op_is_unary(op))
            ck_assert_msg(!isnan((double)oracle_series(op, op == AD_OP_acosh ? 1.5 : 0.5).c[1]),
                          "no series of %s", ad_op_name(op));
        else if (op_is_binary(op))
            ck_assert_msg(!isnan((double)oracle_value2(op, 0.5, 1.5)), "no value of %s",
                          ad_op_name(op));
        else
            ck_assert(op == AD_OP_SELECT || op == AD_OP_SUM || op == AD_OP_DOT ||
                      op == AD_OP_BLOCK);
    }
}
END_TEST

QUAD_TEST_MAIN("contract_programs",
               losses_gradients_and_products_of_random_programs_agree_with_the_oracle,
               derivatives_along_a_line_agree_with_the_oracle_to_third_order,
               moments_agree_with_two_passes_over_the_oracles_values,
               means_left_with_the_batch_agree_with_the_oracle,
               outputs_left_out_do_not_change_the_others,
               a_samples_place_does_not_matter_and_products_are_symmetric,
               programs_agree_with_the_oracle_under_every_pass_and_instruction_set,
               programs_recorded_anew_for_every_sample_agree_with_the_oracle,
               results_do_not_depend_on_the_number_of_threads,
               an_operation_that_is_off_by_one_in_a_billion_is_noticed,
               the_oracle_knows_every_operation)
