/* tests/cli_driver.h - the program, driven as a user would. */
#ifndef TESTS_CLI_DRIVER_H
#define TESTS_CLI_DRIVER_H

#include "tests/testing.h"

#include <cjson/cJSON.h>
#include <sys/types.h>

/* What a command left behind; cleared with the test's process. */
typedef struct drive_result {
    int status; /* exit status; -1: died of a signal */
    char *out, *err;
} drive_result;

/* Runs "meka ARGUMENTS" (printf-style, read by sh, so that it may hold redirections) in the
 * source tree, with TMPDIR set to an own directory. */
drive_result drive(const char *arguments, ...) __attribute__((format(printf, 1, 2)));

/* The same in two halves, to send signals in between. */
pid_t drive_begin(const char *arguments, ...) __attribute__((format(printf, 1, 2)));
drive_result drive_end(pid_t process);

/* The command was refused as it should be: this exit status, stderr one line beginning with
 * "meka: " that contains each of the pieces (NULL-terminated), nothing on stdout, and no
 * file left in the temporary directory. */
void assert_refused_with(drive_result result, int status, const char *const *pieces);
#define assert_refused(result, status, ...)                                                    \
    assert_refused_with((result), (status), (const char *const[]){__VA_ARGS__, NULL})

/* Exit status 0 and nothing on stderr. */
void assert_done(drive_result result);

/* How many entries the directory has; -1 if there is none. */
int drive_count_files(const char *directory);

/* stdout as JSON; the test fails if it is not. */
cJSON *drive_json(drive_result result);
double drive_number(const cJSON *object, const char *name);

#endif
