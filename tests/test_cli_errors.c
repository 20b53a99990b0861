/* Every way to get it wrong gives one sentence, the right exit status and no file. */
#include "tests/cli_driver.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define EXAMPLE "examples/rosenbrock.c --data examples/noise.csv --quiet"

/* log(theta) at theta < 0; the log stands in line 7. */
static const char log_of_negative[] =
    "#include <meka/meka.h>\n"
    "static const double start[] = {-2.0};\n"
    "static ad_var record(ad_tape *tape, const ad_var *theta,\n"
    "                     const ad_var *xi, const void *ctx)\n"
    "{\n"
    "    ad_var twice = ad_mul(2.0, theta[0]);\n"
    "    return ad_log(twice);\n"
    "}\n"
    "MEKA_OBJECTIVE(.name = \"bad\", .n_params = 1,\n"
    "               .record = record, .x0 = start)\n";

static const char two_features[] =
    "#include <meka/meka.h>\n"
    "static ad_var record(ad_tape *tape, const ad_var *theta,\n"
    "                     const ad_var *xi, const void *ctx)\n"
    "{\n"
    "    return ad_sqr(ad_sub(ad_add(xi[0], xi[1]), theta[0]));\n"
    "}\n"
    "MEKA_OBJECTIVE(.name = \"pair\", .n_params = 1,\n"
    "               .n_features = 2, .record = record)\n";

START_TEST(no_subcommand_is_a_usage_error)
{
    assert_refused(drive(" "), 2, "command", "--help");
}
END_TEST

START_TEST(an_unknown_subcommand_is_told_the_known_ones)
{
    assert_refused(drive("optimise"), 2, "'optimise'", "list", "run", "verify", "figure",
                   "reproduce");
    assert_refused(drive("--frobnicate"), 2, "'--frobnicate'", "--version");
}
END_TEST

START_TEST(unknown_names_are_told_the_known_ones)
{
    assert_refused(drive("run nonsense"), 2, "'nonsense'", "meka list problems", "FILE.c");
    assert_refused(drive("run rosenbrock --method newtn"), 2, "'newtn'", "meka", "sgd");
    assert_refused(drive("figure 99"), 2, "'99'", "4");
    assert_refused(drive("list animals"), 2, "'animals'", "methods", "problems", "figures");
}
END_TEST

START_TEST(unknown_options_are_told_the_known_ones)
{
    assert_refused(drive("run rosenbrock --colour red"), 2, "'--colour'", "--method", "--seed");
    assert_refused(drive("run rosenbrock -x"), 2, "'-x'", "--method");
    assert_refused(drive("run rosenbrock --quiet -xq"), 2, "'-x'");
    assert_refused(drive("run rosenbrock --set colour=red"), 2, "'colour'", "rule");
    assert_refused(drive("run rosenbrock --option colour=red"), 2, "'colour'", "dim");
    assert_refused(drive("verify --colour red"), 2, "'--colour'", "--dim");
}
END_TEST

START_TEST(a_value_that_is_not_a_number_names_its_option)
{
    static const char *const bad[] = {"x", "1.5", "-1", "''", "0x10", "nan", "99999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_refused(drive("run rosenbrock --batch %s", bad[i]), 2, "--batch", "integer");
        assert_refused(drive("verify --seeds=%s", bad[i]), 2, "--seeds", "integer");
    }
    assert_refused(drive("run rosenbrock --target low"), 2, "--target", "number", "'low'");
    assert_refused(drive("run rosenbrock --target inf"), 2, "--target", "number", "'inf'");
    assert_refused(drive("run rosenbrock --set alpha=big"), 2, "'alpha'", "number", "'big'");
    assert_refused(drive("run rosenbrock --set alpha"), 2, "key=value", "'alpha'");
    assert_refused(drive("run rosenbrock --option dim=1"), 2, "'dim'", "[2,", "'1'");
}
END_TEST

