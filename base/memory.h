/* base/memory.h - checked allocation.  Tests replace malloc itself at link time to make
 * the k-th allocation fail, so nothing in the library needs a hook. */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <meka/base.h>

/* n * size bytes, zeroed, 64-byte aligned, to be freed with free(); n = 0 gives a valid
 * pointer.  NULL with err set if the product overflows or memory is out. */
void *meka_alloc(size_t n, size_t size, meka_error *err);

/* Makes *array (of `size`-byte elements, room for *capacity) hold at least `need`; grows
 * geometrically; on failure *array and *capacity are as before.  Not aligned. */
meka_status meka_grow(void *array, size_t *capacity, size_t need, size_t size, meka_error *err);

/* A copy of text, to be freed with free(); NULL with err set if memory is out. */
char *meka_strdup(const char *text, meka_error *err);

#endif
