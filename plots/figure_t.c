/* Figure T: what a step costs.  A step of MEKA and one of SGD on the same batches of the same
 * problem, one after the other in the same process. */
#include "plots/figures.h"

#include "base/memory.h"
#include "figure_t_gp.h"

#include <meka/problems.h>

#include <math.h>
#include <stdlib.h>
#include <time.h>

static const struct {
    const char *label, *problem, *settings;
    size_t batch;
    bool network; /* the paper's claim is about these */
} cases[] = {
    {"quadratic", "noisy-quadratic", "dim=100", 32, false},
    {"Rosenbrock", "rosenbrock", "dim=100", 32, false},
    {"logistic", "logistic", "rows=1000 dim=50", 128, false},
    {"softmax", "softmax", "rows=1000 dim=50 classes=10", 128, false},
    {"MLP 784-128-10", "mlp", "train-rows=1000 test-rows=10", 128, true},
    {"CNN, width 8", "cnn", "train-rows=500 test-rows=10 colour=no", 64, true},
};
enum { N_CASES = sizeof cases / sizeof cases[0], ROUNDS = 15, FEW_ROUNDS = 3 };

/* A round lasts so long at least, so that the clock and the first step weigh little. */
static const double round_seconds = 0.02;

typedef struct side {
    opt_run *run;
    double seconds; /* of a step, in the last round */
} side;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static meka_status take(side *s, size_t n_steps, meka_error *err)
{
    opt_stop stop = OPT_RUNNING;
    meka_status status = MEKA_OK;
    double from = now();
    for (size_t i = 0; i < n_steps && !status && stop == OPT_RUNNING; i++)
        status = opt_run_step(s->run, &stop, err);
    s->seconds = (now() - from) / (double)n_steps;
    if (!status && stop != OPT_RUNNING)
        status = meka_fail(err, MEKA_ERR_RANGE, "a run to be timed ended by itself");
    return status;
}

static meka_status create(side *s, const char *method, const char *settings,
                          const prob_instance *problem, const ad_program *program, size_t batch,
                          meka_error *err)
{
    opt_config config = opt_config_default();
    meka_status status = opt_method_find(&config.method, method, err);
    config.settings = settings;
    config.batch_size = batch;
    config.max_steps = UINT64_MAX;
    config.n_threads = 1;
    if (!status)
        status = opt_run_create(&s->run, program, &problem->source, &config,
                                problem->objective.x0, err);
    return status;
}

/* ratio, sgd, meka [n_rounds], out: times of MEKA's steps over SGD's, and both in seconds. */
static meka_status measure(side *sgd, side *meka, size_t n_rounds, double *ratio, double *first,
                           double *second, meka_error *err)
{
    size_t n_steps = 1;
    meka_status status = take(sgd, 2, err); /* and the first steps do not count */
    if (!status)
        status = take(meka, 2, err);
    if (status)
        return status;
    if (sgd->seconds < round_seconds)
        n_steps = (size_t)ceil(round_seconds / fmax(sgd->seconds, 1e-7));
    for (size_t i = 0; i < n_rounds && !status; i++) {
        status = take(sgd, n_steps, err);
        if (!status)
            status = take(meka, n_steps, err);
        first[i] = sgd->seconds;
        second[i] = meka->seconds;
        ratio[i] = meka->seconds / sgd->seconds;
    }
    return status;
}

static meka_status time_case(size_t c, size_t n_rounds, double *x, meka_error *err)
{
    const prob_problem *row;
    prob_instance problem = {0};
    ad_program *program = NULL;
    side sgd = {0}, meka = {0};
    meka_status status = prob_problem_find(&row, cases[c].problem, err);
    if (!status)
        status = prob_create(&problem, row,
                             &(prob_request){.settings = cases[c].settings, .seed = 1}, err);
    if (!status)
        status = ad_program_create(&program, &problem.objective, err);
    /* So small a step that no run leaves the neighbourhood of its start. */
    if (!status)
        status = create(&sgd, "sgd", "alpha=1e-12", &problem, program, cases[c].batch, err);
    if (!status)
        status = create(&meka, "meka", NULL, &problem, program, cases[c].batch, err);
    if (!status)
        status = measure(&sgd, &meka, n_rounds, x, x + n_rounds, x + 2 * n_rounds, err);
    opt_run_destroy(sgd.run);
    opt_run_destroy(meka.run);
    ad_program_destroy(program);
    prob_destroy(&problem);
    return status;
}

