/* optim/ema.h - exponential moving averages without start-up bias. */
#ifndef OPT_EMA_H
#define OPT_EMA_H

/* Weights beta^(t-k) over the values added so far; plain doubles, so that it can live in a
 * method's state.  All zero: nothing added yet. */
typedef struct opt_ema {
    double weight; /* sum of the weights, times 1 - beta: 1 - beta^count */
    double sum;    /* weighted sum of the values, times 1 - beta */
} opt_ema;

/* Adds a value, beta in [0, 1), and returns the mean sum/weight.  beta = 0: the value. */
static inline double opt_ema_add(opt_ema *ema, double beta, double value)
{
    ema->weight = beta * ema->weight + (1.0 - beta);
    ema->sum = beta * ema->sum + (1.0 - beta) * value;
    return ema->sum / ema->weight;
}

#endif
