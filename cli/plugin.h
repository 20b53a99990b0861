/* cli/plugin.h - an objective from a user's file. */
#ifndef CLI_PLUGIN_H
#define CLI_PLUGIN_H

#include <meka/ad.h>
#include <meka/base.h>

typedef struct cli_plugin {
    void *handle;           /* of dlopen; NULL: nothing is loaded */
    ad_objective objective; /* its name is never NULL; lives in the loaded file */
} cli_plugin;

/* Whether an operand names a file to load (it ends in .c or .so) rather than a problem. */
bool cli_plugin_is_file(const char *operand);

/* Compiles (a .c file, with $CC or cc; the compiler's messages go to stderr) and loads.
 * Nothing is left behind on disk.  MEKA_ERR_IO: cannot be read, compiled or loaded, or
 * holds no objective of this version. */
meka_status cli_plugin_open(cli_plugin *out, const char *path, meka_error *err);
void cli_plugin_close(cli_plugin *plugin);

#endif
