/* Figure 3: rules that choose a step size from the mean and variance of the line model
 * (eq. 11), and what they do over a grid of models.
 *
 * Units: A = 1 and |B| = 1, so that the quadratic rule's step is 1 for B > 0.  Nothing is lost:
 * every rule is homogeneous (optim/step_size.h). */
#include "plots/figures.h"

#include "optim/step_size.h"

#include "figure3_gp.h"

#include <float.h>
#include <math.h>

static const double bound_k = 0.5;

/* The panels: another one for every column of the figure. */
static const struct {
    const char *key, *meaning;
    opt_line_model model;
    double end; /* of the axis */
} panels[] = {
    {"certain",
     "B > 0, little uncertainty",
     {.A = 1.0, .B = 1.0, .p = 0.05, .q = 0.12, .s = 0.02},
     2.5},
    {"uncertain",
     "B > 0, uncertainty that rises quickly",
     {.A = 1.0, .B = 1.0, .p = 0.3, .q = 2.0, .s = 0.01},
     2.5},
    {"negative", "B < 0", {.A = 1.0, .B = -1.0, .p = 0.1, .q = 1.0, .s = 0.03}, 2.5},
};
enum { N_PANELS = sizeof panels / sizeof panels[0] };

/* ----------------------------------------------------------------- the curves */

static double normal_cdf(double z)
{
    return 0.5 * erfc(-z * 0.70710678118654752440); /* 1/sqrt 2 */
}

static double normal_density(double z)
{
    return 0.39894228040143267794 * exp(-0.5 * z * z); /* 1/sqrt(2 pi) */
}

/* Phi(z), z = -mu/sqrt V */
static double improvement_probability(const opt_line_model *m, double a)
{
    return normal_cdf(-opt_line_mean(m, a) / sqrt(opt_line_variance(m, a)));
}

/* sqrt(V) (z Phi(z) + phi(z)) */
static double expected_improvement(const opt_line_model *m, double a)
{
    double sd = sqrt(opt_line_variance(m, a)), z = -opt_line_mean(m, a) / sd;
    return sd * (z * normal_cdf(z) + normal_density(z));
}

/* What the confidence bound minimizes: mu + k (sqrt(p a^2) + sqrt(q a^4/4)). */
static double upper_bound(const opt_line_model *m, double a)
{
    return opt_line_mean(m, a) + bound_k * a * (sqrt(m->p) + a * sqrt(m->q) / 2.0);
}

/* A rule and what it optimizes. */
static const struct {
    const char *key, *label, *what;
    double (*value)(const opt_line_model *model, double a);
} rules[] = {
    {"quadratic", "quadratic", "mean mu(a), minimized", opt_line_mean},
    {"pi", "PI", "probability of improvement, maximized", improvement_probability},
    {"ei", "EI", "expected improvement, maximized", expected_improvement},
    {"bound", "bound", "mean with k standard deviations of slope and curvature, minimized",
     upper_bound},
};
enum { QUADRATIC, PI, EI, BOUND, N_RULES };

static double choose(size_t rule, const opt_line_model *model)
{
    switch (rule) {
    case QUADRATIC:
        return opt_step_quadratic(model);
    case PI:
        return opt_step_pi(model);
    case EI:
        return opt_step_ei(model);
    default:
        return opt_step_bound(model, bound_k);
    }
}

static void write_panel(FILE *stream, size_t i)
{
    enum { POINTS = 250 };
    const opt_line_model *m = &panels[i].model;
    fprintf(stream, "# %s: A %g, B %g, p %g, q %g, s %g\na\tmean\tsd", panels[i].meaning, m->A,
            m->B, m->p, m->q, m->s);
    for (size_t k = 1; k < N_RULES; k++)
        fprintf(stream, "\t%s", rules[k].key);
    fputc('\n', stream);
    for (int j = 0; j <= POINTS; j++) {
        double a = panels[i].end * j / POINTS;
        fprintf(stream, "%.9g\t%.9g\t%.9g", a, opt_line_mean(m, a),
                sqrt(opt_line_variance(m, a)));
        for (size_t k = 1; k < N_RULES; k++)
            fprintf(stream, "\t%.9g", rules[k].value(m, a));
        fputc('\n', stream);
    }
    fputs("\n\n# their optima; nan: there is none\nrule\ta\tvalue\tmean\n", stream);
    for (size_t k = 0; k < N_RULES; k++) {
        double a = choose(k, m);
        if (isfinite(a))
            fprintf(stream, "%s\t%.9g\t%.9g\t%.9g\n", rules[k].key, a, rules[k].value(m, a),
                    opt_line_mean(m, a));
        else
            fprintf(stream, "%s\tnan\tnan\tnan\n", rules[k].key);
    }
    fputs("\n\n", stream);
}

