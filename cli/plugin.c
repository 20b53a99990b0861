#include "cli/plugin.h"

#include "base/memory.h"
#include "base/text.h"
#include "cli/progress.h"

#include <meka/plugin.h>

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { path_size = 4096, max_words = 64 };

/* What is compiled, and where to. */
typedef struct compilation {
    char directory[path_size]; /* private; "" before it is made */
    char object[path_size];    /* in directory */
    char source[path_size];    /* as the compiler is told, never like an option */
    char compiler[path_size];  /* $CC, cut into words */
    const char *argv[max_words];
} compilation;

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n > m && strcmp(text + n - m, end) == 0;
}

bool cli_plugin_is_file(const char *operand)
{
    return ends_with(operand, ".c") || ends_with(operand, ".so");
}

/* A file that can be read, for a sentence better than the compiler's or the loader's. */
static meka_status check_readable(const char *path, meka_error *err)
{
    struct stat info;
    meka_status status = MEKA_OK;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &info) != 0)
        status = meka_fail_errno(err, "read", path, errno);
    else if (S_ISDIR(info.st_mode))
        status = meka_fail_errno(err, "read", path, EISDIR);
    if (fd >= 0)
        close(fd);
    return status;
}

/* -------------------------------------------------------------- compilation */

static meka_status make_directory(compilation *c, meka_error *err)
{
    const char *parent = getenv("TMPDIR");
    if (!parent || !parent[0])
        parent = "/tmp";
    int n = snprintf(c->directory, path_size, "%s/meka-XXXXXX", parent);
    if (n >= path_size - 16) {
        c->directory[0] = '\0';
        return meka_fail(err, MEKA_ERR_IO, "TMPDIR is too long a path; use a shorter one");
    }
    if (!mkdtemp(c->directory)) {
        c->directory[0] = '\0';
        return meka_fail(err, MEKA_ERR_IO,
                         "cannot make a temporary directory in '%.700s': %s; set TMPDIR to a "
                         "writable directory",
                         parent, strerror(errno));
    }
    snprintf(c->object, path_size, "%.*s/objective.so", path_size - 16, c->directory);
    return MEKA_OK;
}

/* The compiler's command line: $CC may hold options of its own. */
static meka_status make_command(compilation *c, const char *path, meka_error *err)
{
    static const char *const flags[] = {
        "-O2", "-shared", "-fPIC", "-I" CLI_SOURCE_INCLUDE, "-I" CLI_INSTALLED_INCLUDE, "-o",
    };
    enum { n_flags = sizeof flags / sizeof flags[0] };
    const char *compiler = getenv("CC");
    size_t n = 0;
    char *rest;
    if (!compiler || !compiler[strspn(compiler, " \t")])
        compiler = "cc";
    if (strlen(compiler) >= path_size || strlen(path) >= path_size - 2)
        return meka_fail(err, MEKA_ERR_IO, "cannot compile: CC or the file's path is too long");
    strcpy(c->compiler, compiler);
    snprintf(c->source, path_size, "%s%.*s", path[0] == '-' ? "./" : "", path_size - 3, path);
    for (char *word = strtok_r(c->compiler, " \t", &rest); word;
         word = strtok_r(NULL, " \t", &rest)) {
        if (n + n_flags + 4 > max_words)
            return meka_fail(err, MEKA_ERR_IO, "cannot compile: CC has more than %d words",
                             max_words - n_flags - 4);
        c->argv[n++] = word;
    }
    for (size_t i = 0; i < n_flags; i++)
        c->argv[n++] = flags[i];
    c->argv[n++] = c->object;
    c->argv[n++] = c->source;
    c->argv[n++] = "-lm";
    c->argv[n] = NULL;
    return MEKA_OK;
}

