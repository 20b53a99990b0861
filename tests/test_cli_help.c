/* Help, manual page and lists come from the tables and show all of them. */
#include "tests/cli_driver.h"

#include "cli/help.h"
#include "plots/figure.h"

#include <meka/optim.h>
#include <meka/problems.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

/* Text with every run of blanks and line breaks as one blank, so that wrapping is no matter. */
static char *flat(const char *text)
{
    char *copy = calloc(strlen(text) + 1, 1);
    size_t n = 0;
    for (; *text; text++) {
        bool blank = isspace((unsigned char)*text);
        if (!blank || (n > 0 && copy[n - 1] != ' '))
            copy[n++] = blank ? ' ' : *text;
    }
    return copy;
}

static void assert_says(const char *text, const char *piece)
{
    char *have = flat(text), *want = flat(piece);
    ck_assert_msg(strstr(have, want), "'%s' is missing", want);
    free(have);
    free(want);
}

START_TEST(help_of_the_program_names_every_subcommand)
{
    const cli_command *command;
    drive_result result = drive("--help");
    assert_done(result);
    for (size_t i = 0; (command = cli_command_at(i)); i++) {
        assert_says(result.out, command->name);
        assert_says(result.out, command->summary);
    }
    assert_says(result.out, "Exit status");
}
END_TEST

START_TEST(help_of_a_subcommand_names_every_option_and_an_example)
{
    const cli_command *command;
    char flag[64];
    for (size_t i = 0; (command = cli_command_at(i)); i++) {
        drive_result result = drive("%s --help", command->name);
        assert_done(result);
        for (size_t k = 0; k < cli_command_count(command); k++) {
            const meka_option *row = cli_command_row(command, k);
            cli_help_flag(command, k, flag, sizeof flag);
            assert_says(result.out, flag);
            assert_says(result.out, row ? row->meaning : command->option[k].meaning);
        }
        assert_says(result.out, command->usage);
        snprintf(flag, sizeof flag, "meka %s", command->name);
        ck_assert_msg(strncmp(command->example, flag, strlen(flag)) == 0, "%s",
                      command->example);
        assert_says(result.out, "Example:");
        assert_says(result.out, command->example);
    }
}
END_TEST

START_TEST(help_comes_before_complaints_about_operands)
{
    assert_done(drive("figure --help"));
    assert_done(drive("run -h"));
}
END_TEST

START_TEST(options_of_each_subcommand_have_distinct_names_and_places)
{
    const cli_command *command;
    for (size_t i = 0; (command = cli_command_at(i)); i++)
        for (size_t a = 0; a < cli_command_count(command); a++) {
            const cli_option *x = &command->option[a];
            for (size_t b = 0; b < a; b++)
                ck_assert_str_ne(cli_command_name(command, a), cli_command_name(command, b));
            if (cli_command_row(command, a))
                continue;
            ck_assert_msg((x->type == CLI_FLAG) == (x->argument == NULL), "%s", x->name);
            ck_assert_uint_lt(x->offset, command->size);
            for (size_t b = 0; b < a; b++)
                ck_assert_uint_ne(x->offset, command->option[b].offset);
        }
}
END_TEST

START_TEST(a_default_that_help_shows_lies_in_the_options_range)
{
    const cli_command *command;
    for (size_t i = 0; (command = cli_command_at(i)); i++) {
        void *values = calloc(1, command->size);
        command->defaults(values);
        for (size_t k = 0; k < command->n_options; k++) {
            const cli_option *option = &command->option[k];
            char text[64];
            double value;
            cli_option_format(option, values, text, sizeof text);
            if ((option->type != CLI_COUNT && option->type != CLI_REAL) || !text[0] ||
                option->initial)
                continue;
            value = atof(text);
            ck_assert_msg(value >= option->min && value <= option->max, "--%s", option->name);
        }
        free(values);
    }
}
END_TEST

START_TEST(the_version_is_that_of_the_headers)
{
    drive_result result = drive("--version");
    assert_done(result);
    ck_assert_str_eq(result.out, "meka " MEKA_VERSION "\n");
}
END_TEST

START_TEST(the_manual_page_is_sound_roff_and_names_every_option)
{
    const cli_command *command;
    char flag[64];
    drive_result raw = drive("--man-page");
    assert_done(raw);
    ck_assert_int_eq(strncmp(raw.out, ".TH MEKA 1", 10), 0);
    assert_says(raw.out, ".SH EXIT STATUS");
    assert_says(raw.out, ".SH FILES");
    for (size_t i = 0; (command = cli_command_at(i)); i++)
        for (size_t k = 0; k < cli_command_count(command); k++) {
            const char *name = cli_command_name(command, k);
            snprintf(flag, sizeof flag, ".B \\-\\-%.*s", (int)strcspn(name, "-"), name);
            assert_says(raw.out, flag);
        }
    if (system("command -v groff > /dev/null") != 0)
        return;
    const char *path = test_write("meka.1", raw.out);
    char line[512];
    snprintf(line, sizeof line, "test -z \"$(groff -man -ww -Tutf8 -z '%s' 2>&1)\"", path);
    ck_assert_msg(system(line) == 0, "groff has warnings about the manual page");
}
END_TEST

