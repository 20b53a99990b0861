#include <meka/base.h>

#include <Random123/philox.h>
#include <assert.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <string.h>

enum { N_WORDS = 4 }; /* of a block */

void meka_rng_init(meka_rng *rng, uint64_t seed, uint64_t stream, uint64_t step, uint64_t index)
{
    *rng = (meka_rng){.key = {seed, stream}, .counter = {step, index}};
}

uint64_t meka_rng_next(meka_rng *rng)
{
    if (rng->n_left == 0) {
        philox4x64_ctr_t counter;
        philox4x64_key_t key;
        memcpy(counter.v, rng->counter, sizeof counter.v);
        memcpy(key.v, rng->key, sizeof key.v);
        philox4x64_ctr_t block = philox4x64(counter, key);
        memcpy(rng->word, block.v, sizeof rng->word);
        rng->counter[2]++;
        rng->n_left = N_WORDS;
    }
    return rng->word[N_WORDS - rng->n_left--];
}

double meka_rng_uniform(meka_rng *rng)
{
    /* (k + 1/2) / 2^52 with k < 2^52 is exact in a double; with one bit more the largest
     * midpoint would round to 1. */
    return ((double)(meka_rng_next(rng) >> 12) + 0.5) * 0x1p-52;
}

double meka_rng_normal(meka_rng *rng)
{
    if (rng->has_normal) {
        rng->has_normal = false;
        return rng->normal;
    }
    const double two_pi = 6.28318530717958647692528676655900577;
    double radius = sqrt(-2.0 * log(meka_rng_uniform(rng)));
    double angle = two_pi * meka_rng_uniform(rng);
    rng->normal = radius * sin(angle);
    rng->has_normal = true;
    return radius * cos(angle);
}

/* A meka_rng as GSL sees it: the state is the stream itself. */
static unsigned long adapter_get(void *state)
{
    return (unsigned long)(meka_rng_next(state) >> 32);
}

static double adapter_get_double(void *state)
{
    return meka_rng_uniform(state);
}

/* GSL calls it for gsl_rng_set only, which nobody does: a position is not a seed. */
static void adapter_set(void *state, unsigned long seed)
{
    (void)state;
    (void)seed;
}

static const gsl_rng_type adapter_type = {
    .name = "meka",
    .max = 0xffffffffUL,
    .min = 0,
    .size = sizeof(meka_rng),
    .set = adapter_set,
    .get = adapter_get,
    .get_double = adapter_get_double,
};

double meka_rng_gamma(meka_rng *rng, double shape, double scale)
{
    assert(isfinite(shape) && shape > 0.0);
    assert(isfinite(scale) && scale > 0.0);
    gsl_rng adapter = {.type = &adapter_type, .state = rng};
    return gsl_ran_gamma(&adapter, shape, scale);
}

double meka_rng_student_t(meka_rng *rng, double nu)
{
    assert(isfinite(nu) && nu > 0.0);
    gsl_rng adapter = {.type = &adapter_type, .state = rng};
    return gsl_ran_tdist(&adapter, nu);
}

uint64_t meka_rng_below(meka_rng *rng, uint64_t n)
{
    assert(n >= 1);
    /* 2^64 mod n words are one too many for equal shares: drawn again. */
    uint64_t excess = (0 - n) % n;
    uint64_t word;
    do
        word = meka_rng_next(rng);
    while (word < excess);
    return word % n;
}
