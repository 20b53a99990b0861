#include "optim/step_choice.h"

#include <math.h>

/* B raised to its recent average, as far as it is uncertain.  B/|d|^2 of a small batch is
 * skewed: most batches of saturated samples show almost no curvature, and the few others do.
 * The average is the better guess there, while sqrt(q), averaged too because such batches also
 * show little variance, says by how much.  Where samples agree on B (noise in the gradient
 * only) the average would say nothing but that other directions were steeper. */
static double raise_curvature(const meka_params *p, double length, const opt_line_model *model,
                              meka_choice_memory *memory, meka_choice *out)
{
    double B = model->B / length, q = model->q / length / length;
    double mean = opt_ema_add(&memory->curvature, p->curvature_ema, B);
    double variance = fmax(q, opt_ema_add(&memory->curvature_var, p->curvature_ema, q));
    out->average = mean * length;
    /* Where |B| takes the place of a negative B, raising B would only bring it nearer to 0,
     * where steps are longest. */
    if (p->negative == MEKA_NEGATIVE_ABSOLUTE && B < 0.0)
        return fmax(-B, mean) * length;
    double most = isinf(p->curvature_z) ? mean : B + p->curvature_z * sqrt(variance);
    if (!isinf(p->curvature_z))
        out->highest = most * length;
    return fmax(model->B, fmin(mean, most) * length);
}

/* The measured model as the rule is given it. */
static opt_line_model prepare(const meka_params *p, const meka_line *line,
                              meka_choice_memory *memory, meka_choice *out)
{
    opt_line_model model = line->measured;
    if (p->calibrate && !isnan(line->calibration))
        model.A *= line->calibration;
    if (p->rule == MEKA_RULE_FIXED) /* measures no curvature */
        return model;
    if (p->curvature_ema > 0.0 && line->length > 0.0)
        model.B = raise_curvature(p, line->length, &model, memory, out);
    if (p->negative == MEKA_NEGATIVE_ABSOLUTE)
        model.B = fabs(model.B);
    if (model.B != 0.0) {
        double sd = p->floor * model.A * model.A / (2.0 * model.B);
        model.s = fmax(model.s, sd * sd);
    }
    return model;
}

double meka_rule_step(const meka_params *p, meka_rule rule, const opt_line_model *model)
{
    switch (rule) {
    case MEKA_RULE_FIXED:
        break;
    case MEKA_RULE_QUADRATIC:
        return opt_step_quadratic(model);
    case MEKA_RULE_PI:
        return opt_step_pi(model);
    case MEKA_RULE_EI:
        return opt_step_ei(model);
    case MEKA_RULE_BOUND:
        return opt_step_bound(model, p->bound_k);
    }
    return p->alpha;
}

void meka_choose_step(const meka_params *p, const meka_line *line, meka_choice_memory *memory,
                      meka_choice *out)
{
    *out = (meka_choice){.average = NAN, .highest = NAN, .determined = true};
    out->model = prepare(p, line, memory, out);
    double a = meka_rule_step(p, (meka_rule)p->rule, &out->model);
    if (p->rule != MEKA_RULE_FIXED) {
        /* A model without a best step knows no length: the last one known is the only choice
         * that scales with the problem.  There is none at first: then stay. */
        out->determined = a != INFINITY;
        if (!out->determined)
            a = memory->last_alpha;
        else if (a > 0.0)
            memory->last_alpha = a;
    }
    out->rule_step = a;
    if (p->rule != MEKA_RULE_FIXED && p->smoothing > 0.0)
        a = opt_ema_add(&memory->step_size, p->smoothing, a);
    out->smoothed = a;
    out->fixed = line->t < p->fixed_steps;
    if (out->fixed)
        a = p->alpha;
    out->wanted = p->factor * line->schedule * a;
    out->alpha = fmin(out->wanted, p->cap);
}