START_TEST(a_value_out_of_range_names_the_range)
{
    assert_refused(drive("verify --step 1.5"), 2, "--step", "(0, 1]", "'1.5'");
    assert_refused(drive("verify --step 0"), 2, "--step", "(0, 1]");
    assert_refused(drive("verify --confidence 1"), 2, "--confidence", "1)");
    assert_refused(drive("verify --condition 0.5"), 2, "--condition", "[1,");
    assert_refused(drive("run rosenbrock --jobs 0"), 2, "--jobs", "[1,");
    assert_refused(drive("run rosenbrock --grad-tol -1"), 2, "--grad-tol", ">= 0");
}
END_TEST

START_TEST(pairs_and_lists_say_how_they_are_written)
{
    static const char *const seeds[] = {"5", "a:b", "5:1", "1:", ":", "1:2:3", "0:99999999"};
    static const char *const noise[] = {"1", "a:1", "1:-1", "1:nan", ":"};
    for (size_t i = 0; i < sizeof seeds / sizeof seeds[0]; i++)
        assert_refused(drive("run rosenbrock --seeds %s", seeds[i]), 2, "--seeds", "A:B");
    for (size_t i = 0; i < sizeof noise / sizeof noise[0]; i++)
        assert_refused(drive("run examples/rosenbrock.c --noise %s", noise[i]), 2, "--noise",
                       "MEAN:SD");
    assert_refused(drive("run rosenbrock --start 1"), 2, "--start", "1 number,",
                   "2 parameters");
    assert_refused(drive("run rosenbrock --start 1,2,3"), 2, "--start", "3 numbers");
    assert_refused(drive("run rosenbrock --start 1,x"), 2, "--start", "entry 2", "'x'");
    assert_refused(drive("run rosenbrock --start 1,"), 2, "--start", "entry 2");
}
END_TEST

START_TEST(missing_and_superfluous_arguments_are_named)
{
    assert_refused(drive("run"), 2, "problem or a file", "meka run PROBLEM");
    assert_refused(drive("figure"), 2, "figure", "NAME");
    assert_refused(drive("run rosenbrock extra"), 2, "'extra'");
    assert_refused(drive("verify extra"), 2, "'extra'");
    assert_refused(drive("run rosenbrock --batch"), 2, "--batch needs an argument");
    assert_refused(drive("run rosenbrock --json=yes"), 2, "--json takes no argument");
}
END_TEST

START_TEST(options_that_contradict_each_other_are_refused)
{
    assert_refused(drive("run rosenbrock --seed 1 --seeds 1:2"), 2, "--seed", "--seeds");
    assert_refused(drive("run " EXAMPLE " --noise 1:1"), 2, "--data", "--noise");
    assert_refused(drive("run rosenbrock --data examples/noise.csv"), 2, "--data",
                   "own samples");
    assert_refused(drive("run rosenbrock --noise 1:1"), 2, "--noise", "own samples");
    assert_refused(drive("run " EXAMPLE " --option dim=3"), 2, "--option", "rosenbrock.c");
    assert_refused(drive("run examples/quadratic.c --noise 1:1"), 2, "--noise", "no samples");
}
END_TEST

START_TEST(an_objective_with_samples_says_where_to_get_them_from)
{
    assert_refused(drive("run examples/rosenbrock.c"), 2, "1 number per sample", "--data",
                   "--noise");
}
END_TEST

START_TEST(data_with_another_number_of_columns_is_refused)
{
    const char *path = test_write("pair.c", two_features);
    assert_refused(drive("run %s --data examples/noise.csv", path), 3, "noise.csv", "1 column,",
                   "2 numbers per sample");
}
END_TEST

START_TEST(malformed_data_is_refused_with_file_and_line)
{
    const char *path = test_write("bad.csv", "1\n2\nthree\n");
    assert_refused(drive("run examples/rosenbrock.c --data %s", path), 3, "bad.csv:3",
                   "'three'");
}
END_TEST

