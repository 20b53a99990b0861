#include "ad/tape.h"
#include "tests/ad_fixture.h"

#include <math.h>

static ad_tape *stolen_tape;
static ad_var stolen;

static ad_var keeps_a_variable(ad_tape *tape, const ad_var *t, const ad_var *xi,
                               const void *ctx)
{
    (void)xi, (void)ctx;
    stolen_tape = tape;
    stolen = t[0];
    return ad_exp(t[0]);
}

static ad_var mixes_tapes(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    const ad_var *foreign = ctx;
    (void)tape, (void)xi;
    return ad_add(t[0], *foreign);
}

static ad_var uses_nothing(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    ad_var unset = {0};
    (void)tape, (void)xi, (void)ctx;
    return ad_mul(t[0], unset);
}

static ad_var returns_nothing(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    (void)tape, (void)t, (void)xi, (void)ctx;
    return (ad_var){0};
}

static ad_var two_mistakes(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    ad_var unset = {0};
    (void)tape, (void)xi, (void)ctx;
    ad_var x = ad_mul(t[0], unset); /* reported */
    return ad_sub(x, unset);        /* follows from it */
}

/* Not the real number 0. */
static ad_var selects_nothing(ad_tape *tape, const ad_var *theta, const ad_var *xi,
                              const void *ctx)
{
    ad_var nothing = {0};
    (void)tape, (void)xi, (void)ctx;
    return ad_select(theta[0], 1.0, nothing);
}

static void expect_record_error(const ad_objective *objective, const char *words)
{
    ad_program *program = NULL;
    meka_error err = {0};
    ck_assert_int_eq(ad_program_create(&program, objective, &err), MEKA_ERR_RECORD);
    ck_assert_ptr_null(program);
    ck_assert_msg(strstr(err.text, words), "'%s' lacks '%s'", err.text, words);
}

START_TEST(an_operand_from_another_tape_is_reported_with_file_and_line)
{
    ad_objective first = {.name = "first", .n_params = 1, .record = keeps_a_variable};
    fixture f = fixture_make(&first, 0);
    ad_tape other;
    ad_tape_init(&other);
    double zero = 0.0;
    ck_assert_int_eq(ad_tape_record(&other, &first, &zero, NULL, NULL), MEKA_OK);
    ad_objective second = {
        .name = "second", .n_params = 1, .record = mixes_tapes, .ctx = &stolen};
    expect_record_error(&second, "test_tape.c:22: the operands belong to different tapes");
    ad_tape_clear(&other);
    fixture_clear(&f);
}
END_TEST

START_TEST(the_first_mistake_is_the_one_reported)
{
    ad_objective o = {.name = "o", .n_params = 1, .record = two_mistakes};
    expect_record_error(&o, "test_tape.c:42: an operand was never given a value");
}
END_TEST

START_TEST(an_operand_that_was_never_set_is_reported)
{
    ad_objective o = {.name = "o", .n_params = 1, .record = uses_nothing};
    expect_record_error(&o, "an operand was never given a value");
    o.record = selects_nothing;
    expect_record_error(&o, "an operand was never given a value");
}
END_TEST

START_TEST(a_result_that_is_no_variable_is_reported_by_the_objectives_name)
{
    ad_objective o = {.name = "nothing", .n_params = 1, .record = returns_nothing};
    expect_record_error(&o, "objective 'nothing' did not return a variable");
}
END_TEST

START_TEST(an_objective_without_parameters_or_function_is_refused)
{
    ad_program *program = NULL;
    meka_error err;
    ad_objective o = {.name = "o", .n_params = 0, .record = uses_nothing};
    ck_assert_int_eq(ad_program_create(&program, &o, &err), MEKA_ERR_INPUT);
    o = (ad_objective){.name = "o", .n_params = 1};
    ck_assert_int_eq(ad_program_create(&program, &o, &err), MEKA_ERR_INPUT);
}
END_TEST

START_TEST(recording_again_reuses_the_tape_and_gives_the_same_code)
{
    ad_objective o = {.name = "o", .n_params = 1, .record = keeps_a_variable};
    ad_tape tape;
    ad_tape_init(&tape);
    double x = 0.5;
    ck_assert_int_eq(ad_tape_record(&tape, &o, &x, NULL, NULL), MEKA_OK);
    const ad_instruction *before = tape.code.instruction;
    ck_assert_int_eq(ad_tape_record(&tape, &o, &x, NULL, NULL), MEKA_OK);
    ck_assert_ptr_eq(before, tape.code.instruction);
    ck_assert_uint_eq(tape.code.n, 1);
    ck_assert_double_eq(tape.value[tape.code.result], exp(0.5));
    ad_tape_clear(&tape);
}
END_TEST

TEST_MAIN("tape", an_operand_from_another_tape_is_reported_with_file_and_line,
          the_first_mistake_is_the_one_reported, an_operand_that_was_never_set_is_reported,
          a_result_that_is_no_variable_is_reported_by_the_objectives_name,
          an_objective_without_parameters_or_function_is_refused,
          recording_again_reuses_the_tape_and_gives_the_same_code)
