#include "tests/program_checks.h"

#include <stdlib.h>

void checker_init(checker *c, const random_program *p, setup how)
{
    ad_objective objective = random_program_objective(p);
    ad_program_options options = {.passes_off = how.passes_off};
    ad_batch_options batch = {
        .n_lanes = how.n_lanes, .n_threads = how.n_threads, .isa = how.isa, .defers = true};
    meka_error err = {0};
    *c = (checker){.p = p, .how = how};
    assert_ok(ad_program_create_with(&c->program, &objective, &options, &err), err);
    assert_ok(ad_batch_create(&c->batch, c->program, &batch, &err), err);
}

void checker_clear(checker *c)
{
    ad_batch_destroy(c->batch);
    ad_program_destroy(c->program);
    c->batch = NULL;
    c->program = NULL;
}

int available_isas(ad_isa isa[8])
{
    int n = 0;
    for (int k = AD_ISA_BASELINE; ad_isa_name((ad_isa)k) && n < 8; k++)
        if (ad_isa_is_available((ad_isa)k))
            isa[n++] = (ad_isa)k;
    return n;
}

static void report(const checker *c, const char *what, int sample, int index, double got,
                   double want, double error, double bound)
{
    const setup *how = &c->how;
    random_program_print(c->p, stderr);
    fprintf(stderr,
            "passes_off = 0x%x, n_lanes = %zu, n_threads = %zu, isa = %s\n"
            "%s of sample %d, index %d: got %.17g, want %.17g: off by %.3g, allowed %.3g\n",
            how->passes_off, how->n_lanes, how->n_threads, ad_isa_name(how->isa), what, sample,
            index, got, want, error, bound);
    ck_abort_msg("program %llu: %s[%d] of sample %d: got %.17g, want %.17g (see above)",
                 (unsigned long long)c->p->seed, what, index, sample, got, want);
}

void check_value(checker *c, quantity q, const char *what, int sample, int index, double got,
                 approx want, double extra)
{
    double bound = SLACK * DBL_EPSILON * (want.e + extra) + DBL_MIN;
    double error = (double)q_abs((quad)got - want.x);
    if (isnan(got) || !(error <= bound)) {
        c->n_differences++;
        if (!c->quiet)
            report(c, what, sample, index, got, (double)want.x, error, bound);
    } else if (error > c->worst[q] * bound) {
        c->worst[q] = error / bound;
    }
}

/* ----------------------------------------------------------------------- per sample */

static void compare_samples(checker *c, const int *sample, const double *loss,
                            const double *grad, const double *hvp)
{
    int d = c->p->d;
    for (int i = 0; i < c->p->n_samples; i++) {
        int s = sample ? sample[i] : i;
        const approx *want = c->p->want[s].c;
        if (loss)
            check_value(c, Q_LOSS, "loss", s, 0, loss[i], want[0], 0);
        for (int j = 0; grad && j < d; j++)
            check_value(c, Q_GRAD, "gradient", s, j, grad[i * d + j], want[jet_grad(j)], 0);
        for (int j = 0; hvp && j < d; j++)
            check_value(c, Q_HVP, "product", s, j, hvp[i * d + j], want[jet_hvp(j)], 0);
    }
}

static void eval_samples(checker *c, const double *v, const double *xi, double *loss,
                         double *grad, double *hvp)
{
    meka_error err = {0};
    meka_status status = ad_eval_samples(c->batch, c->p->theta, v, (size_t)c->p->n_samples,
                                         c->p->m ? xi : NULL, loss, grad, hvp, &err);
    if (status != MEKA_OK)
        random_program_print(c->p, stderr);
    ck_assert_msg(status == MEKA_OK, "program %llu: %s", (unsigned long long)c->p->seed,
                  err.text);
}

enum { ROOM = PROGRAM_SAMPLES * PROGRAM_PARAMS };

void check_samples(checker *c, unsigned pieces)
{
    double loss[PROGRAM_SAMPLES], grad[ROOM], hvp[ROOM];
    double *l = pieces & PIECE_LOSS ? loss : NULL, *g = pieces & PIECE_GRAD ? grad : NULL;
    double *h = pieces & PIECE_HVP ? hvp : NULL;
    eval_samples(c, h ? c->p->v : NULL, c->p->xi, l, g, h);
    compare_samples(c, NULL, l, g, h);
}

