/* ad/kernels_functions.h - the functions of ops.def on rows.  Part of ad/kernels_template.h. */
#ifndef AD_KERNELS_FUNCTIONS_H
#define AD_KERNELS_FUNCTIONS_H

#include "ad/kernels_sums.h"

#define FUN1_LOOP(stores)                                                                      \
    for (size_t l = 0; l < n; l += W) {                                                        \
        vd x = v_load(in + l), y;                                                              \
        (void)x;                                                                               \
        stores;                                                                                \
    }
#define AD_OP1(name, value_expression, d1, d2, d3)                                             \
    static void fun1_##name(size_t n, const double *in, double *const *out, uint32_t order)    \
    {                                                                                          \
        double *o0 = out[0], *o1 = out[1], *o2 = out[2], *o3 = out[3];                         \
        switch (order) {                                                                       \
        case 0:                                                                                \
            FUN1_LOOP((y = V(value_expression), v_store(o0 + l, y)))                           \
            break;                                                                             \
        case 1:                                                                                \
            FUN1_LOOP((y = V(value_expression), v_store(o0 + l, y), v_store(o1 + l, V(d1))))   \
            break;                                                                             \
        case 2:                                                                                \
            FUN1_LOOP((y = V(value_expression), v_store(o0 + l, y), v_store(o1 + l, V(d1)),    \
                       v_store(o2 + l, V(d2))))                                                \
            break;                                                                             \
        default:                                                                               \
            FUN1_LOOP((y = V(value_expression), v_store(o0 + l, y), v_store(o1 + l, V(d1)),    \
                       v_store(o2 + l, V(d2)), v_store(o3 + l, V(d3))))                        \
            break;                                                                             \
        }                                                                                      \
    }
#define STORE_PARTIAL(k, expression)                                                           \
    if (mask & (1u << (k)))                                                                    \
    v_store(out[k] + l, V(expression))
#define AD_OP2(name, value_expression, da, db, daa, dab, dbb, daaa, daab, dabb, dbbb)          \
    static void fun2_##name(size_t n, const double *left, const double *right,                 \
                            double *const *out, uint32_t mask)                                 \
    {                                                                                          \
        for (size_t l = 0; l < n; l += W) {                                                    \
            vd a = v_load(left + l), b = v_load(right + l), y = V(value_expression);           \
            (void)a, (void)b;                                                                  \
            STORE_PARTIAL(0, y);                                                               \
            STORE_PARTIAL(1, da);                                                              \
            STORE_PARTIAL(2, db);                                                              \
            STORE_PARTIAL(3, daa);                                                             \
            STORE_PARTIAL(4, dab);                                                             \
            STORE_PARTIAL(5, dbb);                                                             \
            STORE_PARTIAL(6, daaa);                                                            \
            STORE_PARTIAL(7, daab);                                                            \
            STORE_PARTIAL(8, dabb);                                                            \
            STORE_PARTIAL(9, dbbb);                                                            \
        }                                                                                      \
    }
#include "ad/ops.def"
#undef AD_OP1
#undef AD_OP2

static void (*const fun1[AD_N_OPS])(size_t, const double *, double *const *, uint32_t) = {
#define AD_OP1(name, ...) [AD_OP_##name] = fun1_##name,
#define AD_OP2(name, ...)
#include "ad/ops.def"
#undef AD_OP1
#undef AD_OP2
};
static void (*const fun2[AD_N_OPS])(size_t, const double *, const double *, double *const *,
                                    uint32_t) = {
#define AD_OP1(name, ...)
#define AD_OP2(name, ...) [AD_OP_##name] = fun2_##name,
#include "ad/ops.def"
#undef AD_OP1
#undef AD_OP2
};

static const uint32_t *run_fun1(const kernel_block *b, const uint32_t *code)
{
    double *out[4];
    for (int k = 0; k < 4; k++)
        out[k] = code[3 + k] == UINT32_MAX ? b->scratch : b->rows + code[3 + k] * b->stride;
    fun1[code[0]](b->lanes, row_of(b, code[2]), out, code[1]);
    return code + 7;
}

static const uint32_t *run_fun2(const kernel_block *b, const uint32_t *code)
{
    double *out[10];
    for (int k = 0; k < 10; k++)
        out[k] = code[4 + k] == UINT32_MAX ? b->scratch : b->rows + code[4 + k] * b->stride;
    fun2[code[0]](b->lanes, row_of(b, code[2]), row_of(b, code[3]), out, code[1]);
    return code + 14;
}

static const uint32_t *run_select(const kernel_block *b, const uint32_t *code)
{
    const double *condition = row_of(b, code[0]), *x = row_of(b, code[1]);
    const double *y = row_of(b, code[2]);
    double *out = b->rows + code[3] * b->stride;
    for (size_t l = 0; l < b->lanes; l += W)
        v_store(out + l, v_blend(v_load(condition + l) != 0.0, v_load(x + l), v_load(y + l)));
    return code + 4;
}

#endif
