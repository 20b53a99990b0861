#include "tests/cli_driver.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char out_path[128], err_path[128], temporary[128];

static pid_t begin(const char *arguments, va_list list)
{
    char line[8192];
    const char *program = getenv("MEKA_PROGRAM"), *source = getenv("MEKA_SOURCE");
    ck_assert_msg(program && source, "MEKA_PROGRAM and MEKA_SOURCE must be set");
    int used = snprintf(line, sizeof line, "exec '%s' ", program);
    vsnprintf(line + used, sizeof line - (size_t)used, arguments, list);
    snprintf(out_path, sizeof out_path, "%s", test_path("stdout"));
    snprintf(err_path, sizeof err_path, "%s", test_path("stderr"));
    snprintf(temporary, sizeof temporary, "%s", test_path("temporary"));
    mkdir(temporary, 0700);
    pid_t process = fork();
    ck_assert_int_ge(process, 0);
    if (process)
        return process;
    int out = open(out_path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    int err = open(err_path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    setenv("TMPDIR", temporary, 1);
    if (out < 0 || err < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0 || chdir(source) != 0)
        _exit(126);
    execl("/bin/sh", "sh", "-c", line, (char *)NULL);
    _exit(127);
}

pid_t drive_begin(const char *arguments, ...)
{
    va_list list;
    va_start(list, arguments);
    pid_t process = begin(arguments, list);
    va_end(list);
    return process;
}

/* All texts given out, so that they stay reachable until the test's process ends. */
typedef struct kept_text {
    char *text;
    struct kept_text *next;
} kept_text;
static kept_text *kept;

static char *keep(char *text)
{
    kept_text *entry = malloc(sizeof *entry);
    ck_assert_ptr_nonnull(entry);
    *entry = (kept_text){text, kept};
    kept = entry;
    return text;
}

drive_result drive_end(pid_t process)
{
    int status = 0;
    ck_assert_int_eq(waitpid(process, &status, 0), process);
    return (drive_result){WIFEXITED(status) ? WEXITSTATUS(status) : -1,
                          keep(test_read(out_path)), keep(test_read(err_path))};
}

drive_result drive(const char *arguments, ...)
{
    va_list list;
    va_start(list, arguments);
    pid_t process = begin(arguments, list);
    va_end(list);
    return drive_end(process);
}

int drive_count_files(const char *directory)
{
    int n = 0;
    DIR *stream = opendir(directory);
    if (!stream)
        return -1;
    for (struct dirent *entry; (entry = readdir(stream));)
        n += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(stream);
    return n;
}

void assert_refused_with(drive_result result, int status, const char *const *pieces)
{
    ck_assert_msg(result.status == status, "status %d instead of %d: %s", result.status, status,
                  result.err);
    ck_assert_str_eq(result.out, "");
    ck_assert_msg(strncmp(result.err, "meka: ", 6) == 0, "'%s'", result.err);
    const char *end = strchr(result.err, '\n');
    ck_assert_msg(end && end[1] == '\0', "not one line: '%s'", result.err);
    for (; *pieces; pieces++)
        ck_assert_msg(strstr(result.err, *pieces), "'%s' does not say '%s'", result.err,
                      *pieces);
    ck_assert_int_eq(drive_count_files(temporary), 0);
}

void assert_done(drive_result result)
{
    ck_assert_msg(result.status == 0, "status %d: %s", result.status, result.err);
    ck_assert_str_eq(result.err, "");
    ck_assert_int_eq(drive_count_files(temporary), 0);
}

cJSON *drive_json(drive_result result)
{
    cJSON *json = cJSON_Parse(result.out);
    ck_assert_msg(json != NULL, "not JSON: '%.200s', %s", result.out, result.err);
    return json;
}

double drive_number(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    ck_assert_msg(cJSON_IsNumber(item), "no number '%s'", name);
    return item->valuedouble;
}
