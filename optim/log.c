/* The run log: a header that says how to repeat the run, one row per iteration. */
#include "optim/log.h"

#include "base/memory.h"
#include "base/text.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COLUMN(name, meaning)                                                                  \
    {                                                                                          \
#name, meaning, offsetof(opt_row, name)                                                \
    }

static const opt_column columns[] = {
    COLUMN(step, "iteration t, from 0"),
    COLUMN(samples, "samples drawn so far"),
    COLUMN(forwards, "loss evaluations so far, per sample"),
    COLUMN(gradients, "gradient evaluations so far, per sample"),
    COLUMN(hvps, "Hessian-vector products so far, per sample"),
    COLUMN(line_passes, "Taylor passes along a line so far, per sample"),
    COLUMN(seconds, "wall-clock time of the run so far; not deterministic"),
    COLUMN(loss, "mean loss y of the batch at theta_t"),
    COLUMN(loss_predicted, "u-: the loss that the step before led to expect"),
    COLUMN(loss_filtered, "filtered loss u"),
    COLUMN(loss_sd, "standard deviation sqrt(s) of u"),
    COLUMN(grad_norm, "norm of the batch gradient g"),
    COLUMN(filtered_norm, "norm of the method's gradient estimate m"),
    COLUMN(innovation, "norm of g - m-: the batch gradient against the predicted one"),
    COLUMN(p, "variance P of m, mean over dimensions"),
    COLUMN(sigma, "variance Sigma of g, mean over dimensions"),
    COLUMN(q, "variance Q of B delta, mean over dimensions"),
    COLUMN(gain, "Kalman gain K, mean over dimensions"),
    COLUMN(direction_norm, "norm of the direction d"),
    COLUMN(slope, "slope A = -d.m claimed along the direction d"),
    COLUMN(calibration, "A'/A: how far claimed slopes have been true, in [0, 1]"),
    COLUMN(curvature, "curvature B = d'B d along the direction"),
    COLUMN(third, "third derivative C along the direction, absolute"),
    COLUMN(direction_p, "variance d'P d of the slope"),
    COLUMN(direction_q, "variance d'Q d of the curvature"),
    COLUMN(schedule, "the schedule's factor on the step size"),
    COLUMN(alpha, "step size: theta_{t+1} = theta_t + alpha d"),
    COLUMN(exact_gap, "f(theta_t) - f*, where the population is known"),
    COLUMN(average_gap, "the same at the average of the iterates, where one is kept"),
    COLUMN(test_loss, "mean loss over the test samples at theta_t, in steps that test"),
    COLUMN(test_score, "mean score there: for classifiers the accuracy"),
    COLUMN(filter_error, "norm of m - grad f, where the population is known"),
    COLUMN(sample_error, "norm of g - grad f, where the population is known"),
};

const opt_column *opt_column_at(size_t i)
{
    return i < sizeof columns / sizeof columns[0] ? &columns[i] : NULL;
}

struct opt_log {
    meka_file *file;
};

/* A number that gnuplot, R and pandas all read, and that reads back the same. */
static void write_number(FILE *stream, double value)
{
    char text[64];
    if (isnan(value))
        fputs("NaN", stream);
    else if (isinf(value))
        fputs(value > 0.0 ? "Inf" : "-Inf", stream);
    else {
        meka_format_real(text, sizeof text, value, 17);
        fputs(text, stream);
    }
}

static void write_columns(FILE *stream)
{
    for (size_t i = 0; opt_column_at(i); i++)
        fprintf(stream, "%s%s", i ? "\t" : "", opt_column_at(i)->name);
    fputc('\n', stream);
}

void opt_log_write_identity(FILE *stream, const opt_run *run, bool limits)
{
    fputs(OPT_LOG_FIRST_LINE "\n# not deterministic: seconds\n", stream);
    opt_run_describe(run, "# ", limits, stream);
}

/* PATH.part: the header, and what a loaded run has logged before. */
static meka_status begin(opt_log *log, const char *path, const opt_run *run, meka_error *err)
{
    opt_log_earlier earlier = {0};
    meka_status status = MEKA_OK;
    if (run->t_loaded)
        status = opt_log_earlier_open(&earlier, path, run, err);
    if (status != MEKA_OK)
        return status;
    meka_error why = {0};
    log->file = meka_file_begin(path, &why);
    if (!log->file) {
        opt_log_earlier_close(&earlier, false);
        return meka_fail(err, why.status, "%s", why.text);
    }
    opt_log_write_identity(log->file->stream, run, true);
    write_columns(log->file->stream);
    opt_log_earlier_copy(&earlier, log->file->stream);
    if (run->t_loaded)
        status = opt_log_flush(log, err);
    opt_log_earlier_close(&earlier, status == MEKA_OK);
    return status;
}

meka_status opt_log_open(opt_log **out, const char *path, const opt_run *run, meka_error *err)
{
    assert(out && path && run);
    opt_log *log = meka_alloc(1, sizeof *log, err);
    if (!log)
        return MEKA_ERR_MEMORY;
    meka_status status = begin(log, path, run, err);
    if (status != MEKA_OK) {
        meka_file_abandon(log->file);
        free(log);
        return status;
    }
    *out = log;
    return MEKA_OK;
}

meka_status opt_log_flush(opt_log *log, meka_error *err)
{
    assert(log);
    return meka_file_sync(log->file, err);
}

meka_status opt_log_write(opt_log *log, const opt_row *row, meka_error *err)
{
    assert(log && row);
    FILE *stream = log->file->stream;
    for (size_t i = 0; opt_column_at(i); i++) {
        if (i)
            fputc('\t', stream);
        write_number(stream, *(const double *)((const char *)row + opt_column_at(i)->offset));
    }
    fputc('\n', stream);
    if (ferror(stream))
        return meka_fail(err, MEKA_ERR_IO, "cannot write '%.500s': the disk may be full",
                         log->file->part);
    return MEKA_OK;
}

/* Ends the line with ": TEXT", whatever line breaks the text holds. */
static void write_reason(FILE *stream, const char *text)
{
    if (text[0])
        fputs(": ", stream);
    for (; *text; text++)
        fputc(*text == '\n' || *text == '\r' ? ' ' : *text, stream);
    fputc('\n', stream);
}

meka_status opt_log_close(opt_log *log, const opt_result *result, meka_error *err)
{
    assert(log && result);
    FILE *stream = log->file->stream;
    bool cause = result->stop == OPT_NONFINITE;
    if (result->n_skipped) {
        fprintf(stream, "# batches left out: %llu", (unsigned long long)result->n_skipped);
        write_reason(stream, cause ? "" : result->reason.text);
    }
    if (!isnan(result->test.loss))
        fprintf(stream, "# test at the end: loss %.17g, score %.17g\n", result->test.loss,
                result->test.score);
    fprintf(stream, "# stop: %s", opt_stop_name(result->stop));
    write_reason(stream, cause ? result->reason.text : "");
    /* Rows that could not all be written are better than none. */
    meka_status status = meka_file_sync(log->file, err);
    if (status == MEKA_OK)
        status = meka_file_commit(log->file, err);
    else
        meka_file_keep(log->file);
    free(log);
    return status;
}

void opt_log_abandon(opt_log *log)
{
    if (!log)
        return;
    meka_file_abandon(log->file);
    free(log);
}

void opt_log_keep(opt_log *log)
{
    if (!log)
        return;
    meka_file_keep(log->file);
    free(log);
}
