#include "cli/output.h"

#include "base/text.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { line_width = 78 };

void cli_complain(const char *text)
{
    char line[sizeof((meka_error *)0)->text];
    snprintf(line, sizeof line, "%s", text);
    for (char *p = line; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 127)
            *p = ' ';
    fprintf(stderr, "meka: %s\n", line);
}

meka_status cli_output_finish(meka_error *err)
{
    errno = 0;
    bool failed = ferror(stdout) != 0;
    if (fflush(stdout) == 0 && !failed)
        return MEKA_OK;
    return meka_fail(err, MEKA_ERR_IO, "cannot write the results to standard output: %s",
                     errno ? strerror(errno) : "an earlier write failed");
}

void cli_print_wrapped(const char *text, int indent, int used)
{
    int column = used;
    bool fresh = true; /* nothing on this line yet */
    while (*text) {
        text += strspn(text, " ");
        if (*text == '\n') {
            printf("\n\n%*s", indent, "");
            column = indent;
            fresh = true;
            text++;
            continue;
        }
        int length = (int)strcspn(text, " \n");
        if (length == 0)
            break;
        if (!fresh && column + 1 + length > line_width) {
            printf("\n%*s", indent, "");
            column = indent;
            fresh = true;
        }
        printf("%s%.*s", fresh ? "" : " ", length, text);
        column += length + !fresh;
        fresh = false;
        text += length;
    }
    putchar('\n');
}

const char *cli_show(char *buffer, double value)
{
    if (isnan(value))
        memcpy(buffer, "-", 2);
    else
        meka_format_real(buffer, 32, value, 6);
    return buffer;
}

const char *cli_show_bound(char *buffer, double value)
{
    meka_format_real(buffer, 32, value, 7);
    char *plus = strstr(buffer, "e+");
    if (plus) {
        size_t n_fill = 1 + strspn(plus + 2, "0");
        memmove(plus + 1, plus + 1 + n_fill, strlen(plus + 1 + n_fill) + 1);
    }
    return buffer;
}

/* -------------------------------------------------------------------- JSON */

static cJSON *add(cli_json *json, cJSON *parent, const char *name, cJSON *item)
{
    if (!item) {
        json->failed = true;
        return NULL;
    }
    if (!parent && !json->root) {
        json->root = item;
        return item;
    }
    bool added = parent && (name ? cJSON_AddItemToObject(parent, name, item)
                                 : cJSON_AddItemToArray(parent, item));
    if (!added) {
        json->failed = true;
        cJSON_Delete(item);
        return NULL;
    }
    return item;
}

cJSON *cli_json_object(cli_json *json, cJSON *parent, const char *name)
{
    return add(json, parent, name, cJSON_CreateObject());
}

cJSON *cli_json_array(cli_json *json, cJSON *parent, const char *name)
{
    return add(json, parent, name, cJSON_CreateArray());
}

void cli_json_text(cli_json *json, cJSON *parent, const char *name, const char *value)
{
    add(json, parent, name, value ? cJSON_CreateString(value) : cJSON_CreateNull());
}

void cli_json_real(cli_json *json, cJSON *parent, const char *name, double value)
{
    /* cJSON would be content with 15 digits, and knows no inf. */
    char text[32];
    meka_format_real(text, sizeof text, value, 17);
    add(json, parent, name, isfinite(value) ? cJSON_CreateRaw(text) : cJSON_CreateNull());
}

void cli_json_count(cli_json *json, cJSON *parent, const char *name, uint64_t value)
{
    char text[32];
    snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    add(json, parent, name, cJSON_CreateRaw(text));
}

void cli_json_bool(cli_json *json, cJSON *parent, const char *name, bool value)
{
    add(json, parent, name, cJSON_CreateBool(value));
}

void cli_json_options(cli_json *json, cJSON *parent, const char *name,
                      const meka_option_table *table, const void *values)
{
    cJSON *object = cli_json_object(json, parent, name);
    for (size_t i = 0; i < table->n; i++) {
        const meka_option *row = &table->row[i];
        char text[256];
        double real;
        meka_options_format(row, values, text, sizeof text);
        if (row->type == MEKA_OPTION_BOOL)
            cli_json_bool(json, object, row->name, strcmp(text, "yes") == 0);
        else if (row->type != MEKA_OPTION_CHOICE && meka_parse_real(text, &real))
            add(json, object, row->name, cJSON_CreateRaw(text));
        else
            cli_json_text(json, object, row->name, text);
    }
}

char *cli_json_render(const cli_json *json, meka_error *err)
{
    char *text = json->failed || !json->root ? NULL : cJSON_Print(json->root);
    if (!text)
        meka_fail(err, MEKA_ERR_MEMORY, "out of memory while writing JSON");
    return text;
}

meka_status cli_json_print(const cli_json *json, meka_error *err)
{
    char *text = cli_json_render(json, err);
    if (!text)
        return MEKA_ERR_MEMORY;
    printf("%s\n", text);
    cJSON_free(text);
    return MEKA_OK;
}

void cli_json_clear(cli_json *json)
{
    cJSON_Delete(json->root);
    *json = (cli_json){0};
}
