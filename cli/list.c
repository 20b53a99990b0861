/* meka list: the registries. */
#include "cli/command.h"
#include "cli/output.h"

#include "plots/figure.h"

#include <meka/optim.h>
#include <meka/problems.h>

#include <stdio.h>
#include <string.h>

static const char *const known_kinds[] = {
    [PROB_MINIMUM] = "minimum",
    [PROB_LOCAL_MINIMUM] = "local minimum",
    [PROB_SADDLE] = "saddle point",
};

typedef struct list_values {
    bool json;
} list_values;

static void print_options(const meka_option_table *table)
{
    enum { column = 32 };
    char range[512], text[1024];
    for (size_t i = 0; i < table->n; i++) {
        const meka_option *row = &table->row[i];
        int used = printf("  %s=%s ", row->name, row->initial);
        if (used > column)
            used = printf("\n") - 1;
        printf("%*s", column - used, "");
        meka_options_wanted(row, range, sizeof range);
        snprintf(text, sizeof text, "%s; %s", row->meaning, range);
        cli_print_wrapped(text, column, column);
    }
}

/* "LABEL: TEXT", wrapped; nothing without a text. */
static void print_about(const char *label, const char *text)
{
    if (!text || !text[0])
        return;
    int used = printf("  %s: ", label);
    cli_print_wrapped(text, 4, used);
}

static void print_method(size_t i)
{
    const opt_method *method = opt_method_at(i);
    print_about("source", method->reference);
    print_about("departs from it", method->deviations);
    if (method->full_batch)
        print_about("samples", "all of them in every step");
    if (method->min_batch > 1)
        printf("  needs batches of at least %zu samples\n", method->min_batch);
    print_options(&method->options);
    for (size_t k = 0; k < method->n_presets; k++) {
        char label[80];
        snprintf(label, sizeof label, "preset %.60s", method->presets[k].name);
        print_about(label, method->presets[k].summary);
    }
}

/* "(0.5, 1, ..)": of at most six numbers. */
static void format_point(char *text, size_t size, const prob_known *known)
{
    enum { most = 6 };
    char number[32];
    snprintf(text, size, "(");
    for (size_t k = 0; k < known->n && k < most; k++) {
        strncat(text, k ? ", " : "", size - strlen(text) - 1);
        strncat(text, cli_show(number, known->x[k]), size - strlen(text) - 1);
    }
    bool repeated = known->n == 1 && known->dim != 1;
    strncat(text, known->n > most || repeated ? ", ..)" : ")", size - strlen(text) - 1);
}

/* The problem's row says in words where it is lowest, and in numbers where else it is
 * stationary. */
static void print_known(const prob_known_table *table)
{
    char text[512], value[32];
    for (size_t i = 0; table && i < table->n; i++) {
        const prob_known *known = &table->row[i];
        if (known->kind == PROB_MINIMUM)
            continue;
        int n = snprintf(text, sizeof text, "%s%s at ", cli_show(value, known->value),
                         known->value_per_dim ? " dim" : "");
        format_point(text + n, sizeof text - 100 - (size_t)n, known);
        n = (int)strlen(text);
        if (known->dim)
            n += snprintf(text + n, sizeof text - (size_t)n, " for dim = %zu", known->dim);
        if (known->terms)
            snprintf(text + n, sizeof text - (size_t)n, " for terms = %zu", known->terms);
        print_about(known_kinds[known->kind], text);
    }
}

static void print_problem(size_t i)
{
    const prob_problem *problem = prob_problem_at(i);
    print_about("source", problem->reference);
    print_about("minimum", problem->minimum ? problem->minimum : "not known");
    print_known(problem->known);
    if (problem->data)
        print_about(problem->needs_data ? "needs --data" : "takes --data", problem->data);
    print_options(&problem->options);
}

static void print_figure(size_t i)
{
    /* Its lines are those of the page's text file. */
    char caption[2048];
    size_t n = 0;
    for (const char *c = plot_figure_at(i)->caption; *c && n + 1 < sizeof caption; c++)
        caption[n++] = *c == '\n' ? ' ' : *c;
    caption[n] = '\0';
    print_about("caption", caption);
}

/* -------------------------------------------------------------------- JSON */

