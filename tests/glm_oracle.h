/* tests/glm_oracle.h - minima of linear models by dense linear algebra on formulas written by
 * hand, in extended precision: the slow way, which shares nothing with problems/. */
#ifndef TESTS_GLM_ORACLE_H
#define TESTS_GLM_ORACLE_H

#include <stddef.h>

typedef enum glm_kind { GLM_SQUARES, GLM_LOGISTIC, GLM_SOFTMAX } glm_kind;

typedef struct glm {
    glm_kind kind;
    size_t n_rows, m, n_classes; /* m features; n_classes: of GLM_SOFTMAX */
    int bias;
    double l2;
    const double *row; /* [n_rows][m + 1], the label last: -1 or 1 for GLM_LOGISTIC */
} glm;

/* d: (m + bias) for each output; theta: the outputs' weights [m], one after the other, then
 * their biases. */
size_t glm_n_params(const glm *g);

/* Newton's method with the dense Hessian, Cholesky and halved steps, from 0: theta [d]. Returns
 * the loss there. */
double glm_minimize(const glm *g, double *theta);

/* The least-squares solution by QR of the matrix [X / sqrt n; sqrt l2 I]: theta [d]. */
void glm_qr(const glm *g, double *theta);

#endif
