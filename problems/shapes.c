/* A set of images made from a seed, for where there is no directory of real ones.  Only + - * /
 * and sqrt are used, which every machine rounds alike. */
#include <meka/data.h>

#include "base/memory.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

enum { N_CLASSES = 10, MOST_CHANNELS = 3 };

/* One image, but for its noise. */
typedef struct scene {
    size_t side, channels;
    int shape;
    double x, y, radius;            /* of the shape, in pixels */
    double cosine, sine;            /* of the angle it is turned by */
    double ground[MOST_CHANNELS];   /* grey value at the middle of the image */
    double slope_x, slope_y;        /* shading, in grey values per pixel */
    double contrast[MOST_CHANNELS]; /* of the shape to the ground */
} scene;

static double larger(double a, double b)
{
    return a > b ? a : b;
}

static double smaller(double a, double b)
{
    return a < b ? a : b;
}

static double plus(double u, double v, double r)
{
    double width = 0.24 * r;
    u = fabs(u);
    v = fabs(v);
    return smaller(larger(u - r, v - width), larger(v - r, u - width));
}

static double bars(double u, double v, double r)
{
    v = fabs(v);
    return larger(fabs(u) - 0.9 * r, smaller(v, fabs(v - 0.7 * r)) - 0.18 * r);
}

/* About how far (u, v) is outside the shape of size r, in pixels; negative: inside. */
static double distance(int shape, double u, double v, double r)
{
    const double root_half = 0.70710678118654752, root_3_4 = 0.86602540378443865;
    double round = sqrt(u * u + v * v), box = larger(fabs(u), fabs(v));
    double width = 0.18 * r, near_axis = smaller(fabs(u), fabs(v));
    switch (shape) {
    case 0: /* disc */
        return round - 0.9 * r;
    case 1: /* ring */
        return fabs(round - 0.9 * r + width) - width;
    case 2: /* square */
        return box - 0.8 * r;
    case 3: /* frame */
        return fabs(box - 0.8 * r + width) - width;
    case 4: /* triangle */
        return larger(v - 0.5 * r, root_3_4 * fabs(u) - 0.5 * v - 0.5 * r);
    case 5: /* plus */
        return plus(u, v, r);
    case 6: /* cross */
        return plus(root_half * (u + v), root_half * (u - v), r);
    case 7: /* lying bars */
        return bars(u, v, r);
    case 8: /* standing bars */
        return bars(v, u, r);
    default: /* checks */
        return larger(box - 0.9 * r, u * v > 0.0 ? -near_axis : near_axis);
    }
}

static double between(meka_rng *rng, double low, double high)
{
    return low + (high - low) * meka_rng_uniform(rng);
}

static double sign(meka_rng *rng)
{
    return meka_rng_below(rng, 2) ? 1.0 : -1.0;
}

static void draw_scene(scene *s, meka_rng *rng)
{
    double side = (double)s->side;
    s->radius = between(rng, 0.2, 0.36) * side;
    /* The shape may touch the edge of the image, but not leave it. */
    s->x = between(rng, s->radius, side - s->radius);
    s->y = between(rng, s->radius, side - s->radius);
    /* (1 - t^2, 2 t)/(1 + t^2) is a point of the circle: up to 15 degrees to either side. */
    double t = between(rng, -0.13, 0.13);
    s->cosine = (1.0 - t * t) / (1.0 + t * t);
    s->sine = 2.0 * t / (1.0 + t * t);
    s->slope_x = between(rng, -30.0, 30.0) / side;
    s->slope_y = between(rng, -30.0, 30.0) / side;
    size_t strong = (size_t)meka_rng_below(rng, s->channels);
    for (size_t c = 0; c < s->channels; c++) {
        double least = c == strong ? 50.0 : 0.0;
        double contrast = sign(rng) * between(rng, least, 110.0);
        double middle = between(rng, 85.0, 170.0);
        s->contrast[c] = contrast;
        s->ground[c] = middle - 0.5 * contrast;
    }
}

/* Of variance 1, nearly normal: the sum of four uniform numbers on -1/2..1/2 has 1/3. */
static double draw_noise(meka_rng *rng)
{
    const double root_3 = 1.7320508075688773;
    uint64_t word = meka_rng_next(rng);
    double sum = 0.0;
    for (int i = 0; i < 4; i++, word >>= 16)
        sum += (double)(word & 0xffff);
    return root_3 * ((sum + 2.0) / 65536.0 - 2.0);
}

/* byte [channels][side][side] */
static void paint(const scene *s, double noise, meka_rng *rng, uint8_t *byte)
{
    size_t n_pixels = s->side * s->side;
    for (size_t k = 0; k < n_pixels; k++) {
        size_t column = k % s->side, row = k / s->side;
        double x = (double)column + 0.5, y = (double)row + 0.5;
        double u = s->cosine * (x - s->x) + s->sine * (y - s->y);
        double v = s->cosine * (y - s->y) - s->sine * (x - s->x);
        double share = 0.5 - distance(s->shape, u, v, s->radius);
        share = share < 0.0 ? 0.0 : share > 1.0 ? 1.0 : share;
        double middle = 0.5 * (double)s->side;
        double shade = s->slope_x * (x - middle) + s->slope_y * (y - middle);
        for (size_t c = 0; c < s->channels; c++) {
            double value = s->ground[c] + shade + share * s->contrast[c];
            if (noise > 0.0)
                value += noise * draw_noise(rng);
            value = value < 0.0 ? 0.0 : value > 255.0 ? 255.0 : value;
            byte[c * n_pixels + k] = (uint8_t)(value + 0.5);
        }
    }
}

meka_status prob_make_shapes(prob_dataset *out, const prob_shapes_options *options,
                             meka_error *err)
{
    assert(out && options && options->n_rows > 0);
    if (!(options->noise >= 0.0 && options->noise <= 255.0))
        return meka_fail(err, MEKA_ERR_INPUT,
                         "noise of %g grey values: it must be between 0 and 255",
                         options->noise);
    scene s = {.side = options->colour ? 32 : 28, .channels = options->colour ? 3 : 1};
    size_t n = options->n_rows, m = s.channels * s.side * s.side;
    prob_dataset data = {.n_rows = n,
                         .n_features = m,
                         .n_classes = N_CLASSES,
                         .channels = s.channels,
                         .height = s.side,
                         .width = s.side};
    if (n > SIZE_MAX / m)
        return meka_fail(err, MEKA_ERR_MEMORY, "out of memory: %zu images", n);
    data.byte = meka_alloc(n * m, 1, err);
    data.label = data.byte ? meka_alloc(n, sizeof *data.label, err) : NULL;
    data.class_value = data.label ? meka_alloc(N_CLASSES, sizeof *data.class_value, err) : NULL;
    if (!data.class_value) {
        prob_dataset_clear(&data);
        return MEKA_ERR_MEMORY;
    }
    for (size_t k = 0; k < N_CLASSES; k++)
        data.class_value[k] = (double)k;
    for (size_t i = 0; i < n; i++) {
        meka_rng rng;
        uint64_t row = options->first_row + (uint64_t)i;
        meka_rng_init(&rng, options->seed, MEKA_STREAM_PROBLEM, row, 0);
        s.shape = (int)(row % N_CLASSES);
        data.label[i] = s.shape;
        draw_scene(&s, &rng);
        paint(&s, options->noise, &rng, data.byte + i * m);
    }
    *out = data;
    return MEKA_OK;
}
