/* cli/output.h - results on stdout, everything else on stderr. */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <meka/base.h>

#include <cjson/cJSON.h>

/* "meka: TEXT" as one line on stderr, whatever the text contains. */
void cli_complain(const char *text);

/* Flushes stdout; MEKA_ERR_IO if anything printed so far did not get there. */
meka_status cli_output_finish(meka_error *err);

/* Prints text, wrapped at blanks to 78 columns; lines after the first start at column
 * `indent`, the first at the column `used` where the cursor is.  A newline in text makes an
 * empty line.  Ends the last line. */
void cli_print_wrapped(const char *text, int indent, int used);

/* Six significant digits, the project's way to show a number to a person; "-" for NaN.
 * The text is written to `buffer` [32] and returned. */
const char *cli_show(char *buffer, double value);

/* The end of a range, without rounding what people write: 1e6, 4194304, 0.5. */
const char *cli_show_bound(char *buffer, double value);

/* A JSON document under construction: what cannot be added sets `failed`, and printing
 * reports it, so that nothing is left out silently.  Zero-initialized = empty. */
typedef struct cli_json {
    cJSON *root;
    bool failed;
} cli_json;

/* `parent` NULL: the root.  name NULL: parent is an array. */
cJSON *cli_json_object(cli_json *json, cJSON *parent, const char *name);
cJSON *cli_json_array(cli_json *json, cJSON *parent, const char *name);
void cli_json_text(cli_json *json, cJSON *parent, const char *name, const char *value);
void cli_json_real(cli_json *json, cJSON *parent, const char *name, double value);
void cli_json_count(cli_json *json, cJSON *parent, const char *name, uint64_t value);
void cli_json_bool(cli_json *json, cJSON *parent, const char *name, bool value);
/* An option table's values as an object, each by its type. */
void cli_json_options(cli_json *json, cJSON *parent, const char *name,
                      const meka_option_table *table, const void *values);
/* The document as text, to be freed with cJSON_free; NULL with err set without memory. */
char *cli_json_render(const cli_json *json, meka_error *err);
/* Prints the document to stdout. */
meka_status cli_json_print(const cli_json *json, meka_error *err);
void cli_json_clear(cli_json *json);

#endif
