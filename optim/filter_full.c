#include "optim/filter_full.h"

#include <assert.h>
#include <float.h>
#include <gsl/gsl_blas.h>
#include <gsl/gsl_eigen.h>
#include <math.h>
#include <string.h>

size_t opt_full_work_size(size_t d)
{
    return 4 * d * d + 5 * d;
}

/* c = a op(b); all [d][d] */
static void multiply(size_t d, const double *a, CBLAS_TRANSPOSE_t op, const double *b,
                     double beta, double *c)
{
    gsl_matrix_const_view va = gsl_matrix_const_view_array(a, d, d);
    gsl_matrix_const_view vb = gsl_matrix_const_view_array(b, d, d);
    gsl_matrix_view vc = gsl_matrix_view_array(c, d, d);
    gsl_blas_dgemm(CblasNoTrans, op, 1.0, &va.matrix, &vb.matrix, beta, &vc.matrix);
}

static void symmetrize(size_t d, double *a)
{
    for (size_t j = 0; j < d; j++)
        for (size_t k = 0; k < j; k++) {
            double mean = 0.5 * (a[j * d + k] + a[k * d + j]);
            a[j * d + k] = mean;
            a[k * d + j] = mean;
        }
}

/* s [d][d] = vectors diag(values) vectors'; s is destroyed, work [4 d].  An eigenvalue
 * decomposition rather than a Cholesky factor: P- + Sigma is singular whenever a batch has
 * no more samples than there are parameters, and GSL's Cholesky would call the error handler
 * then.  The workspace is laid out by hand because its constructor allocates. */
static void decompose(size_t d, double *s, double *values, double *vectors, double *work)
{
    gsl_eigen_symmv_workspace space = {
        .size = d, .d = work, .sd = work + d, .gc = work + 2 * d, .gs = work + 3 * d};
    gsl_matrix_view vs = gsl_matrix_view_array(s, d, d);
    gsl_vector_view vvalues = gsl_vector_view_array(values, d);
    gsl_matrix_view vvectors = gsl_matrix_view_array(vectors, d, d);
    gsl_eigen_symmv(&vs.matrix, &vvalues.vector, &vvectors.matrix, &space);
}

/* K = P- S^+ + N with S = P- + Sigma, S^+ its pseudo-inverse and N the projector on its null
 * space, by the eigenvectors V of S: K V = P- V / lambda, or V where lambda is zero up to
 * rounding. */
static void compute_gain(const opt_filter *filter, const double *sigma, double *s,
                         double *vectors, double *scaled, double *values)
{
    size_t d = filter->d;
    for (size_t i = 0; i < d * d; i++)
        s[i] = filter->P[i] + sigma[i];
    symmetrize(d, s);
    decompose(d, s, values, vectors, values + d);
    double largest = 0.0;
    for (size_t k = 0; k < d; k++)
        largest = fmax(largest, values[k]);
    double tolerance = (double)d * DBL_EPSILON * largest;
    multiply(d, filter->P, CblasNoTrans, vectors, 0.0, scaled);
    for (size_t k = 0; k < d; k++)
        for (size_t j = 0; j < d; j++)
            scaled[j * d + k] =
                values[k] > tolerance ? scaled[j * d + k] / values[k] : vectors[j * d + k];
    multiply(d, scaled, CblasTrans, vectors, 0.0, filter->K);
}

void opt_full_observe(opt_filter *filter, const double *g, const double *sigma)
{
    size_t d = filter->d;
    double *a = filter->work, *b = a + d * d, *c = b + d * d, *rest = c + d * d;
    double *vector = rest + d * d;
    compute_gain(filter, sigma, a, b, c, vector);

    for (size_t j = 0; j < d; j++)
        vector[j] = g[j] - filter->m[j];
    for (size_t j = 0; j < d; j++) {
        double sum = 0.0;
        for (size_t k = 0; k < d; k++)
            sum += filter->K[j * d + k] * vector[k];
        filter->m[j] += sum;
    }

    /* P = (I-K) P- (I-K)' + K Sigma K' */
    for (size_t i = 0; i < d * d; i++)
        rest[i] = (i % (d + 1) == 0 ? 1.0 : 0.0) - filter->K[i];
    multiply(d, rest, CblasNoTrans, filter->P, 0.0, a);
    multiply(d, filter->K, CblasNoTrans, sigma, 0.0, b);
    multiply(d, a, CblasTrans, rest, 0.0, filter->P);
    multiply(d, b, CblasTrans, filter->K, 1.0, filter->P);
    symmetrize(d, filter->P);
}
