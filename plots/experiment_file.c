/* The file of one run: "# " lines that say all that its numbers depend on, a row per
 * checkpoint, and a last line that tells a whole file from a part. */
#include "plots/experiment_unit.h"

#include "base/memory.h"
#include "base/text.h"
#include "plots/number.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char end_whole[] = "# whole", end_lost[] = "# no longer finite";

static void describe_method(FILE *stream, const opt_method *method, const char *settings)
{
    void *params = meka_alloc(1, method->options.size, NULL);
    fprintf(stream, "# method: %s\n", method->name);
    if (params && opt_method_configure(method, params, settings, NULL) == MEKA_OK)
        for (size_t i = 0; i < method->options.n; i++) {
            char text[128];
            meka_options_format(&method->options.row[i], params, text, sizeof text);
            fprintf(stream, "# option %s: %s\n", method->options.row[i].name, text);
        }
    free(params);
}

static void describe(FILE *stream, const plot_setting *setting, size_t item)
{
    const plot_experiment *row = setting->row;
    const plot_curve *curve = &row->curve[item / setting->S];
    const opt_method *method = NULL;
    const char *options = setting->size->options;
    fprintf(stream, "# meka run: 1\n# version: " MEKA_VERSION ", code %08lx\n", setting->code);
    fprintf(stream, "# experiment: %s, curve %s\n", row->name, curve->key);
    fprintf(stream, "# problem: %s %s\n", plot_experiment_problem(row, setting->config),
            options ? options : "");
    fprintf(stream, "# problem seed: %llu\n", (unsigned long long)setting->config->seed);
    fprintf(stream, "# data: %s\n", setting->data[0] ? setting->data : "the problem's own");
    if (opt_method_find(&method, curve->method, NULL) == MEKA_OK)
        describe_method(stream, method, curve->settings);
    fprintf(stream, "# loop: %s\n", curve->loop ? curve->loop : "");
    fprintf(stream, "# batch: %zu\n", setting->size->batch);
    fprintf(stream, "# seed: %llu\n", (unsigned long long)(plot_unit_seed(setting, item)));
    fprintf(stream, "# start: %.17g\n# checkpoints: %s\n", row->start_sd,
            row->by_cost ? "cost" : "steps");
    fputs("t", stream);
    for (size_t m = 0; m < row->n_measures; m++)
        fprintf(stream, "\t%s", row->measure[m]->key);
    fputs("\n", stream);
}

char *plot_unit_describe(const plot_setting *setting, size_t item, meka_error *err)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    if (stream) {
        describe(stream, setting, item);
        bool bad = ferror(stream);
        if (fclose(stream) == 0 && !bad)
            return text;
    }
    free(text);
    meka_fail(err, MEKA_ERR_MEMORY, "not enough memory to describe a run");
    return NULL;
}

meka_status plot_unit_write(const char *path, const char *description,
                            const plot_setting *setting, const double *value, bool lost,
                            meka_error *err)
{
    size_t M = setting->row->n_measures;
    meka_file *file = meka_file_begin(path, err);
    if (!file)
        return err ? err->status : MEKA_ERR_IO;
    fputs(description, file->stream);
    for (size_t c = 0; c < setting->C; c++) {
        plot_number_write(file->stream, setting->t[c]);
        for (size_t m = 0; m < M; m++) {
            fputc('\t', file->stream);
            plot_number_write(file->stream, value[c * M + m]);
        }
        fputc('\n', file->stream);
    }
    fprintf(file->stream, "%s\n", lost ? end_lost : end_whole);
    return meka_file_commit(file, err);
}

/* The whole file as text, or NULL. */
static char *read_all(const char *path)
{
    FILE *stream = fopen(path, "r");
    if (!stream)
        return NULL;
    char *text = NULL;
    size_t size = 0;
    for (bool more = true; more;) {
        char *larger = realloc(text, size + 65537);
        if (!larger) {
            free(text);
            text = NULL;
            break;
        }
        text = larger;
        size_t n = fread(text + size, 1, 65536, stream);
        size += n;
        text[size] = '\0';
        more = n > 0;
    }
    fclose(stream);
    return text;
}

/* Rows and end mark, with exactly the checkpoints of this experiment; changes the text. */
static bool read_rows(char *text, const plot_setting *setting, double *value, bool *lost)
{
    size_t M = setting->row->n_measures;
    char *rest = NULL;
    for (size_t c = 0; c < setting->C; c++)
        for (size_t m = 0; m <= M; m++) {
            double number;
            const char *field = strtok_r(c || m ? NULL : text, "\t\n", &rest);
            if (!field || !plot_number_read(field, &number))
                return false;
            if (m == 0 && number != setting->t[c])
                return false;
            if (m > 0)
                value[c * M + m - 1] = number;
        }
    const char *end = strtok_r(NULL, "\n", &rest);
    *lost = end && strcmp(end, end_lost) == 0;
    return end && (*lost || strcmp(end, end_whole) == 0) && !strtok_r(NULL, "\n", &rest);
}

bool plot_unit_read(const char *path, const char *description, const plot_setting *setting,
                    double *value, bool *lost)
{
    char *text = read_all(path);
    size_t n = strlen(description);
    bool same =
        text && strncmp(text, description, n) == 0 && read_rows(text + n, setting, value, lost);
    free(text);
    return same;
}
