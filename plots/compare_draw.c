/* Data file and pictures of a comparison. */
#include "plots/compare.h"

#include "base/memory.h"
#include "base/text.h"
#include "plots/files.h"
#include "plots/number.h"
#include "plots/style.h"

#include "compare_gp.h"

#include <math.h>
#include <stdlib.h>

static void write_arena(FILE *stream, const plot_comparison *all,
                        const plot_compare_config *config, size_t a)
{
    const plot_arena *arena = &config->arena[a];
    const plot_cell *cell = all->cell + a * all->K;
    fprintf(stream, "# %s: %s %s, batch %zu\n", arena->label, arena->problem,
            arena->options ? arena->options : "", arena->batch);
    fprintf(stream, "cost");
    for (size_t k = 0; k < all->K; k++)
        fprintf(stream, "\t%s_median\t%s_low\t%s_high", config->contender[k].label,
                config->contender[k].label, config->contender[k].label);
    for (size_t c = 0; c < all->C; c++) {
        fprintf(stream, "\n%.0f", all->t[c]);
        for (size_t k = 0; k < all->K; k++) {
            const double row[] = {cell[k].median[c], cell[k].low[c], cell[k].high[c]};
            for (size_t i = 0; i < 3; i++) {
                fputc('\t', stream);
                plot_number_write(stream, isfinite(row[i]) ? row[i] : NAN);
            }
        }
    }
    fputs("\n\n\n", stream);
}

static void write_profile(FILE *stream, const plot_comparison *all,
                          const plot_compare_config *config)
{
    fprintf(stream, "# performance profile, tau = %g\nfactor", config->tau);
    for (size_t k = 0; k < all->K; k++)
        fprintf(stream, "\t%s", config->contender[k].label);
    fputc('\n', stream);
    for (int i = 0; i <= 60; i++) {
        double factor = pow(10.0, i / 30.0);
        plot_number_write(stream, factor);
        for (size_t k = 0; k < all->K; k++) {
            fputc('\t', stream);
            plot_number_write(stream, plot_profile(all, k, factor));
        }
        fputc('\n', stream);
    }
}

static void write_head(FILE *stream, const plot_comparison *all,
                       const plot_compare_config *config)
{
    fprintf(stream,
            "# comparison of meka " MEKA_VERSION
            "; seed %llu, %zu repetitions, budget %zu batch "
            "gradients\n# tuned: %zu step sizes from %g to %g, %zu seeds\n"
            "# measure: %s; median, and 0.1 and 0.9 quantiles; nan: not finite\n",
            (unsigned long long)config->seed, all->S, config->budget, config->n_grid,
            config->grid_low, config->grid_high, config->tune_seeds, config->measure->meaning);
}

/* What the script is told about this comparison. */
static void write_settings(FILE *stream, const plot_comparison *all,
                           const plot_compare_config *config)
{
    unsigned other = 0;
    fprintf(stream, "A = %zu\nK = %zu\narray arena[%zu]\narray name[%zu]\narray colour[%zu]\n",
            all->A, all->K, all->A, all->K, all->K);
    fprintf(stream, "merit = \"%s\"\nstyles = ''\n",
            config->measure == &plot_measure_test_loss ? "test loss"
                                                       : "{/:Italic f}(θ) − {/:Italic f}^{ *}");
    for (size_t a = 0; a < all->A; a++)
        fprintf(stream, "arena[%zu] = '%s'\n", a + 1, config->arena[a].label);
    for (size_t k = 0; k < all->K; k++) {
        const plot_contender *contender = &config->contender[k];
        plot_style style = plot_style_of(contender->method, other++);
        fprintf(stream, "name[%zu] = '%s%s'\ncolour[%zu] = '%s'\n", k + 1, contender->label,
                contender->tuned ? " (tuned)" : "", k + 1, style.colour);
        fprintf(stream, "styles = styles . 'set linetype %zu dt %s; '\n", k + 1, style.dash);
    }
    fputs(compare_gp, stream);
}

static char *make_script(const plot_comparison *all, const plot_compare_config *config,
                         meka_error *err)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    if (stream) {
        write_settings(stream, all, config);
        if (fclose(stream) == 0)
            return text;
    }
    free(text);
    meka_fail(err, MEKA_ERR_MEMORY, "not enough memory for a gnuplot script");
    return NULL;
}

meka_status plot_compare_draw(const plot_comparison *comparison,
                              const plot_compare_config *config, const char *caption,
                              plot_figure_files *files, meka_error *err)
{
    meka_status status = plot_files_name(files, config->directory, "compare", err);
    if (!status)
        status = plot_directory_create(config->directory, err);
    if (status)
        return status;
    meka_file *data = meka_file_begin(files->data, err);
    if (!data)
        return err ? err->status : MEKA_ERR_IO;
    write_head(data->stream, comparison, config);
    for (size_t a = 0; a < comparison->A; a++)
        write_arena(data->stream, comparison, config, a);
    write_profile(data->stream, comparison, config);
    status = meka_file_commit(data, err);
    if (status)
        return status;
    char *script = make_script(comparison, config, err);
    if (!script)
        return MEKA_ERR_MEMORY;
    status = plot_files_draw(files, config->directory, "compare", script, caption, err);
    free(script);
    return status;
}
