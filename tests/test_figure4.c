#include "plots/figure.h"
#include "tests/testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const plot_figure *figure_4(void)
{
    const plot_figure *figure = NULL;
    meka_error err;
    assert_ok(plot_figure_find(&figure, "4", &err), err);
    return figure;
}

static plot_figure_config small(const char *directory, size_t jobs)
{
    return (plot_figure_config){.directory = directory, .seed = 3, .seeds = 3, .jobs = jobs};
}

/* The columns of the last row; returns how many. */
static size_t last_row(const char *text, double *value, size_t limit)
{
    const char *line = text + strlen(text) - 1;
    while (line > text && line[-1] != '\n')
        line--;
    size_t n = 0;
    char *end;
    for (const char *c = line; *c && *c != '\n' && n < limit; c = *end == '\t' ? end + 1 : end)
        value[n++] = strtod(c, &end);
    return n;
}

static void assert_begins(const char *path, const char *with, size_t n)
{
    char *text = test_read(path);
    ck_assert_msg(text != NULL, "there is no %s", path);
    ck_assert_msg(memcmp(text, with, n) == 0, "%s is no such file", path);
    free(text);
}

/* Both about one run, which takes most of the time. */
static void assert_files(const plot_figure_files *files, const char *directory)
{
    assert_begins(files->png, "\x89PNG", 4);
    assert_begins(files->svg, "<?xml", 5);
    char path[300];
    snprintf(path, sizeof path, "%s/figure4.gp", directory);
    assert_begins(path, "#", 1);
    char *caption = test_read(files->caption);
    ck_assert_ptr_nonnull(strstr(caption, "meka figure 4 --seed 3 --seeds 3"));
    free(caption);
    snprintf(path, sizeof path, "%s/figure4.png.part", directory);
    ck_assert_int_ne(access(path, F_OK), 0);
    snprintf(path, sizeof path, "%s/figure4.tsv.part", directory);
    ck_assert_int_ne(access(path, F_OK), 0);
}

static void assert_claims(const double *x)
{
    ck_assert_double_eq(x[0], 1000.0);
    for (int i = 0; i < 8; i++) {
        ck_assert_double_le(x[3 * i + 2], x[3 * i + 1]);
        ck_assert_double_le(x[3 * i + 1], x[3 * i + 3]);
    }
    double sgd = x[1], gd = x[10], gd_adaptive = x[13], meka = x[16], adaptive = x[19];
    ck_assert_double_gt(sgd, 3.0 * gd);
    ck_assert_double_gt(sgd, 3.0 * meka);
    ck_assert_double_lt(fabs(log(meka / gd)), log(2.0));
    ck_assert_double_lt(adaptive, gd);
    ck_assert_double_lt(adaptive, 1.5 * gd_adaptive);
}

START_TEST(a_figure_leaves_complete_files_whose_data_show_what_the_caption_claims)
{
    meka_error err;
    plot_figure_outcome outcome;
    char directory[256];
    double x[40];
    snprintf(directory, sizeof directory, "%s", test_path("some/where"));
    plot_figure_config config = small(directory, 2);
    assert_ok(plot_figure_make(figure_4(), &config, &outcome, &err), err);
    assert_files(&outcome.files, directory);
    char *text = test_read(outcome.files.data);
    ck_assert_ptr_nonnull(strstr(text, "\nt\tsgd_high_gap_median\tsgd_high_gap_low\t"
                                       "sgd_high_gap_high\t"));
    /* t and (median, low, high) of eight curves. */
    ck_assert_uint_eq(last_row(text, x, 40), 25);
    free(text);
    assert_claims(x);
}
END_TEST

START_TEST(the_data_do_not_depend_on_the_number_of_threads)
{
    meka_error err;
    plot_figure_outcome outcome;
    char one[256], many[256];
    snprintf(one, sizeof one, "%s", test_path("one"));
    snprintf(many, sizeof many, "%s", test_path("many"));
    plot_figure_config config = small(one, 1);
    config.seeds = 2;
    assert_ok(plot_figure_make(figure_4(), &config, &outcome, &err), err);
    char *first = test_read(outcome.files.data);
    config.directory = many;
    config.jobs = 2;
    assert_ok(plot_figure_make(figure_4(), &config, &outcome, &err), err);
    char *second = test_read(outcome.files.data);
    ck_assert_str_eq(first, second);
    free(first);
    free(second);
}
END_TEST