START_TEST(a_wrong_option_is_a_usage_error_whatever_is_in_the_data)
{
    const char *path = test_write("rows.csv", "1,2,1\n2,1,-1\n3,1,1\n");
    assert_refused(drive("run logistic --option foo=1 --data %s", path), 2, "'foo'", "l2");
    assert_refused(drive("run logistic --option l2=-1 --data /nowhere/rows.csv"), 2, "'l2'");
    assert_refused(drive("run logistic --data /nowhere/rows.csv"), 3, "'/nowhere/rows.csv'");
    const char *out = test_path("out");
    assert_refused(drive("figure 5 --steps 1 --data /nowhere --out %s", out), 3,
                   "'/nowhere/cifar-10'");
    assert_refused(drive("figure D.1 --steps 1 --data /nowhere --out %s", out), 3,
                   "'/nowhere/mnist'");
}
END_TEST

START_TEST(a_file_that_cannot_be_read_is_named)
{
    assert_refused(drive("run /nowhere/objective.c"), 3, "'/nowhere/objective.c'",
                   "No such file");
    assert_refused(drive("run /nowhere/objective.so"), 3, "'/nowhere/objective.so'");
    assert_refused(drive("run examples/rosenbrock.c --data /nowhere/data.csv"), 3,
                   "'/nowhere/data.csv'");
    mkdir(test_path("directory.c"), 0700);
    assert_refused(drive("run %s", test_path("directory.c")), 3, "directory.c", "directory");
}
END_TEST

START_TEST(a_file_that_does_not_compile_shows_the_compilers_words_and_one_sentence)
{
    const char *path = test_write("broken.c", "#include <meka/meka.h>\nint x = ;\n");
    drive_result result = drive("run %s", path);
    ck_assert_int_eq(result.status, 3);
    ck_assert_str_eq(result.out, "");
    ck_assert_ptr_nonnull(strstr(result.err, "broken.c:2"));
    const char *sentence = strstr(result.err, "meka: cannot compile");
    ck_assert_ptr_nonnull(sentence);
    ck_assert_ptr_nonnull(strstr(sentence, "broken.c'"));
    ck_assert_str_eq(strchr(sentence, '\n'), "\n");
    ck_assert_int_eq(drive_count_files(test_path("temporary")), 0);
}
END_TEST

START_TEST(a_compiler_that_cannot_be_started_is_named)
{
    setenv("CC", "/nowhere/cc -O3", 1);
    assert_refused(drive("run examples/quadratic.c"), 3, "'/nowhere/cc'", "CC");
}
END_TEST

START_TEST(a_file_without_an_objective_says_how_to_end_it)
{
    const char *path = test_write("empty.c", "int nothing;\n");
    assert_refused(drive("run %s", path), 3, "empty.c", "MEKA_OBJECTIVE");
    path = test_write("text.so", "not a shared object\n");
    assert_refused(drive("run %s", path), 3, "text.so");
}
END_TEST

START_TEST(a_file_compiled_for_another_version_is_refused)
{
    const char *path = test_write("old.c", "#include <meka/meka.h>\n"
                                           "extern const meka_plugin meka_plugin_entry;\n"
                                           "const meka_plugin meka_plugin_entry = {999, 8, "
                                           "{.n_params = 1}};\n");
    assert_refused(drive("run %s", path), 3, "old.c", "999", "compile it anew");
}
END_TEST

START_TEST(an_objective_that_cannot_be_recorded_names_its_line)
{
    const char *path = test_write("unrecordable.c",
                                  "#include <meka/meka.h>\n"
                                  "static ad_var record(ad_tape *tape, const ad_var *theta,\n"
                                  "                     const ad_var *xi, const void *ctx)\n"
                                  "{\n"
                                  "    ad_var stray = {0};\n"
                                  "    return ad_add(theta[0], stray);\n"
                                  "}\n"
                                  "MEKA_OBJECTIVE(.name = \"stray\", .n_params = 1,\n"
                                  "               .record = record)\n");
    assert_refused(drive("run %s", path), 3, "unrecordable.c:6");
}
END_TEST

