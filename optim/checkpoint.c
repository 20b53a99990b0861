/* Checkpoints: a text that says which run it is, then all of its numbers, then a checksum.
 *
 *   meka checkpoint: 2
 *   key: value              opt_run_describe, one per line
 *                           an empty line
 *   8-byte little-endian integers and IEEE doubles in the order of `visit`
 *   4 bytes                 CRC-32 (zlib) of everything before, little-endian
 */
#include "optim/run.h"

#include "base/memory.h"
#include "base/text.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static const char magic[] = "meka checkpoint: 2\n";

/* Goes over a run's numbers: counts them, writes them or reads them. */
typedef struct codec {
    enum { CODEC_COUNT, CODEC_WRITE, CODEC_READ } mode;
    size_t n_bytes;            /* so far */
    FILE *stream;              /* to write to */
    unsigned long crc;         /* of what was written */
    const unsigned char *from; /* [n_bytes + 8] at least, to read from */
} codec;

static void put(codec *c, const void *bytes, size_t n)
{
    fwrite(bytes, 1, n, c->stream);
    c->crc = crc32_z(c->crc, bytes, n);
}

static void visit_count(codec *c, uint64_t *value)
{
    unsigned char bytes[8];
    if (c->mode == CODEC_WRITE) {
        for (int k = 0; k < 8; k++)
            bytes[k] = (unsigned char)(*value >> 8 * k);
        put(c, bytes, sizeof bytes);
    } else if (c->mode == CODEC_READ) {
        *value = 0;
        for (int k = 0; k < 8; k++)
            *value |= (uint64_t)c->from[c->n_bytes + (size_t)k] << 8 * k;
    }
    c->n_bytes += sizeof bytes;
}

static void visit_reals(codec *c, size_t n, double *values)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t bits = 0;
        memcpy(&bits, &values[i], sizeof bits);
        visit_count(c, &bits);
        if (c->mode == CODEC_READ)
            memcpy(&values[i], &bits, sizeof bits);
    }
}

static void visit_row(codec *c, opt_row *row)
{
    for (size_t i = 0; opt_column_at(i); i++)
        visit_reals(c, 1, (double *)((char *)row + opt_column_at(i)->offset));
}

/* text [size], size a multiple of 8 */
static void visit_text(codec *c, size_t size, char *text)
{
    for (size_t i = 0; i < size; i += 8) {
        uint64_t word = 0;
        for (size_t k = 0; k < 8; k++)
            word |= (uint64_t)(unsigned char)text[i + k] << 8 * k;
        visit_count(c, &word);
        for (size_t k = 0; k < 8 && c->mode == CODEC_READ; k++)
            text[i + k] = (char)(word >> 8 * k & 0xff);
    }
}

/* Everything that iterations change.  loss_at_start tells whether the objective is the same. */
static void visit(codec *c, opt_run *run, double *loss_at_start)
{
    uint64_t nonfinite = run->stop == OPT_NONFINITE;
    visit_reals(c, 1, loss_at_start);
    visit_count(c, &run->t);
    visit_count(c, &run->horizon);
    visit_count(c, &nonfinite);
    visit_count(c, &run->ledger.samples);
    visit_count(c, &run->ledger.forwards);
    visit_count(c, &run->ledger.gradients);
    visit_count(c, &run->ledger.hvps);
    visit_count(c, &run->ledger.line_passes);
    visit_row(c, &run->row);
    visit_row(c, &run->start);
    visit_reals(c, 1, &run->best_loss);
    visit_count(c, &run->best_step);
    visit_count(c, &run->n_skipped);
    visit_text(c, sizeof run->reason.text, run->reason.text);
    visit_reals(c, run->d, run->theta);
    visit_reals(c, run->d, run->best);
    visit_count(c, &run->n_averaged);
    visit_reals(c, run->config.average == OPT_AVERAGE_NONE ? 0 : run->d, run->average);
    visit_reals(c, run->n_state, run->state);
    if (c->mode == CODEC_READ)
        run->stop = nonfinite ? OPT_NONFINITE : OPT_RUNNING;
}

/* The loss of the first step's samples at x0; NaN if that fails. */
static double evaluate_start(const opt_run *run)
{
    opt_view view = run->method->full_batch ? run->population_view : run->batch_view;
    ad_moments moments = {0};
    view.ledger = NULL;
    if (view.xi && !run->method->full_batch)
        run->source.draw(run->source.ctx, run->config.seed, 0, run->config.batch_size, run->xi);
    meka_status status = opt_view_moments(&view, run->x0, NULL, &moments, NULL);
    return status == MEKA_OK ? moments.loss_mean : NAN;
}

/* The text before the numbers; NULL with err set. */
static char *describe(const opt_run *run, meka_error *err)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    if (stream) {
        fputs(magic, stream);
        opt_run_describe(run, "", false, stream);
        fputc('\n', stream);
        bool written = !ferror(stream);
        if (fclose(stream) == 0 && written)
            return text;
        free(text);
    }
    meka_fail(err, MEKA_ERR_MEMORY, "out of memory for the description of a run");
    return NULL;
}

