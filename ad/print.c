#include "ad/print.h"

#include "ad/program.h"
#include "base/memory.h"
#include "base/text.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { n_operands_shown = 6 };

void ad_code_list_operands(const ad_code *code, const ad_instruction *in, ad_operand_list *out)
{
    out->n = ad_code_operands(code, in, out->own, &out->slot);
    if (in->op == AD_OP_SELECT) {
        const uint32_t *choice = out->slot;
        out->own[2] = choice[1];
        out->own[1] = choice[0];
        out->own[0] = in->a;
        out->n = 3;
        out->slot = out->own;
    }
}

void ad_code_dependence(const ad_code *code, uint8_t *depends)
{
    size_t d = code->n_params, n_inputs = d + code->n_features;
    memset(depends, AD_ON_THETA, d);
    memset(depends + d, AD_ON_SAMPLE, code->n_features);
    for (size_t k = 0; k < code->n; k++) {
        ad_operand_list operand;
        uint8_t all = 0;
        ad_code_list_operands(code, &code->instruction[k], &operand);
        for (size_t j = 0; j < operand.n; j++)
            all |= depends[operand.slot[j]];
        depends[n_inputs + k] = all;
    }
}

const char *ad_dependence_name(uint8_t depends)
{
    return depends & AD_ON_SAMPLE ? "varying"
                                  : (depends & AD_ON_THETA ? "uniform" : "constant");
}

void ad_code_needed(const ad_code *code, uint8_t *needed)
{
    size_t n_inputs = code->n_params + code->n_features;
    memset(needed, 0, ad_code_n_slots(code));
    needed[code->result] = 1;
    for (size_t k = code->n; k-- > 0;) {
        ad_operand_list operand;
        ad_code_list_operands(code, &code->instruction[k], &operand);
        for (size_t j = 0; j < operand.n && needed[n_inputs + k]; j++)
            needed[operand.slot[j]] = 1;
    }
}

void ad_code_count(const ad_code *code, size_t *counts)
{
    memset(counts, 0, AD_N_OPS * sizeof *counts);
    for (size_t k = 0; k < code->n; k++)
        counts[code->instruction[k].op]++;
}

/* What is printed, and with what marked. */
typedef struct printer {
    const ad_program *program;
    const ad_code *code;
    const double *value;
    uint8_t *depends, *needed;
    size_t limit;
    FILE *out;
} printer;

static size_t shown(const printer *p, size_t n)
{
    return p->limit && n > p->limit ? p->limit : n;
}

/* Whether the slot is among those that are shown. */
static bool is_shown(const printer *p, size_t slot)
{
    size_t d = p->code->n_params, m = p->code->n_features;
    if (slot < d)
        return slot < shown(p, d);
    if (slot < d + m)
        return slot - d < shown(p, m);
    return slot - d - m < shown(p, p->code->n);
}

static const char *plural(size_t n)
{
    return n == 1 ? "" : "s";
}

/* ------------------------------------------------------------------------- text */

static void print_row(const printer *p, size_t slot, const char *what, const char *operands,
                      const ad_place *place)
{
    char number[32];
    uint8_t depends = p->depends[slot];
    meka_format_real(number, sizeof number, p->value[slot], 6);
    const char *mark = !p->needed[slot] ? "dead" : (depends & AD_ON_THETA ? "theta" : "-");
    fprintf(p->out, "%%%-6zu %-10s %-20s %13s  %-8s  %s", slot, what, operands, number,
            ad_dependence_name(depends), mark);
    if (place)
        fprintf(p->out, "%*s%s:%d", 7 - (int)strlen(mark), "", place->file, place->line);
    fputc('\n', p->out);
}

static void print_left_out(const printer *p, size_t n, const char *what)
{
    size_t left = n - shown(p, n);
    if (left)
        fprintf(p->out, "... %zu further %s%s left out\n", left, what, plural(left));
}

