/* problems/known.h - what the tables of known points say of one instance. */
#ifndef PROBLEMS_KNOWN_H
#define PROBLEMS_KNOWN_H

#include <meka/problems.h>

/* Bytes that prob_known_fill writes for d parameters and m terms. */
size_t prob_known_size(const prob_known_table *known, size_t d, size_t m);

/* Fills in the instance's minimum (NaN: no row has it), its minimizers and its other stationary
 * points for d parameters and m terms.  `room`, of prob_known_size bytes, is aligned for
 * pointers and doubles and lives as long as the instance. */
void prob_known_fill(prob_instance *out, const prob_known_table *known, size_t d, size_t m,
                     void *room);

/* For the tables: points [n] with their length, and rows. */
#define PROB_AT(...)                                                                           \
    .x = (const double[]){__VA_ARGS__},                                                        \
    .n = sizeof((const double[]){__VA_ARGS__}) / sizeof(double)
#define PROB_KNOWN_TABLE(...)                                                                  \
    {                                                                                          \
        (const prob_known[]){__VA_ARGS__},                                                     \
            sizeof((const prob_known[]){__VA_ARGS__}) / sizeof(prob_known)                     \
    }
#define PROB_KNOWN(...) .known = PROB_KNOWN_TABLE(__VA_ARGS__)

#endif
