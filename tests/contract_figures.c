/* What every figure of the registry promises, at a small size. */
#include "plots/figure.h"
#include "tests/testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static plot_figure_outcome make(const plot_figure *figure, const char *directory, size_t jobs)
{
    /* Short runs: a step of a network takes milliseconds, and losses over all of its images
     * take more.  What decides has no runs to shorten, is quick, and needs as many as an
     * interval. */
    const plot_figure_config config = {.directory = directory,
                                       .seed = 5,
                                       .seeds = figure->decides ? 8 : 2,
                                       .steps = 2,
                                       .jobs = jobs};
    plot_figure_outcome outcome;
    meka_error err = {0};
    assert_ok(plot_figure_make(figure, &config, &outcome, &err), err);
    return outcome;
}

static void assert_begins(const char *path, const char *with)
{
    char *text = test_read(path);
    ck_assert_msg(text && strncmp(text, with, strlen(with)) == 0, "%s is no such file", path);
    free(text);
}

/* Nothing that gnuplot may make nothing of: tabs between as many fields in every row of a block
 * as its names have, and numbers or "nan" (or names, in the first field) in them. */
static void assert_table(const plot_figure *figure, const char *path)
{
    char *text = test_read(path), *rest = NULL;
    ck_assert_msg(text != NULL, "there is no %s", path);
    size_t n_rows = 0;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        if (line[0] == '#')
            continue;
        n_rows++;
        for (const char *c = strchr(line, '\t'); c; c = strchr(c + 1, '\t')) {
            char *end;
            strtod(c + 1, &end);
            bool name = c[1] >= 'a' && c[1] <= 'z';
            ck_assert_msg(name || (end > c + 1 && (*end == '\t' || !*end)),
                          "figure %s: '%s' is no row of numbers", figure->name, line);
        }
    }
    ck_assert_uint_ge(n_rows, 4);
    free(text);
}

static void assert_findings(const plot_figure *figure, const plot_figure_outcome *outcome)
{
    for (size_t i = 0; i < outcome->n_findings; i++) {
        const plot_finding *x = &outcome->finding[i];
        ck_assert_msg(x->name[0] && x->claim[0] && x->detail[0], "figure %s, finding %zu",
                      figure->name, i);
        /* Not cut off. */
        ck_assert_uint_lt(strlen(x->name), sizeof x->name - 1);
        ck_assert_uint_lt(strlen(x->claim), sizeof x->claim - 1);
        ck_assert_uint_lt(strlen(x->detail), sizeof x->detail - 1);
        for (size_t j = 0; j < i; j++)
            ck_assert_str_ne(x->name, outcome->finding[j].name);
    }
}

/* That threads and interruptions do not show is tested in tests/check_reproduce.sh. */
START_TEST(a_figure_is_complete_and_made_once)
{
    const plot_figure *figure = plot_figure_at((size_t)_i);
    char directory[256];
    snprintf(directory, sizeof directory, "%s", test_path("figures"));
    plot_figure_outcome first = make(figure, directory, 2);
    assert_begins(first.files.png, "\x89PNG");
    assert_begins(first.files.svg, "<?xml");
    assert_table(figure, first.files.data);
    assert_findings(figure, &first);
    ck_assert(!first.cached);

    plot_figure_outcome again = make(figure, directory, 1);
    ck_assert(again.cached);
    ck_assert_uint_eq(again.n_findings, first.n_findings);
    for (size_t i = 0; i < first.n_findings; i++)
        ck_assert_str_eq(again.finding[i].detail, first.finding[i].detail);
}
END_TEST

START_TEST(a_caption_fits_a_page_and_says_how_the_figure_is_made)
{
    const plot_figure *figure = plot_figure_at((size_t)_i);
    for (const char *line = figure->caption; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        ck_assert_msg(strcspn(line, "\n") <= 122,
                      "figure %s: the caption's line is too long: %s", figure->name, line);
    }
    ck_assert(figure->title[strlen(figure->title) - 1] == '.');
    for (size_t i = 0; i < figure->n_experiments; i++)
        ck_assert_int_eq(figure->experiment[i]->set != NULL, figure->images);
    ck_assert_ptr_nonnull(strstr(figure->script, figure->file));
}
END_TEST

int main(void)
{
    int n = 0;
    while (plot_figure_at((size_t)n))
        n++;
    Suite *suite = suite_create("figures");
    TCase *all = tcase_create("figures");
    tcase_set_timeout(all, TEST_SECONDS);
    tcase_add_loop_test(all, a_figure_is_complete_and_made_once, 0, n);
    tcase_add_loop_test(all, a_caption_fits_a_page_and_says_how_the_figure_is_made, 0, n);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