static meka_status write(plot_figure_work *work, FILE *stream, meka_error *err)
{
    (void)work;
    (void)err;
    fprintf(stream,
            "# Figure 3: for every model a block of curves and one of the steps chosen, two "
            "empty lines apart\n# a: step; mean and sd of f(theta + a d) - f(theta); k = %g\n",
            bound_k);
    for (size_t k = 1; k < N_RULES; k++)
        fprintf(stream, "# %s: %s\n", rules[k].key, rules[k].what);
    for (size_t i = 0; i < N_PANELS; i++)
        write_panel(stream, i);
    return MEKA_OK;
}

/* ------------------------------------------------------------------- findings */

/* A grid of models with A = 1, B = +-1: every one of p, q, s in 10^-4 ... 10^4. */
enum { DECADES = 9, N_MODELS = DECADES * DECADES * DECADES };

/* 10^-4, ..., 10^4 */
static double decade(size_t i)
{
    return pow(10.0, (double)(i % DECADES) - 4.0);
}

static opt_line_model grid_model(size_t i, double B)
{
    return (opt_line_model){.A = 1.0,
                            .B = B,
                            .p = decade(i),
                            .q = decade(i / DECADES),
                            .s = decade(i / DECADES / DECADES)};
}

/* Least, geometric mean and largest of values; those that are not finite are counted apart. */
typedef struct spread {
    double low, high, log_sum;
    size_t n, n_infinite;
} spread;

static void spread_add(spread *all, double x)
{
    if (!isfinite(x)) {
        all->n_infinite++;
        return;
    }
    all->low = all->n ? fmin(all->low, x) : x;
    all->high = all->n ? fmax(all->high, x) : x;
    all->log_sum += log(x);
    all->n++;
}

static plot_interval spread_interval(const spread *all)
{
    return (plot_interval){all->n ? exp(all->log_sum / (double)all->n) : NAN,
                           all->n ? all->low : NAN, all->n ? all->high : NAN};
}

/* A statement about one rule over the grid of B, with C and with p, q and s multiplied. */
enum { EVERYWHERE, SOMEWHERE, NOWHERE };
typedef struct statement {
    const char *name, *claim;
    size_t rule;
    double B, C, p, q, s;
    int exists;              /* where the rule has a finite step */
    double low, high, limit; /* of its steps, where they tend to; NaN: nowhere */
    const char *detail;
} statement;

static const statement statements[] = {
    {"pi-interpolates", "B > 0: PI's step lies between 0 and the quadratic minimum, at 1", PI,
     1.0, 0.0, 1.0, 1.0, 1.0, EVERYWHERE, DBL_MIN, 1.0, NAN, "p, q, s each in 1e-4 ... 1e4"},
    {"pi-tends-to-minimum",
     "PI's step tends to the minimum as the uncertainty of slope and curvature vanishes", PI,
     1.0, 0.0, 1e-18, 1e-18, 1.0, EVERYWHERE, 0.999, 1.0, 1.0,
     "the same with p and q times 1e-18"},
    {"pi-tends-to-zero", "PI's step tends to 0 as that uncertainty grows", PI, 1.0, 0.0, 1e18,
     1e18, 1.0, EVERYWHERE, 0.0, 0.01, 0.0, "the same with p and q times 1e18"},
    {"bound-interpolates",
     "the confidence bound's step, too, lies between 0 and the quadratic minimum", BOUND, 1.0,
     0.0, 1.0, 1.0, 1.0, EVERYWHERE, 0.0, 1.0, NAN,
     "k = 0.5; 0 where the slope is not k standard deviations above 0"},
    {"ei-exceeds-minimum", "EI's step is never shorter than the quadratic minimum", EI, 1.0,
     0.0, 1.0, 1.0, 1.0, SOMEWHERE, 1.0, INFINITY, NAN,
     "where there is one: else expected improvement only grows with a"},
    {"pi-exists-for-negative", "B < 0: PI has a finite step, since the curvature is uncertain",
     PI, -1.0, 0.0, 1.0, 1.0, 1.0, EVERYWHERE, DBL_MIN, INFINITY, NAN,
     "p, q, s each in 1e-4 ... 1e4"},
    {"quadratic-does-not", "B < 0: the quadratic rule has no finite step", QUADRATIC, -1.0, 0.0,
     1.0, 1.0, 1.0, NOWHERE, 0.0, 0.0, NAN, "the same models"},
    {"ei-does-not", "B < 0: EI has no finite step", EI, -1.0, 0.0, 1.0, 1.0, 1.0, NOWHERE, 0.0,
     0.0, NAN, "the same models"},
    {"pi-needs-uncertainty",
     "B < 0, q = 0: PI has no finite step where the curvature is certain", PI, -1.0, 0.0, 1.0,
     0.0, 1.0, NOWHERE, 0.0, 0.0, NAN, "the same with q = 0"},
    {"third-order-makes-finite",
     "B < 0, q = 0: with the third-order correction PI's step is finite", PI, -1.0, 1.0, 1.0,
     0.0, 1.0, EVERYWHERE, DBL_MIN, INFINITY, NAN, "the same with q = 0 and C = 1"},
};

