#include "tests/line_oracle.h"

quad line_mu(const line_terms *m, quad a)
{
    return -(quad)m->A * a + (quad)m->B * a * a / 2 + (quad)m->C * a * a * a / 6;
}

quad line_variance(const line_terms *m, quad a)
{
    return 2 * (quad)m->s + (quad)m->p * a * a + (quad)m->q * a * a * a * a / 4;
}

quad line_slope(const line_terms *m, line_criterion what, quad a)
{
    quad mu = line_mu(m, a), variance = line_variance(m, a);
    quad rise = -(quad)m->A + (quad)m->B * a + (quad)m->C * a * a / 2; /* mu' */
    quad spread = 2 * (quad)m->p * a + (quad)m->q * a * a * a;         /* V' */
    if (what == LINE_MU || !(variance > 0))
        return rise;
    if (what == LINE_PI) /* (mu/sqrt V)' V^(3/2) */
        return rise * variance - mu * spread / 2;
    /* The derivatives of z cancel: -(sqrt V (z Phi + phi))' = mu' Phi - (sqrt V)' phi. */
    quad sd = q_sqrt(variance), z = -mu / sd, root2 = q_sqrt(2);
    quad density = q_exp(-z * z / 2) / q_sqrt(8 * q_atan(1));
    return rise * q_erfc(-z / root2) / 2 - spread / (2 * sd) * density;
}

static quad bisect(const line_terms *m, line_criterion what, quad low, quad high)
{
    while (high - low > (quad)1e-25 * high) {
        quad middle = (low + high) / 2;
        if (line_slope(m, what, middle) > 0)
            high = middle;
        else
            low = middle;
    }
    return (low + high) / 2;
}

quad line_minimum(const line_terms *m, line_criterion what, line_grid grid)
{
    quad factor = q_pow(10, (quad)1 / grid.per_decade);
    if (line_slope(m, what, grid.low) > 0)
        return 0;
    for (quad a = grid.low; a < grid.high; a *= factor)
        if (line_slope(m, what, a * factor) > 0)
            return bisect(m, what, a, a * factor);
    return INFINITY;
}
