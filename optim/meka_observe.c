/* MEKA looks at a batch. */
#include "optim/meka.h"

#include "optim/methods.h"

#include <math.h>
#include <string.h>

static void scale(size_t n, double *x, double factor)
{
    for (size_t i = 0; i < n; i++)
        x[i] *= factor;
}

/* Asks for moments in the form of the covariances; where components are weighed apart, for
 * variances by component, too. */
static meka_status evaluate(const meka_params *p, const opt_step *step, meka_memory *w,
                            bool moved, ad_moments *out, meka_error *err)
{
    opt_covariance form = (opt_covariance)p->covariance;
    size_t d = step->n_params;
    *out = (ad_moments){.traces = true, .keep = true, .defer = w->deferred};
    *step->deferred = w->deferred;
    memset(w->q, 0, opt_covariance_size(form, d) * sizeof *w->q);
    if (!w->deferred) {
        out->grad_mean = step->gradient;
        out->grad_var = w->var;
        memset(w->cross, 0, d * sizeof *w->cross);
    }
    if (!w->deferred && moved) {
        out->hvp_mean = w->h;
        out->cross_cov = w->cross;
    }
    if (form == OPT_COVARIANCE_FULL)
        out->grad_cov = w->observed;
    if (form == OPT_COVARIANCE_FULL && moved)
        out->hvp_cov = w->q;
    if (form == OPT_COVARIANCE_DIAG && moved)
        out->hvp_var = w->q;
    return opt_view_moments(step->batch, step->theta, moved ? w->v : NULL, out, err);
}

/* From those of one sample and of h to those of the mean and of b. */
static void fill_covariances(const meka_params *p, const opt_step *step,
                             const ad_moments *moments, double back, meka_memory *w)
{
    opt_covariance form = (opt_covariance)p->covariance;
    size_t d = step->n_params, size = opt_covariance_size(form, d);
    double n = (double)step->batch->n;
    if (form == OPT_COVARIANCE_SCALAR) {
        w->observed[0] = moments->grad_var_trace / (double)d;
        w->q[0] = back != 0.0 ? moments->hvp_var_trace / (double)d : 0.0;
    } else if (form == OPT_COVARIANCE_DIAG) {
        memcpy(w->observed, w->var, d * sizeof *w->var);
    }
    scale(size, w->observed, 1.0 / n);
    scale(size, w->q, back / n); /* twice: back^2 may be out of range */
    scale(size, w->q, back);
    if (!w->deferred) {
        scale(d, w->var, 1.0 / n);
        scale(d, w->cross, back / n);
    }
}

/* The products of deferred means, and |g|.  What they leave out takes a vector, in w->h: g.m
 * where there was no product, and a norm whose square is out of range. */
static meka_status fill_products(const opt_step *step, const ad_moments *moments,
                                 const meka_memory *w, meka_observation *out, meka_error *err)
{
    size_t d = step->n_params;
    bool tells = opt_square_tells(moments->gg), known = out->back != 0.0 || w->head->vv == 0.0;
    out->gg = moments->gg;
    out->gh = moments->gh;
    out->hh = moments->hh;
    out->gm = moments->gv; /* v = m */
    out->hv = moments->hv;
    out->grad_norm = sqrt(moments->gg);
    if (tells && known)
        return MEKA_OK;
    meka_status status = ad_combine_means(step->batch->batch, 1.0, 0.0, 0.0, w->h, NULL, err);
    if (status != MEKA_OK)
        return status;
    if (!tells)
        out->grad_norm = opt_norm(d, w->h);
    if (!known)
        out->gm = meka_dot(d, w->h, w->m);
    return MEKA_OK;
}

meka_status meka_observe(const meka_params *p, const opt_step *step, meka_memory *w,
                         meka_observation *out, meka_error *err)
{
    double n = (double)step->batch->n;
    bool moved = w->head->alpha != 0.0 && w->head->vv > 0.0;
    ad_moments moments;
    *out = (meka_observation){.back = moved ? -w->head->alpha : 0.0};
    meka_status status = evaluate(p, step, w, moved, &moments, err);
    if (status != MEKA_OK)
        return status;
    out->y = moments.loss_mean;
    out->r = moments.loss_var / n;
    out->var = moments.grad_var_trace / n;
    out->cross = moved ? out->back * (moments.cross_cov_trace / n) : 0.0;
    fill_covariances(p, step, &moments, out->back, w);
    if (w->deferred)
        return fill_products(step, &moments, w, out, err);
    out->grad_norm = opt_norm(step->n_params, step->gradient);
    return MEKA_OK;
}