void check_rotated(checker *c, int by)
{
    const random_program *p = c->p;
    double xi[PROGRAM_SAMPLES * PROGRAM_FEATURES];
    double loss[PROGRAM_SAMPLES], grad[ROOM], hvp[ROOM];
    int sample[PROGRAM_SAMPLES];
    for (int i = 0; i < p->n_samples; i++) {
        sample[i] = (i + by) % p->n_samples;
        memcpy(xi + (ptrdiff_t)i * p->m, p->xi + (ptrdiff_t)sample[i] * p->m,
               (size_t)p->m * sizeof *xi);
    }
    eval_samples(c, p->v, xi, loss, grad, hvp);
    compare_samples(c, sample, loss, grad, hvp);
}

void check_symmetry(checker *c)
{
    const random_program *p = c->p;
    double u[PROGRAM_PARAMS], hu[ROOM], hv[ROOM];
    random_program *other = malloc(sizeof *other); /* the same along u */
    ck_assert_ptr_nonnull(other);
    *other = *p;
    for (int j = 0; j < p->d; j++)
        other->v[j] = u[j] = cos(1.0 + 3.0 * j);
    eval_samples(c, p->v, p->xi, NULL, NULL, hv);
    eval_samples(c, u, p->xi, NULL, NULL, hu);
    for (int i = 0; i < p->n_samples; i++) {
        jet along_u;
        approx zero = {0};
        double uhv = 0, vhu = 0;
        oracle_run(other, p->xi + (ptrdiff_t)i * p->m, AD_OP_CONST, &along_u);
        for (int j = 0; j < p->d; j++) {
            const approx *a = &p->want[i].c[jet_hvp(j)], *b = &along_u.c[jet_hvp(j)];
            uhv += u[j] * hv[i * p->d + j];
            vhu += p->v[j] * hu[i * p->d + j];
            zero.e += fabs(u[j]) * (a->e + p->d * a->m) + fabs(p->v[j]) * (b->e + p->d * b->m);
        }
        check_value(c, Q_SYMMETRY, "u.Hv - v.Hu", i, 0, uhv - vhu, zero, 0);
    }
    free(other);
}

/* -------------------------------------------------------------------------- moments */

/* One number per sample. */
typedef struct column {
    int n;
    quad x[PROGRAM_SAMPLES], mean;
    double e[PROGRAM_SAMPLES], size, spread; /* size: mean |x|; spread: max |x - mean| */
    double e_mean;
} column;

static void column_fill(column *col, const random_program *p, int k, double factor)
{
    *col = (column){.n = p->n_samples};
    double n = col->n;
    for (int i = 0; i < p->n_samples; i++) {
        const approx *c = &p->want[i].c[k];
        col->x[i] = c->x * factor;
        col->e[i] = fabs(factor) * (c->e + c->m);
        col->mean += col->x[i] / (quad)n;
        col->e_mean += col->e[i] / n;
        col->size += fabs((double)col->x[i]) / n;
    }
    for (int i = 0; i < p->n_samples; i++)
        col->spread = fmax(col->spread, fabs((double)(col->x[i] - col->mean)));
}

/* n numbers are added up one way or another: n / 2 roundings of what is added. */
static approx column_mean(const column *col)
{
    return (approx){col->mean, col->size, col->e_mean + (0.5 * col->n + 2) * col->size};
}

/* The bound is that of sums shifted by a number in the samples' range: the error of each
 * sample times the other's deviation, and roundings of the products' sum.  It does not grow
 * with mean squared: a large mean must not cancel the variance away. */
static approx column_covariance(const column *a, const column *b)
{
    approx sum = {0};
    double n = a->n;
    if (a->n < 2)
        return sum;
    for (int i = 0; i < a->n; i++) {
        double da = fabs((double)(a->x[i] - a->mean)), db = fabs((double)(b->x[i] - b->mean));
        double ea = a->e[i] + a->e_mean, eb = b->e[i] + b->e_mean;
        sum.x += (a->x[i] - a->mean) * (b->x[i] - b->mean) / (quad)(n - 1);
        sum.e += (da * eb + db * ea + DBL_EPSILON * ea * eb) / (n - 1);
    }
    sum.e += (0.5 * n + 6) * a->spread * b->spread * n / (n - 1);
    return sum;
}

void check_line(checker *c, int order)
{
    static const double factorial[] = {1, 1, 2, 6};
    const random_program *p = c->p;
    ad_line_moments line;
    column *col = malloc(4 * sizeof *col);
    meka_error err = {0};
    ck_assert_ptr_nonnull(col);
    memset(&line, 0xff, sizeof line); /* to see what is written */
    line.order = order;
    line.again = false;
    assert_ok(ad_eval_line(c->batch, p->theta, p->v, (size_t)p->n_samples, p->m ? p->xi : NULL,
                           &line, &err),
              err);
    for (int k = 0; k < 4; k++) {
        column_fill(&col[k], p, k, factorial[k]);
        approx mean = k <= order ? column_mean(&col[k]) : (approx){0};
        check_value(c, Q_LINE, "mean along the line", -1, k, line.mean[k], mean, 0);
        for (int l = 0; l <= k; l++) {
            approx cov = k <= order ? column_covariance(&col[k], &col[l]) : (approx){0};
            check_value(c, Q_COVARIANCE, "covariance along the line", -1, 4 * k + l,
                        line.cov[k][l], cov, 0);
            check_value(c, Q_COVARIANCE, "covariance along the line", -1, 4 * l + k,
                        line.cov[l][k], cov, 0);
        }
    }
    free(col);
}

