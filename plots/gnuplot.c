#include "plots/gnuplot.h"

#include "base/memory.h"
#include "base/text.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* What of gnuplot's complaints fits into one error text. */
enum { SAID_SIZE = 640 };

/* Reads fd to its end into said [SAID_SIZE] with every run of white space as one blank; what
 * does not fit is read all the same, so that the child never waits for us. */
static void read_said(int fd, char *said)
{
    char buffer[512];
    size_t used = 0;
    bool blank = true;
    for (;;) {
        ssize_t n = read(fd, buffer, sizeof buffer);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        for (ssize_t i = 0; i < n && used + 1 < SAID_SIZE; i++) {
            bool is_blank = isspace((unsigned char)buffer[i]);
            if (!is_blank)
                said[used++] = buffer[i];
            else if (!blank)
                said[used++] = ' ';
            blank = is_blank;
        }
    }
    while (used > 0 && said[used - 1] == ' ')
        used--;
    said[used] = '\0';
}

/* Starts argv with stderr into the pipe's end `to` and nothing on the other streams; returns
 * 0 or an errno value. */
static int start(char *const *argv, int to, pid_t *child)
{
    posix_spawn_file_actions_t actions;
    int code = posix_spawn_file_actions_init(&actions);
    if (code)
        return code;
    code = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    if (!code)
        code = posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    if (!code)
        code = posix_spawn_file_actions_adddup2(&actions, to, 2);
    if (!code)
        code = posix_spawnp(child, argv[0], &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    return code;
}

/* A pipe whose ends a child does not inherit and which are not 0, 1 or 2: dup2 onto itself
 * would leave such an end to be closed on exec. */
static int open_pipe(int ends[2])
{
    if (pipe(ends) != 0)
        return errno;
    int code = 0;
    for (int i = 0; i < 2; i++) {
        int moved = fcntl(ends[i], F_DUPFD_CLOEXEC, 3);
        if (moved < 0 && !code)
            code = errno;
        close(ends[i]);
        ends[i] = moved;
    }
    if (code)
        for (int i = 0; i < 2; i++)
            if (ends[i] >= 0)
                close(ends[i]);
    return code;
}

/* Runs argv to its end; said [SAID_SIZE] is what it wrote to stderr. */
static meka_status run(char *const *argv, char *said, int *exit_status, meka_error *err)
{
    int ends[2];
    pid_t child;
    said[0] = '\0';
    int code = open_pipe(ends);
    if (code)
        return meka_fail(err, MEKA_ERR_IO, "cannot start gnuplot: no pipe: %s", strerror(code));
    code = start(argv, ends[1], &child);
    close(ends[1]);
    if (!code)
        read_said(ends[0], said);
    close(ends[0]);
    if (code == ENOENT || code == EACCES)
        return meka_fail(err, MEKA_ERR_IO,
                         "figures are drawn by gnuplot, and no program of that name can be "
                         "started (%s); install it (Debian: apt install gnuplot-nox) or put "
                         "it on PATH",
                         strerror(code));
    if (code)
        return meka_fail(err, MEKA_ERR_IO, "cannot start gnuplot: %s", strerror(code));
    pid_t ended;
    do
        ended = waitpid(child, exit_status, 0);
    while (ended < 0 && errno == EINTR);
    /* A program that ignores SIGCHLD has no exit status to read: what counts then is what
     * gnuplot left behind. */
    if (ended < 0)
        *exit_status = 0;
    return MEKA_OK;
}

meka_status plot_gnuplot_check(meka_error *err)
{
    char name[] = "gnuplot", version[] = "--version", said[SAID_SIZE];
    char *argv[] = {name, version, NULL};
    int exit_status;
    meka_status status = run(argv, said, &exit_status, err);
    if (status)
        return status;
    if (exit_status != 0)
        return meka_fail(err, MEKA_ERR_IO, "`gnuplot --version` failed: %s", said);
    return MEKA_OK;
}

/* The gnuplot commands before the script: a quote inside a quoted string is written twice. */
static char *preamble(const char *directory, meka_error *err)
{
    static const char before[] = "part = '.part'; cd '", after[] = "'";
    char *text = meka_alloc(sizeof before + 2 * strlen(directory) + sizeof after, 1, err);
    if (!text)
        return NULL;
    strcpy(text, before);
    char *end = text + strlen(text);
    for (const char *c = directory; *c; c++) {
        if (*c == '\'')
            *end++ = '\'';
        *end++ = *c;
    }
    strcpy(end, after);
    return text;
}

meka_status plot_gnuplot_run(const char *directory, const char *script, meka_error *err)
{
    assert(directory && script);
    char name[] = "gnuplot", option[] = "-e", said[SAID_SIZE];
    int exit_status;
    char *commands = preamble(directory, err);
    char *file = meka_strdup(script, err);
    meka_status status = MEKA_ERR_MEMORY;
    if (!commands || !file)
        goto cleanup;
    char *argv[] = {name, option, commands, file, NULL};
    status = run(argv, said, &exit_status, err);
    if (status)
        goto cleanup;
    if (WIFSIGNALED(exit_status))
        status = meka_fail(err, MEKA_ERR_IO,
                           "gnuplot was ended by signal %d while drawing "
                           "'%.200s'",
                           WTERMSIG(exit_status), script);
    else if (exit_status != 0)
        status = meka_fail(err, MEKA_ERR_IO, "gnuplot could not draw '%.200s': %s", script,
                           said[0] ? said : "it gave no reason");
cleanup:
    free(file);
    free(commands);
    return status;
}
