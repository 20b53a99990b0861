#include "plots/files.h"
#include "tests/testing.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_directory(const char *path)
{
    struct stat what;
    return stat(path, &what) == 0 && S_ISDIR(what.st_mode);
}

START_TEST(a_directory_is_created_with_its_parents_and_may_exist)
{
    meka_error err;
    assert_ok(plot_directory_create(test_path("a/b//c/"), &err), err);
    ck_assert(is_directory(test_path("a/b/c")));
    assert_ok(plot_directory_create(test_path("a/b/c"), &err), err);
    assert_ok(plot_directory_create(".", &err), err);
}
END_TEST

START_TEST(a_file_in_the_way_of_a_directory_is_named)
{
    meka_error err;
    test_write("file", "x");
    assert_fails(plot_directory_create(test_path("file"), &err), err, MEKA_ERR_IO, "file");
    assert_fails(plot_directory_create(test_path("file/b"), &err), err, MEKA_ERR_IO, "file");
    assert_fails(plot_directory_create("", &err), err, MEKA_ERR_INPUT, "directory");
}
END_TEST

START_TEST(a_script_is_drawn_to_final_names_and_kept)
{
    meka_error err;
    plot_figure_files files;
    assert_ok(plot_files_name(&files, test_directory(), "toy", &err), err);
    const char *script = "if (!exists('part')) part = ''\n"
                         "do for [x in 'png svg'] { set print 'toy.'.x.part; print x }\n";
    assert_ok(plot_files_draw(&files, test_directory(), "toy", script, "said\n", &err), err);
    const char *const path[] = {files.png, files.svg, files.caption, test_path("toy.gp")};
    const char *const text[] = {"png\n", "svg\n", "said\n", script};
    for (int i = 0; i < 4; i++) {
        char *found = test_read(path[i]);
        ck_assert_ptr_nonnull(found);
        ck_assert_str_eq(found, text[i]);
        free(found);
    }
}
END_TEST

START_TEST(a_script_that_draws_only_one_picture_is_an_error)
{
    meka_error err;
    plot_figure_files files;
    assert_ok(plot_files_name(&files, test_directory(), "toy", &err), err);
    const char *script = "set print 'toy.png'.part; print 1\n";
    assert_fails(plot_files_draw(&files, test_directory(), "toy", script, "", &err), err,
                 MEKA_ERR_IO, "toy.svg");
    ck_assert_int_ne(access(files.caption, F_OK), 0);
}
END_TEST

TEST_MAIN("files", a_directory_is_created_with_its_parents_and_may_exist,
          a_file_in_the_way_of_a_directory_is_named, a_script_is_drawn_to_final_names_and_kept,
          a_script_that_draws_only_one_picture_is_an_error)
