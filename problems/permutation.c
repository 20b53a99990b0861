/* A permutation of 0..n-1 that is computed where it is needed: an unbalanced Feistel network
 * is a bijection of the numbers of low + high bits, whatever its round function; walking along
 * its cycle until the value is below n (Black and Rogaway's cycle walking) makes it one of
 * 0..n-1.  As 2^(low + high) < 2 n (for n > 32), that takes less than two evaluations on
 * average.
 *
 * The keys of the rounds come from Philox.  The round function mixes key and half by the
 * finalizer of SplitMix64: a Philox block per round would cost more than the rest of a draw. */
#include <meka/data.h>

#include <assert.h>

enum { N_ROUNDS = sizeof((prob_permutation *)0)->key / sizeof(uint64_t) };

prob_permutation prob_permutation_make(uint64_t n, uint64_t seed, uint64_t stream,
                                       uint64_t epoch)
{
    assert(n >= 1 && n <= (uint64_t)1 << 62);
    prob_permutation p = {.n = n};
    /* On fewer bits there are so few round functions that the orders of 2 to 13 rows come out
     * unevenly. */
    unsigned bits = 6;
    while ((uint64_t)1 << bits < n)
        bits++;
    p.low = bits / 2;
    p.high = bits - p.low;
    meka_rng rng;
    meka_rng_init(&rng, seed, stream, epoch, 0);
    for (int i = 0; i < N_ROUNDS; i++)
        p.key[i] = meka_rng_next(&rng);
    return p;
}

static uint64_t mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

uint64_t prob_permutation_at(const prob_permutation *p, uint64_t k)
{
    assert(p && k < p->n);
    uint64_t low_mask = ((uint64_t)1 << p->low) - 1, high_mask = ((uint64_t)1 << p->high) - 1;
    do {
        uint64_t low = k & low_mask, high = k >> p->low;
        for (int i = 0; i < N_ROUNDS; i += 2) {
            high ^= mix(low + p->key[i]) & high_mask;
            low ^= mix(high + p->key[i + 1]) & low_mask;
        }
        k = high << p->low | low;
    } while (k >= p->n);
    return k;
}
