#include <meka/base.h>

#include <assert.h>
#include <string.h>

/* ----------------------------------------------------------------- sources */

static void draw_rows(const void *ctx, uint64_t seed, uint64_t step, size_t n, double *xi)
{
    const meka_data *data = ctx;
    meka_rng rng;
    meka_rng_init(&rng, seed, MEKA_STREAM_SAMPLES, step, 0);
    for (size_t i = 0; i < n; i++) {
        size_t row = (size_t)meka_rng_below(&rng, data->n_rows);
        memcpy(xi + i * data->n_features, data->value + row * data->n_features,
               data->n_features * sizeof *xi);
    }
}

meka_source meka_source_data(const meka_data *data)
{
    assert(data && data->n_rows > 0 && data->n_features > 0 && data->value);
    return (meka_source){
        .n_features = data->n_features,
        .draw = draw_rows,
        .ctx = data,
        .population = data->value,
        .n_population = data->n_rows,
    };
}

static void draw_nothing(const void *ctx, uint64_t seed, uint64_t step, size_t n, double *xi)
{
    (void)ctx;
    (void)seed;
    (void)step;
    (void)n;
    (void)xi;
}

meka_source meka_source_none(void)
{
    return (meka_source){.draw = draw_nothing};
}