static void add(plot_figure_work *work, size_t c, plot_interval ratio, double sgd, double meka)
{
    char name[64], claim[160];
    if (!cases[c].network)
        return;
    snprintf(name, sizeof name, "step-of-%s", cases[c].problem);
    snprintf(claim, sizeof claim,
             "a step of MEKA costs 1.0 to 1.6 times one of SGD (%s, batch %zu)", cases[c].label,
             cases[c].batch);
    plot_figure_add(work, name, claim, ratio, NAN, ratio.high <= 1.6,
                    "ratio of processor times, one thread; SGD %.3g ms, MEKA %.3g ms",
                    1e3 * sgd, 1e3 * meka);
}

static meka_status write(plot_figure_work *work, FILE *stream, meka_error *err)
{
    const plot_figure_config *config = work->config;
    size_t R = config->seeds   ? config->seeds
               : config->steps ? FEW_ROUNDS
               : config->full  ? 4 * ROUNDS
                               : ROUNDS;
    double *x = meka_alloc(3 * R, sizeof *x, err);
    if (!x)
        return MEKA_ERR_MEMORY;
    fprintf(stream,
            "# figureT of meka " MEKA_VERSION
            "\n# processor time of a step of MEKA over that of "
            "a step of SGD, one thread, %zu rounds: median, and its 0.95\n#   interval by "
            "bootstrap; milliseconds of both\ncase\tbatch\tratio\tlow\thigh\tsgd\tmeka\n",
            R);
    meka_status status = MEKA_OK;
    for (size_t c = 0; c < N_CASES && !status; c++) {
        const plot_bootstrap how = {0.95, 2000, config->seed, 800 + c};
        plot_interval ratio, sgd, meka;
        if (config->interrupted && config->interrupted())
            status = meka_fail(err, MEKA_ERR_IO, "interrupted; the same command goes on");
        if (config->progress)
            config->progress(config->progress_ctx, (double)c / N_CASES, cases[c].label);
        if (!status)
            status = time_case(c, R, x, err);
        if (!status)
            status = plot_median_interval(R, x, &how, &ratio, err);
        if (!status)
            status = plot_median_interval(R, x + R, &how, &sgd, err);
        if (!status)
            status = plot_median_interval(R, x + 2 * R, &how, &meka, err);
        if (status)
            break;
        fprintf(stream, "%s\t%zu\t%.4g\t%.4g\t%.4g\t%.3g\t%.3g\n", cases[c].label,
                cases[c].batch, ratio.value, ratio.low, ratio.high, 1e3 * sgd.value,
                1e3 * meka.value);
        add(work, c, ratio, sgd.value, meka.value);
    }
    free(x);
    return status;
}

const plot_figure plot_figure_t = {
    .name = "T",
    .file = "figureT",
    .title = "What a step of MEKA costs beside one of SGD.",
    .caption =
        "Processor time of a step, one thread, of MEKA with its default options over that of "
        "SGD on batches of the same size:\nmedian of rounds in which both take turns, with its "
        "0.95 interval; the numbers are milliseconds of both. A step has\neverything: samples "
        "drawn, loss and gradient of every sample (of MEKA: Hessian-vector products, variances "
        "and the line\nas well), the row of the log. The paper reports 1.0 to 1.6 (grey), on a "
        "GPU. By operations alone, the perceptron\nneeds 3.8 products with its first layer's "
        "matrix instead of 2. Times are measured: made again, they differ.",
    .script = figure_t_gp,
    .timed = true,
    .write = write,
};
