#include "base/text.h"

#include "base/memory.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Switches this thread to the C locale; the pair is given back to leave_c_locale. */
typedef struct locale_pair {
    locale_t c, before;
} locale_pair;

static locale_pair enter_c_locale(void)
{
    locale_pair pair = {0};
    /* All categories: the C library then hands out its built-in object, without memory. */
    pair.c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (pair.c)
        pair.before = uselocale(pair.c);
    return pair;
}

static void leave_c_locale(locale_pair pair)
{
    if (!pair.c)
        return;
    uselocale(pair.before);
    freelocale(pair.c);
}

bool meka_parse_real(const char *text, double *value)
{
    /* strtod also knows blanks, hexadecimal, inf and nan. */
    if (text[0] == '\0' || text[strspn(text, "+-.0123456789eE")] != '\0')
        return false;
    char *end;
    locale_pair locale = enter_c_locale();
    double number = strtod(text, &end);
    leave_c_locale(locale);
    if (*end != '\0' || !isfinite(number))
        return false;
    *value = number;
    return true;
}

bool meka_is_nonfinite(const char *text)
{
    static const char *const names[] = {"nan", "inf", "infinity"};
    char lower[16];
    size_t n = 0;
    if (*text == '+' || *text == '-')
        text++;
    for (; text[n] && n < sizeof lower - 1; n++)
        lower[n] = (char)tolower((unsigned char)text[n]);
    lower[n] = '\0';
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(lower, names[i]) == 0)
            return true;
    return false;
}

const char *meka_why_not_real(const char *text)
{
    double zero;
    if (meka_is_nonfinite(text))
        return "is not finite";
    if (text[0] && text[strspn(text, "+-.0123456789eE")] == '\0' &&
        !meka_parse_real(text, &zero) && strpbrk(text, "eE"))
        return "is not a number that a double can hold";
    return "is not a number";
}

/* *number = 10 * *number + digit; false if that overflows. */
static bool push_digit(uint64_t *number, unsigned digit)
{
    if (*number > (UINT64_MAX - digit) / 10)
        return false;
    *number = *number * 10 + digit;
    return true;
}

/* The digits at *text, and those after a point, appended to *number; *n_digits counts all,
 * *n_after those after the point. */
static bool read_digits(const char **text, uint64_t *number, int *n_digits, int *n_after)
{
    bool after = false;
    for (; **text == '.' || (**text >= '0' && **text <= '9'); (*text)++) {
        if (**text == '.') {
            if (after)
                return false;
            after = true;
            continue;
        }
        if (!push_digit(number, (unsigned)(**text - '0')))
            return false;
        (*n_digits)++;
        *n_after += after;
    }
    return *n_digits > 0;
}

bool meka_parse_count(const char *text, uint64_t *value)
{
    uint64_t number = 0;
    int n_digits = 0, n_after = 0;
    long exponent = 0;
    if (*text == '+')
        text++;
    if (!read_digits(&text, &number, &n_digits, &n_after))
        return false;
    if (*text == 'e' || *text == 'E') {
        char *end;
        text++;
        if (text[strspn(text, "+-0123456789")] != '\0')
            return false;
        exponent = strtol(text, &end, 10);
        if (end == text || labs(exponent) > 100000)
            return false;
        text = end;
    }
    if (*text != '\0')
        return false;
    exponent -= n_after;
    for (; number && exponent > 0; exponent--)
        if (!push_digit(&number, 0))
            return false;
    for (; number && exponent < 0; exponent++) {
        if (number % 10 != 0)
            return false;
        number /= 10;
    }
    *value = number;
    return true;
}

void meka_format_real(char *text, size_t size, double value, int digits)
{
    locale_pair locale = enter_c_locale();
    snprintf(text, size, "%.*g", digits, value);
    leave_c_locale(locale);
}

meka_status meka_fail_errno(meka_error *err, const char *verb, const char *path, int code)
{
    char why[128];
    if (strerror_r(code, why, sizeof why) != 0)
        snprintf(why, sizeof why, "error %d", code);
    meka_status status = code == ENOMEM ? MEKA_ERR_MEMORY : MEKA_ERR_IO;
    return meka_fail(err, status, "cannot %s '%.700s': %s", verb, path, why);
}

static void file_destroy(meka_file *file)
{
    if (!file)
        return;
    free(file->path);
    free(file->part);
    free(file);
}

meka_file *meka_file_begin(const char *path, meka_error *err)
{
    assert(path);
    static const char suffix[] = ".part";
    size_t length = strlen(path);
    struct stat info;
    /* A rename would put a file in the place of a device or of a link (/dev/stdout), and fail
     * for a directory at the end. */
    if (lstat(path, &info) == 0 && !S_ISREG(info.st_mode)) {
        meka_fail(err, MEKA_ERR_IO, "cannot write '%.700s': it is not a regular file", path);
        return NULL;
    }
    meka_file *file = meka_alloc(1, sizeof *file, err);
    if (!file)
        return NULL;
    file->path = meka_strdup(path, err);
    file->part = meka_alloc(length + sizeof suffix, 1, err);
    if (!file->path || !file->part)
        goto fail;
    memcpy(file->part, path, length);
    memcpy(file->part + length, suffix, sizeof suffix);
    file->stream = fopen(file->part, "w");
    if (!file->stream) {
        meka_fail_errno(err, "write", file->part, errno);
        goto fail;
    }
    return file;
fail:
    file_destroy(file);
    return NULL;
}

/* 0, or the errno value of what went wrong.  EINVAL, ENOTSUP: not a file that could be forced
 * to disk. */
static int sync_stream(FILE *stream)
{
    errno = 0;
    if (ferror(stream) || fflush(stream) != 0)
        return errno ? errno : EIO;
    if (fsync(fileno(stream)) != 0 && errno != EINVAL && errno != ENOTSUP)
        return errno;
    return 0;
}

meka_status meka_file_sync(meka_file *file, meka_error *err)
{
    assert(file);
    int code = sync_stream(file->stream);
    return code ? meka_fail_errno(err, "write", file->part, code) : MEKA_OK;
}

/* The new name is on the disk, too, where the system lets a directory be synced. */
static void sync_directory(const char *path)
{
    char directory[4096];
    const char *slash = strrchr(path, '/');
    size_t length = slash ? (size_t)(slash - path) + 1 : 1;
    if (length >= sizeof directory)
        return;
    memcpy(directory, slash ? path : ".", length);
    directory[length] = '\0';
    int descriptor = open(directory, O_RDONLY);
    if (descriptor < 0)
        return;
    (void)fsync(descriptor);
    (void)close(descriptor);
}

meka_status meka_file_commit(meka_file *file, meka_error *err)
{
    assert(file);
    meka_status status = MEKA_OK;
    int code =
        sync_stream(file->stream); /* a name must not outlive a crash its content did not */
    if (fclose(file->stream) != 0 && !code)
        code = errno ? errno : EIO;
    if (!code && rename(file->part, file->path) != 0)
        code = errno;
    if (code) {
        remove(file->part);
        status = meka_fail_errno(err, "write", file->path, code);
    } else {
        sync_directory(file->path);
    }
    file_destroy(file);
    return status;
}

void meka_file_abandon(meka_file *file)
{
    if (!file)
        return;
    fclose(file->stream);
    remove(file->part);
    file_destroy(file);
}

void meka_file_keep(meka_file *file)
{
    if (!file)
        return;
    fclose(file->stream);
    file_destroy(file);
}
