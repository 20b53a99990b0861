/* Gradients and products against differences, at one point. */
#include "cli/check.h"

#include "ad/program.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* A double's rounding over a long program, relative to the terms of a sum. */
static const double rounding = 1e-9;
enum { most_parameters = 256 }; /* that are searched for the one to blame */

void cli_worst_add(cli_worst *worst, double got, double want, double bound, size_t point,
                   size_t sample)
{
    double error = got == want ? 0.0 : fabs(got - want);
    bool first = worst->n++ == 0;
    bound = fmax(bound, DBL_MIN);
    if (isnan(error))
        error = INFINITY;
    if (!first && !(error / bound > worst->error / worst->bound))
        return;
    worst->error = error;
    worst->bound = bound;
    worst->got = got;
    worst->want = want;
    worst->point = point;
    worst->sample = sample;
}

/* x.y, and in *size the sum of the terms' sizes. */
static double dot(size_t d, const double *x, const double *y, double *size)
{
    double sum = 0.0;
    *size = 0.0;
    for (size_t j = 0; j < d; j++) {
        sum += x[j] * y[j];
        *size += fabs(x[j] * y[j]);
    }
    return sum;
}

/* One derivative and its differences.  How far the double loss is from the extended one says
 * how many digits the objective itself loses, but by luck it may say none: where the bound
 * from that is not kept, rounding of the largest value on the way is an excuse as well, as
 * long as it leaves two digits.  Returns the bound. */
static double compare(cli_checkup *c, cli_kind kind, double got, double want, double error,
                      double size, size_t sample)
{
    cli_worst *worst = &c->worst[kind];
    double scale = fmax(size, fabs(want));
    double bound = 10.0 * error + rounding * scale + 100.0 * c->noise;
    double wide = bound + 64.0 * DBL_EPSILON * c->largest * scale;
    if (!(10.0 * error <= 1e-2 * scale + 1e-8 * fabs(c->loss[sample]))) {
        worst->n_undecided++;
        return bound;
    }
    if (fabs(got - want) > bound && fabs(got - want) <= fmin(wide, 1e-2 * scale)) {
        c->n_rough++;
        c->roughest = fmax(c->roughest, c->largest);
        bound = wide;
    }
    cli_worst_add(worst, got, want, bound, c->point, sample);
    return bound;
}

/* Names the operation on a tie at the point at hand, if it is one's. */
static meka_status name_tie(cli_checkup *c, cli_kink *kink, meka_error *err)
{
    long double loss;
    size_t k;
    for (size_t j = 0; j < c->d; j++)
        c->at[j] = c->theta[j];
    meka_status status = ad_extended_eval(&c->extended, c->at, c->xi, &loss, err);
    if (status == MEKA_OK)
        status = ad_extended_find_tie(&c->extended, &k, err);
    const ad_code *code = c->extended.code;
    if (status == MEKA_OK && k < code->n) {
        const ad_place *place = &code->place[code->instruction[k].where];
        kink->file = place->file; /* the user's code, which outlives the recording */
        kink->line = place->line;
        kink->operation = ad_op_name((ad_op)code->instruction[k].op);
    }
    return status;
}

/* The formula changes at the point itself.  Where the slopes on both sides and the recorded
 * derivative agree it is no kink. */
static meka_status note_tie(cli_checkup *c, const cli_slopes *slopes, double recorded,
                            double size, size_t sample, meka_error *err)
{
    double left = slopes->left, right = slopes->right;
    double scale = fmax(size, fmax(fabs(left), fabs(right)));
    double gap = fabs(left - right);
    cli_kink kink = {.point = c->point,
                     .sample = sample,
                     .left = left,
                     .right = right,
                     .recorded = recorded,
                     .jump = slopes->jump};
    /* What the recorded derivative is at a tie is a convention, never a mistake. */
    double near = slopes->error[1] + 1e-6 * scale + 1e-8 * fabs(c->loss[sample]);
    kink.smooth = !kink.jump && gap <= near && fabs(recorded - left) <= near;
    c->smooth = false;
    if (kink.smooth)
        compare(c, CLI_GRADIENT, recorded, left, near, scale, sample);
    if (c->n_ties++ && (kink.smooth || !c->kink.smooth))
        return MEKA_OK;
    c->kink = kink;
    return name_tie(c, &c->kink, err);
}

/* Which parameter's derivative is off the most, by differences along each. */
static meka_status find_culprit(cli_checkup *c, size_t sample, meka_error *err)
{
    double worst = 1.0, *e = c->w; /* its sum was used up */
    const double *g = c->grad + sample * c->d;
    memset(e, 0, c->d * sizeof *e);
    for (size_t j = 0; j < c->d && j < most_parameters; j++) {
        double size = fabs(g[j]) + 1e-4 * fabs(c->loss[sample]);
        const double sizes[4] = {0.0, size, size, INFINITY};
        cli_slopes slopes;
        e[j] = 1.0;
        meka_status status = cli_slopes_measure(&slopes, c, sample, e, sizes, err);
        e[j] = 0.0;
        if (status != MEKA_OK)
            return status;
        double ratio = fabs(g[j] - slopes.value[1]) /
                       (10.0 * slopes.error[1] + 1e-7 * fmax(fabs(g[j]), DBL_MIN));
        if (slopes.smooth && ratio > worst) {
            worst = ratio;
            c->culprit = (cli_culprit){true, j, g[j], slopes.value[1]};
        }
    }
    return MEKA_OK;
}

