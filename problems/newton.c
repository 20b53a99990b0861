#include "problems/newton.h"

#include "base/memory.h"

#include <gsl/gsl_linalg.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* step = -H^-1 g.  The modified factorization of Gill, Murray and Wright is Cholesky's where
 * the Hessian is positive definite, and cannot fail where rounding has made it singular. */
static void newton_step(size_t d, double *hessian, const double *gradient, double *step,
                        size_t *order)
{
    gsl_matrix_view H = gsl_matrix_view_array(hessian, d, d);
    gsl_vector_view p = gsl_vector_view_array(step, d);
    gsl_permutation permutation = {d, order};
    gsl_linalg_mcholesky_decomp(&H.matrix, &permutation, NULL);
    for (size_t j = 0; j < d; j++)
        step[j] = -gradient[j];
    gsl_linalg_mcholesky_svx(&H.matrix, &permutation, &p.vector);
}

/* One damped step; returns the decrease that the model promised, g'H^-1 g / 2, or NaN where no
 * step along the direction lowers the objective. */
static double descend(size_t d, prob_function f, const void *ctx, double *theta, double *loss,
                      double *work, size_t *order)
{
    double *gradient = work, *step = work + d, *next = work + 2 * d, *hessian = work + 3 * d;
    *loss = f(ctx, theta, gradient, hessian);
    newton_step(d, hessian, gradient, step, order);
    double promised = 0.0;
    for (size_t j = 0; j < d; j++)
        promised -= 0.5 * gradient[j] * step[j];
    /* Where the promise is below what the loss can resolve, Newton's step is right to rounding
     * and must not be judged by the loss. */
    bool resolved = promised > 1e-13 * (1.0 + fabs(*loss));
    double a = 1.0;
    for (int halvings = 0; halvings < 40; halvings++) {
        for (size_t j = 0; j < d; j++)
            next[j] = theta[j] + a * step[j];
        double reached = f(ctx, next, NULL, NULL);
        if (!resolved || reached <= *loss - 1e-4 * a * promised) {
            memcpy(theta, next, d * sizeof *theta);
            *loss = reached;
            return promised;
        }
        a *= 0.5;
    }
    return NAN;
}

meka_status prob_newton(size_t d, prob_function f, const void *ctx, double *theta,
                        double *minimum, meka_error *err)
{
    *minimum = NAN;
    double *work = meka_alloc(d * d + 3 * d, sizeof *work, err);
    size_t *order = meka_alloc(d, sizeof *order, err);
    meka_status status = work && order ? MEKA_OK : MEKA_ERR_MEMORY;
    for (int k = 0; status == MEKA_OK && k < 100; k++) {
        double loss, promised = descend(d, f, ctx, theta, &loss, work, order);
        if (!isfinite(promised))
            break;
        /* Convergence is quadratic: after a step that promised this little, the next one is
         * far below rounding.  Relative, because a loss that only tends to 0 promises half of
         * itself for ever. */
        if (promised <= 1e-20 * fabs(loss)) {
            *minimum = loss;
            break;
        }
    }
    free(order);
    free(work);
    return status;
}
