/* Findings: from comparisons, and on paper. */
#include "cli/check.h"
#include "cli/output.h"

#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *cli_outcome_name(cli_outcome outcome)
{
    static const char *const name[] = {"pass", "FAIL", "hint"};
    return name[outcome];
}

void cli_find(cli_findings *findings, cli_outcome outcome, const char *name, double error,
              double bound, const char *format, ...)
{
    enum { most = sizeof findings->item / sizeof findings->item[0] };
    if (findings->n == most)
        return;
    cli_finding *f = &findings->item[findings->n++];
    *f = (cli_finding){.outcome = outcome, .name = name, .error = error, .bound = bound};
    va_list list;
    va_start(list, format);
    vsnprintf(f->text, sizeof f->text, format, list);
    va_end(list);
}

/* ------------------------------------------------------------ from comparisons */

static const struct {
    const char *name, *what;
    bool one_sample; /* a comparison is of one sample */
} kinds[CLI_N_KINDS] = {
    [CLI_VALUE] = {"value", "loss against extended precision", true},
    [CLI_GRADIENT] = {"gradient", "g.v against differences of the loss", true},
    [CLI_PRODUCT] = {"hvp", "v.Hv against second differences of the loss", true},
    [CLI_MIXED] = {"hvp-mixed", "u.Hv against second differences of the loss", true},
    [CLI_SYMMETRY] = {"symmetry", "u.Hv against v.Hu", true},
    [CLI_MEAN] = {"mean", "gradient of the mean loss against the mean's differences", false},
    [CLI_MOMENTS] = {"moments", "means and variances against the per-sample numbers", false},
    [CLI_LINE] = {"line", "line derivatives against gradients and products", false},
    [CLI_THIRD] = {"line-third", "third line derivative against third differences", false},
};

/* ", sample 3 at theta" or "... at point 2 near theta". */
static const char *place_of(char *text, size_t size, size_t point, size_t sample,
                            bool one_sample)
{
    int used = 0;
    if (one_sample)
        used = snprintf(text, size, "sample %zu, ", sample);
    if (point)
        snprintf(text + used, size - (size_t)used, "random point %zu near theta", point);
    else
        snprintf(text + used, size - (size_t)used, "at theta");
    return text;
}

/* What could be behind a derivative that is wrong. */
static void explain(const cli_checkup *c, char *text, size_t size)
{
    const cli_culprit *culprit = &c->culprit;
    const char *file;
    int line;
    size_t used = 0;
    text[0] = '\0';
    if (culprit->found)
        used = (size_t)snprintf(text, size, "; parameter %zu: recorded %.9g, differences %.9g",
                                culprit->parameter, culprit->got, culprit->want);
    if (ad_program_is_replayable(c->subject->program, &file, &line))
        snprintf(
            text + used, size - used,
            "; the objective reads no values, so the fault is meka's own: please report it");
    else
        snprintf(text + used, size - used,
                 "; %.200s:%d reads a value: what a value from ad_value goes into has no "
                 "derivative (ad_const of it is a constant), so use it for branches only",
                 file, line);
}

static void conclude_kind(cli_checkup *c, cli_kind kind)
{
    const cli_worst *w = &c->worst[kind];
    char where[96], why[400];
    bool one = kinds[kind].one_sample;
    if (w->n_undecided && !w->n)
        cli_find(&c->findings, CLI_HINT, kinds[kind].name, NAN, NAN,
                 "%s: not decided; the differences do not settle at any step size",
                 kinds[kind].what);
    if (!w->n)
        return;
    place_of(where, sizeof where, w->point, w->sample, one);
    if (w->error <= w->bound) {
        if (w->n_undecided)
            snprintf(why, sizeof why, ", %zu could not be decided", w->n_undecided);
        else
            why[0] = '\0';
        cli_find(&c->findings, CLI_PASS, kinds[kind].name, w->error, w->bound,
                 "%s: %zu agree%s%s; the worst: %s", kinds[kind].what, w->n,
                 w->n == 1 ? "s" : "", why, where);
    } else {
        explain(c, why, sizeof why);
        cli_find(&c->findings, CLI_FAIL, kinds[kind].name, w->error, w->bound,
                 "%s: %.9g is not %.9g (%s)%s", kinds[kind].what, w->got, w->want, where,
                 kind == CLI_GRADIENT ? why : "");
    }
}

static void conclude_ties(cli_checkup *c)
{
    const cli_kink *k = &c->kink;
    char where[96], tie[512];
    if (!c->n_ties)
        return;
    if (k->operation)
        snprintf(tie, sizeof tie, "%.400s:%d: %s is on a tie", k->file, k->line, k->operation);
    else
        snprintf(tie, sizeof tie, "a branch of the objective changes");
    place_of(where, sizeof where, k->point, k->sample, true);
    if (k->smooth)
        cli_find(&c->findings, CLI_HINT, "tie", NAN, NAN,
                 "%s (%s), with the same slope on both sides; there second derivatives are not "
                 "compared",
                 tie, where);
    else if (k->jump)
        cli_find(&c->findings, CLI_HINT, "kink", NAN, NAN,
                 "%s (%s): the loss itself jumps there, and no derivative says so", tie, where);
    else
        cli_find(&c->findings, CLI_HINT, "kink", NAN, NAN,
                 "%s (%s): along a random direction the slope is %.6g on the left and %.6g on "
                 "the right, the recorded derivative %.6g; there the derivatives are not "
                 "compared",
                 tie, where, k->left, k->right, k->recorded);
}

