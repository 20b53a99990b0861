#include "problems/rows.h"

#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const prob_problem *const problems[] = {
    &prob_noisy_quadratic,
    &prob_rosenbrock,
    &prob_noisy_hessian,
    &prob_logistic,
    &prob_mlp,
    &prob_cnn,
    &prob_resnet,
    &prob_softmax,
    &prob_least_squares,
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

meka_status prob_problem_find(const prob_problem **out, const char *name, meka_error *err)
{
    char known[1920] = "";
    for (size_t i = 0; i < n_problems; i++) {
        if (strcmp(name, problems[i]->name) == 0) {
            *out = problems[i];
            return MEKA_OK;
        }
        strncat(known, i ? ", " : "", sizeof known - strlen(known) - 1);
        strncat(known, problems[i]->name, sizeof known - strlen(known) - 1);
    }
    return meka_fail(err, MEKA_ERR_INPUT, "no problem is called '%s'; known are %s", name,
                     known);
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

meka_status prob_create(prob_instance *out, const prob_problem *problem,
                        const prob_request *request, meka_error *err)
{
    assert(out && problem);
    const prob_request defaults = {0};
    if (!request)
        request = &defaults;
    char owner[128];
    strcpy(owner, "problem ");
    strncat(owner, problem->name, sizeof owner - strlen(owner) - 1);
    meka_status status = check_data(problem, request, err);
    if (status != MEKA_OK)
        return status;
    void *params = meka_alloc(1, problem->options.size, err);
    if (!params)
        return MEKA_ERR_MEMORY;
    meka_options_init(&problem->options, params);
    status = meka_options_set_all(&problem->options, params, owner, request->settings, err);
    if (!status) {
        memset(out, 0, sizeof *out);
        status = problem->make(out, params, request, err);
    }
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
