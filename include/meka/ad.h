/* meka/ad.h - objectives in C and their exact per-sample derivatives.
 *
 * An objective is a C function that builds one sample's loss from ad_var values.
 * Calling it once records a tape; the tape and its derivatives (forward over reverse;
 * Pearlmutter, "Fast exact multiplication by the Hessian", 1994) become a program; the
 * program is evaluated over batches of samples.  docs/engine.md explains how.
 *
 * The order in which sums are added is the engine's choice, as is the use of fused
 * multiply-add and of SLEEF's functions, which are within some units in the last place of the
 * C library's: last bits differ between instruction sets, numbers of lanes, AD_PASS_...
 * switches, and from recording anew; never with the number of threads.
 *
 * Shapes: d = n_params, m = n_features, n = number of samples; arrays row-major.
 */
#ifndef MEKA_AD_H
#define MEKA_AD_H

#include <meka/base.h>

#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ad_tape ad_tape;
typedef struct ad_program ad_program;
typedef struct ad_batch ad_batch;

/* A value on a tape; plain data, passed by value.  Valid while recording. */
typedef struct ad_var {
    ad_tape *tape;
    uint32_t slot;
} ad_var;

/* One sample's loss f_i(theta) = f(theta, xi_i). */
typedef struct ad_objective {
    const char *name;
    size_t n_params;   /* d >= 1 */
    size_t n_features; /* m: doubles per sample, labels included; may be 0 */
    /* theta [d], xi [m] (NULL if m = 0).  Must be a pure function of its arguments. */
    ad_var (*record)(ad_tape *tape, const ad_var *theta, const ad_var *xi, const void *ctx);
    const void *ctx; /* borrowed; passed to record */
    /* [d], borrowed: a starting point; also where a trial recording is made, with
     * all features 0.  NULL: zeros. */
    const double *x0;
} ad_objective;

/* ------------------------------------------------- operations while recording
 *
 * Each records one instruction (a real operand one more, its constant) and remembers the
 * caller's file and line.  Operands of binary operations are ad_var or real numbers, at least
 * one of them an ad_var.
 * Nothing here fails visibly: the first error sticks to the tape and ad_program_create
 * reports it with its file and line.  Values, partial derivatives and behaviour at
 * domain edges are the rows of ad/ops.def.
 */

