/* meka run --checkpoint, --resume: what an interruption leaves and how it goes on. */
#include "tests/cli_driver.h"

#include <meka/optim.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* Replaces the field `seconds` of every row by "-" (the header says that it is not
 * deterministic). */
static void hide_seconds(char *text)
{
    size_t column = 0;
    while (strcmp(opt_column_at(column)->name, "seconds") != 0)
        column++;
    char *to = text;
    bool row = false;
    for (char *line = text; *line;) {
        size_t length = strcspn(line, "\n"), field = 0;
        row = line[0] >= '0' && line[0] <= '9';
        for (size_t k = 0; k < length; k++) {
            field += line[k] == '\t';
            if (!row || field != column || line[k] == '\t')
                *to++ = line[k];
        }
        line += length;
        if (*line == '\n')
            *to++ = *line++;
    }
    *to = '\0';
}

static void assert_same_logs(const char *path, const char *expected)
{
    char *a = test_read(path), *b = test_read(expected);
    ck_assert(a && b);
    hide_seconds(a);
    hide_seconds(b);
    ck_assert_msg(strcmp(a, b) == 0, "'%s' differs from the log of the uninterrupted run",
                  path);
    free(a);
    free(b);
}

/* Starts the command and kills it after so many milliseconds; false if it had ended before. */
static bool kill_after(const char *command, long milliseconds)
{
    pid_t process = drive_begin("%s", command);
    const struct timespec pause = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    nanosleep(&pause, NULL);
    kill(process, SIGKILL);
    return drive_end(process).status == -1;
}

/* Long enough to be killed several times; with sanitizers, as long in time. */
#ifdef __SANITIZE_ADDRESS__
enum { STEPS = 1500 };
#else
enum { STEPS = 10000 };
#endif

START_TEST(a_run_killed_at_random_moments_resumes_to_the_same_log)
{
    static const char *const methods[] = {"meka", "sgd"};
    for (size_t i = 0; i < 2; i++) {
        char run[600], whole[300], log[300], checkpoint[300];
        snprintf(whole, sizeof whole, "%s", test_path("whole.tsv"));
        snprintf(log, sizeof log, "%s", test_path("run.tsv"));
        snprintf(checkpoint, sizeof checkpoint, "%s", test_path("run.ck"));
        snprintf(run, sizeof run,
                 "run noisy-quadratic --method %s --steps %d --average ema --quiet", methods[i],
                 STEPS);
        assert_done(drive("%s --log %s", run, whole));

        char command[1600];
        int killed = 0, done = 0;
        for (int k = 0; k < 60 && !done; k++) {
            meka_rng rng;
            meka_rng_init(&rng, i, MEKA_STREAM_TEST, (uint64_t)k, 0);
            snprintf(command, sizeof command,
                     "%s --log %s --checkpoint %s --checkpoint-every 97%s", run, log,
                     checkpoint, access(checkpoint, F_OK) == 0 ? " --resume" : "");
            /* The later, the more patient: an own directory may be slow to sync. */
            long milliseconds = 20 + (long)meka_rng_below(&rng, 60 + 40 * (uint64_t)k);
            done = !kill_after(command, milliseconds);
            killed += !done;
        }
        ck_assert_msg(done && killed >= 2, "%s: killed %d times", methods[i], killed);
        assert_same_logs(log, whole);
        ck_assert_int_eq(remove(checkpoint), 0);
    }
}
END_TEST

START_TEST(an_interrupted_run_says_how_to_go_on_and_does)
{
    char log[300], checkpoint[300], whole[300];
    snprintf(whole, sizeof whole, "%s", test_path("whole.tsv"));
    snprintf(log, sizeof log, "%s", test_path("run.tsv"));
    snprintf(checkpoint, sizeof checkpoint, "%s", test_path("run.ck"));
    pid_t process = drive_begin("run rosenbrock --quiet --steps 1e9 --log %s --checkpoint %s",
                                log, checkpoint);
    nanosleep(&(struct timespec){0, 300000000}, NULL);
    kill(process, SIGINT);
    drive_result result = drive_end(process);
    ck_assert_int_eq(result.status, 3);
    ck_assert_ptr_nonnull(strstr(result.err, "the same command with --resume continues"));
    /* Up to a few steps more than there are, whatever has been done so far. */
    cJSON *json = drive_json(drive("run rosenbrock --quiet --steps 1 --log %s --checkpoint %s "
                                   "--resume --json",
                                   log, checkpoint));
    const cJSON *run = cJSON_GetArrayItem(cJSON_GetObjectItem(json, "runs"), 0);
    double steps = drive_number(run, "steps") + 5.0;
    cJSON_Delete(json);
    assert_done(drive("run rosenbrock --quiet --steps %.0f --log %s --checkpoint %s --resume",
                      steps, log, checkpoint));
    assert_done(drive("run rosenbrock --quiet --steps %.0f --log %s", steps, whole));
    assert_same_logs(log, whole);
}
END_TEST

