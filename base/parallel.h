/* base/parallel.h - a loop over independent items on several threads. */
#ifndef BASE_PARALLEL_H
#define BASE_PARALLEL_H

#include <meka/base.h>

/* One item.  `thread` in 0..n_threads-1 names the caller's scratch memory. */
typedef meka_status (*meka_item)(void *ctx, size_t item, size_t thread, meka_error *err);

/* Calls body for every item in 0..n_items-1 on up to n_threads threads (0: one).  Items
 * start in order.  After a failure no further item starts; the failure of the lowest item
 * is returned.  Needs no thread to succeed: what cannot be started runs on the caller's. */
meka_status meka_parallel_for(size_t n_threads, size_t n_items, meka_item body, void *ctx,
                              meka_error *err);

/* Processors this process may use, >= 1. */
size_t meka_cpu_count(void);

#endif