static spread steps(const statement *x)
{
    spread all = {0};
    for (size_t i = 0; i < N_MODELS; i++) {
        opt_line_model model = grid_model(i, x->B);
        model.C = x->C;
        model.p *= x->p;
        model.q *= x->q;
        model.s *= x->s;
        spread_add(&all, choose(x->rule, &model));
    }
    return all;
}

static void add_statement(plot_figure_work *work, const statement *x)
{
    spread all = steps(x);
    bool exists = x->exists == EVERYWHERE  ? all.n == N_MODELS
                  : x->exists == SOMEWHERE ? all.n > 0
                                           : all.n == 0;
    bool fits = all.n == 0 || (all.low >= x->low && all.high <= x->high);
    if (x->exists == NOWHERE)
        plot_figure_add(work, x->name, x->claim, (plot_interval){(double)all.n, 0.0, 0.0}, 0.0,
                        exists, "models of %d with a finite step; %s", N_MODELS, x->detail);
    else
        plot_figure_add(work, x->name, x->claim, spread_interval(&all), x->limit,
                        exists && fits,
                        "geometric mean, least and largest step of the %zu of %d models that "
                        "have one; %s",
                        all.n, N_MODELS, x->detail);
}

/* Of PI's step when all variances grow by the same factor: none, which eq. 13 says and the
 * paper does not.  Its root is exact to 8 DBL_EPSILON (optim/step_size.c). */
static void add_level(plot_figure_work *work)
{
    const double factor = 1e6;
    spread all = {0};
    for (size_t i = 0; i < N_MODELS; i++) {
        opt_line_model model = grid_model(i, 1.0), more = model;
        more.p *= factor;
        more.q *= factor;
        more.s *= factor;
        spread_add(&all, opt_step_pi(&more) / opt_step_pi(&model));
    }
    plot_figure_add(
        work, "pi-knows-no-level",
        "PI's step depends on how uncertainty rises along the line, not on its level",
        spread_interval(&all), 1.0,
        all.n == N_MODELS && fabs(all.low - 1.0) <= 32.0 * DBL_EPSILON &&
            fabs(all.high - 1.0) <= 32.0 * DBL_EPSILON,
        "factor by which it changes when p, q and s are all multiplied by %g: "
        "geometric mean, least and largest of %zu models",
        factor, all.n);
}

static meka_status conclude(plot_figure_work *work, meka_error *err)
{
    (void)err;
    for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++)
        add_statement(work, &statements[i]);
    add_level(work);
    plot_figure_note(work, "Steps chosen, by panel (-: there is none):\n");
    for (size_t i = 0; i < N_PANELS; i++) {
        plot_figure_note(work, "%s:", panels[i].meaning);
        for (size_t k = 0; k < N_RULES; k++) {
            double a = choose(k, &panels[i].model);
            plot_figure_note(work, isfinite(a) ? "%s %s %.3g" : "%s %s -", k ? "," : "",
                             rules[k].label, a);
        }
        plot_figure_note(work, "%s", i + 1 < N_PANELS ? ".\n" : ".");
    }
    return MEKA_OK;
}

const plot_figure plot_figure_3 = {
    .name = "3",
    .file = "figure3",
    .title = "Probability of improvement chooses steps between zero and the quadratic minimum.",
    .caption = "The model of f(theta + a d) - f(theta) along a direction d (eq. 11; A = |B| = "
               "1). Above: its mean with one and two\n"
               "standard deviations. Below: what the rules maximize. Marks are the steps they "
               "choose, by the functions that the\n"
               "method uses: the minimum of the mean (quadratic), probability of improvement "
               "(PI), expected improvement (EI) and\n"
               "the confidence bound (slope k standard deviations down, curvature as many up, "
               "k = 0.5). PI stops before the\n"
               "quadratic minimum, the sooner the faster uncertainty rises; EI goes beyond it "
               "or, where uncertainty rises quickly,\n"
               "has no maximum. For negative curvature only PI has a finite step.",
    .script = figure3_gp,
    .write = write,
    .conclude = conclude,
};