typedef struct moment_room {
    double row[5][PROGRAM_PARAMS], cov[2][PROGRAM_PARAMS * PROGRAM_PARAMS];
    column loss, g[PROGRAM_PARAMS], h[PROGRAM_PARAMS];
} moment_room;

static ad_moments ask(moment_room *room, unsigned pieces)
{
    memset(room->row, 0xff, sizeof room->row);
    memset(room->cov, 0xff, sizeof room->cov);
    return (ad_moments){.grad_mean = pieces & PIECE_GRAD_MEAN ? room->row[0] : NULL,
                        .hvp_mean = pieces & PIECE_HVP_MEAN ? room->row[1] : NULL,
                        .grad_var = pieces & PIECE_GRAD_VAR ? room->row[2] : NULL,
                        .hvp_var = pieces & PIECE_HVP_VAR ? room->row[3] : NULL,
                        .cross_cov = pieces & PIECE_CROSS ? room->row[4] : NULL,
                        .grad_cov = pieces & PIECE_GRAD_COV ? room->cov[0] : NULL,
                        .hvp_cov = pieces & PIECE_HVP_COV ? room->cov[1] : NULL,
                        .traces = pieces & PIECE_TRACES};
}

static void compare_matrix(checker *c, const char *what, const double *cov, const column *col)
{
    int d = c->p->d;
    for (int j = 0; cov && j < d; j++)
        for (int k = 0; k < d; k++)
            check_value(c, Q_COVARIANCE, what, -1, j * d + k, cov[j * d + k],
                        column_covariance(&col[j], &col[k]), 0);
}

/* One entry of each row of length d; adds the variances to the traces. */
static void compare_rows(checker *c, const ad_moments *got, const moment_room *room, int j,
                         approx trace[3])
{
    const column *g = &room->g[j], *h = &room->h[j];
    const approx cov[3] = {column_covariance(g, g), column_covariance(h, h),
                           column_covariance(h, g)};
    const double *rows[3] = {got->grad_var, got->hvp_var, got->cross_cov};
    static const char *const names[3] = {"grad_var", "hvp_var", "cross_cov"};
    if (got->grad_mean)
        check_value(c, Q_MEAN, "grad_mean", -1, j, got->grad_mean[j], column_mean(g), 0);
    if (got->hvp_mean)
        check_value(c, Q_MEAN, "hvp_mean", -1, j, got->hvp_mean[j], column_mean(h), 0);
    for (int k = 0; k < 3; k++) {
        if (rows[k])
            check_value(c, Q_COVARIANCE, names[k], -1, j, rows[k][j], cov[k], 0);
        trace[k].x += cov[k].x;
        trace[k].e += cov[k].e + 0.5 * c->p->d * fabs((double)cov[k].x);
    }
}

void check_moments(checker *c, unsigned pieces)
{
    const random_program *p = c->p;
    moment_room *room = malloc(sizeof *room);
    ck_assert_ptr_nonnull(room);
    ad_moments got = ask(room, pieces);
    bool along =
        (pieces & PIECE_NEEDS_V) || ((pieces & PIECE_TRACES) && pieces != PIECE_TRACES);
    approx trace[3] = {{0}};
    meka_error err = {0};
    assert_ok(ad_eval_moments(c->batch, p->theta, along ? p->v : NULL, (size_t)p->n_samples,
                              p->m ? p->xi : NULL, &got, &err),
              err);
    column_fill(&room->loss, p, 0, 1);
    check_value(c, Q_MEAN, "loss_mean", -1, 0, got.loss_mean, column_mean(&room->loss), 0);
    check_value(c, Q_COVARIANCE, "loss_var", -1, 0, got.loss_var,
                column_covariance(&room->loss, &room->loss), 0);
    for (int j = 0; j < p->d; j++) {
        column_fill(&room->g[j], p, jet_grad(j), 1);
        column_fill(&room->h[j], p, jet_hvp(j), 1);
        compare_rows(c, &got, room, j, trace);
    }
    compare_matrix(c, "grad_cov", got.grad_cov, room->g);
    compare_matrix(c, "hvp_cov", got.hvp_cov, room->h);
    if (got.traces) {
        const double have[3] = {got.grad_var_trace, got.hvp_var_trace, got.cross_cov_trace};
        static const char *const names[3] = {"grad_var_trace", "hvp_var_trace",
                                             "cross_cov_trace"};
        for (int k = 0; k < (along ? 3 : 1); k++)
            check_value(c, Q_COVARIANCE, names[k], -1, 0, have[k], trace[k], 0);
    }
    free(room);
}