START_TEST(several_seeds_have_a_checkpoint_each_and_only_some_need_be_there)
{
    char log[300], checkpoint[300], removed[300], whole[300];
    snprintf(whole, sizeof whole, "%s", test_path("whole.tsv"));
    snprintf(log, sizeof log, "%s", test_path("run.tsv"));
    snprintf(checkpoint, sizeof checkpoint, "%s", test_path("run.ck"));
    snprintf(removed, sizeof removed, "%s", test_path("run.seed2.ck"));
    assert_done(drive("run rosenbrock --quiet --seeds 1:3 --steps 40 --log %s --checkpoint %s",
                      log, checkpoint));
    ck_assert_int_eq(remove(removed), 0);
    assert_done(drive("run rosenbrock --quiet --seeds 1:3 --steps 60 --log %s --checkpoint %s "
                      "--resume",
                      log, checkpoint));
    assert_done(drive("run rosenbrock --quiet --seeds 1:3 --steps 60 --log %s", whole));
    for (int seed = 1; seed <= 3; seed++) {
        char a[32], b[32];
        snprintf(a, sizeof a, "run.seed%d.tsv", seed);
        snprintf(b, sizeof b, "whole.seed%d.tsv", seed);
        assert_same_logs(test_path(a), test_path(b));
    }
}
END_TEST

START_TEST(a_checkpoint_that_cannot_be_written_leaves_the_rows_of_the_log)
{
    char log[300], part[310], checkpoint[300];
    snprintf(log, sizeof log, "%s", test_path("run.tsv"));
    snprintf(part, sizeof part, "%s.part", log);
    snprintf(checkpoint, sizeof checkpoint, "%s", test_path("none/run.ck"));
    drive_result result = drive("run rosenbrock --quiet --steps 50 --checkpoint-every 10 "
                                "--log %s --checkpoint %s",
                                log, checkpoint);
    ck_assert_int_eq(result.status, 3);
    ck_assert_ptr_nonnull(strstr(result.err, "none/run.ck"));
    char *rows = test_read(part);
    ck_assert_ptr_nonnull(rows);
    ck_assert_ptr_nonnull(strstr(rows, "\n9\t"));
    free(rows);
}
END_TEST

START_TEST(checkpoints_are_neither_overwritten_nor_invented)
{
    char path[300];
    snprintf(path, sizeof path, "%s", test_path("run.ck"));
    assert_refused(drive("run rosenbrock --resume"), 2, "--resume needs --checkpoint");
    assert_refused(drive("run rosenbrock --checkpoint-every 5"), 2, "--checkpoint-every needs");
    assert_refused(drive("run rosenbrock --log %s --checkpoint %s", path, path), 2,
                   "same file");
    assert_refused(drive("run rosenbrock --resume --checkpoint %s", path), 2, "no checkpoint",
                   "run.ck");
    assert_done(drive("run rosenbrock --quiet --steps 3 --checkpoint %s", path));
    assert_refused(drive("run rosenbrock --quiet --steps 3 --checkpoint %s", path), 2, "exists",
                   "--resume");
    assert_refused(drive("run rosenbrock --quiet --seed 2 --checkpoint %s --resume", path), 2,
                   "'seed: 1', this run 'seed: 2'");
    assert_refused(drive("run rosenbrock --quiet --set cap=1 --checkpoint %s --resume", path),
                   2, "option cap");
}
END_TEST

TEST_MAIN("cli_resume", a_run_killed_at_random_moments_resumes_to_the_same_log,
          an_interrupted_run_says_how_to_go_on_and_does,
          several_seeds_have_a_checkpoint_each_and_only_some_need_be_there,
          a_checkpoint_that_cannot_be_written_leaves_the_rows_of_the_log,
          checkpoints_are_neither_overwritten_nor_invented)
