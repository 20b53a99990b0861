/* What `meka compare` prints. */
#include "cli/compare.h"

#include "cli/report.h"

#include <math.h>
#include <stdio.h>

static size_t solved(const plot_comparison *all, const plot_cell *cell)
{
    size_t n = 0;
    for (size_t s = 0; s < all->S; s++)
        n += isfinite(cell->cost[s]);
    return n;
}

static void print_arena(const plot_comparison *all, const plot_compare_config *config, size_t a)
{
    char alpha[40], value[32], low[32], high[32], range[80], edge[8];
    printf("%s\n  %-24s %-12s %-12s %-26s %5s %6s %5s\n", config->arena[a].label, "method",
           "step size", "median", "95% interval", "rank", "solved", "lost");
    for (size_t k = 0; k < all->K; k++) {
        const plot_cell *cell = &all->cell[a * all->K + k];
        cli_show(alpha, cell->alpha);
        snprintf(edge, sizeof edge, "%s", cell->at_edge ? " !" : "");
        snprintf(range, sizeof range, "[%s, %s]", cli_show(low, cell->final.low),
                 cli_show(high, cell->final.high));
        printf("  %-24s %s%-*s %-12s %-26s %5.1f %3zu/%-2zu %5zu\n", config->contender[k].label,
               isnan(cell->alpha) ? "untuned" : alpha,
               (int)(12 - (isnan(cell->alpha) ? 7 : snprintf(NULL, 0, "%s", alpha))), edge,
               cli_show(value, cell->final.value), range, cell->rank, solved(all, cell), all->S,
               cell->n_lost);
    }
    printf("\n");
}

void cli_compare_print(const plot_comparison *all, const plot_compare_config *config,
                       const plot_figure_files *files)
{
    static const double factors[] = {1.0, 2.0, 5.0, 10.0, INFINITY};
    char low[32], high[32];
    size_t n_tuned = 0;
    for (size_t k = 0; k < all->K; k++)
        n_tuned += config->contender[k].tuned;
    printf("Budget: %zu batch gradients a run; %zu seeds.  Measure: %s.\n", config->budget,
           all->S, config->measure->meaning);
    if (n_tuned)
        printf("Tuned: %zu step sizes from %s to %s on %zu other seeds, %zu times the budget "
               "of a run for each method; ! marks the grid's edge.\n",
               config->n_grid, cli_show(low, config->grid_low),
               cli_show(high, config->grid_high), config->tune_seeds,
               config->n_grid * config->tune_seeds);
    printf("\n");
    for (size_t a = 0; a < all->A; a++)
        print_arena(all, config, a);
    printf("%-26s %9s  share solved within a factor of the cheapest\n%-26s %9s", "all problems",
           "mean rank", "", "");
    for (size_t i = 0; i < sizeof factors / sizeof factors[0]; i++)
        printf(" %7s", isinf(factors[i]) ? "any" : cli_show(low, factors[i]));
    printf("\n");
    for (size_t k = 0; k < all->K; k++) {
        printf("  %-24s %9.2f", config->contender[k].label, all->rank[k]);
        for (size_t i = 0; i < sizeof factors / sizeof factors[0]; i++)
            printf(" %7.2f", plot_profile(all, k, factors[i]));
        printf("\n");
    }
    printf("\nFiles:\n");
    cli_report_print_files(files);
}

static void add_cell(cli_json *json, cJSON *array, const plot_comparison *all,
                     const plot_contender *contender, const plot_cell *cell)
{
    cJSON *object = cli_json_object(json, array, NULL);
    cli_json_text(json, object, "method", contender->method);
    cli_json_text(json, object, "settings", contender->settings);
    cli_json_bool(json, object, "tuned", contender->tuned);
    cli_json_real(json, object, "alpha", cell->alpha);
    cli_json_bool(json, object, "at_edge", cell->at_edge);
    cli_json_real(json, object, "median", cell->final.value);
    cli_json_real(json, object, "low", cell->final.low);
    cli_json_real(json, object, "high", cell->final.high);
    cli_json_real(json, object, "rank", cell->rank);
    cli_json_count(json, object, "lost", cell->n_lost);
    cJSON *last = cli_json_array(json, object, "final");
    cJSON *cost = cli_json_array(json, object, "cost");
    for (size_t s = 0; s < all->S; s++) {
        cli_json_real(json, last, NULL, cell->last[s]);
        cli_json_real(json, cost, NULL, cell->cost[s]);
    }
}

meka_status cli_compare_print_json(const plot_comparison *all,
                                   const plot_compare_config *config,
                                   const plot_figure_files *files, meka_error *err)
{
    cli_json json = {0};
    cJSON *root = cli_json_object(&json, NULL, NULL);
    cli_json_text(&json, root, "command", "compare");
    cli_json_text(&json, root, "version", MEKA_VERSION);
    cli_json_count(&json, root, "budget", config->budget);
    cli_json_count(&json, root, "seeds", all->S);
    cli_json_count(&json, root, "seed", config->seed);
    cli_json_count(&json, root, "tune_seeds", config->tune_seeds);
    cli_json_count(&json, root, "n_grid", config->n_grid);
    cli_json_real(&json, root, "grid_low", config->grid_low);
    cli_json_real(&json, root, "grid_high", config->grid_high);
    cli_json_real(&json, root, "tau", config->tau);
    cli_json_text(&json, root, "measure", config->measure->meaning);
    cJSON *arenas = cli_json_array(&json, root, "problems");
    for (size_t a = 0; a < all->A; a++) {
        cJSON *object = cli_json_object(&json, arenas, NULL);
        cli_json_text(&json, object, "problem", config->arena[a].problem);
        cli_json_text(&json, object, "options", config->arena[a].options);
        cli_json_count(&json, object, "batch", config->arena[a].batch);
        cJSON *methods = cli_json_array(&json, object, "methods");
        for (size_t k = 0; k < all->K; k++)
            add_cell(&json, methods, all, &config->contender[k], &all->cell[a * all->K + k]);
    }
    cJSON *ranks = cli_json_array(&json, root, "mean_ranks");
    for (size_t k = 0; k < all->K; k++)
        cli_json_real(&json, ranks, NULL, all->rank[k]);
    cli_report_add_files(&json, cli_json_array(&json, root, "files"), files);
    meka_status status = cli_json_print(&json, err);
    cli_json_clear(&json);
    return status;
}
