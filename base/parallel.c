/* For sched_getaffinity. */
#define _GNU_SOURCE

#include "base/parallel.h"

#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

/* More threads than this are never of use, and their handles need no memory of their own. */
enum { MAX_THREADS = 256 };

/* What the threads of one loop share; `lock` guards what follows it. */
typedef struct loop {
    size_t n_items;
    meka_item body;
    void *ctx;
    pthread_mutex_t lock;
    size_t next; /* the next item to start */
    bool failed; /* no further item starts */
    size_t item; /* that `status` belongs to */
    meka_status status;
    meka_error error;
} loop;

typedef struct worker {
    loop *loop;
    size_t thread;
} worker;

/* Remembers an item's status if it says more than what is known: any failure rather than
 * MEKA_NONFINITE, and of equal kinds that of the lower item. */
static void note(loop *all, size_t item, meka_status status, const meka_error *error)
{
    bool failure = status != MEKA_NONFINITE;
    bool first = all->status == MEKA_OK;
    bool graver = failure && !all->failed;
    bool lower = failure == all->failed && item < all->item;
    if (first || graver || lower) {
        all->item = item;
        all->status = status;
        all->error = *error;
    }
    if (failure)
        all->failed = true;
}

static void *work(void *arg)
{
    const worker *self = arg;
    loop *all = self->loop;
    pthread_mutex_lock(&all->lock);
    while (!all->failed && all->next < all->n_items) {
        size_t item = all->next++;
        pthread_mutex_unlock(&all->lock);
        meka_error error = {0};
        meka_status status = all->body(all->ctx, item, self->thread, &error);
        pthread_mutex_lock(&all->lock);
        if (status != MEKA_OK)
            note(all, item, status, &error);
    }
    pthread_mutex_unlock(&all->lock);
    return NULL;
}

meka_status meka_parallel_for(size_t n_threads, size_t n_items, meka_item body, void *ctx,
                              meka_error *err)
{
    assert(body);
    loop all = {.n_items = n_items, .body = body, .ctx = ctx};
    worker workers[MAX_THREADS];
    pthread_t handles[MAX_THREADS];
    if (n_threads > n_items)
        n_threads = n_items;
    if (n_threads > MAX_THREADS)
        n_threads = MAX_THREADS;
    pthread_mutex_init(&all.lock, NULL);
    size_t n_started = 1; /* the caller is thread 0 */
    for (; n_started < n_threads; n_started++) {
        workers[n_started] = (worker){&all, n_started};
        if (pthread_create(&handles[n_started], NULL, work, &workers[n_started]) != 0)
            break;
    }
    workers[0] = (worker){&all, 0};
    work(&workers[0]);
    for (size_t k = 1; k < n_started; k++)
        pthread_join(handles[k], NULL);
    pthread_mutex_destroy(&all.lock);
    if (all.status != MEKA_OK && err)
        *err = all.error;
    return all.status;
}

size_t meka_cpu_count(void)
{
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof allowed, &allowed) == 0)
        return (size_t)CPU_COUNT(&allowed);
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online < 1 ? 1 : (size_t)online;
}