meka_status opt_run_save(const opt_run *run, const char *path, meka_error *err)
{
    assert(run && path);
    opt_run_gradient((opt_run *)run); /* before the batch is evaluated once more */
    double loss = evaluate_start(run);
    char *text = describe(run, err);
    if (!text)
        return MEKA_ERR_MEMORY;
    meka_error why = {0};
    meka_file *file = meka_file_begin(path, &why);
    if (!file) {
        free(text);
        return meka_fail(err, why.status, "%s", why.text);
    }
    codec c = {.mode = CODEC_WRITE, .stream = file->stream, .crc = crc32_z(0, NULL, 0)};
    put(&c, text, strlen(text));
    visit(&c, (opt_run *)run, &loss); /* writing changes nothing */
    unsigned long crc = c.crc;
    for (int k = 0; k < 4; k++)
        fputc((int)(crc >> 8 * k & 0xff), file->stream);
    free(text);
    return meka_file_commit(file, err);
}

/* --------------------------------------------------------------------- reading */

/* The whole file, at most `most` bytes of it; NULL with err set. */
static unsigned char *read_whole(const char *path, size_t most, size_t *size, meka_error *err)
{
    FILE *stream = fopen(path, "rb");
    if (!stream) {
        meka_fail_errno(err, "read", path, errno);
        return NULL;
    }
    unsigned char *bytes = meka_alloc(most, 1, err);
    if (bytes) {
        errno = 0;
        *size = fread(bytes, 1, most, stream);
        if (ferror(stream)) {
            meka_fail_errno(err, "read", path, errno ? errno : EIO);
            free(bytes);
            bytes = NULL;
        }
    }
    fclose(stream);
    return bytes;
}

/* Names the first line in which the file's text differs from the one this run would write. */
static meka_status compare_texts(const char *path, const unsigned char *bytes, size_t size,
                                 const char *text, meka_error *err)
{
    size_t length = strlen(text);
    if (size < sizeof magic - 1 || memcmp(bytes, "meka checkpoint: ", 17) != 0)
        return meka_fail(err, MEKA_ERR_INPUT, "'%.500s' is not a checkpoint of meka", path);
    size_t line = 0, same = 0; /* where the line begins that holds the first difference */
    while (same < length && same < size && bytes[same] == (unsigned char)text[same])
        if (text[same++] == '\n')
            line = same;
    if (same == length || same == size)
        return MEKA_OK; /* or cut short: that is the next check's */
    const char *theirs = (const char *)bytes + line;
    size_t n = 0;
    while (line + n < size && theirs[n] != '\n')
        n++;
    return meka_fail(err, MEKA_ERR_INPUT,
                     "checkpoint '%.300s' is of another run: it has '%.*s', this run '%.*s'",
                     path, n > 150 ? 150 : (int)n, theirs, (int)strcspn(text + line, "\n"),
                     text + line);
}

static meka_status check_sum(const char *path, const unsigned char *bytes, size_t size,
                             size_t wanted, meka_error *err)
{
    unsigned long stored = 0;
    if (size == wanted)
        for (size_t k = 0; k < 4; k++)
            stored |= (unsigned long)bytes[size - 4 + k] << 8 * k;
    if (size != wanted || crc32_z(crc32_z(0, NULL, 0), bytes, size - 4) != stored)
        return meka_fail(err, MEKA_ERR_INPUT,
                         "checkpoint '%.500s' is damaged: %s; begin anew without it", path,
                         size < wanted   ? "it is cut short"
                         : size > wanted ? "it is too long"
                                         : "its checksum is wrong");
    return MEKA_OK;
}

static meka_status check_start(const char *path, double stored, double now, meka_error *err)
{
    if (isnan(stored) || isnan(now) ||
        fabs(stored - now) <= 1e-6 * fmax(fabs(stored), fabs(now)))
        return MEKA_OK;
    return meka_fail(err, MEKA_ERR_INPUT,
                     "checkpoint '%.500s' is of another objective: its loss at the start was "
                     "%.10g, this one's is %.10g",
                     path, stored, now);
}

meka_status opt_run_load(opt_run *run, const char *path, meka_error *err)
{
    assert(run && path);
    codec count = {.mode = CODEC_COUNT}, first = {.mode = CODEC_READ};
    double loss = 0.0, stored = 0.0;
    size_t size = 0;
    meka_status status = MEKA_ERR_MEMORY;
    unsigned char *bytes = NULL;
    opt_run_gradient(run); /* as in saving */
    char *text = describe(run, err);
    if (!text)
        goto cleanup;
    visit(&count, run, &loss);
    size_t length = strlen(text), wanted = length + count.n_bytes + 4;
    meka_error why = {0};
    bytes = read_whole(path, wanted + 1, &size, &why);
    if (!bytes) {
        status = meka_fail(err, why.status, "%s", why.text);
        goto cleanup;
    }
    status = compare_texts(path, bytes, size, text, err);
    if (status == MEKA_OK)
        status = check_sum(path, bytes, size, wanted, err);
    if (status != MEKA_OK)
        goto cleanup;
    first.from = bytes + length;
    visit_reals(&first, 1, &stored);
    status = check_start(path, stored, evaluate_start(run), err);
    if (status != MEKA_OK)
        goto cleanup;
    visit(&(codec){.mode = CODEC_READ, .from = bytes + length}, run, &loss);
    opt_run_remember(run);
    run->t_loaded = run->t;
    run->seconds_before = isnan(run->row.seconds) ? 0.0 : run->row.seconds;
    clock_gettime(CLOCK_MONOTONIC, &run->began);
    if (run->stop == OPT_RUNNING)
        run->stop = opt_run_reason_to_stop(run);
cleanup:
    free(text);
    free(bytes);
    return status;
}
