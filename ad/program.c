#include "ad/program.h"

#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void ad_code_activity(const ad_code *code, uint8_t *active)
{
    size_t n_inputs = code->n_params + code->n_features;
    memset(active, 1, code->n_params);
    memset(active + code->n_params, 0, code->n_features);
    for (size_t k = 0; k < code->n; k++) {
        uint32_t own[2];
        const uint32_t *operand;
        size_t n = ad_code_operands(code, &code->instruction[k], own, &operand);
        uint8_t any = 0;
        for (size_t j = 0; j < n && !any; j++)
            any = active[operand[j]];
        active[n_inputs + k] = any;
    }
}

static meka_status record_trial(ad_program *program, meka_error *err)
{
    const ad_objective *objective = &program->objective;
    size_t d = objective->n_params, m = objective->n_features;
    double *point = meka_alloc(d + m, sizeof *point, err);
    if (!point)
        return MEKA_ERR_MEMORY;
    if (objective->x0)
        memcpy(point, objective->x0, d * sizeof *point);
    meka_status status = ad_tape_record(&program->tape, objective, point, point + d, err);
    free(point);
    return status;
}

/* ------------------------------------------------------------------------------- plans */

static meka_status make_derivatives(ad_program *program, graph *g, graph_ref loss,
                                    meka_error *err)
{
    size_t n = g->n_nodes, d = g->n_params;
    meka_status status = MEKA_ERR_MEMORY;
    graph_ref *tangent = meka_alloc(n, sizeof *tangent, err);
    graph_ref *gradient = meka_alloc(d, 2 * sizeof *gradient, err);
    if (tangent && gradient) {
        plan_roots roots = {.loss = {loss}, .n_loss = 1, .gradient = gradient};
        graph_tangents(g, n, tangent);
        graph_reverse(g, n, loss, tangent, gradient, gradient + d);
        status = ad_plan_create(&program->plan[PLAN_GRADIENT], g, &roots, program->passes, err);
        roots.product = gradient + d;
        if (!status)
            status =
                ad_plan_create(&program->plan[PLAN_PRODUCT], g, &roots, program->passes, err);
    }
    free(tangent);
    free(gradient);
    return status;
}

static meka_status make_lines(ad_program *program, graph *g, graph_ref loss, meka_error *err)
{
    plan_roots roots = {.loss = {loss}};
    graph_taylor(g, g->n_nodes, loss, 3, roots.loss + 1);
    for (int order = 0; order <= 3; order++) {
        roots.n_loss = order + 1;
        meka_status status =
            ad_plan_create(&program->plan[PLAN_LINE + order], g, &roots, program->passes, err);
        if (status)
            return status;
    }
    return MEKA_OK;
}

static meka_status make_plans(ad_program *program, meka_error *err)
{
    graph g;
    const ad_code *code = &program->tape.code;
    graph_init(&g, code->n_params, code->n_features, program->passes);
    graph_ref loss = graph_from_code(&g, code);
    size_t n_nodes = g.n_nodes, n_terms = g.n_terms;
    size_t n_blocks = g.n_blocks, n_arrays = g.n_arrays;
    g.n_recorded = n_blocks;
    program->n_kept = graph_n_kept(&g, true);
    program->first_along = graph_n_kept(&g, false);
    meka_status status = g.error.status ? meka_fail(err, g.error.status, "%s", g.error.text)
                                        : make_derivatives(program, &g, loss, err);
    if (!status) {
        graph_truncate_blocks(&g, n_blocks, n_arrays);
        graph_truncate(&g, n_nodes, n_terms);
        status = make_lines(program, &g, loss, err);
    }
    graph_clear(&g);
    return status;
}

meka_status ad_program_create(ad_program **out, const ad_objective *objective, meka_error *err)
{
    return ad_program_create_with(out, objective, NULL, err);
}

meka_status ad_program_create_with(ad_program **out, const ad_objective *objective,
                                   const ad_program_options *options, meka_error *err)
{
    assert(out && objective);
    if (!objective->record || objective->n_params == 0) {
        return meka_fail(err, MEKA_ERR_INPUT, "objective '%s' needs %s",
                         objective->name ? objective->name : "?",
                         objective->record ? "n_params of at least 1" : "a record function");
    }
    if (objective->n_params > UINT32_MAX / 4 || objective->n_features > UINT32_MAX / 4) {
        return meka_fail(err, MEKA_ERR_INPUT,
                         "objective '%s' has %zu parameters and %zu features: at most %u each",
                         objective->name ? objective->name : "?", objective->n_params,
                         objective->n_features, UINT32_MAX / 4);
    }
    ad_program *program = meka_alloc(1, sizeof *program, err);
    if (!program)
        return MEKA_ERR_MEMORY;
    program->objective = *objective;
    program->passes = AD_PASS_ALL & ~(options ? options->passes_off : 0u);
    ad_tape_init(&program->tape);
    meka_status status = record_trial(program, err);
    if (status)
        goto cleanup;
    const ad_code *code = &program->tape.code;
    program->active = meka_alloc(ad_code_n_slots(code), 1, err);
    if (!program->active) {
        status = MEKA_ERR_MEMORY;
        goto cleanup;
    }
    ad_code_activity(code, program->active);
    program->replay =
        program->passes & AD_PASS_REPLAY && ad_program_is_replayable(program, NULL, NULL);
    if (program->replay && (status = make_plans(program, err)))
        goto cleanup;
    *out = program;
    program = NULL;
cleanup:
    ad_program_destroy(program);
    return status;
}

void ad_program_destroy(ad_program *program)
{
    if (program) {
        ad_tape_clear(&program->tape);
        free(program->active);
        for (int k = 0; k < PLAN_N_MODES; k++)
            ad_plan_clear(&program->plan[k]);
        free(program);
    }
}

size_t ad_program_n_params(const ad_program *program)
{
    return program->objective.n_params;
}

size_t ad_program_n_features(const ad_program *program)
{
    return program->objective.n_features;
}

size_t ad_program_n_instructions(const ad_program *program)
{
    return program->tape.code.n;
}

bool ad_program_is_replayable(const ad_program *program, const char **file, int *line)
{
    if (!program->tape.read.file)
        return true;
    if (file)
        *file = program->tape.read.file;
    if (line)
        *line = program->tape.read.line;
    return false;
}
