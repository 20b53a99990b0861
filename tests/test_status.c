#include "tests/testing.h"

START_TEST(every_status_has_a_name_of_its_own)
{
    for (int a = MEKA_OK; a <= MEKA_ERR_RANGE; a++) {
        ck_assert_str_ne(meka_status_name((meka_status)a), "unknown status");
        for (int b = MEKA_OK; b < a; b++)
            ck_assert_str_ne(meka_status_name((meka_status)a),
                             meka_status_name((meka_status)b));
    }
}
END_TEST

START_TEST(a_status_from_elsewhere_still_has_a_name)
{
    ck_assert_str_eq(meka_status_name((meka_status)99), "unknown status");
}
END_TEST

START_TEST(a_failure_writes_status_and_text)
{
    meka_error err;
    memset(&err, 'x', sizeof err);
    ck_assert_int_eq(meka_fail(&err, MEKA_ERR_RANGE, "%s is %d", "x", 7), MEKA_ERR_RANGE);
    ck_assert_int_eq(err.status, MEKA_ERR_RANGE);
    ck_assert_str_eq(err.text, "x is 7");
}
END_TEST

START_TEST(a_failure_without_an_error_object_only_returns_its_status)
{
    ck_assert_int_eq(meka_fail(NULL, MEKA_ERR_IO, "%s", "unread"), MEKA_ERR_IO);
}
END_TEST

START_TEST(a_failure_may_quote_the_text_it_replaces)
{
    meka_error err;
    meka_fail(&err, MEKA_ERR_INPUT, "no such thing");
    meka_fail(&err, MEKA_ERR_INPUT, "in 'a.c': %s", err.text);
    ck_assert_str_eq(err.text, "in 'a.c': no such thing");
}
END_TEST

START_TEST(a_text_that_is_too_long_is_cut_and_terminated)
{
    char text[3000];
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    struct {
        meka_error err;
        char after;
    } guarded = {.after = 'z'};
    meka_fail(&guarded.err, MEKA_ERR_INPUT, "%s", text);
    ck_assert_uint_eq(strlen(guarded.err.text), sizeof guarded.err.text - 1);
    ck_assert_int_eq(guarded.after, 'z');
}
END_TEST

TEST_MAIN("status", every_status_has_a_name_of_its_own,
          a_status_from_elsewhere_still_has_a_name, a_failure_writes_status_and_text,
          a_failure_without_an_error_object_only_returns_its_status,
          a_failure_may_quote_the_text_it_replaces,
          a_text_that_is_too_long_is_cut_and_terminated)