static void add_options(cli_json *json, cJSON *parent, const meka_option_table *table)
{
    static const char *const types[] = {"real", "count", "bool", "choice"};
    cJSON *array = cli_json_array(json, parent, "options");
    for (size_t i = 0; i < table->n; i++) {
        const meka_option *row = &table->row[i];
        cJSON *object = cli_json_object(json, array, NULL);
        cli_json_text(json, object, "name", row->name);
        cli_json_text(json, object, "type", types[row->type]);
        cli_json_text(json, object, "default", row->initial);
        if (row->type == MEKA_OPTION_REAL || row->type == MEKA_OPTION_COUNT) {
            cli_json_real(json, object, "min", row->min);
            cli_json_real(json, object, "max", row->max);
        }
        if (row->type == MEKA_OPTION_CHOICE) {
            cJSON *choices = cli_json_array(json, object, "choices");
            for (size_t k = 0; row->choices[k]; k++)
                cli_json_text(json, choices, NULL, row->choices[k]);
        }
        cli_json_text(json, object, "meaning", row->meaning);
    }
}

static void add_method(cli_json *json, cJSON *object, size_t i)
{
    const opt_method *method = opt_method_at(i);
    cli_json_text(json, object, "reference", method->reference);
    cli_json_text(json, object, "deviations", method->deviations);
    cli_json_bool(json, object, "full_batch", method->full_batch);
    cli_json_count(json, object, "min_batch", method->min_batch);
    add_options(json, object, &method->options);
    cJSON *presets = cli_json_array(json, object, "presets");
    for (size_t k = 0; k < method->n_presets; k++) {
        cJSON *preset = cli_json_object(json, presets, NULL);
        cli_json_text(json, preset, "name", method->presets[k].name);
        cli_json_text(json, preset, "summary", method->presets[k].summary);
        cli_json_text(json, preset, "settings", method->presets[k].settings);
    }
}

/* Everything the table has; a point is to be repeated up to d entries. */
static void add_known(cli_json *json, cJSON *parent, const prob_known_table *table)
{
    cJSON *array = cli_json_array(json, parent, "known");
    for (size_t i = 0; table && i < table->n; i++) {
        const prob_known *known = &table->row[i];
        cJSON *object = cli_json_object(json, array, NULL);
        cli_json_text(json, object, "kind", known_kinds[known->kind]);
        if (known->dim)
            cli_json_count(json, object, "dim", known->dim);
        if (known->terms)
            cli_json_count(json, object, "terms", known->terms);
        cli_json_real(json, object, known->value_per_dim ? "value_per_dim" : "value",
                      known->value);
        cJSON *x = cli_json_array(json, object, "x");
        for (size_t k = 0; k < known->n; k++)
            cli_json_real(json, x, NULL, known->x[k]);
    }
}

static void add_problem(cli_json *json, cJSON *object, size_t i)
{
    const prob_problem *problem = prob_problem_at(i);
    cli_json_text(json, object, "reference", problem->reference);
    cli_json_text(json, object, "minimum", problem->minimum);
    add_known(json, object, problem->known);
    cli_json_text(json, object, "data", problem->data);
    add_options(json, object, &problem->options);
}

static void add_figure(cli_json *json, cJSON *object, size_t i)
{
    cli_json_text(json, object, "caption", plot_figure_at(i)->caption);
}

/* ---------------------------------------------------------------------- lists */

/* The i-th row's name and a phrase about it; false past the end. */
static bool method_at(size_t i, const char **name, const char **summary)
{
    const opt_method *method = opt_method_at(i);
    if (method) {
        *name = method->name;
        *summary = method->summary;
    }
    return method != NULL;
}

static bool problem_at(size_t i, const char **name, const char **summary)
{
    const prob_problem *problem = prob_problem_at(i);
    if (problem) {
        *name = problem->name;
        *summary = problem->summary;
    }
    return problem != NULL;
}

static void problem_minimum(char *text, size_t size, size_t i)
{
    const prob_problem *problem = prob_problem_at(i);
    snprintf(text, size, "minimum: %s%s", problem->minimum ? problem->minimum : "not known",
             problem->needs_data ? "; needs --data" : "");
}

static bool figure_at(size_t i, const char **name, const char **summary)
{
    const plot_figure *figure = plot_figure_at(i);
    if (figure) {
        *name = figure->name;
        *summary = figure->title;
    }
    return figure != NULL;
}

