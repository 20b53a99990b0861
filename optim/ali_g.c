/* Adaptive learning rates for interpolation with gradients. */
#include "optim/methods.h"

typedef struct ali_g_params {
    double alpha, mu, delta, f_star;
} ali_g_params;

static const meka_option options[] = {
    OPT_REAL(ali_g_params, alpha, "0.1", 0.0, INFINITY,
             "largest step size (eta), the method's one parameter; before the schedule's "
             "factor"),
    OPT_REAL(ali_g_params, mu, "0.9", 0.0, OPT_MAX_BETA, "Nesterov momentum; 0: none"),
    OPT_REAL(ali_g_params, delta, "1e-5", 0.0, 1e300, "added to |g|^2"),
    OPT_REAL(ali_g_params, f_star, "0", -1e300, 1e300, "lower bound of a batch's mean loss"),
};

static meka_status take_step(const void *params, double *state, double *scratch,
                             const opt_step *step, meka_error *err)
{
    const ali_g_params *p = params;
    double *v = state; /* [d] */
    const double *g = step->gradient;
    meka_status status = opt_step_gradient(step, err);
    if (status != MEKA_OK)
        return status;
    size_t d = step->n_params;
    double square = meka_dot(d, g, g) + p->delta, excess = step->row->loss - p->f_star;
    status = opt_check_square(square, err);
    if (status != MEKA_OK)
        return status;
    double gamma = excess > 0.0 && square > 0.0 ? fmin(excess / square, p->alpha) : 0.0;
    for (size_t j = 0; j < d; j++) {
        double descent = gamma * g[j];
        v[j] = p->mu * v[j] - descent;
        /* The velocity does not know the factor: with 0 nothing moves, momentum included. */
        step->theta[j] += step->factor * (p->mu * v[j] - descent);
    }
    step->row->alpha = step->factor * gamma;
    return MEKA_OK;
}

const opt_method opt_method_ali_g = {
    .name = "ali-g",
    .summary = "SGD whose step size follows from interpolation, with Nesterov momentum (ALI-G)",
    .reference = "Berrada, Zisserman, Kumar, Training neural networks for and by interpolation "
                 "(2020), arXiv:1906.05661",
    .deviations = "no projection onto a feasible set; a lower bound other than 0 can be given; "
                  "momentum is w - gamma g + mu v as in the authors' code, which without "
                  "momentum is algorithm 1; alpha, tuned per problem in the paper, is 0.1 as "
                  "in the code's example",
    .options = OPT_TABLE(options, ali_g_params),
    .min_batch = 1,
    .n_vectors = 1,
    .step = take_step,
};
