/* What can be said from recordings alone: the same twice?  for all samples?  what is unused? */
#include "cli/check.h"

#include "ad/print.h"
#include "ad/program.h"
#include "base/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Equal, or both NaN. */
static bool same_number(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

/* Describes how tape b differs from a, which was recorded before; false: it does not. */
static bool differ(const ad_tape *a, const ad_tape *b, char *text, size_t size)
{
    const ad_code *x = &a->code, *y = &b->code;
    size_t n_inputs = x->n_params + x->n_features, n = x->n < y->n ? x->n : y->n;
    for (size_t k = 0; k < n; k++) {
        const ad_instruction *p = &x->instruction[k], *q = &y->instruction[k];
        const ad_place *place = &y->place[q->where];
        if (p->op != q->op || p->a != q->a || p->b != q->b) {
            snprintf(text, size, "%.300s:%d: instruction %zu is %s at first and then %s",
                     place->file, place->line, k, ad_op_name((ad_op)p->op),
                     p->op == q->op ? "the same of other operands" : ad_op_name((ad_op)q->op));
            return true;
        }
        if (!same_number(a->value[n_inputs + k], b->value[n_inputs + k])) {
            snprintf(text, size, "%.300s:%d: %s is %.9g at first and then %.9g", place->file,
                     place->line, ad_op_name((ad_op)p->op), a->value[n_inputs + k],
                     b->value[n_inputs + k]);
            return true;
        }
    }
    if (x->n != y->n) {
        snprintf(text, size, "%zu instructions at first and then %zu", x->n, y->n);
        return true;
    }
    if (x->n_list != y->n_list || (x->n_list && memcmp(x->list, y->list, x->n_list * 4) != 0) ||
        x->result != y->result) {
        snprintf(text, size, "operands at first and then others");
        return true;
    }
    return false;
}

/* Whether the same instructions, with the same constants, serve at another point. */
static bool same_program(const ad_code *x, const ad_code *y)
{
    if (x->n != y->n || x->n_reals != y->n_reals || x->n_list != y->n_list ||
        x->result != y->result)
        return false;
    for (size_t k = 0; k < x->n; k++)
        if (x->instruction[k].op != y->instruction[k].op ||
            x->instruction[k].a != y->instruction[k].a ||
            x->instruction[k].b != y->instruction[k].b)
            return false;
    for (size_t k = 0; k < x->n_reals; k++)
        if (!same_number(x->real[k], y->real[k]))
            return false;
    return (!x->n_list || memcmp(x->list, y->list, x->n_list * sizeof *x->list) == 0);
}

/* Records at the point, elsewhere, and at the point again. */
static meka_status check_purity(cli_checkup *c, ad_tape tape[3], bool *pure, meka_error *err)
{
    const cli_subject *subject = c->subject;
    const double *xi = subject->xi;
    char text[480];
    for (size_t j = 0; j < c->d; j++)
        c->v[j] = subject->theta[j] + 0.1 * meka_rng_normal(&c->rng);
    meka_status status = ad_tape_record(&tape[0], &subject->objective, subject->theta, xi, err);
    if (!status)
        status = ad_tape_record(&tape[1], &subject->objective, c->v,
                                xi ? xi + (c->n - 1) * c->m : NULL, err);
    if (!status)
        status = ad_tape_record(&tape[2], &subject->objective, subject->theta, xi, err);
    if (status)
        return status;
    *pure = false;
    if (differ(&tape[0], &tape[2], text, sizeof text)) {
        cli_find(&c->findings, CLI_FAIL, "pure", NAN, NAN,
                 "two recordings at the same point differ: %s; the objective must depend on "
                 "theta, xi and ctx alone, not on random numbers, time or static variables",
                 text);
    } else if (!tape[0].read.file && !tape[1].read.file &&
               !same_program(&tape[0].code, &tape[1].code)) {
        cli_find(&c->findings, CLI_FAIL, "pure", NAN, NAN,
                 "recordings at two points differ though no value was read with ad_value; the "
                 "objective must depend on theta, xi and ctx alone");
    } else {
        *pure = true;
        cli_find(&c->findings, CLI_PASS, "pure", NAN, NAN,
                 "recording again at the same point gives the same %zu instructions and values",
                 tape[0].code.n);
    }
    return MEKA_OK;
}

static void check_replay(cli_checkup *c)
{
    const char *file;
    int line;
    if (ad_program_is_replayable(c->subject->program, &file, &line))
        cli_find(&c->findings, CLI_PASS, "replayable", NAN, NAN,
                 "recorded once for all samples");
    else
        cli_find(&c->findings, CLI_HINT, "replayable", NAN, NAN,
                 "no: %.400s:%d reads a value, so every sample is recorded anew, which is "
                 "slow; ad_select(condition, a, b) in place of the branch would make it "
                 "replayable",
                 file, line);
}

meka_status cli_check_recording(cli_checkup *c, bool *pure, meka_error *err)
{
    ad_tape tape[3];
    for (int k = 0; k < 3; k++)
        ad_tape_init(&tape[k]);
    meka_status status = check_purity(c, tape, pure, err);
    if (status == MEKA_OK && *pure)
        check_replay(c);
    for (int k = 0; k < 3; k++)
        ad_tape_clear(&tape[k]);
    return status;
}

/* ----------------------------------------------------------------------- usage */

/* "0, 3, 4 and 12 more": the indices whose mark is 0. */
static size_t list_unmarked(const uint8_t *mark, size_t n, char *text, size_t size)
{
    enum { most = 8 };
    size_t count = 0, used = 0;
    text[0] = '\0';
    for (size_t j = 0; j < n; j++)
        if (!mark[j] && count++ < most)
            used += (size_t)snprintf(text + used, size - used, "%s%zu", used ? ", " : "", j);
    if (count > most)
        snprintf(text + used, size - used, " and %zu more", count - most);
    return count;
}

/* Marks the inputs that some recording at the point asked for needs. */
static meka_status mark_used(cli_checkup *c, meka_error *err)
{
    ad_tape tape;
    uint8_t *needed = NULL;
    size_t room = 0;
    meka_status status = MEKA_OK;
    bool replayable = ad_program_is_replayable(c->subject->program, NULL, NULL);
    ad_tape_init(&tape);
    for (size_t i = 0; i < (replayable ? 1 : c->n) && status == MEKA_OK; i++) {
        status = ad_tape_record(&tape, &c->subject->objective, c->subject->theta,
                                c->m ? c->subject->xi + i * c->m : NULL, err);
        if (status == MEKA_OK)
            status = meka_grow(&needed, &room, ad_code_n_slots(&tape.code), 1, err);
        if (status == MEKA_OK)
            ad_code_needed(&tape.code, needed);
        for (size_t j = 0; j < c->d + c->m && status == MEKA_OK; j++)
            c->used[j] |= needed[j];
    }
    free(needed);
    ad_tape_clear(&tape);
    return status;
}

static void find_size(cli_checkup *c)
{
    const ad_code *code = &c->subject->program->tape.code;
    size_t counts[AD_N_OPS], used = 0;
    char text[640] = "";
    ad_code_count(code, counts);
    for (int op = 0; op < AD_N_OPS; op++)
        if (counts[op] && used < sizeof text - 32)
            used += (size_t)snprintf(text + used, sizeof text - used, "%s%zu %s",
                                     used ? ", " : "", counts[op], ad_op_name((ad_op)op));
    cli_find(&c->findings, CLI_HINT, "size", NAN, NAN, "%zu instruction%s%s%s", code->n,
             code->n == 1 ? "" : "s", used ? ": " : "", text);
}

meka_status cli_check_usage(cli_checkup *c, meka_error *err)
{
    char text[256];
    meka_status status = mark_used(c, err);
    if (status != MEKA_OK)
        return status;
    size_t n = list_unmarked(c->used + c->d, c->m, text, sizeof text);
    if (n)
        cli_find(&c->findings, CLI_HINT, "features", NAN, NAN,
                 "%zu of %zu features never enter the loss: %s", n, c->m, text);
    n = list_unmarked(c->used, c->d, text, sizeof text);
    if (n)
        cli_find(&c->findings, CLI_HINT, "parameters", NAN, NAN,
                 "%zu of %zu parameters never enter the loss: %s", n, c->d, text);
    for (size_t j = 0; j < c->d; j++)
        c->moved[j] |= !c->used[j];
    n = list_unmarked(c->moved, c->d, text, sizeof text);
    if (n && c->worst[CLI_SYMMETRY].n) /* else no gradient was known anywhere */
        cli_find(&c->findings, CLI_HINT, "parameters", NAN, NAN,
                 "%zu of %zu parameters have a gradient of 0 at every point and sample tried: "
                 "%s",
                 n, c->d, text);
    find_size(c);
    return MEKA_OK;
}