void cli_check_conclude(cli_checkup *c)
{
    for (int kind = 0; kind < CLI_N_KINDS; kind++)
        conclude_kind(c, (cli_kind)kind);
    conclude_ties(c);
    if (c->n_rough)
        cli_find(&c->findings, CLI_HINT, "rounding", NAN, NAN,
                 "%zu comparisons agree only within the rounding of values up to %.3g on the "
                 "way to the loss: it loses digits there",
                 c->n_rough, c->roughest);
}

/* ------------------------------------------------------------------------ output */

static size_t count(const cli_findings *findings, cli_outcome outcome)
{
    size_t n = 0;
    for (size_t i = 0; i < findings->n; i++)
        n += findings->item[i].outcome == outcome;
    return n;
}

/* Whether a derivative was compared with anything. */
static bool is_compared(const cli_checkup *c)
{
    return c->worst[CLI_GRADIENT].n > 0;
}

static void format_verdict(const cli_checkup *c, char *text, size_t size)
{
    size_t n_failed = count(&c->findings, CLI_FAIL), used = 0;
    size_t n = n_failed + count(&c->findings, CLI_PASS);
    if (n_failed == 0) {
        if (!is_compared(c))
            snprintf(text, size,
                     "undecided: %zu checks pass, but no derivative could be compared with "
                     "differences",
                     n);
        else
            snprintf(text, size, "correct: all %zu checks pass%s", n,
                     !c->n_ties || c->kink.smooth ? ""
                     : c->kink.point              ? "; there is a kink near theta"
                     : c->kink.jump               ? "; at theta the loss jumps"
                                                  : "; theta lies on a kink");
        return;
    }
    used = (size_t)snprintf(text, size, "not correct: %zu of %zu check%s", n_failed, n,
                            n == 1 ? " fails" : (n_failed == 1 ? "s fails" : "s fail"));
    const char *before = ": ";
    for (size_t i = 0; i < c->findings.n && used < size; i++) {
        if (c->findings.item[i].outcome != CLI_FAIL)
            continue;
        used += (size_t)snprintf(text + used, size - used, "%s%s", before,
                                 c->findings.item[i].name);
        before = ", ";
    }
}

void cli_findings_print(const cli_checkup *c)
{
    enum { column = 18 };
    char verdict[512];
    printf("%s: %zu parameter%s, %zu feature%s, %zu sample%s\n", c->subject->objective.name,
           c->d, c->d == 1 ? "" : "s", c->m, c->m == 1 ? "" : "s", c->n, c->n == 1 ? "" : "s");
    for (size_t i = 0; i < c->findings.n; i++) {
        const cli_finding *f = &c->findings.item[i];
        printf("%-5s %-11s %s", cli_outcome_name(f->outcome), f->name, f->text);
        if (!isnan(f->bound))
            printf(": error %.2g, bound %.2g", f->error, f->bound > DBL_MIN ? f->bound : 0.0);
        printf("\n");
    }
    format_verdict(c, verdict, sizeof verdict);
    printf("verdict: %s\n", verdict);
}

meka_status cli_findings_print_json(const cli_checkup *c, meka_error *err)
{
    static const char *const outcome[] = {"pass", "fail", "hint"};
    char verdict[512];
    cli_json json = {0};
    cJSON *root = cli_json_object(&json, NULL, NULL);
    cli_json_text(&json, root, "command", "check");
    cli_json_text(&json, root, "version", MEKA_VERSION);
    cli_json_text(&json, root, "objective", c->subject->objective.name);
    cli_json_count(&json, root, "n_params", c->d);
    cli_json_count(&json, root, "n_features", c->m);
    cli_json_count(&json, root, "n_samples", c->n);
    cJSON *array = cli_json_array(&json, root, "findings");
    for (size_t i = 0; i < c->findings.n; i++) {
        const cli_finding *f = &c->findings.item[i];
        cJSON *object = cli_json_object(&json, array, NULL);
        cli_json_text(&json, object, "outcome", outcome[f->outcome]);
        cli_json_text(&json, object, "name", f->name);
        cli_json_real(&json, object, "error", f->error);
        cli_json_real(&json, object, "bound", f->bound);
        cli_json_text(&json, object, "text", f->text);
    }
    format_verdict(c, verdict, sizeof verdict);
    cli_json_text(&json, root, "verdict", verdict);
    cli_json_bool(&json, root, "passed", count(&c->findings, CLI_FAIL) == 0);
    meka_status status = cli_json_print(&json, err);
    cli_json_clear(&json);
    return status;
}
