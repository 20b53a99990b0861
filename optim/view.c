/* Evaluation with the bill kept. */
#include <meka/optim.h>

#include <assert.h>

meka_status opt_view_moments(const opt_view *view, const double *theta, const double *v,
                             ad_moments *out, meka_error *err)
{
    assert(view && theta && out);
    meka_status status = ad_eval_moments(view->batch, theta, v, view->n, view->xi, out, err);
    if (view->ledger && (status == MEKA_OK || status == MEKA_NONFINITE)) {
        bool product = v && (out->hvp_mean || out->hvp_var || out->hvp_cov || out->cross_cov ||
                             out->traces || out->defer);
        bool gradient = product || out->grad_mean || out->grad_var || out->grad_cov ||
                        out->traces || out->defer;
        view->ledger->forwards += view->n;
        view->ledger->gradients += gradient ? view->n : 0;
        view->ledger->hvps += product ? view->n : 0;
    }
    return status;
}

meka_status opt_view_line(const opt_view *view, const double *theta, const double *v,
                          ad_line_moments *out, meka_error *err)
{
    assert(view && theta && v && out);
    meka_status status = ad_eval_line(view->batch, theta, v, view->n, view->xi, out, err);
    if (view->ledger && (status == MEKA_OK || status == MEKA_NONFINITE))
        view->ledger->line_passes += view->n;
    return status;
}
