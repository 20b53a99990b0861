/* The uniform machine. */
#include "ad/plan.h"

#include "ad/math.h"

#include <string.h>

static const uint32_t *run_sum(const uint32_t *code, double *u)
{
    /* Two sums in turn: a chain of additions waits for each of them. */
    double sum[2] = {0.0, 0.0};
    const uint32_t *t = code + 5;
    for (uint32_t k = 0; k < code[1]; k++, t += 1)
        sum[0] += u[t[0]];
    for (uint32_t k = 0; k < code[2]; k++, t += 2)
        sum[k % 2] += u[t[0]] * u[t[1]];
    for (uint32_t k = 0; k < code[3]; k++, t += 3)
        sum[k % 2] += u[t[0]] * u[t[1]] * u[t[2]];
    for (uint32_t k = 0; k < code[4]; k++, t += 4)
        sum[k % 2] += u[t[0]] * u[t[1]] * u[t[2]] * u[t[3]];
    u[code[0]] = sum[0] + sum[1];
    return t;
}

static void run_fun1(uint32_t op, uint32_t mask, double x, const uint32_t *out, double *u)
{
    double y;
    switch ((ad_op)op) {
#define AD_OP1(name, value_expression, d1, d2, d3)                                             \
    case AD_OP_##name:                                                                         \
        (void)x;                                                                               \
        y = (value_expression);                                                                \
        u[out[0]] = y;                                                                         \
        if (mask & 2)                                                                          \
            u[out[1]] = (d1);                                                                  \
        if (mask & 4)                                                                          \
            u[out[2]] = (d2);                                                                  \
        if (mask & 8)                                                                          \
            u[out[3]] = (d3);                                                                  \
        break;
#define AD_OP2(name, ...)
#include "ad/ops.def"
#undef AD_OP1
#undef AD_OP2
    default:
        break;
    }
}

static void run_fun2(uint32_t op, uint32_t mask, double a, double b, const uint32_t *out,
                     double *u)
{
    double y;
    switch ((ad_op)op) {
#define PARTIAL(k, expression)                                                                 \
    if (mask & (1u << (k)))                                                                    \
    u[out[k]] = (expression)
#define AD_OP1(name, ...)
#define AD_OP2(name, value_expression, da, db, daa, dab, dbb, daaa, daab, dabb, dbbb)          \
    case AD_OP_##name:                                                                         \
        (void)a, (void)b;                                                                      \
        y = (value_expression);                                                                \
        u[out[0]] = y;                                                                         \
        PARTIAL(1, da);                                                                        \
        PARTIAL(2, db);                                                                        \
        PARTIAL(3, daa);                                                                       \
        PARTIAL(4, dab);                                                                       \
        PARTIAL(5, dbb);                                                                       \
        PARTIAL(6, daaa);                                                                      \
        PARTIAL(7, daab);                                                                      \
        PARTIAL(8, dabb);                                                                      \
        PARTIAL(9, dbbb);                                                                      \
        break;
#include "ad/ops.def"
#undef AD_OP1
#undef AD_OP2
#undef PARTIAL
    default:
        break;
    }
}

static const uint32_t *run_fun(const uint32_t *code, double *u)
{
    run_fun1(code[0], code[1], u[code[2]], code + 4, u);
    run_fun2(code[0], code[1], u[code[2]], u[code[3]], code + 4, u);
    return code + 4 + GRAPH_N_PARTS;
}

void ad_plan_uniform(const ad_plan *plan, uniform_loop *loop, const double *theta,
                     const double *v, double *u, double *pack)
{
    memcpy(u, plan->start, plan->n_scalars * sizeof *u);
    for (size_t k = 0; k < plan->n_used_params; k++)
        u[plan->param[2 * k + 1]] = theta[plan->param[2 * k]];
    for (size_t k = 0; k < plan->n_used_along; k++)
        u[plan->along[2 * k + 1]] = v[plan->along[2 * k]];
    const uint32_t *code = plan->uniform; /* NULL if there is none */
    const uint32_t *end = plan->n_uniform ? code + plan->n_uniform : code;
    while (code < end) {
        switch (*code++) {
        case UNIFORM_SUM:
            code = run_sum(code, u);
            break;
        case UNIFORM_LOOP:
            code = loop(u, code);
            break;
        case UNIFORM_FUN:
            code = run_fun(code, u);
            break;
        default:
            u[code[3]] = u[code[0]] != 0.0 ? u[code[1]] : u[code[2]];
            code += 4;
            break;
        }
    }
    for (size_t k = 0; k < plan->n_pack; k++)
        pack[k] = u[plan->pack[k]];
}