START_TEST(a_value_that_is_not_finite_names_operation_file_and_line)
{
    const char *path = test_write("bad.c", log_of_negative);
    drive_result result = drive("run %s --quiet", path);
    ck_assert_int_eq(result.status, 3);
    ck_assert_ptr_nonnull(strstr(result.err, "log(-4)"));
    ck_assert_ptr_nonnull(strstr(result.err, "bad.c:7"));
    ck_assert_int_eq(strncmp(result.err, "meka: ", 6), 0);
    ck_assert_str_eq(strchr(result.err, '\n'), "\n");
    /* What there is of a result is printed nevertheless. */
    ck_assert_ptr_nonnull(strstr(result.out, "non-finite"));
}
END_TEST

START_TEST(a_directory_that_cannot_be_written_is_named_before_any_work)
{
    assert_refused(drive("run " EXAMPLE " --log /dev/null/x/run.tsv"), 3,
                   "/dev/null/x/run.tsv");
    assert_refused(drive("figure 4 --quiet --seeds 1 --out /dev/null/x"), 3, "/dev/null");
    assert_refused(drive("reproduce --quiet --out /dev/null/x"), 3, "/dev/null");
    assert_refused(drive("run rosenbrock --quiet --log ''"), 2, "--log", "empty");
}
END_TEST

START_TEST(a_temporary_directory_that_cannot_be_made_is_named)
{
    /* In the place of the driver's TMPDIR. */
    test_write("temporary", "a file where a directory was wanted");
    drive_result result = drive("run examples/quadratic.c");
    ck_assert_int_eq(result.status, 3);
    ck_assert_ptr_nonnull(strstr(result.err, "TMPDIR"));
    ck_assert_str_eq(strchr(result.err, '\n'), "\n");
}
END_TEST

START_TEST(a_full_standard_output_is_an_error)
{
    assert_refused(drive("list > /dev/full"), 3, "standard output", "space");
    assert_refused(drive("--help > /dev/full"), 3, "standard output");
    assert_refused(drive("--version > /dev/full"), 3, "standard output");
    assert_refused(drive("run --help > /dev/full"), 3, "standard output");
    assert_refused(drive("run " EXAMPLE " > /dev/full"), 3, "standard output");
    assert_refused(drive("run " EXAMPLE " --json > /dev/full"), 3, "standard output");
}
END_TEST

START_TEST(a_full_disk_leaves_no_log_behind)
{
    /* A log of many rows to a file system without room. */
    symlink("/dev/full", test_path("run.tsv.part"));
    assert_refused(drive("run " EXAMPLE " --log %s", test_path("run.tsv")), 3, "run.tsv");
    ck_assert_int_ne(access(test_path("run.tsv"), F_OK), 0);
}
END_TEST

START_TEST(control_characters_in_an_argument_do_not_break_the_line)
{
    assert_refused(drive("run \"$(printf 'a\\nb\\033[31m')\""), 2, "a b");
}
END_TEST

TEST_MAIN("cli_errors", no_subcommand_is_a_usage_error,
          an_unknown_subcommand_is_told_the_known_ones, unknown_names_are_told_the_known_ones,
          unknown_options_are_told_the_known_ones,
          a_value_that_is_not_a_number_names_its_option, a_value_out_of_range_names_the_range,
          pairs_and_lists_say_how_they_are_written, missing_and_superfluous_arguments_are_named,
          options_that_contradict_each_other_are_refused,
          an_objective_with_samples_says_where_to_get_them_from,
          data_with_another_number_of_columns_is_refused,
          malformed_data_is_refused_with_file_and_line,
          a_wrong_option_is_a_usage_error_whatever_is_in_the_data,
          a_file_that_cannot_be_read_is_named,
          a_file_that_does_not_compile_shows_the_compilers_words_and_one_sentence,
          a_compiler_that_cannot_be_started_is_named,
          a_file_without_an_objective_says_how_to_end_it,
          a_file_compiled_for_another_version_is_refused,
          an_objective_that_cannot_be_recorded_names_its_line,
          a_value_that_is_not_finite_names_operation_file_and_line,
          a_directory_that_cannot_be_written_is_named_before_any_work,
          a_temporary_directory_that_cannot_be_made_is_named,
          a_full_standard_output_is_an_error, a_full_disk_leaves_no_log_behind,
          control_characters_in_an_argument_do_not_break_the_line)
