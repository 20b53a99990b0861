#include "tests/data_fixture.h"
#include "tests/nist_fixture.h"

START_TEST(every_block_is_found_by_the_lines_the_header_names)
{
    const char *paths[] = {test_write("small", nist_small),
                           data_write_gzip("small.gz", nist_small, strlen(nist_small))};
    static const double y[] = {10.07, 14.73, 17.94, 23.93};
    static const double x[] = {77.6, 1, 114.9, 2, 141.1, 3, 190.8, 4};
    for (size_t k = 0; k < 2; k++) {
        prob_nist nist;
        meka_error err;
        assert_ok(prob_read_nist(&nist, paths[k], &err), err);
        ck_assert_str_eq(nist.name, "Small1");
        ck_assert_str_eq(nist.model, "Exponential Class\n2 Parameters (b1 and b2)\n\n"
                                     "y = b1*exp(-b2*x1)  +  e");
        ck_assert_uint_eq(nist.n_params, 2);
        ck_assert_double_eq(nist.start[0][0], 500);
        ck_assert_double_eq(nist.start[0][1], 0.0001);
        ck_assert_double_eq(nist.start[1][0], 250);
        ck_assert_double_eq(nist.start[1][1], -0.0005);
        ck_assert_double_eq(nist.certified[0], 239);
        ck_assert_double_eq(nist.certified[1], 5.5e-4);
        ck_assert_double_eq(nist.sd[0], 2.7);
        ck_assert_double_eq(nist.sd[1], 7.25e-6);
        ck_assert_double_eq(nist.sum_of_squares, 0.125);
        ck_assert_double_eq(nist.residual_sd, 0.25);
        ck_assert_uint_eq(nist.degrees_of_freedom, 2);
        ck_assert_uint_eq(nist.data.n_rows, 4);
        ck_assert_uint_eq(nist.data.n_features, 2);
        ck_assert_mem_eq(nist.data.label, y, sizeof y);
        ck_assert_mem_eq(nist.data.dense, x, sizeof x);
        prob_nist_clear(&nist);
        prob_nist_clear(&nist);
    }
    prob_nist_clear(NULL);
}
END_TEST

/* The small file with the first `old` replaced. */
static meka_status read_changed(const char *old, const char *new, meka_error *err)
{
    char text[sizeof nist_small + 100];
    prob_nist nist;
    const char *at = strstr(nist_small, old);
    ck_assert_msg(at != NULL, "'%s'", old);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - nist_small), nist_small, new,
             at + strlen(old));
    return prob_read_nist(&nist, test_write("bad", text), err);
}

START_TEST(a_malformed_file_is_refused_with_file_line_and_reason)
{
    static const struct {
        const char *old, *new, *what;
    } bad[] = {
        {"File Format:", "Format:", "bad:1: there is no section 'File Format:'"},
        {"Dataset Name:", "Name:", "bad:1: there is no section 'Dataset Name:'"},
        {"Small1            (Small1.dat)", "", "bad:2: the name of the data set is missing"},
        {"Certified Values  (", "Values  (",
         "bad:4: the section 'File Format' does not say in which lines 'Certified Values' are"},
        {"(lines 16 to  17)", "(lines 16)", "bad:5: should say '(lines N to M)'"},
        {"(lines 25 to 28)", "(lines 25 to 29)",
         "bad:7: 'Data' in lines 25 to 29, but the file has 28 lines"},
        {"(lines 25 to 28)", "(lines 0 to 3)", "bad:7: 'Data' in lines 0 to 3"},
        {"(lines 25 to 28)", "(lines 28 to 25)", "bad:7: 'Data' in lines 28 to 25"},
        {"(lines 25 to 28)", "(lines 1 to 99999999999999999999999)",
         "bad:7: 'Data' in lines 1"},
        {"(lines 25 to 28)", "(lines 25 to 27)",
         "bad:21: 2 degrees of freedom, but 3 lines of data and 2 parameters"},
        {"(lines 25 to 28)", "(lines 24 to 28)", "bad:21: 2 degrees of freedom, but 5 lines"},
        {"(lines 16 to  17)", "(lines 16 to 18)", "bad:18: should begin with 'b3 ='"},
        {"(lines 16 to  17)", "(lines 15 to 17)", "bad:15: should begin with 'b1 ='"},
        {"(lines 16 to  17)", "(lines 16 to 16)",
         "bad:11: 2 parameters, but starting values of 1"},
        {"(lines 16 to 22)", "(lines 16 to 18)",
         "bad:16: 'Residual Sum of Squares:' is missing up to line 18"},
        {"Model:", "Mode:", "bad:1: there is no section 'Model:' before the values"},
        {"500 ", "five", "bad:16: start 1: 'five' is not a number"},
        {"2.70E+00", "", "bad:16: the standard deviation is missing"},
        {"2.70E+00", "2.70E+00 1", "bad:16: '1' is one value too many"},
        {"5.5E-04", "nan", "bad:17: the certified value: 'nan' is not finite"},
        {"1.25E-01", "x", "bad:19: Residual Sum of Squares: 'x' is not a number"},
        {"Observations:                            4", "Observations: 5",
         "bad:22: 5 observations, but 4 lines of data"},
        {"10.07E0", "1e999",
         "bad:25: the response: '1e999' is not a number that a double can "},
        {"114.9E0", "inf", "bad:26: a predictor: 'inf' is not finite"},
        {"141.1E0", "", "bad:27: a predictor is missing"},
        {"190.8E0", "190.8E0 7", "bad:28: '4' is one value too many"},
        {"      10.07E0      77.6E0  1", "1",
         "bad:25: should hold a response and its predictors"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        meka_error err;
        assert_fails(read_changed(bad[i].old, bad[i].new, &err), err, MEKA_ERR_INPUT,
                     bad[i].what);
    }
}
END_TEST

START_TEST(files_that_are_nothing_of_the_kind_are_refused)
{
    enum { N = 5 << 20 };
    prob_nist nist;
    meka_error err;
    assert_fails(prob_read_nist(&nist, test_write("bad", ""), &err), err, MEKA_ERR_INPUT,
                 "bad:1: there is no section");
    char *text = malloc(N);
    memset(text, '\n', N);
    assert_fails(prob_read_nist(&nist, data_write_gzip("bad", text, N), &err), err,
                 MEKA_ERR_INPUT, "the file is too long to be one of NIST's");
    free(text);
}
END_TEST

static meka_status read_and_clear(void *ctx, meka_error *err)
{
    prob_nist nist;
    meka_status status = prob_read_nist(&nist, ctx, err);
    if (status == MEKA_OK)
        prob_nist_clear(&nist);
    return status;
}

START_TEST(a_file_cut_off_anywhere_but_at_its_last_line_end_is_refused)
{
    ck_assert_uint_eq(data_truncate("cut", nist_small, strlen(nist_small), read_and_clear), 1);
    data_truncate_gzip("cut.gz", nist_small, strlen(nist_small), read_and_clear);
}
END_TEST

START_TEST(every_allocation_of_reading_may_fail)
{
    char path[256];
    snprintf(path, sizeof path, "%s", test_write("small", nist_small));
    ck_assert_uint_ge(test_every_allocation(read_and_clear, path), 30);
}
END_TEST

TEST_MAIN("read_nist", every_block_is_found_by_the_lines_the_header_names,
          a_malformed_file_is_refused_with_file_line_and_reason,
          files_that_are_nothing_of_the_kind_are_refused,
          a_file_cut_off_anywhere_but_at_its_last_line_end_is_refused,
          every_allocation_of_reading_may_fail)