/* sum_j a_j b_j; a, b [n]. */
static approx product_of(int n, const approx *a, const approx *b)
{
    approx sum = {0};
    for (int j = 0; j < n; j++) {
        double x = fabs((double)a[j].x), y = fabs((double)b[j].x);
        sum.x += a[j].x * b[j].x;
        sum.e += x * b[j].e + y * a[j].e + 0.5 * (n + 1) * x * y;
        sum.e += SLACK * DBL_EPSILON * a[j].e * b[j].e; /* all there is where both are 0 */
    }
    return sum;
}

/* The means that the batch holds, each by itself and together. */
static void compare_combinations(checker *c, const approx *g, const approx *h)
{
    static const double factor[][3] = {
        {1.0, 0.0, 0.0}, {0.0, 1.0, 0.0}, {0.3, -1.7, 0.6}, {0.0, 0.0, 1.0}, {2.0, 0.0, -1.0}};
    const int d = c->p->d;
    for (size_t k = 0; k < sizeof factor / sizeof factor[0]; k++) {
        double out[PROGRAM_PARAMS], square = NAN;
        const double *f = factor[k];
        approx want[PROGRAM_PARAMS];
        meka_error err = {0};
        for (int j = 0; j < d; j++) {
            out[j] = f[2] == 0.0 ? NAN : 0.5 + j;
            quad rest = f[2] == 0.0 ? 0 : f[2] * (quad)out[j];
            want[j] = (approx){.x = f[0] * g[j].x + f[1] * h[j].x + rest,
                               .e = fabs(f[0]) * g[j].e + fabs(f[1]) * h[j].e};
            /* three products, two sums of them */
            want[j].e += 1.5 * (fabs(f[0] * (double)g[j].x) + fabs(f[1] * (double)h[j].x) +
                                fabs((double)rest));
        }
        assert_ok(ad_combine_means(c->batch, f[0], f[1], f[2], out, &square, &err), err);
        for (int j = 0; j < d; j++)
            check_value(c, Q_MEAN, "combined means", (int)k, j, out[j], want[j], 0);
        check_value(c, Q_MEAN, "square of combined means", (int)k, 0, square,
                    product_of(d, want, want), 0);
    }
}

void check_deferred(checker *c, bool along)
{
    const random_program *p = c->p;
    approx g[PROGRAM_PARAMS], h[PROGRAM_PARAMS] = {{0}}, v[PROGRAM_PARAMS] = {{0}};
    ad_moments got = {.defer = true, .traces = true, .keep = true};
    ad_line_moments line = {.order = 2, .again = true};
    const double *xi = p->m ? p->xi : NULL;
    size_t n = (size_t)p->n_samples;
    meka_error err = {0};
    assert_ok(ad_eval_moments(c->batch, p->theta, along ? p->v : NULL, n, xi, &got, &err), err);
    for (int j = 0; j < p->d; j++) {
        column col;
        column_fill(&col, p, jet_grad(j), 1);
        g[j] = column_mean(&col);
        column_fill(&col, p, jet_hvp(j), 1);
        if (along) {
            h[j] = column_mean(&col);
            v[j] = (approx){.x = p->v[j]};
        }
    }
    const double have[] = {got.gg, got.gh, got.hh, got.gv, got.hv};
    const approx want[] = {product_of(p->d, g, g), product_of(p->d, g, h),
                           product_of(p->d, h, h), product_of(p->d, g, v),
                           product_of(p->d, h, v)};
    for (int k = 0; k < 5; k++)
        check_value(c, Q_MEAN, "gg, gh, hh, gv, hv", -1, k, have[k], want[k], 0);
    if (along) {
        compare_combinations(c, g, h);
        assert_ok(ad_eval_line(c->batch, p->theta, p->v, n, xi, &line, &err), err);
        compare_combinations(c, g, h);
        return;
    }
    double out[PROGRAM_PARAMS];
    assert_ok(ad_combine_means(c->batch, 1.0, 0.0, 0.0, out, NULL, &err), err);
    for (int j = 0; j < p->d; j++)
        check_value(c, Q_MEAN, "deferred gradient", -1, j, out[j], g[j], 0);
}
