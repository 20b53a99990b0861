/* Making a figure: experiments, data, findings, caption, pictures. */
#include "plots/figure.h"

#include "base/memory.h"
#include "base/text.h"
#include "plots/files.h"
#include "plots/gnuplot.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void plot_figure_add(plot_figure_work *work, const char *name, const char *claim,
                     plot_interval found, double expected, bool passed, const char *detail, ...)
{
    assert(work->n_findings < PLOT_FIGURE_FINDINGS);
    va_list args;
    va_start(args, detail);
    work->finding[work->n_findings++] =
        plot_finding_make(name, claim, found, expected, passed, detail, args);
    va_end(args);
}

void plot_figure_note(plot_figure_work *work, const char *format, ...)
{
    size_t used = strlen(work->note);
    va_list args;
    va_start(args, format);
    vsnprintf(work->note + used, sizeof work->note - used, format, args);
    va_end(args);
}

/* ---------------------------------------------------------------------- stamp */

/* FILE.done: what the figure was made from and its findings, written when all is there. */

static void stamp_path(char *path, size_t size, const plot_figure *figure,
                       const plot_figure_config *config)
{
    snprintf(path, size, "%s/%s.done", config->directory, figure->file);
}

static void write_options(FILE *stream, const plot_figure *figure,
                          const plot_figure_config *config)
{
    fprintf(stream, "meka figure %s", figure->name);
    fprintf(stream, " --seed %llu", (unsigned long long)config->seed);
    if (config->seeds)
        fprintf(stream, " --seeds %zu", config->seeds);
    if (config->full)
        fputs(" --full", stream);
    if (config->steps)
        fprintf(stream, " --steps %zu", config->steps);
    if (config->data && figure->images)
        fprintf(stream, " --data %s", config->data);
    fputc('\n', stream);
}

static void write_stamp(FILE *stream, const plot_figure *figure,
                        const plot_figure_config *config)
{
    fprintf(stream, "# version: " MEKA_VERSION ", code %08lx\n# ", plot_code_checksum());
    write_options(stream, figure, config);
}

/* The stamp's first lines as text, or NULL. */
static char *describe(const plot_figure *figure, const plot_figure_config *config,
                      meka_error *err)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    if (stream) {
        write_stamp(stream, figure, config);
        if (fclose(stream) == 0)
            return text;
    }
    free(text);
    meka_fail(err, MEKA_ERR_MEMORY, "not enough memory to describe a figure");
    return NULL;
}

static bool read_findings(FILE *stream, const char *description, plot_figure_outcome *out)
{
    char line[1024];
    for (const char *at = description; *at; at += strlen(line))
        if (!fgets(line, sizeof line, stream) || strncmp(line, at, strlen(line)) != 0)
            return false;
    for (out->n_findings = 0; fgets(line, sizeof line, stream); out->n_findings++)
        if (out->n_findings == PLOT_FIGURE_FINDINGS ||
            !plot_finding_read(line, &out->finding[out->n_findings]))
            return false;
    return !ferror(stream);
}

/* Whether all that the figure leaves is there, made from the same. */
static bool is_made(const plot_figure *figure, const plot_figure_config *config,
                    const char *description, plot_figure_outcome *out)
{
    const plot_figure_files *files = &out->files;
    const char *const paths[] = {files->data, files->png, files->svg, files->caption};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        if (access(paths[i], R_OK) != 0)
            return false;
    char path[1024];
    stamp_path(path, sizeof path, figure, config);
    FILE *stream = fopen(path, "r");
    bool same = stream && read_findings(stream, description, out);
    if (stream)
        fclose(stream);
    return same;
}

static meka_status stamp(const plot_figure_work *work, const char *description, meka_error *err)
{
    char path[1024];
    stamp_path(path, sizeof path, work->figure, work->config);
    meka_file *file = meka_file_begin(path, err);
    if (!file)
        return err ? err->status : MEKA_ERR_IO;
    fputs(description, file->stream);
    for (size_t i = 0; i < work->n_findings; i++)
        plot_finding_write(file->stream, &work->finding[i]);
    return meka_file_commit(file, err);
}

/* ----------------------------------------------------------------------- make */

