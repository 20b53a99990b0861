#include "problems/spectrum.h"

#include <math.h>

void prob_spectrum(double *out, size_t d, double condition)
{
    double span = d > 1 ? (double)(d - 1) : 1.0;
    for (size_t k = 0; k < d; k++)
        out[k] = d > 1 ? pow(condition, (double)k / span - 1.0) : 1.0;
}

void prob_random_rotation(double *q, size_t d, uint64_t seed, uint64_t which)
{
    for (size_t i = 0; i < d; i++) {
        meka_rng rng;
        meka_rng_init(&rng, seed, MEKA_STREAM_PROBLEM, which, i);
        double *row = q + i * d;
        for (size_t k = 0; k < d; k++)
            row[k] = meka_rng_normal(&rng);
        for (int pass = 0; pass < 2; pass++) {
            for (size_t j = 0; j < i; j++) {
                double dot = 0.0;
                for (size_t k = 0; k < d; k++)
                    dot += row[k] * q[j * d + k];
                for (size_t k = 0; k < d; k++)
                    row[k] -= dot * q[j * d + k];
            }
        }
        double norm = 0.0;
        for (size_t k = 0; k < d; k++)
            norm += row[k] * row[k];
        for (size_t k = 0; k < d; k++)
            row[k] /= sqrt(norm);
    }
}

void prob_compose(double *out, const double *weight, const double *vector, size_t d)
{
    for (size_t i = 0; i < d; i++) {
        for (size_t j = 0; j <= i; j++) {
            double sum = 0.0;
            for (size_t k = 0; k < d; k++)
                sum += weight[k] * vector[k * d + i] * vector[k * d + j];
            out[i * d + j] = out[j * d + i] = sum;
        }
    }
}
