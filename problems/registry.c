#include "problems/rows.h"

#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const prob_problem *const problems[] = {
    &prob_noisy_quadratic, &prob_rosenbrock, &prob_noisy_hessian,
    &prob_logistic,        &prob_mlp,        &prob_cnn,
    &prob_resnet,          &prob_softmax,    &prob_least_squares,
#define TEST_FUNCTION(id) &prob_##id,
#include "problems/test_functions.def"
#undef TEST_FUNCTION
#define NIST(id, ...) &prob_nist_##id,
#include "problems/nist.def"
#undef NIST
};
enum { n_problems = sizeof problems / sizeof problems[0] };

const prob_problem *prob_problem_at(size_t i)
{
    return i < n_problems ? problems[i] : NULL;
}

/* Edits of one letter between two names, counted to 3 (Levenshtein's distance); long names are
 * cut. */
static size_t distance(const char *a, const char *b)
{
    enum { longest = 40 };
    size_t row[longest + 1], n = strlen(b) < longest ? strlen(b) : longest;
    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 0; a[i] && i < longest; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < n; j++) {
            size_t best = diagonal + (a[i] != b[j]);
            best = row[j] + 1 < best ? row[j] + 1 : best;
            best = row[j + 1] + 1 < best ? row[j + 1] + 1 : best;
            diagonal = row[j + 1];
            row[j + 1] = best;
        }
    }
    return row[n] < 3 ? row[n] : 3;
}

/* The names that `name` may be meant to be: a letter or two off, or part of the one in the
 * other.
 */
static void append_similar(char *text, size_t size, const char *name)
{
    size_t n = 0;
    for (size_t i = 0; i < n_problems && n < 8; i++) {
        const char *known = problems[i]->name;
        if (distance(name, known) < 3 || (strlen(name) > 2 && strstr(known, name)) ||
            strstr(name, known)) {
            strncat(text, n++ ? ", " : "; similar: ", size - strlen(text) - 1);
            strncat(text, known, size - strlen(text) - 1);
        }
    }
}

meka_status prob_problem_find(const prob_problem **out, const char *name, meka_error *err)
{
    for (size_t i = 0; i < n_problems; i++)
        if (strcmp(name, problems[i]->name) == 0) {
            *out = problems[i];
            return MEKA_OK;
        }
    char similar[400] = "";
    append_similar(similar, sizeof similar, name);
    return meka_fail(err, MEKA_ERR_INPUT,
                     "no problem is called '%.200s' ('meka list problems' shows all %d)%s",
                     name, (int)n_problems, similar);
}

static meka_status check_data(const prob_problem *problem, const prob_request *request,
                              meka_error *err)
{
    if (request->data && !problem->data)
        return meka_fail(err, MEKA_ERR_INPUT,
                         "problem %s brings its own samples and takes no data; leave '%.400s' "
                         "out",
                         problem->name, request->data);
    if (!request->data && problem->needs_data)
        return meka_fail(err, MEKA_ERR_INPUT, "problem %s needs data: %s", problem->name,
                         problem->data);
    return MEKA_OK;
}

/* The row's options as the request sets them: owned, or NULL. */
static void *make_params(const prob_problem *problem, const prob_request *request,
                         meka_error *err)
{
    char owner[128];
    strcpy(owner, "problem ");
    strncat(owner, problem->name, sizeof owner - strlen(owner) - 1);
    if (check_data(problem, request, err) != MEKA_OK)
        return NULL;
    void *params = meka_alloc(1, problem->options.size, err);
    if (!params)
        return NULL;
    meka_options_init(&problem->options, params);
    if (meka_options_set_all(&problem->options, params, owner, request->settings, err) !=
        MEKA_OK) {
        free(params);
        params = NULL;
    }
    return params;
}

static const prob_request none = {0};

meka_status prob_check(const prob_problem *problem, const prob_request *request,
                       meka_error *err)
{
    assert(problem);
    meka_error own = {0};
    err = err ? err : &own;
    void *params = make_params(problem, request ? request : &none, err);
    free(params);
    return params ? MEKA_OK : err->status;
}

meka_status prob_create(prob_instance *out, const prob_problem *problem,
                        const prob_request *request, meka_error *err)
{
    assert(out && problem);
    meka_error own = {0};
    err = err ? err : &own;
    request = request ? request : &none;
    void *params = make_params(problem, request, err);
    if (!params)
        return err->status;
    memset(out, 0, sizeof *out);
    meka_status status = problem->make(out, params, request, err);
    free(params);
    return status;
}

void prob_destroy(prob_instance *instance)
{
    if (instance) {
        if (instance->destroy)
            instance->destroy(instance->storage);
        else
            free(instance->storage);
        memset(instance, 0, sizeof *instance);
    }
}
