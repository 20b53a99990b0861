/* With z_k = w_k.x (x with a 1 for the bias), r = d loss / d z and S = d^2 loss / d z^2:
 *   squares   r = z - y             S = 1
 *   logistic  r = -y / (1 + exp yz) S = p (1 - p)
 *   softmax   r_k = p_k - [k = y]   S_kl = p_k ([k = l] - p_l)      (Bishop 2006, 4.3.4)
 * gradient 1/N sum r_k x_i + l2 theta, Hessian 1/N sum S_kl x_i x_j + l2. */
#include "tests/glm_oracle.h"

#include <check.h>
#include <gsl/gsl_linalg.h>
#include <math.h>
#include <stdlib.h>

enum { MOST_OUTPUTS = 16 };

static size_t outputs_of(const glm *g)
{
    return g->kind == GLM_SOFTMAX ? g->n_classes : 1;
}

size_t glm_n_params(const glm *g)
{
    return outputs_of(g) * (g->m + (size_t)g->bias);
}

/* Where the weight of feature j (m: the bias) of output k is. */
static size_t place(const glm *g, size_t k, size_t j)
{
    return j < g->m ? k * g->m + j : outputs_of(g) * g->m + k;
}

/* Loss of one row at outputs z [K]; r [K] and S [K][K]. */
static long double link(const glm *g, double y, const long double *z, long double *r,
                        long double *S)
{
    size_t K = outputs_of(g);
    if (g->kind == GLM_SQUARES) {
        *r = *z - y;
        *S = 1.0L;
        return 0.5L * *r * *r;
    }
    if (g->kind == GLM_LOGISTIC) {
        long double q = 1.0L / (1.0L + expl(y * *z));
        *r = -y * q;
        *S = q * (1.0L - q);
        return fmaxl(-y * *z, 0.0L) + log1pl(expl(-fabsl(*z)));
    }
    long double most = z[0], sum = 0.0L, p[MOST_OUTPUTS];
    for (size_t k = 1; k < K; k++)
        most = fmaxl(most, z[k]);
    for (size_t k = 0; k < K; k++)
        sum += expl(z[k] - most);
    for (size_t k = 0; k < K; k++) {
        p[k] = expl(z[k] - most) / sum;
        r[k] = p[k] - (k == (size_t)y);
    }
    for (size_t k = 0; k < K; k++)
        for (size_t l = 0; l < K; l++)
            S[k * K + l] = p[k] * ((k == l) - p[l]);
    return most + logl(sum) - z[(size_t)y];
}

/* Loss at theta; gradient [d] and Hessian [d][d] unless NULL. */
static long double evaluate(const glm *g, const double *theta, long double *gradient,
                            double *hessian)
{
    size_t K = outputs_of(g), w = g->m + (size_t)g->bias, d = K * w;
    long double loss = 0.0L, z[MOST_OUTPUTS], r[MOST_OUTPUTS], S[MOST_OUTPUTS * MOST_OUTPUTS];
    for (size_t a = 0; a < d; a++) {
        loss += 0.5L * g->l2 * theta[a] * theta[a];
        if (gradient)
            gradient[a] = (long double)g->l2 * theta[a];
        for (size_t b = 0; hessian && b < d; b++)
            hessian[a * d + b] = a == b ? g->l2 : 0.0;
    }
    double *x = malloc(w * sizeof *x);
    for (size_t i = 0; i < g->n_rows; i++) {
        const double *row = g->row + i * (g->m + 1);
        for (size_t j = 0; j < w; j++)
            x[j] = j < g->m ? row[j] : 1.0;
        for (size_t k = 0; k < K; k++) {
            z[k] = 0.0L;
            for (size_t j = 0; j < w; j++)
                z[k] += (long double)x[j] * theta[place(g, k, j)];
        }
        loss += link(g, row[g->m], z, r, S) / (long double)g->n_rows;
        for (size_t k = 0; gradient && k < K; k++)
            for (size_t j = 0; j < w; j++)
                gradient[place(g, k, j)] += r[k] * x[j] / (long double)g->n_rows;
        for (size_t k = 0; hessian && k < K; k++)
            for (size_t l = 0; l < K; l++) {
                double s = (double)(S[k * K + l] / (long double)g->n_rows);
                for (size_t j = 0; j < w; j++)
                    for (size_t o = 0; x[j] != 0.0 && o < w; o++)
                        hessian[place(g, k, j) * d + place(g, l, o)] += s * x[j] * x[o];
            }
    }
    free(x);
    return loss;
}

