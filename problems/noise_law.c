#include "problems/noise_law.h"

#include <math.h>
#include <string.h>

const char *const prob_tail_names[] = {"normal", "student", "laplace", NULL};

/* E 1/chi^2_nu = 1/(nu - 2), and the variance of a Laplace variable sqrt(W) z with W ~ Exp(1)
 * is E W = 1 (Kotz, Kozubowski, Podgorski 2001, chapter 5). */
static double draw_factor(const prob_noise_law *law, meka_rng *rng)
{
    switch (law->tail) {
    case PROB_TAIL_STUDENT:
        return sqrt((law->dof - 2.0) / meka_rng_gamma(rng, 0.5 * law->dof, 2.0));
    case PROB_TAIL_LAPLACE:
        return sqrt(-log(meka_rng_uniform(rng)));
    default:
        return 1.0;
    }
}

void prob_noise_draw(const prob_noise_law *law, meka_rng *rng, double *xi)
{
    size_t d = law->d;
    double factor = draw_factor(law, rng);
    memset(xi, 0, d * sizeof *xi);
    for (size_t k = 0; k < law->rank; k++) {
        double z = factor * law->sd[k] * meka_rng_normal(rng);
        if (law->axis)
            for (size_t j = 0; j < d; j++)
                xi[j] += z * law->axis[k * d + j];
        else
            xi[k] = z;
    }
}