#define AD_UNARY(name, x) ad_##name##_at((x), __FILE__, __LINE__)
#define AD_BINARY(name, a, b)                                                                  \
    _Generic((a), ad_var                                                                       \
             : _Generic((b), ad_var                                                            \
                        : ad_##name##_vv, default                                              \
                        : ad_##name##_vr),                                                     \
               default                                                                         \
             : _Generic((b), ad_var                                                            \
                        : ad_##name##_rv, default                                              \
                        : ad_needs_a_variable))((a), (b), __FILE__, __LINE__)

/* Never defined: two real operands are a compile-time error. */
ad_var ad_needs_a_variable(double a, double b, const char *file, int line)
    __attribute__((error("at least one operand must be an ad_var")));

#define AD_DECLARE_UNARY(name) ad_var ad_##name##_at(ad_var x, const char *file, int line)
#define AD_DECLARE_BINARY(name)                                                                \
    ad_var ad_##name##_vv(ad_var a, ad_var b, const char *file, int line);                     \
    ad_var ad_##name##_vr(ad_var a, double b, const char *file, int line);                     \
    ad_var ad_##name##_rv(double a, ad_var b, const char *file, int line)

AD_DECLARE_BINARY(add);
AD_DECLARE_BINARY(sub);
AD_DECLARE_BINARY(mul);
AD_DECLARE_BINARY(div);
AD_DECLARE_BINARY(pow);
AD_DECLARE_BINARY(atan2);
AD_DECLARE_BINARY(hypot);
AD_DECLARE_BINARY(max);
AD_DECLARE_BINARY(min);
AD_DECLARE_BINARY(lt);
AD_DECLARE_BINARY(le);
AD_DECLARE_BINARY(gt);
AD_DECLARE_BINARY(ge);
AD_DECLARE_BINARY(eq);
AD_DECLARE_BINARY(ne);
#define ad_add(a, b)   AD_BINARY(add, a, b)
#define ad_sub(a, b)   AD_BINARY(sub, a, b)
#define ad_mul(a, b)   AD_BINARY(mul, a, b)
#define ad_div(a, b)   AD_BINARY(div, a, b)
#define ad_pow(a, b)   AD_BINARY(pow, a, b)
#define ad_atan2(y, x) AD_BINARY(atan2, y, x)
#define ad_hypot(a, b) AD_BINARY(hypot, a, b)
#define ad_max(a, b)   AD_BINARY(max, a, b) /* at a tie: the mean of both derivatives */
#define ad_min(a, b)   AD_BINARY(min, a, b) /* at a tie: the mean of both derivatives */
/* Comparisons give 1 or 0 with zero derivative: conditions for ad_select. */
#define ad_lt(a, b) AD_BINARY(lt, a, b)
#define ad_le(a, b) AD_BINARY(le, a, b)
#define ad_gt(a, b) AD_BINARY(gt, a, b)
#define ad_ge(a, b) AD_BINARY(ge, a, b)
#define ad_eq(a, b) AD_BINARY(eq, a, b)
#define ad_ne(a, b) AD_BINARY(ne, a, b)

AD_DECLARE_UNARY(neg);
AD_DECLARE_UNARY(stop);
AD_DECLARE_UNARY(abs);
AD_DECLARE_UNARY(sqr);
AD_DECLARE_UNARY(sqrt);
AD_DECLARE_UNARY(cbrt);
AD_DECLARE_UNARY(exp);
AD_DECLARE_UNARY(expm1);
AD_DECLARE_UNARY(log);
AD_DECLARE_UNARY(log1p);
AD_DECLARE_UNARY(log2);
AD_DECLARE_UNARY(log10);
AD_DECLARE_UNARY(sin);
AD_DECLARE_UNARY(cos);
AD_DECLARE_UNARY(tan);
AD_DECLARE_UNARY(asin);
AD_DECLARE_UNARY(acos);
AD_DECLARE_UNARY(atan);
AD_DECLARE_UNARY(sinh);
AD_DECLARE_UNARY(cosh);
AD_DECLARE_UNARY(tanh);
AD_DECLARE_UNARY(asinh);
AD_DECLARE_UNARY(acosh);
AD_DECLARE_UNARY(atanh);
AD_DECLARE_UNARY(erf);
AD_DECLARE_UNARY(erfc);
AD_DECLARE_UNARY(lgamma);
AD_DECLARE_UNARY(softplus);
AD_DECLARE_UNARY(sigmoid);
AD_DECLARE_UNARY(relu);
AD_DECLARE_UNARY(normcdf);
#define ad_neg(x)      AD_UNARY(neg, x)
#define ad_stop(x)     AD_UNARY(stop, x) /* x as a constant: no derivative passes */
#define ad_abs(x)      AD_UNARY(abs, x)  /* derivative 0 at 0 */
#define ad_sqr(x)      AD_UNARY(sqr, x)
#define ad_sqrt(x)     AD_UNARY(sqrt, x)
#define ad_cbrt(x)     AD_UNARY(cbrt, x)
#define ad_exp(x)      AD_UNARY(exp, x)
#define ad_expm1(x)    AD_UNARY(expm1, x)
#define ad_log(x)      AD_UNARY(log, x)
#define ad_log1p(x)    AD_UNARY(log1p, x)
#define ad_log2(x)     AD_UNARY(log2, x)
#define ad_log10(x)    AD_UNARY(log10, x)
#define ad_sin(x)      AD_UNARY(sin, x)
#define ad_cos(x)      AD_UNARY(cos, x)
#define ad_tan(x)      AD_UNARY(tan, x)
#define ad_asin(x)     AD_UNARY(asin, x)
#define ad_acos(x)     AD_UNARY(acos, x)
#define ad_atan(x)     AD_UNARY(atan, x)
#define ad_sinh(x)     AD_UNARY(sinh, x)
#define ad_cosh(x)     AD_UNARY(cosh, x)
#define ad_tanh(x)     AD_UNARY(tanh, x)
#define ad_asinh(x)    AD_UNARY(asinh, x)
#define ad_acosh(x)    AD_UNARY(acosh, x)
#define ad_atanh(x)    AD_UNARY(atanh, x)
#define ad_erf(x)      AD_UNARY(erf, x)
#define ad_erfc(x)     AD_UNARY(erfc, x)
#define ad_lgamma(x)   AD_UNARY(lgamma, x)
#define ad_softplus(x) AD_UNARY(softplus, x) /* log(1 + exp x) */
#define ad_sigmoid(x)  AD_UNARY(sigmoid, x)  /* 1 / (1 + exp -x) */
#define ad_relu(x)     AD_UNARY(relu, x)     /* max(x, 0); derivative 1/2 at 0, as max */
#define ad_normcdf(x)  AD_UNARY(normcdf, x)  /* Phi(x) of N(0, 1) */

/* A real number as a variable. */
#define ad_const(tape, value) ad_const_at((tape), (value), __FILE__, __LINE__)
ad_var ad_const_at(ad_tape *tape, double value, const char *file, int line);

/* condition != 0 ? a : b, sample by sample.  Only the chosen side's derivative counts;
 * both sides are computed. */
#define ad_select(condition, a, b)                                                             \
    ad_select_at((condition), AD_OPERAND(a), AD_OPERAND(b), __FILE__, __LINE__)

/* A variable or a real, as one type. */
typedef struct ad_operand {
    ad_var var; /* tape NULL and slot 0: the real number */
    double real;
} ad_operand;
#define AD_OPERAND(x) _Generic((x), ad_var : ad_operand_var, default : ad_operand_real)(x)
ad_operand ad_operand_var(ad_var x);
ad_operand ad_operand_real(double x);
ad_var ad_select_at(ad_var condition, ad_operand a, ad_operand b, const char *file, int line);

/* Runs: one instruction over arrays of variables. */
#define ad_sum(n, x)    ad_sum_at((n), (x), __FILE__, __LINE__) /* sum_k x[k];      x [n] */
#define ad_dot(n, x, y) ad_dot_at((n), (x), (y), __FILE__, __LINE__) /* sum_k x[k] y[k] */
ad_var ad_sum_at(size_t n, const ad_var *x, const char *file, int line);
ad_var ad_dot_at(size_t n, const ad_var *x, const ad_var *y, const char *file, int line);

/* Runs composed of the operations above; every n >= 1.  Image operations: meka/images.h. */

/* sum_k x[k]^2; x [n]. */
#define ad_sqnorm(n, x) ad_sqnorm_at((n), (x), __FILE__, __LINE__)
ad_var ad_sqnorm_at(size_t n, const ad_var *x, const char *file, int line);

/* log sum_k exp x[k]; x [n].  Neither overflows nor underflows for any finite x; its
 * derivative is softmax(x), also at ties.  The absolute error is some units of rounding of
 * max(|result|, log n, 1).  An x[k] = -inf is left out, with derivative 0; all of them -inf
 * give -inf and any +inf gives +inf, both with NaN derivatives.  n = 1: x[0] itself. */
#define ad_logsumexp(n, x) ad_logsumexp_at((n), (x), __FILE__, __LINE__)
ad_var ad_logsumexp_at(size_t n, const ad_var *x, const char *file, int line);

/* y[j] = sum_k W[j][k] x[k] + b[j]; W [n_out][n_in] row-major, x [n_in], b [n_out] or NULL
 * (no such term), y [n_out], which must not overlap the others. */
#define ad_affine(n_out, n_in, W, x, b, y)                                                     \
    ad_affine_at((n_out), (n_in), (W), (x), (b), (y), __FILE__, __LINE__)
void ad_affine_at(size_t n_out, size_t n_in, const ad_var *W, const ad_var *x, const ad_var *b,
                  ad_var *y, const char *file, int line);

/* The same of a sparse x, given by its terms: y[j] = sum_k value[k] W[j][index[k]] + b[j];
 * index and value [n_terms], W [n_out][n_in].  Terms of value 0 add nothing: fill up with index
 * 0 and value 0.  Terms of equal index add up.  A sample with an index that is none of 0, 1 ..
 * n_in - 1 gets NaN; evaluation names the caller's line.
 *
 * If W are consecutive parameters, and index and value consecutive features each, a sample
 * takes time in proportion to n_out n_terms, whatever n_in; anything else is recorded as one
 * ad_pick of n_in per output and term. */
#define ad_sparse_affine(n_out, n_in, W, n_terms, index, value, b, y)                          \
    ad_sparse_affine_at((n_out), (n_in), (W), (n_terms), (index), (value), (b), (y), __FILE__, \
                        __LINE__)
void ad_sparse_affine_at(size_t n_out, size_t n_in, const ad_var *W, size_t n_terms,
                         const ad_var *index, const ad_var *value, const ad_var *b, ad_var *y,
                         const char *file, int line);

/* sum_jk A[j][k] x[j] x[k], without a factor 1/2; x [n]; A [n][n] row-major, need not be
 * symmetric: real numbers, of which those equal to 0 leave their term out, or variables. */
#define ad_quadratic_form(n, A, x)                                                             \
    _Generic(&(A)[0], ad_var *                                                                 \
             : ad_quadratic_form_v, const ad_var *                                             \
             : ad_quadratic_form_v, default                                                    \
             : ad_quadratic_form_r)((n), (A), (x), __FILE__, __LINE__)
ad_var ad_quadratic_form_r(size_t n, const double *A, const ad_var *x, const char *file,
                           int line);
ad_var ad_quadratic_form_v(size_t n, const ad_var *A, const ad_var *x, const char *file,
                           int line);

/* values[index], where index is data, such as a class label; values [n].  A value that is
 * not chosen has no influence, even if it is inf or NaN; nor has its derivative, except where
 * that is inf or NaN itself, as in ad_select.  A sample whose index is none of 0, 1 .. n-1
 * gets NaN; evaluation names the caller's line and "div(0, 0)". */
#define ad_pick(n, values, index) ad_pick_at((n), (values), (index), __FILE__, __LINE__)
ad_var ad_pick_at(size_t n, const ad_var *values, ad_var index, const char *file, int line);

/* -log of what softmax(logits) gives to class `index`: ad_logsumexp less ad_pick, but without
 * the rounding of their common shift; >= 0.  logits [n], edges as those two: a logit of -inf
 * is left out, or gives inf if it is the class's; +inf gives inf, or NaN if the class's. */
#define ad_softmax_cross_entropy(n, logits, index)                                             \
    ad_softmax_cross_entropy_at((n), (logits), (index), __FILE__, __LINE__)
ad_var ad_softmax_cross_entropy_at(size_t n, const ad_var *logits, ad_var index,
                                   const char *file, int line);

/* Reads a variable's value so that C control flow can branch on it.  An objective that
 * calls this is recorded anew for every sample: always right, and slower. */
#define ad_value(x) ad_value_at((x), __FILE__, __LINE__)
double ad_value_at(ad_var x, const char *file, int line);

/* ----------------------------------------------------------------- programs */

/* Records the objective and prepares it for evaluation.  The objective's record and ctx
 * must stay valid while the program lives.  MEKA_ERR_RECORD: the first recording error,
 * with the user's file and line (operand from another tape, result not a variable of
 * this tape, too many instructions); MEKA_ERR_INPUT: n_params = 0, record NULL, or more than
 * UINT32_MAX / 4 parameters or features; MEKA_ERR_RANGE: too large with its derivatives. */
meka_status ad_program_create(ad_program **out, const ad_objective *objective, meka_error *err);

/* What is done to recorded code.  Any of these can be switched off, to measure what it gains
 * or to test it; results then agree to what reordering a sum's terms and a term's factors
 * changes: rounding of the largest term, unless a partial product leaves the range. */
enum {
    AD_PASS_REPLAY = 1 << 0,   /* record once, not for every sample */
    AD_PASS_SHARE = 1 << 1,    /* equal values, and sums up to a factor, are computed once */
    AD_PASS_FUSE = 1 << 2,     /* sums of sums and products of products become one */
    AD_PASS_UNIFORM = 1 << 3,  /* what depends on theta only is computed once per batch */
    AD_PASS_GROUP = 1 << 4,    /* sums over the same values become matrix products */
    AD_PASS_COALESCE = 1 << 5, /* runs of equal sums of scalars become loops over vectors */
    AD_PASS_AFFINE = 1 << 6,   /* statistics of c + s x come from those of x */
    AD_PASS_BLOCK = 1 << 7,    /* large affine maps and convolutions are evaluated as such */
    AD_PASS_ALL = (1 << 8) - 1
};
typedef struct ad_program_options {
    unsigned passes_off; /* AD_PASS_...; 0: all are on */
} ad_program_options;
/* As ad_program_create; options NULL: defaults. */
meka_status ad_program_create_with(ad_program **out, const ad_objective *objective,
                                   const ad_program_options *options, meka_error *err);
void ad_program_destroy(ad_program *program);

size_t ad_program_n_params(const ad_program *program);
size_t ad_program_n_features(const ad_program *program);
size_t ad_program_n_instructions(const ad_program *program); /* as first recorded */

/* False if the objective read a value with ad_value; then `file` (borrowed) and `line`,
 * both optional, say where it first did. */
bool ad_program_is_replayable(const ad_program *program, const char **file, int *line);

/* --------------------------------------------------------------- evaluation */

/* Instruction sets that kernels were compiled for. */
typedef enum ad_isa {
    AD_ISA_BEST, /* the best that this processor has */
    AD_ISA_BASELINE,
    AD_ISA_AVX2,
    AD_ISA_AVX512,
} ad_isa;
const char *ad_isa_name(ad_isa isa);  /* "avx2"; NULL past the last */
bool ad_isa_is_available(ad_isa isa); /* compiled in, and this processor has it */

/* An objective that is recorded anew is evaluated the same way whatever these are. */
typedef struct ad_batch_options {
    size_t n_lanes;   /* samples per block, rounded up to a multiple of 8; 0: 8 .. 256, as suits
                         the cache.  Statistics depend on it in their last bits */
    size_t n_threads; /* 0: 1; more than 8 are not used.  Results do not depend on it */
    ad_isa isa;       /* MEKA_ERR_INPUT if it is not available */
    size_t n_kept;    /* samples for which ad_moments.keep has memory; 0: none */
    bool defers;      /* ad_moments.defer has memory */
} ad_batch_options;

/* The memory one evaluation needs.  Several batches may share one program, one thread
 * each; the program must outlive them.  options NULL: defaults. */
meka_status ad_batch_create(ad_batch **out, const ad_program *program,
                            const ad_batch_options *options, meka_error *err);
void ad_batch_destroy(ad_batch *batch);

/* For a replayable program evaluations never allocate, except to locate a value that is not
 * finite, and what the system needs to start threads.  A result that is inf or NaN gives
 * MEKA_NONFINITE with complete outputs (what IEEE arithmetic gives) and, in err, the
 * operation, its file and line and the first such sample.  Samples are then evaluated once
 * more, one by one, by the C library's functions in the order recorded; if all of them are
 * finite so, err says that a derivative or a variance is beyond the range of a double. */

/* Per-sample values; any output may be NULL.  theta [d]; v [d], NULL only if hvp is;
 * xi [n][m] (NULL if m = 0); loss [n]; grad [n][d]; hvp [n][d] with row i
 * = (d^2 f_i / d theta^2) v.  If an objective that is recorded anew cannot be recorded at some
 * sample, the rows before it are written. */
meka_status ad_eval_samples(ad_batch *batch, const double *theta, const double *v, size_t n,
                            const double *xi, double *loss, double *grad, double *hvp,
                            meka_error *err);

/* Means and unbiased (n - 1) variances, of one sample, over a batch of n >= 1.  The caller sets
 * the pointers and `traces`; an array left NULL is not computed, and with no gradient piece
 * asked for only losses are.  With n = 1 every variance is 0; so is one that rounding of the
 * first sample's value could have made, and a cov_i(h_ij, g_ij) beside a variance of 0.  Arrays
 * of results must not overlap theta, v or xi. */
typedef struct ad_moments {
    double *grad_mean; /* [d] or NULL */
    double *hvp_mean;  /* [d] or NULL; with v, as every hvp piece */
    double *grad_var;  /* [d] or NULL: var_i g_ij */
    double *hvp_var;   /* [d] or NULL: var_i h_ij */
    double *cross_cov; /* [d] or NULL: cov_i(h_ij, g_ij) */
    double *grad_cov;  /* [d][d] or NULL: cov_i(g_ij, g_ik) */
    double *hvp_cov;   /* [d][d] or NULL: cov_i(h_ij, h_ik) */
    bool traces;       /* compute the three sums below (the last two with v) */
    bool keep;         /* for ad_line_moments.again; with `defer` last bits depend on it */
    /* The mean gradient g and, with v, the mean product h stay with the batch, which was
     * created with `defers`; grad_mean and hvp_mean are NULL.  ad_combine_means reads them
     * until the batch's next evaluation other than an ad_eval_line with `again`. */
    bool defer;
    double loss_mean, loss_var;
    double grad_var_trace;  /* sum_j var_i g_ij */
    double hvp_var_trace;   /* sum_j var_i h_ij */
    double cross_cov_trace; /* sum_j cov_i(h_ij, g_ij) */
    /* With `defer`: inner products of g, h and v; 0 if they take a v that is not there.  One
     * that leaves the range of a double is inf or NaN, which alone is not MEKA_NONFINITE. */
    double gg, gh, hh, gv, hv;
} ad_moments;

meka_status ad_eval_moments(ad_batch *batch, const double *theta, const double *v, size_t n,
                            const double *xi, ad_moments *out, meka_error *err);

/* out = a g + b h + c out of the means that the batch's last evaluation deferred; out [d].
 * With c = 0 out is not read; without a v b must be 0.  *square, unless NULL, = |out|^2.
 * MEKA_NONFINITE: out is not finite, but complete. */
meka_status ad_combine_means(ad_batch *batch, double a, double b, double c, double *out,
                             double *square, meka_error *err);

/* Derivatives along a line, phi_i(a) = f_i(theta + a v): order k is phi_i^(k)(0).
 * The caller sets `order` in 0..3, above which entries are 0, and `again`.  A forward Taylor
 * pass. */
typedef struct ad_line_moments {
    int order;
    /* The caller's word that theta and xi hold what they held when the batch's last evaluation,
     * an ad_eval_moments with `keep` on the same arrays, read them, and that v, if it is the
     * array which that read as v and ad_combine_means has written since, holds what it wrote:
     * costly values that depend on these alone are then not computed once more.  Where the
     * batch has none, or others, they are; without ad_combine_means no result depends on it,
     * after it their last bits do. */
    bool again;
    double mean[4];
    double cov[4][4]; /* unbiased, of one sample; diagonal = variances; 0 with n = 1 */
} ad_line_moments;

meka_status ad_eval_line(ad_batch *batch, const double *theta, const double *v, size_t n,
                         const double *xi, ad_line_moments *out, meka_error *err);

/* ------------------------------------------------------- looking at a program */

typedef enum ad_print_format {
    AD_PRINT_TEXT, /* a table */
    AD_PRINT_DOT,  /* a graph in Graphviz's language */
} ad_print_format;

/* Writes the program as it was recorded: inputs, instructions with their operands, values at
 * the point of recording and the user's file and line, what depends on theta and on the
 * sample.  At most `limit` parameters, features and instructions each are shown, and it says
 * how many are not; 0: no limit.  MEKA_ERR_IO: `out` refused what was written. */
meka_status ad_program_print(const ad_program *program, ad_print_format format, size_t limit,
                             FILE *out, meka_error *err);

/* The loss of one sample in long double, from the value expressions of ad/ops.def: an oracle
 * for differences, slow.  theta [d], xi [m] (NULL if m = 0).  An objective that reads values
 * is recorded anew at the point rounded to double, so its branches and the constants that it
 * makes of such values are those of double precision.  MEKA_NONFINITE: *loss is complete and
 * the text names the operation and its file and line; failures: as ad_program_create's. */
meka_status ad_program_eval_extended(const ad_program *program, const long double *theta,
                                     const long double *xi, long double *loss, meka_error *err);

#ifdef __cplusplus
}
#endif
#endif