static const struct list_kind {
    const char *name, *use;
    bool (*at)(size_t i, const char **name, const char **summary);
    /* what follows the phrase in a list; NULL: nothing */
    void (*note)(char *text, size_t size, size_t i);
    void (*print)(size_t i); /* all about the i-th row */
    void (*add)(cli_json *json, cJSON *object, size_t i);
} kinds[] = {
    {"methods", "meka run PROBLEM --method NAME --set KEY=VALUE", method_at, NULL, print_method,
     add_method},
    {"problems", "meka run NAME --option KEY=VALUE", problem_at, problem_minimum, print_problem,
     add_problem},
    {"figures", "meka figure NAME", figure_at, NULL, print_figure, add_figure},
};
enum { n_kinds = sizeof kinds / sizeof kinds[0] };

/* A line for each row; for the one that is `wanted` by name, all about it.  The number of rows
 * printed. */
static size_t print_kind(const struct list_kind *kind, const char *wanted)
{
    enum { column = 24 };
    const char *name, *summary;
    size_t n = 0;
    bool whole = !wanted || strcmp(wanted, kind->name) == 0;
    if (whole)
        printf("%s: %s\n", kind->name, kind->use);
    for (size_t i = 0; kind->at(i, &name, &summary); i++) {
        if (!whole && strcmp(wanted, name) != 0)
            continue;
        n++;
        if (whole) {
            int end = printf("  %-*s", column - 2, name);
            if (end > column)
                printf("\n%*s", column, "");
            cli_print_wrapped(summary, column, column);
            if (kind->note) {
                char note[256];
                kind->note(note, sizeof note, i);
                printf("%*s", column, "");
                cli_print_wrapped(note, column, column);
            }
            continue;
        }
        int used = printf("%s: ", name);
        cli_print_wrapped(summary, 2, used);
        kind->print(i);
    }
    return n;
}

static size_t add_kind(cli_json *json, const struct list_kind *kind, const char *wanted)
{
    const char *name, *summary;
    size_t n = 0;
    bool whole = !wanted || strcmp(wanted, kind->name) == 0;
    cJSON *array = NULL;
    for (size_t i = 0; kind->at(i, &name, &summary); i++) {
        if (!whole && strcmp(wanted, name) != 0)
            continue;
        if (n++ == 0)
            array = cli_json_array(json, json->root, kind->name);
        cJSON *object = cli_json_object(json, array, NULL);
        cli_json_text(json, object, "name", name);
        cli_json_text(json, object, "summary", summary);
        kind->add(json, object, i);
    }
    return n;
}

static cli_exit list(const cli_call *call, meka_error *err)
{
    const list_values *values = call->values;
    const char *wanted = call->n_operands ? call->operand[0] : NULL;
    meka_status status = MEKA_OK;
    cli_json json = {0};
    size_t n_shown = 0;
    if (values->json)
        cli_json_object(&json, NULL, NULL);
    for (size_t i = 0; i < n_kinds; i++) {
        if (!values->json && !wanted && i)
            printf("\n");
        n_shown +=
            values->json ? add_kind(&json, &kinds[i], wanted) : print_kind(&kinds[i], wanted);
    }
    if (n_shown == 0)
        status = meka_fail(err, MEKA_ERR_INPUT,
                           "there is neither a list nor a method, problem or figure '%.80s'; "
                           "the lists are methods, problems and figures",
                           wanted);
    else if (values->json)
        status = cli_json_print(&json, err);
    else if (!wanted)
        printf("\n'meka list NAME' says more about each, with its options.\n");
    cli_json_clear(&json);
    return cli_exit_of(status);
}

static void defaults(void *values)
{
    (void)values;
}

static const cli_option options[] = {CLI_OPTION_JSON(list_values)};

const cli_command cli_list = {
    .name = "list",
    .summary = "list methods, problems and figures with their options",
    .usage = "[methods|problems|figures|NAME] [OPTION]...",
    .details =
        "Lists what meka knows by name: optimization methods, problems of the zoo and "
        "figures.  Of one NAME it says all: source, departures from it, known minima "
        "and saddle points, options with their defaults, ranges and meanings.  JSON always "
        "holds all of that.",
    .example = "meka list adam",
    .option = options,
    .n_options = sizeof options / sizeof options[0],
    .n_operands_max = 1,
    .operand = "methods, problems, figures or a name",
    .size = sizeof(list_values),
    .defaults = defaults,
    .function = list,
};