static void assert_options_listed(const char *text, const meka_option_table *table)
{
    for (size_t i = 0; i < table->n; i++) {
        char piece[256];
        snprintf(piece, sizeof piece, "%s=%s ", table->row[i].name, table->row[i].initial);
        assert_says(text, piece);
        assert_says(text, table->row[i].meaning);
    }
}

START_TEST(list_shows_every_row_of_the_registries)
{
    drive_result result = drive("list");
    assert_done(result);
    for (size_t i = 0; opt_method_at(i); i++) {
        assert_says(result.out, opt_method_at(i)->name);
        assert_says(result.out, opt_method_at(i)->summary);
    }
    for (size_t i = 0; prob_problem_at(i); i++)
        assert_says(result.out, prob_problem_at(i)->summary);
    for (size_t i = 0; plot_figure_at(i); i++)
        assert_says(result.out, plot_figure_at(i)->title);
}
END_TEST

START_TEST(list_of_a_name_says_all_about_it)
{
    for (size_t i = 0; opt_method_at(i); i++) {
        const opt_method *method = opt_method_at(i);
        drive_result result = drive("list %s", method->name);
        assert_done(result);
        assert_says(result.out, method->reference);
        if (method->deviations)
            assert_says(result.out, method->deviations);
        assert_options_listed(result.out, &method->options);
    }
    for (size_t i = 0; prob_problem_at(i); i++) {
        drive_result result = drive("list %s", prob_problem_at(i)->name);
        assert_done(result);
        assert_options_listed(result.out, &prob_problem_at(i)->options);
    }
}
END_TEST

START_TEST(list_of_a_problem_says_where_else_it_is_stationary)
{
    drive_result result = drive("list freudenstein-roth");
    assert_done(result);
    assert_says(result.out, "local minimum: 48.9843 at (11.4128, -0.896805)\n");
    result = drive("list brown-almost-linear");
    assert_says(result.out, "saddle point: 1 at (0, 0, 0, 0, 0, 0, ..) for dim = 10\n");
    cJSON *json = drive_json(drive("list styblinski-tang --json"));
    const cJSON *problem = cJSON_GetArrayItem(cJSON_GetObjectItem(json, "problems"), 0);
    const cJSON *known = cJSON_GetArrayItem(cJSON_GetObjectItem(problem, "known"), 2);
    ck_assert_str_eq(cJSON_GetObjectItem(known, "kind")->valuestring, "local minimum");
    ck_assert_double_eq(cJSON_GetObjectItem(known, "dim")->valuedouble, 2);
    assert_ulps(cJSON_GetObjectItem(known, "value")->valuedouble, -64.195612359055358, 2);
    ck_assert_int_eq(cJSON_GetArraySize(cJSON_GetObjectItem(known, "x")), 2);
    cJSON_Delete(json);
}
END_TEST

START_TEST(list_of_one_kind_as_json_has_only_that_kind)
{
    int n = 0;
    cJSON *json = drive_json(drive("list methods --json"));
    while (opt_method_at((size_t)n))
        n++;
    const cJSON *methods = cJSON_GetObjectItem(json, "methods");
    ck_assert_int_eq(cJSON_GetArraySize(methods), n);
    ck_assert_ptr_null(cJSON_GetObjectItem(json, "problems"));
    const cJSON *first = cJSON_GetArrayItem(methods, 0);
    ck_assert_str_eq(cJSON_GetObjectItem(first, "name")->valuestring, opt_method_at(0)->name);
    ck_assert_int_eq(cJSON_GetArraySize(cJSON_GetObjectItem(first, "options")),
                     (int)opt_method_at(0)->options.n);
    cJSON_Delete(json);
}
END_TEST

START_TEST(a_caption_in_a_list_is_one_paragraph)
{
    for (size_t i = 0; plot_figure_at(i); i++) {
        drive_result result = drive("list %s", plot_figure_at(i)->name);
        assert_done(result);
        ck_assert_ptr_nonnull(strstr(result.out, "caption: "));
        ck_assert_ptr_null(strstr(result.out, "\n\n"));
    }
}
END_TEST

TEST_MAIN("cli_help", help_of_the_program_names_every_subcommand,
          help_of_a_subcommand_names_every_option_and_an_example,
          help_comes_before_complaints_about_operands,
          options_of_each_subcommand_have_distinct_names_and_places,
          a_default_that_help_shows_lies_in_the_options_range,
          the_version_is_that_of_the_headers,
          the_manual_page_is_sound_roff_and_names_every_option,
          list_shows_every_row_of_the_registries, list_of_a_name_says_all_about_it,
          list_of_a_problem_says_where_else_it_is_stationary,
          list_of_one_kind_as_json_has_only_that_kind, a_caption_in_a_list_is_one_paragraph)
