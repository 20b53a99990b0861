/* meka list: the registries. */
#include "cli/command.h"
#include "cli/output.h"

#include "plots/figure.h"

#include <meka/optim.h>
#include <meka/problems.h>

#include <stdio.h>
#include <string.h>

typedef struct list_values {
    bool json;
} list_values;

/* "a number in [0, 1]", "a or b": what an option can be set to.  Bounds that no use comes
 * near are left out. */
static void format_range(const meka_option *row, char *text, size_t size)
{
    static const double far = 1e99;
    char low[32], high[32];
    const char *kind = row->type == MEKA_OPTION_REAL ? "a number" : "an integer";
    text[0] = '\0';
    switch (row->type) {
    case MEKA_OPTION_REAL:
    case MEKA_OPTION_COUNT:
        cli_show_bound(low, row->min);
        cli_show_bound(high, row->max);
        if (row->max < far && row->min > -far)
            snprintf(text, size, "%s in [%s, %s]", kind, low, high);
        else if (row->min > -far)
            snprintf(text, size, "%s >= %s", kind, low);
        else if (row->max < far)
            snprintf(text, size, "%s <= %s", kind, high);
        else
            snprintf(text, size, "%s", kind);
        break;
    case MEKA_OPTION_BOOL:
        snprintf(text, size, "yes or no");
        break;
    case MEKA_OPTION_CHOICE:
        for (size_t i = 0; row->choices[i]; i++) {
            size_t used = strlen(text);
            const char *between = row->choices[i + 1] ? ", " : " or ";
            snprintf(text + used, size - used, "%s%s", i ? between : "", row->choices[i]);
        }
        break;
    }
}

static void print_options(const meka_option_table *table)
{
    enum { column = 32 };
    char range[512], text[1024];
    for (size_t i = 0; i < table->n; i++) {
        const meka_option *row = &table->row[i];
        int used = printf("    %s=%s ", row->name, row->initial);
        if (used > column)
            used = printf("\n") - 1;
        printf("%*s", column - used, "");
        format_range(row, range, sizeof range);
        snprintf(text, sizeof text, "%s; %s", row->meaning, range);
        cli_print_wrapped(text, column, column);
    }
}

static void print_entry(const char *name, const char *summary, const char *reference)
{
    printf("  %s: ", name);
    cli_print_wrapped(summary, 4, (int)strlen(name) + 4);
    if (reference && reference[0]) {
        printf("    ");
        cli_print_wrapped(reference, 4, 4);
    }
}

static void print_presets(const opt_method *method)
{
    for (size_t i = 0; i < method->n_presets; i++) {
        const opt_preset *preset = &method->presets[i];
        printf("    preset %s: ", preset->name);
        cli_print_wrapped(preset->summary, 6, (int)strlen(preset->name) + 13);
    }
}

static void print_methods(void)
{
    const opt_method *method;
    printf("Methods: meka run PROBLEM --method NAME --set KEY=VALUE\n");
    for (size_t i = 0; (method = opt_method_at(i)); i++) {
        printf("\n");
        print_entry(method->name, method->summary, method->reference);
        if (method->min_batch > 1)
            printf("    needs a batch of at least %zu\n", method->min_batch);
        print_options(&method->options);
        print_presets(method);
    }
}

static void print_problems(void)
{
    const prob_problem *problem;
    printf("Problems: meka run NAME --option KEY=VALUE\n");
    for (size_t i = 0; (problem = prob_problem_at(i)); i++) {
        printf("\n");
        print_entry(problem->name, problem->summary, problem->reference);
        printf("    minimum: %s\n", problem->minimum ? problem->minimum : "not known");
        print_options(&problem->options);
    }
}

static void print_figures(void)
{
    const plot_figure *figure;
    printf("Figures: meka figure NAME\n");
    for (size_t i = 0; (figure = plot_figure_at(i)); i++) {
        printf("\n");
        print_entry(figure->name, figure->title, NULL);
        printf("    ");
        cli_print_wrapped(figure->caption, 4, 4);
    }
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

static void add_methods(cli_json *json)
{
    const opt_method *method;
    cJSON *array = cli_json_array(json, json->root, "methods");
    for (size_t i = 0; (method = opt_method_at(i)); i++) {
        cJSON *object = cli_json_object(json, array, NULL);
        cli_json_text(json, object, "name", method->name);
        cli_json_text(json, object, "summary", method->summary);
        cli_json_text(json, object, "reference", method->reference);
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
}

static void add_problems(cli_json *json)
{
    const prob_problem *problem;
    cJSON *array = cli_json_array(json, json->root, "problems");
    for (size_t i = 0; (problem = prob_problem_at(i)); i++) {
        cJSON *object = cli_json_object(json, array, NULL);
        cli_json_text(json, object, "name", problem->name);
        cli_json_text(json, object, "summary", problem->summary);
        cli_json_text(json, object, "reference", problem->reference);
        cli_json_text(json, object, "minimum", problem->minimum);
        add_options(json, object, &problem->options);
    }
}

static void add_figures(cli_json *json)
{
    const plot_figure *figure;
    cJSON *array = cli_json_array(json, json->root, "figures");
    for (size_t i = 0; (figure = plot_figure_at(i)); i++) {
        cJSON *object = cli_json_object(json, array, NULL);
        cli_json_text(json, object, "name", figure->name);
        cli_json_text(json, object, "title", figure->title);
        cli_json_text(json, object, "caption", figure->caption);
    }
}

/* What can be listed. */
static const struct {
    const char *name;
    void (*print)(void);
    void (*add)(cli_json *json);
} subjects[] = {
    {"methods", print_methods, add_methods},
    {"problems", print_problems, add_problems},
    {"figures", print_figures, add_figures},
};
enum { n_subjects = sizeof subjects / sizeof subjects[0] };

static cli_exit list(const cli_call *call, meka_error *err)
{
    const list_values *values = call->values;
    const char *wanted = call->n_operands ? call->operand[0] : NULL;
    meka_status status = MEKA_OK;
    cli_json json = {0};
    size_t n_shown = 0;
    if (values->json)
        cli_json_object(&json, NULL, NULL);
    for (size_t i = 0; i < n_subjects; i++) {
        if (wanted && strcmp(wanted, subjects[i].name) != 0)
            continue;
        if (values->json) {
            subjects[i].add(&json);
        } else {
            printf("%s", n_shown ? "\n" : "");
            subjects[i].print();
        }
        n_shown++;
    }
    if (n_shown == 0)
        status = meka_fail(err, MEKA_ERR_INPUT,
                           "there is no list of '%.80s'; known are methods, problems, figures",
                           wanted);
    else if (values->json)
        status = cli_json_print(&json, err);
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
    .usage = "[methods|problems|figures] [OPTION]...",
    .details = "Lists what meka knows by name: optimization methods, problems of the zoo and "
               "figures, each with its options, their defaults, ranges and meanings.",
    .example = "meka list methods",
    .option = options,
    .n_options = sizeof options / sizeof options[0],
    .n_operands_max = 1,
    .operand = "methods, problems or figures",
    .size = sizeof(list_values),
    .defaults = defaults,
    .function = list,
};
