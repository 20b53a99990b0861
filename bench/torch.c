#include "bench/torch.h"

#include "base/memory.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

struct torch_peer {
    pid_t process;
    int line; /* a socket: its standard input and output */
    char description[512];
};

static const char script[] =
#include "bench/peer_torch.inc"
    ;

/* ------------------------------------------------------------------- talking */

/* A socket, not a pipe: writing to a process that has ended is then an error and no signal. */
static bool put(const torch_peer *peer, const void *data, size_t size)
{
    const char *from = data;
    while (size > 0) {
        ssize_t n = send(peer->line, from, size, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        from += n;
        size -= (size_t)n;
    }
    return true;
}

/* One line without its end; what does not fit is left out. */
static bool get(const torch_peer *peer, char *text, size_t size)
{
    size_t n = 0;
    for (;;) {
        char c;
        ssize_t got = recv(peer->line, &c, 1, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        if (c == '\n')
            break;
        if (n + 1 < size)
            text[n++] = c;
    }
    text[n] = '\0';
    return true;
}

static meka_status ended(meka_error *err)
{
    return meka_fail(
        err, MEKA_ERR_IO,
        "PyTorch's process ended before it had answered; see whether it has enough "
        "memory, or leave out the workloads that need it");
}

static bool ask(const torch_peer *peer, const char *what, size_t n)
{
    char text[64];
    int size = snprintf(text, sizeof text, "%s %zu\n", what, n);
    return put(peer, text, (size_t)size);
}

/* ------------------------------------------------------------ starting, ending */

static bool spawn(torch_peer *peer, const char *python, size_t n_threads, const char *core)
{
    int pair[2];
    char threads[32];
    posix_spawn_file_actions_t actions;
    snprintf(threads, sizeof threads, "%zu", n_threads);
    const char *const argv[] = {python, "-c", script, threads, core ? core : "", NULL};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return false;
    int code = posix_spawn_file_actions_init(&actions);
    if (!code) {
        code = posix_spawn_file_actions_adddup2(&actions, pair[1], STDIN_FILENO);
        if (!code)
            code = posix_spawn_file_actions_adddup2(&actions, pair[1], STDOUT_FILENO);
        /* A python3 without PyTorch is no error worth a word. */
        if (!code)
            code = posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", 1, 0);
        if (!code) /* the words are not written to, whatever the prototype says */
            code = posix_spawnp(&peer->process, python, &actions, NULL, (char *const *)argv,
                                environ);
        posix_spawn_file_actions_destroy(&actions);
    }
    close(pair[1]);
    peer->line = pair[0];
    if (code)
        close(pair[0]);
    return !code;
}

static void end(const torch_peer *peer)
{
    int result;
    close(peer->line); /* the end of its input, which ends it */
    while (waitpid(peer->process, &result, 0) < 0 && errno == EINTR)
        continue;
}

static bool hand_over(const torch_peer *peer, const torch_task *k)
{
    char text[256];
    size_t m = k->channels * k->height * k->breadth + 1;
    int size = snprintf(text, sizeof text, "%s %zu %zu %zu %zu %zu %zu %zu %.17g\n", k->kind,
                        k->width, k->channels, k->height, k->breadth, k->batch_size,
                        k->n_batches, k->n_params, k->alpha);
    return put(peer, text, (size_t)size) &&
           put(peer, k->theta, k->n_params * sizeof *k->theta) &&
           put(peer, k->xi, k->n_batches * k->batch_size * m * sizeof *k->xi);
}

meka_status torch_start(torch_peer **out, const torch_task *task, size_t n_threads,
                        const char *core, meka_error *err)
{
    /* The distribution's own may have it where another comes first. */
    static const char *const pythons[] = {"python3", "/usr/bin/python3"};
    torch_peer *peer = meka_alloc(1, sizeof *peer, err);
    if (!peer)
        return MEKA_ERR_MEMORY;
    *out = NULL;
    for (size_t k = 0; k < sizeof pythons / sizeof pythons[0] && !*out; k++) {
        if (!spawn(peer, pythons[k], n_threads, core))
            continue;
        if (hand_over(peer, task) && get(peer, peer->description, sizeof peer->description))
            *out = peer;
        else
            end(peer);
    }
    if (!*out)
        free(peer);
    return MEKA_OK;
}

void torch_stop(torch_peer *peer)
{
    if (!peer)
        return;
    end(peer);
    free(peer);
}

const char *torch_description(const torch_peer *peer)
{
    return peer->description;
}

/* ------------------------------------------------------------------- training */

meka_status torch_losses(torch_peer *peer, size_t n, double *loss, meka_error *err)
{
    char text[64];
    if (!ask(peer, "check", n))
        return ended(err);
    for (size_t k = 0; k < n; k++) {
        if (!get(peer, text, sizeof text))
            return ended(err);
        loss[k] = strtod(text, NULL);
    }
    return MEKA_OK;
}

meka_status torch_run(torch_peer *peer, size_t n_steps, torch_time *out, meka_error *err)
{
    char text[128], *rest;
    if (!ask(peer, "time", n_steps) || !get(peer, text, sizeof text))
        return ended(err);
    out->wall = strtod(text, &rest);
    out->cpu = strtod(rest, NULL);
    return MEKA_OK;
}