static meka_status run_experiments(plot_figure_work *work, meka_error *err)
{
    const plot_figure *figure = work->figure;
    const plot_figure_config *config = work->config;
    meka_status status = MEKA_OK;
    for (size_t i = 0; i < figure->n_experiments && !status; i++) {
        const plot_experiment *row = figure->experiment[i];
        const plot_progress progress = {
            config->progress, config->progress_ctx, (double)i / (double)figure->n_experiments,
            (double)(i + 1) / (double)figure->n_experiments, row->name};
        const plot_experiment_config all = {
            .directory = config->directory,
            .seed = config->seed,
            .seeds = config->seeds,
            .full = config->full,
            .steps = config->steps,
            .data = config->data,
            .jobs = config->jobs,
            .interrupted = config->interrupted,
            .progress = &progress,
        };
        status = plot_experiment_run(&work->results[i], row, &all, err);
    }
    return status;
}

static meka_status write_data(plot_figure_work *work, FILE *stream, meka_error *err)
{
    const plot_figure *figure = work->figure;
    const plot_figure_config *config = work->config;
    if (figure->write)
        return figure->write(work, stream, err);
    const plot_experiment_config all = {
        .seed = config->seed, .full = config->full, .data = config->data};
    plot_results_write(stream, figure->experiment[0], &all, &work->results[0]);
    return MEKA_OK;
}

static char *write_caption(const plot_figure_work *work, meka_error *err)
{
    const plot_figure *figure = work->figure;
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    if (stream) {
        fprintf(stream, "Figure %s. %s\n\n%s\n", figure->name, figure->title, figure->caption);
        if (work->config->data && figure->images)
            fprintf(stream,
                    "\nHere on the first images of %s (mnist, cifar-10) in place of built-in "
                    "ones.\n",
                    work->config->data);
        if (work->note[0])
            fprintf(stream, "\n%s\n", work->note);
        fputs("\nMade by: ", stream);
        write_options(stream, figure, work->config);
        fprintf(stream, "Drawn again from %s.tsv by: gnuplot %s.gp\n", figure->file,
                figure->file);
        if (fclose(stream) == 0)
            return text;
    }
    free(text);
    meka_fail(err, MEKA_ERR_MEMORY, "not enough memory for a caption");
    return NULL;
}

static meka_status make(plot_figure_work *work, const plot_figure_files *files,
                        const char *description, meka_error *err)
{
    const plot_figure *figure = work->figure;
    const char *directory = work->config->directory;
    char *caption = NULL;
    /* Before the runs: a directory that cannot be written to shows at once. */
    meka_file *data = meka_file_begin(files->data, err);
    if (!data)
        return err ? err->status : MEKA_ERR_IO;
    meka_status status = run_experiments(work, err);
    if (!status)
        status = write_data(work, data->stream, err);
    if (!status && figure->conclude)
        status = figure->conclude(work, err);
    if (status)
        meka_file_abandon(data);
    else
        status = meka_file_commit(data, err);
    if (status)
        return status;
    caption = write_caption(work, err);
    if (!caption)
        return MEKA_ERR_MEMORY;
    status = plot_files_draw(files, directory, figure->file, figure->script, caption, err);
    free(caption);
    return status ? status : stamp(work, description, err);
}

meka_status plot_figure_make(const plot_figure *figure, const plot_figure_config *config,
                             plot_figure_outcome *out, meka_error *err)
{
    assert(figure && config && config->directory && out);
    plot_figure_outcome outcome = {0};
    meka_status status = plot_files_name(&outcome.files, config->directory, figure->file, err);
    if (status)
        return status;
    char *description = describe(figure, config, err);
    if (!description)
        return MEKA_ERR_MEMORY;
    outcome.cached = is_made(figure, config, description, &outcome);
    if (outcome.cached) {
        free(description);
        *out = outcome;
        return MEKA_OK;
    }
    plot_figure_work *work = meka_alloc(1, sizeof *work, err);
    /* Before the experiments, which take their time: can their result be drawn at all? */
    status = work ? plot_gnuplot_check(err) : MEKA_ERR_MEMORY;
    if (!status)
        status = plot_directory_create(config->directory, err);
    if (!status) {
        *work = (plot_figure_work){.figure = figure, .config = config};
        status = make(work, &outcome.files, description, err);
        for (size_t i = 0; i < figure->n_experiments; i++)
            plot_results_clear(&work->results[i]);
    }
    if (!status) {
        outcome.n_findings = work->n_findings;
        memcpy(outcome.finding, work->finding, sizeof outcome.finding);
        *out = outcome;
    }
    free(work);
    free(description);
    return status;
}
