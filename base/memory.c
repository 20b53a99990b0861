#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 64 }; /* a cache line, and the widest vector register */

static meka_status fail_memory(meka_error *err, size_t n, size_t size)
{
    return meka_fail(err, MEKA_ERR_MEMORY, "out of memory: %zu elements of %zu bytes", n, size);
}

void *meka_alloc(size_t n, size_t size, meka_error *err)
{
    assert(size > 0);
    if (n > (SIZE_MAX - ALIGNMENT) / size) {
        fail_memory(err, n, size);
        return NULL;
    }
    /* aligned_alloc wants a multiple of the alignment, and n = 0 a valid pointer. */
    size_t bytes = n ? (n * size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT : ALIGNMENT;
    void *memory = aligned_alloc(ALIGNMENT, bytes);
    if (!memory) {
        fail_memory(err, n, size);
        return NULL;
    }
    return memset(memory, 0, bytes);
}

meka_status meka_grow(void *array, size_t *capacity, size_t need, size_t size, meka_error *err)
{
    assert(array && capacity && size > 0);
    if (need <= *capacity)
        return MEKA_OK;
    if (need > SIZE_MAX / size)
        return fail_memory(err, need, size);
    size_t room = *capacity < 8 ? 8 : *capacity;
    while (room < need)
        room = room > SIZE_MAX / 2 ? need : room * 2;
    if (room > SIZE_MAX / size)
        room = need;
    /* `array` is a T ** for a T that is not known here: copied, not dereferenced. */
    void *old;
    memcpy(&old, array, sizeof old);
    void *grown = realloc(old, room * size);
    if (!grown)
        return fail_memory(err, need, size);
    memcpy(array, &grown, sizeof grown);
    *capacity = room;
    return MEKA_OK;
}

char *meka_strdup(const char *text, meka_error *err)
{
    assert(text);
    size_t bytes = strlen(text) + 1;
    char *copy = malloc(bytes);
    if (!copy) {
        fail_memory(err, bytes, 1);
        return NULL;
    }
    return memcpy(copy, text, bytes);
}
