#define _GNU_SOURCE /* open_memstream */
#include "ad/print.h"

#include "tests/ad_fixture.h"

#include <stdio.h>
#include <stdlib.h>

static ad_var example(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    ad_var dead = ad_exp(t[1]);
    ad_var regular = ad_sqr(t[0]), both = ad_mul(xi[0], t[0]);
    ad_var sum[3] = {regular, both, ad_const(tape, 2.5)};
    (void)dead;
    return ad_select(ad_gt(xi[0], 0.0), ad_sum(3, sum), regular);
}

static const double start[2] = {3, 0};
static const ad_objective objective = {
    .name = "an \"example\"", .n_params = 2, .n_features = 1, .record = example, .x0 = start};

static char *print(const ad_objective *what, ad_print_format format, size_t limit)
{
    fixture f = fixture_make(what, 1);
    char *text = NULL;
    size_t size = 0;
    meka_error err = {0};
    FILE *out = open_memstream(&text, &size);
    ck_assert_ptr_nonnull(out);
    assert_ok(ad_program_print(f.program, format, limit, out, &err), err);
    fclose(out);
    fixture_clear(&f);
    return text;
}

/* A line of text that holds all pieces. */
static bool has_line(const char *text, const char *const *pieces)
{
    while (*text) {
        char line[512];
        int length = (int)strcspn(text, "\n");
        snprintf(line, sizeof line, "%.*s", length, text);
        bool all = true;
        for (const char *const *p = pieces; *p; p++)
            all = all && strstr(line, *p);
        if (all)
            return true;
        text += length + (text[length] == '\n');
    }
    return false;
}
#define assert_line(text, ...)                                                                 \
    ck_assert_msg(has_line((text), (const char *const[]){__VA_ARGS__, NULL}),                  \
                  "no line with all of %s:\n%s", #__VA_ARGS__, (text))

START_TEST(every_instruction_shows_operands_value_dependence_and_line)
{
    char *text = print(&objective, AD_PRINT_TEXT, 0);
    assert_line(text, "2 parameters", "1 feature", "8 instructions");
    assert_line(text, "replayable yes");
    assert_line(text, "%0 ", "theta[0]", " 3 ", "uniform", "theta");
    assert_line(text, "%1 ", "theta[1]", "dead");
    assert_line(text, "%2 ", "xi[0]", "varying");
    assert_line(text, "%3 ", "exp", "%1", "dead", "test_print.c:11");
    assert_line(text, "%4 ", "sqr", "%0", " 9 ", "uniform", "test_print.c:12");
    assert_line(text, "%5 ", "mul", "%2 %0", "varying", "theta", "test_print.c:12");
    assert_line(text, "%6 ", "const", "2.5", "constant", "test_print.c:13");
    assert_line(text, "gt", "varying", "-", "test_print.c:15");
    assert_line(text, "sum", "%4 %5 %6", "11.5");
    assert_line(text, "select", "varying", "theta");
    assert_line(text, "operations", "2 const", "1 exp", "1 select");
    assert_line(text, "theta alone (uniform) 2", "the sample (varying) 4", "(constant) 2");
    assert_line(text, "dead", "1: the result does not need it");
    free(text);
}
END_TEST

START_TEST(a_limit_says_how_much_is_left_out)
{
    char *text = print(&objective, AD_PRINT_TEXT, 1);
    assert_line(text, "1 further parameter left out");
    assert_line(text, "7 further instructions left out");
    ck_assert_ptr_null(strstr(text, "%4 "));
    assert_line(text, "operations", "1 select"); /* sums are of all */
    free(text);
    text = print(&objective, AD_PRINT_DOT, 1);
    assert_line(text, "left_out", "8 further values left out");
    free(text);
}
END_TEST

static ad_var reading(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    return ad_value(t[0]) > 0.0 ? t[0] : ad_neg(t[0]);
}

START_TEST(the_line_that_reads_a_value_is_named)
{
    const ad_objective reader = {.name = "reader", .n_params = 1, .record = reading};
    char *text = print(&reader, AD_PRINT_TEXT, 0);
    assert_line(text, "replayable no", "test_print.c:94 reads a value");
    free(text);
}
END_TEST

static ad_var bare(ad_tape *tape, const ad_var *t, const ad_var *xi, const void *ctx)
{
    return t[0];
}

START_TEST(a_program_without_instructions_can_be_printed)
{
    const ad_objective nothing = {.name = NULL, .n_params = 1, .record = bare};
    char *text = print(&nothing, AD_PRINT_TEXT, 0);
    assert_line(text, "operations none");
    free(text);
    text = print(&nothing, AD_PRINT_DOT, 0);
    assert_line(text, "s0 [", "peripheries=2");
    free(text);
}
END_TEST

START_TEST(graphviz_accepts_the_graph)
{
    char *text = print(&objective, AD_PRINT_DOT, 0), line[512];
    assert_line(text, "digraph \"an \\\"example\\\"\"");
    assert_line(text, "s4 -> ");
    assert_line(text, " [style=dotted]"); /* a select's condition */
    snprintf(line, sizeof line, "dot -Tsvg -o '%s' '%s'", test_path("graph.svg"),
             test_write("graph.dot", text));
    if (system("command -v dot > /dev/null") == 0)
        ck_assert_msg(system(line) == 0, "dot refuses:\n%s", text);
    free(text);
}
END_TEST

START_TEST(a_stream_that_refuses_is_an_error)
{
    fixture f = fixture_make(&objective, 1);
    meka_error err;
    FILE *full = fopen("/dev/full", "w");
    ck_assert_ptr_nonnull(full);
    setvbuf(full, NULL, _IONBF, 0);
    assert_fails(ad_program_print(f.program, AD_PRINT_TEXT, 0, full, &err), err, MEKA_ERR_IO,
                 "cannot write the program");
    fclose(full);
    fixture_clear(&f);
}
END_TEST

typedef struct printing {
    ad_program *program;
    FILE *out;
} printing;

static meka_status print_it(void *ctx, meka_error *err)
{
    const printing *p = ctx;
    return ad_program_print(p->program, AD_PRINT_TEXT, 0, p->out, err);
}

START_TEST(missing_memory_is_reported)
{
    fixture f = fixture_make(&objective, 1);
    printing p = {f.program, fopen("/dev/null", "w")};
    ck_assert_uint_ge(test_every_allocation(print_it, &p), 2);
    fclose(p.out);
    fixture_clear(&f);
}
END_TEST

TEST_MAIN("print", every_instruction_shows_operands_value_dependence_and_line,
          a_limit_says_how_much_is_left_out, the_line_that_reads_a_value_is_named,
          a_program_without_instructions_can_be_printed, graphviz_accepts_the_graph,
          a_stream_that_refuses_is_an_error, missing_memory_is_reported)
