/* meka/plugin.h - what a file must contain for `meka run FILE.c`. */
#ifndef MEKA_PLUGIN_H
#define MEKA_PLUGIN_H

#include <meka/ad.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Raised whenever ad_objective or ad_var change their layout. */
#define MEKA_PLUGIN_ABI 1

typedef struct meka_plugin {
    uint32_t abi;            /* MEKA_PLUGIN_ABI the file was compiled with */
    uint32_t objective_size; /* sizeof(ad_objective) */
    ad_objective objective;
} meka_plugin;

/* The symbol that is looked up in the compiled file. */
#define MEKA_PLUGIN_SYMBOL "meka_plugin_entry"

/* MEKA_OBJECTIVE(.name = ..., .n_params = ..., .record = ...) at file scope: the fields
 * are those of ad_objective. */
#define MEKA_OBJECTIVE(...)                                                                    \
    extern const meka_plugin meka_plugin_entry;                                                \
    const meka_plugin meka_plugin_entry = {                                                    \
        MEKA_PLUGIN_ABI, sizeof(ad_objective), {__VA_ARGS__}};

#ifdef __cplusplus
}
#endif
#endif