/* Runs argv with its stdout joined to stderr and waits; *result as from waitpid. */
static int run_compiler(const char *const *argv, int *result)
{
    pid_t child;
    posix_spawn_file_actions_t actions;
    int code = posix_spawn_file_actions_init(&actions);
    if (code)
        return code;
    code = posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
    if (!code) /* the words are not written to, whatever the prototype says */
        code = posix_spawnp(&child, argv[0], &actions, NULL, (char *const *)argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (code)
        return code;
    while (waitpid(child, result, 0) < 0)
        if (errno != EINTR)
            return errno;
    return 0;
}

static meka_status compile(compilation *c, const char *path, meka_error *err)
{
    int result = 0;
    meka_status status = make_command(c, path, err);
    if (status != MEKA_OK)
        return status;
    fflush(stderr);
    int code = run_compiler(c->argv, &result);
    if (code)
        return meka_fail(err, MEKA_ERR_IO,
                         "cannot start the C compiler '%.300s': %s; set CC to one that works",
                         c->argv[0], strerror(code));
    if (cli_interrupted())
        return meka_fail(err, MEKA_ERR_IO, "interrupted while compiling '%.700s'", path);
    if (WIFSIGNALED(result))
        return meka_fail(err, MEKA_ERR_IO,
                         "cannot compile '%.600s': '%.200s' died of signal %d", path,
                         c->argv[0], WTERMSIG(result));
    if (WEXITSTATUS(result) != 0)
        return meka_fail(err, MEKA_ERR_IO,
                         "cannot compile '%.600s': '%.200s' ended with status %d and the "
                         "messages above",
                         path, c->argv[0], WEXITSTATUS(result));
    return MEKA_OK;
}

/* ------------------------------------------------------------------ loading */

/* `object` is loaded; `path` is what the user knows it by. */
static meka_status load(cli_plugin *out, const char *object, const char *path, meka_error *err)
{
    char place[path_size];
    if (strlen(object) >= path_size - 2)
        return meka_fail(err, MEKA_ERR_IO, "cannot load '%.80s...': its path is too long",
                         path);
    /* Without a slash dlopen would search the system's directories. */
    snprintf(place, path_size, "%s%.*s", strchr(object, '/') ? "" : "./", path_size - 3,
             object);
    out->handle = dlopen(place, RTLD_NOW | RTLD_LOCAL);
    if (!out->handle)
        return meka_fail(err, MEKA_ERR_IO, "cannot load '%.300s': %.600s", path, dlerror());
    const meka_plugin *plugin = dlsym(out->handle, MEKA_PLUGIN_SYMBOL);
    if (!plugin)
        return meka_fail(err, MEKA_ERR_IO,
                         "'%.600s' defines no objective; end it with MEKA_OBJECTIVE(.name = "
                         "..., .n_params = ..., .record = ...)",
                         path);
    if (plugin->abi != MEKA_PLUGIN_ABI || plugin->objective_size != sizeof(ad_objective))
        return meka_fail(err, MEKA_ERR_IO,
                         "'%.600s' was compiled against headers of another version (plugin "
                         "ABI %u, this meka has %d); compile it anew",
                         path, (unsigned)plugin->abi, MEKA_PLUGIN_ABI);
    out->objective = plugin->objective;
    if (!out->objective.name)
        out->objective.name = path;
    return MEKA_OK;
}

meka_status cli_plugin_open(cli_plugin *out, const char *path, meka_error *err)
{
    compilation *c = NULL;
    *out = (cli_plugin){0};
    meka_status status = check_readable(path, err);
    if (status != MEKA_OK)
        return status;
    if (!ends_with(path, ".c")) {
        status = load(out, path, path, err);
        goto cleanup;
    }
    c = meka_alloc(1, sizeof *c, err);
    if (!c)
        return MEKA_ERR_MEMORY;
    status = make_directory(c, err);
    if (status == MEKA_OK)
        status = compile(c, path, err);
    if (status == MEKA_OK)
        status = load(out, c->object, path, err);
cleanup:
    /* What is loaded stays in memory without its file. */
    if (c && c->directory[0]) {
        unlink(c->object);
        rmdir(c->directory);
    }
    free(c);
    if (status != MEKA_OK)
        cli_plugin_close(out);
    return status;
}

void cli_plugin_close(cli_plugin *plugin)
{
    if (plugin->handle)
        dlclose(plugin->handle);
    *plugin = (cli_plugin){0};
}
