#include "tests/ad_fixture.h"
#include "tests/optim_fixture.h"

START_TEST(the_ledger_counts_what_is_asked_for)
{
    const ad_objective objective = fixture_objective();
    fixture f = fixture_make(&objective, 0);
    opt_ledger ledger = {0};
    double xi[5 * (FIXTURE_D + 1)], out[FIXTURE_D];
    fixture_draw(NULL, 0, 0, 5, xi);
    const opt_view view = {f.batch, 5, xi, &ledger};
    meka_error err = {0};

    ad_moments loss = {0};
    assert_ok(opt_view_moments(&view, fixture_x0, NULL, &loss, &err), err);
    ck_assert_uint_eq(ledger.forwards, 5);
    ck_assert_uint_eq(ledger.gradients, 0);

    ad_moments gradient = {.grad_mean = out};
    assert_ok(opt_view_moments(&view, fixture_x0, fixture_x0, &gradient, &err), err);
    ck_assert_uint_eq(ledger.gradients, 5);
    ck_assert_uint_eq(ledger.hvps, 0);

    ad_moments traces = {.traces = true};
    assert_ok(opt_view_moments(&view, fixture_x0, fixture_x0, &traces, &err), err);
    ck_assert_uint_eq(ledger.forwards, 15);
    ck_assert_uint_eq(ledger.gradients, 10);
    ck_assert_uint_eq(ledger.hvps, 5);

    ad_line_moments line = {.order = 2};
    assert_ok(opt_view_line(&view, fixture_x0, fixture_x0, &line, &err), err);
    ck_assert_uint_eq(ledger.line_passes, 5);
    ck_assert_uint_eq(ledger.samples, 0);
    fixture_clear(&f);
}
END_TEST

START_TEST(a_view_without_a_ledger_evaluates_all_the_same)
{
    const ad_objective objective = fixture_objective();
    fixture f = fixture_make(&objective, 0);
    opt_ledger ledger = {0};
    const opt_view counted = {f.batch, 1, fixture_mean, &ledger};
    const opt_view plain = {f.batch, 1, fixture_mean, NULL};
    ad_moments a = {0}, b = {0};
    meka_error err = {0};
    assert_ok(opt_view_moments(&counted, fixture_x0, NULL, &a, &err), err);
    assert_ok(opt_view_moments(&plain, fixture_x0, NULL, &b, &err), err);
    ck_assert_double_eq(a.loss_mean, b.loss_mean);
    ck_assert_uint_eq(ledger.forwards, 1);
    fixture_clear(&f);
}
END_TEST

TEST_MAIN("view", the_ledger_counts_what_is_asked_for,
          a_view_without_a_ledger_evaluates_all_the_same)
