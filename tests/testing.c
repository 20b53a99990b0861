/* For nftw. */
#define _XOPEN_SOURCE 700

#include "tests/testing.h"

#include <errno.h>
#include <ftw.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int test_run(const char *name, const TTest *const *list, size_t n, void (*begin)(void),
             void (*end)(void))
{
    Suite *suite = suite_create(name);
    TCase *all = tcase_create(name);
    tcase_set_timeout(all, TEST_SECONDS);
    tcase_add_unchecked_fixture(all, begin, end);
    for (size_t i = 0; i < n; i++)
        tcase_add_test(all, list[i]);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int n_failed = srunner_ntests_failed(runner), n_run = srunner_ntests_run(runner);
    srunner_free(runner);
    return n_failed == 0 && n_run > 0 ? 0 : 1;
}

double test_distance(double actual, double expected, double scale)
{
    if ((isnan(actual) && isnan(expected)) || actual == expected)
        return 0.0;
    if (!isfinite(actual) || !isfinite(expected))
        return INFINITY;
    double unit = DBL_EPSILON * fabs(scale);
    return unit > 0.0 ? fabs(actual - expected) / unit : INFINITY;
}

/* ----------------------------------------------------------- failing memory */

/* Test programs are linked with --wrap=malloc and so on: calls of our own code come here. */
static atomic_size_t n_asked;
static atomic_size_t failing;

void test_fail_allocation(size_t k)
{
    atomic_store(&n_asked, 0);
    atomic_store(&failing, k);
}

size_t test_allocations(void)
{
    return atomic_load(&n_asked);
}

static bool refused(void)
{
    size_t k = atomic_fetch_add(&n_asked, 1) + 1;
    if (k != atomic_load(&failing))
        return false;
    errno = ENOMEM;
    return true;
}

#define WRAP(type, name, parameters, arguments)                                                \
    type __real_##name parameters;                                                             \
    type __wrap_##name parameters;                                                             \
    type __wrap_##name parameters                                                              \
    {                                                                                          \
        return refused() ? NULL : __real_##name arguments;                                     \
    }

WRAP(void *, malloc, (size_t size), (size))
WRAP(void *, calloc, (size_t n, size_t size), (n, size))
WRAP(void *, realloc, (void *old, size_t size), (old, size))
WRAP(void *, aligned_alloc, (size_t alignment, size_t size), (alignment, size))
WRAP(char *, strdup, (const char *text), (text))
WRAP(char *, strndup, (const char *text, size_t n), (text, n))
WRAP(FILE *, fopen, (const char *path, const char *mode), (path, mode))
WRAP(FILE *, fopen64, (const char *path, const char *mode), (path, mode))

int __real_posix_memalign(void **out, size_t alignment, size_t size);
int __wrap_posix_memalign(void **out, size_t alignment, size_t size);
int __wrap_posix_memalign(void **out, size_t alignment, size_t size)
{
    return refused() ? ENOMEM : __real_posix_memalign(out, alignment, size);
}

ssize_t __real_getline(char **line, size_t *room, FILE *stream);
ssize_t __wrap_getline(char **line, size_t *room, FILE *stream);
ssize_t __wrap_getline(char **line, size_t *room, FILE *stream)
{
    return refused() ? -1 : __real_getline(line, room, stream);
}

static atomic_bool refusing_threads;

void test_refuse_threads(bool on)
{
    atomic_store(&refusing_threads, on);
}

int __real_pthread_create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
int __wrap_pthread_create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*body)(void *), void *arg)
{
    return atomic_load(&refusing_threads)
               ? EAGAIN
               : __real_pthread_create(thread, attributes, body, arg);
}

size_t test_every_allocation(test_body body, void *ctx)
{
    for (size_t k = 1;; k++) {
        meka_error err = {0};
        test_fail_allocation(k);
        meka_status status = body(ctx, &err);
        size_t n = test_allocations();
        test_fail_allocation(0);
        if (n < k) {
            ck_assert_msg(status == MEKA_OK, "with all memory: %s: %s",
                          meka_status_name(status), err.text);
            return n;
        }
        ck_assert_msg(status == MEKA_ERR_MEMORY && err.status == status && err.text[0],
                      "allocation %zu failed, but the result is '%s' (%s)", k,
                      meka_status_name(status), err.text);
    }
}

/* -------------------------------------------------------------------- files */

static char directory[64];
static pid_t directory_owner;

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *where)
{
    (void)info;
    (void)kind;
    (void)where;
    return remove(path);
}

static void remove_directory(void)
{
    if (directory_owner == getpid())
        nftw(directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

const char *test_directory(void)
{
    if (directory_owner == getpid())
        return directory;
    snprintf(directory, sizeof directory, "/tmp/meka-test.XXXXXX");
    ck_assert_msg(mkdtemp(directory) != NULL, "no directory for the test: %s", strerror(errno));
    directory_owner = getpid();
    atexit(remove_directory);
    return directory;
}

const char *test_path(const char *name)
{
    static char paths[8][256];
    static unsigned next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", test_directory(), name);
    return path;
}

const char *test_write(const char *name, const char *text)
{
    const char *path = test_path(name);
    FILE *stream = fopen(path, "w");
    ck_assert_msg(stream && fputs(text, stream) >= 0 && fclose(stream) == 0,
                  "cannot write '%s': %s", path, strerror(errno));
    return path;
}

char *test_read(const char *path)
{
    FILE *stream = fopen(path, "r");
    if (!stream)
        return NULL;
    size_t n = 0, room = 4096;
    char *text = malloc(room);
    ck_assert_ptr_nonnull(text);
    for (size_t got; (got = fread(text + n, 1, room - n - 1, stream)) > 0;) {
        n += got;
        if (n + 1 == room) {
            text = realloc(text, room *= 2);
            ck_assert_ptr_nonnull(text);
        }
    }
    text[n] = '\0';
    fclose(stream);
    return text;
}

/* ---------------------------------------------------------- programmer errors */

bool test_aborts(void (*body)(void *ctx), void *ctx)
{
    fflush(NULL);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        if (!freopen("/dev/null", "w", stderr))
            _exit(2);
        body(ctx);
        _exit(0);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}
