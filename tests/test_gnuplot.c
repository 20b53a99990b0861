#include "plots/gnuplot.h"
#include "tests/testing.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

START_TEST(a_script_runs_in_its_directory_and_is_told_to_write_parts)
{
    meka_error err;
    ck_assert_int_eq(mkdir(test_path("it's here"), 0777), 0);
    test_write("it's here/draw.gp", "set print 'said.txt'.part\nprint 6*7\n");
    assert_ok(plot_gnuplot_run(test_path("it's here"), "draw.gp", &err), err);
    char *text = test_read(test_path("it's here/said.txt.part"));
    ck_assert_ptr_nonnull(text);
    ck_assert_str_eq(text, "42\n");
    free(text);
}
END_TEST

START_TEST(what_gnuplot_complains_about_is_part_of_the_error)
{
    meka_error err;
    test_write("wrong.gp", "set nonsense_that_does_not_exist\n");
    assert_fails(plot_gnuplot_run(test_directory(), "wrong.gp", &err), err, MEKA_ERR_IO,
                 "wrong.gp");
    ck_assert_ptr_nonnull(strstr(err.text, "nonsense_that_does_not_exist"));
    ck_assert_ptr_null(strchr(err.text, '\n'));
}
END_TEST

START_TEST(a_script_that_says_more_than_fits_does_not_block)
{
    meka_error err;
    test_write("loud.gp", "do for [i=1:20000] { printerr 'a line of some forty characters' }\n"
                          "set nonsense\n");
    assert_fails(plot_gnuplot_run(test_directory(), "loud.gp", &err), err, MEKA_ERR_IO,
                 "loud.gp");
}
END_TEST

START_TEST(a_missing_script_is_an_error)
{
    meka_error err;
    assert_fails(plot_gnuplot_run(test_directory(), "nowhere.gp", &err), err, MEKA_ERR_IO,
                 "nowhere.gp");
}
END_TEST

START_TEST(a_missing_gnuplot_is_said_to_be_missing)
{
    meka_error err;
    setenv("PATH", "/nonexistent", 1);
    assert_fails(plot_gnuplot_check(&err), err, MEKA_ERR_IO, "gnuplot-nox");
    assert_fails(plot_gnuplot_run(test_directory(), "any.gp", &err), err, MEKA_ERR_IO,
                 "gnuplot-nox");
}
END_TEST

START_TEST(a_gnuplot_that_is_killed_is_an_error)
{
    meka_error err;
    const char *path = test_write("gnuplot", "#!/bin/sh\nkill -9 $$\n");
    ck_assert_int_eq(chmod(path, 0755), 0);
    setenv("PATH", test_directory(), 1);
    assert_fails(plot_gnuplot_run(test_directory(), "any.gp", &err), err, MEKA_ERR_IO,
                 "signal 9");
}
END_TEST

START_TEST(closed_standard_streams_do_not_matter)
{
    meka_error err;
    test_write("quiet.gp", "set print 'said.txt'\nprint 1\n");
    close(0);
    assert_ok(plot_gnuplot_run(test_directory(), "quiet.gp", &err), err);
}
END_TEST

static meka_status draw(void *ctx, meka_error *err)
{
    return plot_gnuplot_run(ctx, "fine.gp", err);
}

START_TEST(no_memory_is_an_error)
{
    test_write("fine.gp", "x = 1\n");
    ck_assert_uint_eq(test_every_allocation(draw, (void *)(uintptr_t)test_directory()), 2);
}
END_TEST

TEST_MAIN("gnuplot", a_script_runs_in_its_directory_and_is_told_to_write_parts,
          what_gnuplot_complains_about_is_part_of_the_error,
          a_script_that_says_more_than_fits_does_not_block, a_missing_script_is_an_error,
          a_missing_gnuplot_is_said_to_be_missing, a_gnuplot_that_is_killed_is_an_error,
          closed_standard_streams_do_not_matter, no_memory_is_an_error)
