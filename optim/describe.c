/* Which run this is, in words: the header of logs and checkpoints. */
#include "optim/run.h"

#include <inttypes.h>
#include <string.h>
#include <zlib.h>

static unsigned long checksum(size_t n, const double *values)
{
    return crc32_z(crc32_z(0, NULL, 0), (const unsigned char *)values, n * sizeof *values);
}

/* What the samples are, without looking at all of them: those of the first step. */
static unsigned long checksum_of_samples(const opt_run *run)
{
    const meka_source *source = &run->source;
    if (run->method->full_batch)
        return checksum(source->n_population * source->n_features, source->population);
    source->draw(source->ctx, run->config.seed, 0, run->config.batch_size, run->xi);
    return checksum(run->config.batch_size * source->n_features, run->xi);
}

static void describe_options(const meka_option_table *table, const void *values,
                             const char *prefix, FILE *stream)
{
    for (size_t i = 0; i < table->n; i++) {
        char text[128];
        meka_options_format(&table->row[i], values, text, sizeof text);
        fprintf(stream, "%soption %s: %s\n", prefix, table->row[i].name, text);
    }
}

static void describe_loop(const opt_run *run, const char *prefix, bool limits, FILE *stream)
{
    const meka_option_table *table = opt_config_options();
    for (size_t i = 0; i < table->n; i++) {
        char text[128];
        const meka_option *row = &table->row[i];
        if (opt_config_row_limits(row) && !limits)
            continue;
        meka_options_format(row, &run->config, text, sizeof text);
        bool all = run->method->full_batch && strcmp(row->name, "batch") == 0;
        fprintf(stream, "%s%s: %s\n", prefix, row->name, all ? "population" : text);
    }
}

void opt_run_describe(const opt_run *run, const char *prefix, bool limits, FILE *stream)
{
    const opt_config *config = &run->config;
    fprintf(stream, "%sversion: %s\n", prefix, MEKA_VERSION);
    for (size_t i = 0; i < config->n_about; i++)
        fprintf(stream, "%s%s\n", prefix, config->about[i]);
    fprintf(stream, "%smethod: %s\n", prefix, run->method->name);
    describe_options(&run->method->options, run->params, prefix, stream);
    fprintf(stream, "%sparameters: %zu\n", prefix, run->d);
    fprintf(stream, "%sknown minimum: %.17g\n", prefix, config->known_minimum);
    fprintf(stream, "%sexact columns: %s\n", prefix, config->track_exact ? "yes" : "no");
    describe_loop(run, prefix, limits, stream);
    fprintf(stream, "%sstart: checksum %08lx\n", prefix, checksum(run->d, run->x0));
    fprintf(stream, "%ssamples: checksum %08lx\n", prefix, checksum_of_samples(run));
}