START_TEST(a_directory_that_cannot_be_made_leaves_nothing)
{
    meka_error err;
    plot_figure_outcome outcome = {.files.data = "untouched"};
    char directory[256];
    snprintf(directory, sizeof directory, "%s/inside", test_write("a file", "mine"));
    plot_figure_config config = small(directory, 1);
    assert_fails(plot_figure_make(figure_4(), &config, &outcome, &err), err, MEKA_ERR_IO,
                 "a file");
    ck_assert_str_eq(outcome.files.data, "untouched");
    char *text = test_read(test_path("a file"));
    ck_assert_str_eq(text, "mine");
    free(text);
}
END_TEST

START_TEST(a_directory_name_too_long_to_add_to_is_an_error)
{
    meka_error err;
    plot_figure_outcome outcome;
    char directory[600] = "";
    snprintf(directory, sizeof directory, "%s", test_directory());
    size_t length = strlen(directory);
    for (; length < 520; length++)
        directory[length] = length % 100 == 0 ? '/' : 'x';
    directory[length] = '\0';
    plot_figure_config config = small(directory, 1);
    assert_fails(plot_figure_make(figure_4(), &config, &outcome, &err), err, MEKA_ERR_INPUT,
                 "too long");
}
END_TEST

START_TEST(without_gnuplot_nothing_is_computed_or_left)
{
    meka_error err;
    plot_figure_outcome outcome;
    char directory[256];
    snprintf(directory, sizeof directory, "%s", test_path("none"));
    plot_figure_config config = small(directory, 1);
    setenv("PATH", "/nonexistent", 1);
    assert_fails(plot_figure_make(figure_4(), &config, &outcome, &err), err, MEKA_ERR_IO,
                 "gnuplot-nox");
    ck_assert_int_ne(access(directory, F_OK), 0);
}
END_TEST

START_TEST(a_gnuplot_that_fails_leaves_no_picture)
{
    meka_error err;
    plot_figure_outcome outcome;
    char directory[256], bin[256];
    snprintf(directory, sizeof directory, "%s", test_path("failed"));
    ck_assert_int_eq(mkdir(test_path("bin"), 0777), 0);
    snprintf(bin, sizeof bin, "%s", test_path("bin"));
    const char *fake = test_write("bin/gnuplot", "#!/bin/sh\n[ \"$1\" = --version ] && exit 0\n"
                                                 "echo half > ../failed/figure4.png.part\n"
                                                 "echo no terminal >&2\nexit 1\n");
    ck_assert_int_eq(chmod(fake, 0755), 0);
    ck_assert_int_eq(chdir(bin), 0);
    setenv("PATH", bin, 1);
    plot_figure_config config = small(directory, 2);
    config.seeds = 1;
    assert_fails(plot_figure_make(figure_4(), &config, &outcome, &err), err, MEKA_ERR_IO,
                 "no terminal");
    ck_assert_int_ne(access(test_path("failed/figure4.png"), F_OK), 0);
    ck_assert_int_ne(access(test_path("failed/figure4.png.part"), F_OK), 0);
    ck_assert_int_ne(access(test_path("failed/figure4.txt"), F_OK), 0);
    /* What took time is complete and stays. */
    ck_assert_int_eq(access(test_path("failed/figure4.tsv"), F_OK), 0);
}
END_TEST

START_TEST(an_unknown_figure_is_answered_with_the_known_ones)
{
    meka_error err;
    const plot_figure *figure = NULL;
    assert_fails(plot_figure_find(&figure, "44", &err), err, MEKA_ERR_INPUT, "4");
    ck_assert_ptr_null(figure);
    ck_assert_ptr_nonnull(strstr(err.text, "there are: 1"));
}
END_TEST

START_TEST(every_figure_has_a_name_of_its_own_a_title_and_a_caption)
{
    for (size_t i = 0; plot_figure_at(i); i++) {
        const plot_figure *figure = plot_figure_at(i), *found = NULL;
        meka_error err;
        assert_ok(plot_figure_find(&found, figure->name, &err), err);
        ck_assert_ptr_eq(found, figure);
        ck_assert(figure->title[0] && figure->caption[0] && figure->script[0] &&
                  (figure->write || figure->n_experiments));
    }
}
END_TEST

TEST_MAIN("figure4", a_figure_leaves_complete_files_whose_data_show_what_the_caption_claims,
          the_data_do_not_depend_on_the_number_of_threads,
          a_directory_that_cannot_be_made_leaves_nothing,
          a_directory_name_too_long_to_add_to_is_an_error,
          without_gnuplot_nothing_is_computed_or_left, a_gnuplot_that_fails_leaves_no_picture,
          an_unknown_figure_is_answered_with_the_known_ones,
          every_figure_has_a_name_of_its_own_a_title_and_a_caption)
