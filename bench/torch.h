/* bench/torch.h - PyTorch, where it is installed, as a process that trains when asked to. */
#ifndef BENCH_TORCH_H
#define BENCH_TORCH_H

#include <meka/base.h>

/* What it trains: plain SGD on batches of images [channels][height][width], each with its class
 * after the pixels. */
typedef struct torch_task {
    const char *kind; /* "mlp", of one hidden layer, or "cnn", as the problems of the zoo */
    size_t width;     /* units of the layer; channels of the first convolution */
    size_t channels, height, breadth;
    size_t batch_size, n_batches;
    double alpha;
    size_t n_params;
    const double *theta; /* [n_params] at the start */
    const double *xi;    /* [n_batches][batch_size][channels height breadth + 1] */
} torch_task;

typedef struct torch_peer torch_peer;

/* Starts it with so many threads and, unless `core` is NULL, OPENBLAS_CORETYPE=core.  *out
 * NULL: there is no python3 with PyTorch that runs this. */
meka_status torch_start(torch_peer **out, const torch_task *task, size_t n_threads,
                        const char *core, meka_error *err);
void torch_stop(torch_peer *peer); /* NULL is fine */
/* "PyTorch VERSION with FILE", the file being its linear algebra; borrowed. */
const char *torch_description(const torch_peer *peer);

/* The losses [n] of the next n steps, before each. */
meka_status torch_losses(torch_peer *peer, size_t n, double *loss, meka_error *err);

typedef struct torch_time {
    double wall, cpu; /* seconds; of all threads */
} torch_time;
meka_status torch_run(torch_peer *peer, size_t n_steps, torch_time *out, meka_error *err);

#endif