static void print_inputs(const printer *p, const char *name, const char *what, size_t first,
                         size_t n)
{
    char text[48];
    for (size_t j = 0; j < shown(p, n); j++) {
        snprintf(text, sizeof text, "%s[%zu]", name, j);
        print_row(p, first + j, text, "", NULL);
    }
    print_left_out(p, n, what);
}

static void format_operands(const ad_code *code, const ad_instruction *in, char *text,
                            size_t size)
{
    ad_operand_list operand;
    size_t used = 0;
    ad_code_list_operands(code, in, &operand);
    text[0] = '\0';
    for (size_t j = 0; j < operand.n && j < n_operands_shown; j++)
        used += (size_t)snprintf(text + used, size - used, "%s%%%" PRIu32, j ? " " : "",
                                 operand.slot[j]);
    if (operand.n > n_operands_shown)
        snprintf(text + used, size - used, " ... (%zu)", operand.n);
}

static void print_instructions(const printer *p)
{
    const ad_code *code = p->code;
    size_t n_inputs = code->n_params + code->n_features;
    char operands[n_operands_shown * 12 + 40];
    for (size_t k = 0; k < shown(p, code->n); k++) {
        const ad_instruction *in = &code->instruction[k];
        format_operands(code, in, operands, sizeof operands);
        print_row(p, n_inputs + k, ad_op_name((ad_op)in->op), operands,
                  &code->place[in->where]);
    }
    print_left_out(p, code->n, "instruction");
}

static void print_sums(const printer *p)
{
    const ad_code *code = p->code;
    size_t counts[AD_N_OPS], n_kind[3] = {0}, n_dead = 0;
    ad_code_count(code, counts);
    for (size_t s = code->n_params + code->n_features; s < ad_code_n_slots(code); s++) {
        uint8_t depends = p->depends[s];
        n_kind[depends & AD_ON_SAMPLE ? 2 : depends]++;
        n_dead += !p->needed[s];
    }
    fprintf(p->out, "result     %%%" PRIu32 "\noperations", code->result);
    const char *before = " ";
    for (int op = 0; op < AD_N_OPS; op++)
        if (counts[op]) {
            fprintf(p->out, "%s%zu %s", before, counts[op], ad_op_name((ad_op)op));
            before = ", ";
        }
    fprintf(p->out,
            "%s\ndepend on  theta alone (uniform) %zu, the sample (varying) %zu, neither "
            "(constant) %zu\n",
            code->n ? "" : " none", n_kind[1], n_kind[2], n_kind[0]);
    if (n_dead)
        fprintf(p->out, "dead       %zu: the result does not need %s\n", n_dead,
                n_dead == 1 ? "it" : "them");
}

static void print_text(const printer *p)
{
    const ad_code *code = p->code;
    const char *name = p->program->objective.name, *file;
    int line;
    fprintf(p->out, "objective  %s: %zu parameter%s, %zu feature%s, %zu instruction%s\n",
            name ? name : "?", code->n_params, plural(code->n_params), code->n_features,
            plural(code->n_features), code->n, plural(code->n));
    if (ad_program_is_replayable(p->program, &file, &line))
        fprintf(p->out, "replayable yes: recorded once for all samples\n");
    else
        fprintf(p->out,
                "replayable no: %s:%d reads a value, so every sample is recorded anew\n", file,
                line);
    fprintf(p->out, "\n%-7s %-10s %-20s %13s  %-8s  %-5s  %s\n", "slot", "operation",
            "operands", "value", "kind", "mark", "where");
    print_inputs(p, "theta", "parameter", 0, code->n_params);
    print_inputs(p, "xi", "feature", code->n_params, code->n_features);
    print_instructions(p);
    fputc('\n', p->out);
    print_sums(p);
}

/* -------------------------------------------------------------------------- dot */

/* Text inside a quoted label. */
static void put_quoted(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', out);
        fputc(*text == '\n' ? ' ' : *text, out);
    }
}