/* theta - a H^-1 g into next. */
static void newton(const glm *g, const double *theta, double *step, double *hessian,
                   long double *gradient)
{
    size_t d = glm_n_params(g);
    evaluate(g, theta, gradient, hessian);
    gsl_matrix_view H = gsl_matrix_view_array(hessian, d, d);
    gsl_vector_view p = gsl_vector_view_array(step, d);
    for (size_t a = 0; a < d; a++)
        step[a] = -(double)gradient[a];
    ck_assert_int_eq(gsl_linalg_cholesky_decomp1(&H.matrix), 0);
    gsl_linalg_cholesky_svx(&H.matrix, &p.vector);
}

double glm_minimize(const glm *g, double *theta)
{
    size_t d = glm_n_params(g);
    double *step = malloc(2 * d * sizeof *step), *next = step + d;
    double *hessian = malloc(d * d * sizeof *hessian);
    long double *gradient = malloc(d * sizeof *gradient);
    for (size_t a = 0; a < d; a++)
        theta[a] = 0.0;
    long double loss = evaluate(g, theta, NULL, NULL);
    int k = 0, settled = 0;
    for (; settled < 2 && k < 60; k++) {
        newton(g, theta, step, hessian, gradient);
        long double reached, a = 1.0L, size = 0.0L, moved = 0.0L;
        do { /* the last halvings fail for rounding only: the step is then taken as it is */
            for (size_t j = 0; j < d; j++)
                next[j] = theta[j] + (double)(a * step[j]);
            reached = evaluate(g, next, NULL, NULL);
            a /= 2;
        } while (reached > loss && a > 1e-3L);
        for (size_t j = 0; j < d; j++) {
            theta[j] = reached > loss ? theta[j] + step[j] : next[j];
            size = fmaxl(size, fabsl(theta[j]));
            moved = fmaxl(moved, fabsl(step[j]));
        }
        loss = reached;
        settled += moved <= 1e-12L * size;
    }
    ck_assert_msg(settled, "the dense Newton method has not converged");
    loss = evaluate(g, theta, NULL, NULL);
    free(gradient);
    free(hessian);
    free(step);
    return (double)loss;
}

void glm_qr(const glm *g, double *theta)
{
    size_t d = glm_n_params(g), rows = g->n_rows + d;
    double share = 1.0 / sqrt((double)g->n_rows);
    gsl_matrix *A = gsl_matrix_calloc(rows, d);
    gsl_vector *b = gsl_vector_calloc(rows), *tau = gsl_vector_alloc(d);
    gsl_vector *x = gsl_vector_alloc(d), *residual = gsl_vector_alloc(rows);
    for (size_t i = 0; i < g->n_rows; i++) {
        const double *row = g->row + i * (g->m + 1);
        for (size_t j = 0; j < d; j++)
            gsl_matrix_set(A, i, j, share * (j < g->m ? row[j] : 1.0));
        gsl_vector_set(b, i, share * row[g->m]);
    }
    for (size_t j = 0; j < d; j++)
        gsl_matrix_set(A, g->n_rows + j, j, sqrt(g->l2));
    gsl_linalg_QR_decomp(A, tau);
    gsl_linalg_QR_lssolve(A, tau, b, x, residual);
    for (size_t j = 0; j < d; j++)
        theta[j] = gsl_vector_get(x, j);
    gsl_matrix_free(A);
    gsl_vector_free(b);
    gsl_vector_free(tau);
    gsl_vector_free(x);
    gsl_vector_free(residual);
}
