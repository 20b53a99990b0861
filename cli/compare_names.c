/* meka compare: which problems, which methods. */
#include "cli/compare.h"

#include "base/memory.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Texts are cut from one buffer. */
typedef struct cutter {
    char *at;
} cutter;

static char *keep(cutter *c, const char *text, size_t n)
{
    char *copy = c->at;
    memcpy(copy, text, n);
    copy[n] = '\0';
    c->at += n + 1;
    return copy;
}

/* "NAME key=value ..." as name and settings (NULL: none), and a label that can be a file's
 * name: what is neither letter nor digit becomes a dash. */
static bool cut(cutter *c, const char *text, size_t n, const char **name, const char **settings,
                const char **label)
{
    while (n && isspace((unsigned char)*text))
        text++, n--;
    while (n && isspace((unsigned char)text[n - 1]))
        n--;
    size_t length = 0;
    while (length < n && !isspace((unsigned char)text[length]))
        length++;
    if (length == 0)
        return false;
    *name = keep(c, text, length);
    char *made = keep(c, text, n);
    for (char *p = made; *p; p++)
        if (!isalnum((unsigned char)*p) && *p != '.')
            *p = '-';
    *label = made;
    while (length < n && isspace((unsigned char)text[length]))
        length++;
    *settings = length < n ? keep(c, text + length, n - length) : NULL;
    return true;
}

/* The comma-separated list's entries as contenders. */
static meka_status read_contenders(cutter *c, plot_contender *out, size_t *n, const char *list,
                                   bool tuned, const char *option, meka_error *err)
{
    while (*list) {
        size_t length = strcspn(list, ",");
        plot_contender *contender = &out[*n];
        *contender = (plot_contender){.tuned = tuned};
        if (!cut(c, list, length, &contender->method, &contender->settings, &contender->label))
            return meka_fail(err, MEKA_ERR_INPUT,
                             "--%s must be methods separated by commas, each with its options "
                             "after it, such as \"meka,adam beta1=0.8\"; an entry is empty",
                             option);
        for (size_t i = 0; i < *n; i++)
            if (strcmp(out[i].label, contender->label) == 0)
                return meka_fail(err, MEKA_ERR_INPUT, "'%.100s' is named twice",
                                 contender->label);
        ++*n;
        list += length;
        if (*list == ',' && !list[1])
            return meka_fail(err, MEKA_ERR_INPUT, "--%s ends with a comma", option);
        list += *list == ',';
    }
    return MEKA_OK;
}

static size_t count_entries(const char *list)
{
    size_t n = *list != '\0';
    for (; *list; list++)
        n += *list == ',';
    return n;
}

/* --data goes to the problems that take any; one at least must. */
static meka_status give_data(plot_arena *arena, size_t n, const char *data, meka_error *err)
{
    size_t n_takers = 0;
    for (size_t a = 0; a < n && data; a++) {
        const prob_problem *problem;
        meka_status status = prob_problem_find(&problem, arena[a].problem, err);
        if (status)
            return status;
        arena[a].data = problem->data ? data : NULL;
        n_takers += problem->data != NULL;
    }
    if (data && n_takers == 0)
        return meka_fail(
            err, MEKA_ERR_INPUT,
            "none of these problems takes data, so --data has no meaning; leave it "
            "out");
    return MEKA_OK;
}

meka_status cli_compare_read(cli_compare_names *names, plot_compare_config *config,
                             char *const *operand, size_t n_operands, size_t batch,
                             const char *data, const char *methods, const char *tune,
                             meka_error *err)
{
    methods = strcmp(methods, "none") == 0 ? "" : methods;
    tune = strcmp(tune, "none") == 0 ? "" : tune;
    size_t n_contenders = count_entries(methods) + count_entries(tune), bytes = 16;
    for (size_t a = 0; a < n_operands; a++)
        bytes += 3 * (strlen(operand[a]) + 1);
    bytes += 3 * (strlen(methods) + strlen(tune) + n_contenders);
    names->text = meka_alloc(bytes, 1, err);
    names->arena = meka_alloc(n_operands, sizeof *names->arena, err);
    names->contender = meka_alloc(n_contenders + 1, sizeof *names->contender, err);
    if (!names->text || !names->arena || !names->contender)
        return MEKA_ERR_MEMORY;
    cutter c = {names->text};
    for (size_t a = 0; a < n_operands; a++) {
        plot_arena *arena = &names->arena[a];
        arena->batch = batch;
        if (!cut(&c, operand[a], strlen(operand[a]), &arena->problem, &arena->options,
                 &arena->label))
            return meka_fail(err, MEKA_ERR_INPUT, "a problem's name is empty");
        for (size_t i = 0; i < a; i++)
            if (strcmp(names->arena[i].label, arena->label) == 0)
                return meka_fail(err, MEKA_ERR_INPUT, "'%.100s' is named twice", operand[a]);
    }
    meka_status status = give_data(names->arena, n_operands, data, err);
    if (status)
        return status;
    size_t n = 0;
    status = read_contenders(&c, names->contender, &n, methods, false, "methods", err);
    if (!status)
        status = read_contenders(&c, names->contender, &n, tune, true, "tune", err);
    if (!status && n < 2)
        status = meka_fail(err, MEKA_ERR_INPUT,
                           "there must be at least two methods in --methods and --tune");
    config->arena = names->arena;
    config->n_arenas = n_operands;
    config->contender = names->contender;
    config->n_contenders = n;
    return status;
}

void cli_compare_names_clear(cli_compare_names *names)
{
    free(names->text);
    free(names->arena);
    free(names->contender);
}
