/* ad/sweep.h - the sweeps over one block of samples.
 *
 * A workspace holds, for every slot, one number per lane (sample of the block); arrays are
 * [n_slots][n_lanes].
 */
#ifndef AD_SWEEP_H
#define AD_SWEEP_H

#include "ad/tape.h"

typedef struct ad_workspace {
    size_t n_lanes;
    double *value;   /* v */
    double *tangent; /* v' = dv/dtheta . direction */
    double *adjoint; /* dloss/dv */
    double *second;  /* d/dtheta (dloss/dv) . direction */
} ad_workspace;

/* Sets all lanes of inputs and constants: theta [d] in every lane, features from
 * xi [n_lanes][m]. */
void ad_sweep_load(const ad_code *code, ad_workspace *w, const double *theta, const double *xi);
/* Sets the inputs' tangents: v [d] for theta, 0 for features. */
void ad_sweep_load_tangent(const ad_code *code, ad_workspace *w, const double *v);

/* Values of all instructions; tangents too if `dual`. */
void ad_sweep_forward(const ad_code *code, const uint8_t *active, ad_workspace *w, bool dual);

/* Adjoints of all active slots, after a forward sweep; with `dual` also their tangents
 * (`second`), so that the rows of theta hold gradient and Hessian-vector product. */
void ad_sweep_reverse(const ad_code *code, const uint8_t *active, ad_workspace *w, bool dual);

/* The reverse step of one instruction, number k; what ad_sweep_reverse does for each. */
void ad_sweep_reverse_one(const ad_code *code, const uint8_t *active, ad_workspace *w, size_t k,
                          bool dual);

/* Taylor coefficients of every active slot along the line theta + a v: coefficient k, the
 * k-th derivative over k!, of slot s and lane l is jet[(s * order + k - 1) * n_lanes + l],
 * k = 1..order, order 1..3.  The values must have been swept forward; v [d]. */
void ad_sweep_taylor(const ad_code *code, const uint8_t *active, const ad_workspace *w,
                     const double *v, int order, double *jet);

#endif