typedef struct measured {
    cli_slopes slopes;
    double first, first_size;   /* g.direction */
    double second, second_size; /* direction.H direction */
} measured;

/* How exact the loss is in double, from the last evaluation in extended precision. */
static void measure_noise(cli_checkup *c, double extended, size_t sample)
{
    c->noise = fabs(c->loss[sample] - extended);
    c->largest = 0.0;
    for (size_t s = 0; s < ad_code_n_slots(c->extended.code); s++)
        c->largest = fmax(c->largest, fabs((double)c->extended.value[s]));
}

/* Along one direction; h NULL: only the differences are wanted. */
static meka_status measure(measured *out, cli_checkup *c, size_t sample,
                           const double *direction, const double *h, meka_error *err)
{
    double floor = 1e-4 * fabs(c->loss[sample]), unused;
    out->first = dot(c->d, c->grad + sample * c->d, direction, &out->first_size);
    out->second = dot(c->d, h ? h + sample * c->d : direction, direction, &out->second_size);
    if (!h)
        out->second_size = dot(c->d, c->hv + sample * c->d, direction, &unused);
    double first = out->first_size + floor, second = fabs(out->second_size) + floor;
    const double size[4] = {0.0, first, second, first + second};
    meka_status status = cli_slopes_measure(&out->slopes, c, sample, direction, size, err);
    if (status == MEKA_OK)
        measure_noise(c, out->slopes.value[0], sample);
    if (status == MEKA_OK && !out->slopes.smooth)
        status = note_tie(c, &out->slopes, out->first, first, sample, err);
    return status;
}

/* Returns the bound of the first derivative. */
static double compare_along(cli_checkup *c, const measured *x, size_t sample)
{
    const cli_slopes *s = &x->slopes;
    if (!s->smooth)
        return 0.0;
    compare(c, CLI_PRODUCT, x->second, s->value[2], s->error[2], x->second_size, sample);
    return compare(c, CLI_GRADIENT, x->first, s->value[1], s->error[1], x->first_size, sample);
}

/* u.Hv by polarization: twice it is what (u + v).H(u + v) has more than u.Hu and v.Hv. */
static void compare_mixed(cli_checkup *c, const measured *u, const measured *v,
                          const measured *w, size_t sample)
{
    double size_uv, size_vu;
    double uhv = dot(c->d, c->u, c->hv + sample * c->d, &size_uv);
    double vhu = dot(c->d, c->v, c->hu + sample * c->d, &size_vu);
    double size = size_uv + size_vu + u->second_size + v->second_size;
    cli_worst_add(&c->worst[CLI_SYMMETRY], uhv, vhu, rounding * size + 100.0 * c->noise,
                  c->point, sample);
    if (u->slopes.smooth && v->slopes.smooth && w->slopes.smooth)
        compare(c, CLI_MIXED, uhv,
                0.5 * (w->slopes.value[2] - u->slopes.value[2] - v->slopes.value[2]),
                0.5 * (w->slopes.error[2] + u->slopes.error[2] + v->slopes.error[2]), size,
                sample);
}

static meka_status check_sample(cli_checkup *c, size_t sample, meka_error *err)
{
    measured u, v, w;
    size_t d = c->d;
    for (size_t j = 0; j < d; j++) {
        c->w[j] = c->u[j] + c->v[j];
        c->moved[j] |= c->grad[sample * d + j] != 0.0;
    }
    meka_status status = measure(&u, c, sample, c->u, c->hu, err);
    if (status == MEKA_OK)
        status = measure(&v, c, sample, c->v, c->hv, err);
    if (status == MEKA_OK)
        status = measure(&w, c, sample, c->w, NULL, err);
    if (status != MEKA_OK)
        return status;
    cli_worst_add(&c->worst[CLI_VALUE], c->loss[sample], u.slopes.value[0],
                  rounding * fabs(u.slopes.value[0]) + 1e-12 * c->largest, c->point, sample);
    compare_along(c, &u, sample);
    c->slope_bound += compare_along(c, &v, sample);
    compare_mixed(c, &u, &v, &w, sample);
    c->slope += v.slopes.value[1];
    c->third += v.slopes.value[3];
    c->third_bound += 10.0 * v.slopes.error[3] + 100.0 * c->noise +
                      1e-7 * (fabs(v.slopes.value[3]) + v.first_size + v.second_size);
    const cli_worst *worst = &c->worst[CLI_GRADIENT];
    if (worst->n && worst->error > worst->bound && !c->culprit.found)
        status = find_culprit(c, sample, err);
    return status;
}

meka_status cli_check_differences(cli_checkup *c, meka_error *err)
{
    c->slope = c->slope_bound = c->third = c->third_bound = 0.0;
    c->smooth = true;
    for (size_t i = 0; i < c->n; i++) {
        meka_status status = check_sample(c, i, err);
        if (status == MEKA_NONFINITE) { /* overflows in one precision only */
            c->worst[CLI_VALUE].n_undecided++;
            c->smooth = false;
        } else if (status != MEKA_OK) {
            return status;
        }
    }
    return MEKA_OK;
}