static void print_node(const printer *p, size_t slot, const char *what, const ad_place *place)
{
    static const char *const fill[] = {"#eeeeee", "#cfe2f3", "#fce5cd", "#fce5cd"};
    char number[32];
    meka_format_real(number, sizeof number, p->value[slot], 6);
    fprintf(p->out, "  s%zu [label=\"%s\\n%s\", fillcolor=\"%s\"", slot, what, number,
            fill[p->depends[slot]]);
    if (slot < p->code->n_params + p->code->n_features)
        fputs(", shape=ellipse", p->out);
    if (slot == p->code->result)
        fputs(", peripheries=2", p->out);
    if (!p->needed[slot])
        fputs(", style=\"filled,dashed\"", p->out);
    if (place) {
        fputs(", tooltip=\"", p->out);
        put_quoted(p->out, place->file);
        fprintf(p->out, ":%d\"", place->line);
    }
    fputs("];\n", p->out);
}

static void print_edges(const printer *p, size_t slot, const ad_instruction *in)
{
    ad_operand_list operand;
    ad_code_list_operands(p->code, in, &operand);
    for (size_t j = 0; j < operand.n; j++)
        if (is_shown(p, operand.slot[j]))
            fprintf(p->out, "  s%" PRIu32 " -> s%zu%s;\n", operand.slot[j], slot,
                    in->op == AD_OP_SELECT && j == 0 ? " [style=dotted]" : "");
}

static void print_dot_note(const printer *p)
{
    const ad_code *code = p->code;
    size_t left = code->n - shown(p, code->n) + code->n_params - shown(p, code->n_params) +
                  code->n_features - shown(p, code->n_features);
    if (left)
        fprintf(p->out,
                "  left_out [label=\"%zu further value%s left out\", shape=plaintext];\n", left,
                plural(left));
}

static void print_dot(const printer *p)
{
    const ad_code *code = p->code;
    size_t d = code->n_params, n_inputs = d + code->n_features;
    char text[48];
    fputs("digraph \"", p->out);
    put_quoted(p->out, p->program->objective.name ? p->program->objective.name : "?");
    fputs("\" {\n  // blue: depends on theta alone; orange: on the sample; grey: constant\n"
          "  node [shape=box, style=filled, fontname=\"monospace\"];\n",
          p->out);
    for (size_t s = 0; s < n_inputs; s++) {
        snprintf(text, sizeof text, "%s[%zu]", s < d ? "theta" : "xi", s < d ? s : s - d);
        if (is_shown(p, s))
            print_node(p, s, text, NULL);
    }
    for (size_t k = 0; k < shown(p, code->n); k++) {
        const ad_instruction *in = &code->instruction[k];
        print_node(p, n_inputs + k, ad_op_name((ad_op)in->op), &code->place[in->where]);
        print_edges(p, n_inputs + k, in);
    }
    print_dot_note(p);
    fputs("}\n", p->out);
}

meka_status ad_program_print(const ad_program *program, ad_print_format format, size_t limit,
                             FILE *out, meka_error *err)
{
    assert(program && out);
    const ad_code *code = &program->tape.code;
    size_t n_slots = ad_code_n_slots(code);
    meka_status status = MEKA_ERR_MEMORY;
    printer p = {.program = program,
                 .code = code,
                 .value = program->tape.value,
                 .depends = meka_alloc(n_slots, 1, err),
                 .limit = limit,
                 .out = out};
    p.needed = p.depends ? meka_alloc(n_slots, 1, err) : NULL;
    if (!p.needed)
        goto cleanup;
    ad_code_dependence(code, p.depends);
    ad_code_needed(code, p.needed);
    (format == AD_PRINT_DOT ? print_dot : print_text)(&p);
    status = MEKA_OK;
    if (ferror(out))
        status = meka_fail(err, MEKA_ERR_IO, "cannot write the program: %s",
                           errno ? strerror(errno) : "an earlier write failed");
cleanup:
    free(p.depends);
    free(p.needed);
    return status;
}
