#include "plots/files.h"

#include "base/memory.h"
#include "base/text.h"
#include "plots/gnuplot.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

static bool is_directory(const char *path)
{
    struct stat what;
    return stat(path, &what) == 0 && S_ISDIR(what.st_mode);
}

static meka_status create_one(const char *path, meka_error *err)
{
    if (mkdir(path, 0777) == 0 || is_directory(path))
        return MEKA_OK;
    /* Something else has the name already: say that, not that it exists. */
    return meka_fail_errno(err, "create directory", path, errno == EEXIST ? ENOTDIR : errno);
}

meka_status plot_directory_create(const char *path, meka_error *err)
{
    assert(path);
    if (path[0] == '\0')
        return meka_fail(err, MEKA_ERR_INPUT, "a figure needs the name of a directory");
    if (is_directory(path))
        return MEKA_OK;
    char *part = meka_strdup(path, err);
    if (!part)
        return MEKA_ERR_MEMORY;
    meka_status status = MEKA_OK;
    for (char *c = part + 1; *c && !status; c++) {
        if (*c != '/')
            continue;
        *c = '\0';
        status = create_one(part, err);
        *c = '/';
    }
    if (!status)
        status = create_one(part, err);
    free(part);
    return status;
}

unsigned long plot_code_checksum(void)
{
    unsigned char buffer[65536];
    unsigned long crc = crc32_z(0, NULL, 0);
    FILE *stream = fopen("/proc/self/exe", "rb");
    if (!stream)
        return 0;
    for (size_t n; (n = fread(buffer, 1, sizeof buffer, stream)) > 0;)
        crc = crc32_z(crc, buffer, n);
    fclose(stream);
    return crc;
}

static bool join(char *out, size_t size, const char *directory, const char *name,
                 const char *ending)
{
    int length = snprintf(out, size, "%s/%s%s", directory, name, ending);
    return length >= 0 && (size_t)length < size;
}

meka_status plot_files_name(plot_figure_files *out, const char *directory, const char *name,
                            meka_error *err)
{
    plot_figure_files files;
    if (!join(files.data, sizeof files.data, directory, name, ".tsv") ||
        !join(files.png, sizeof files.png, directory, name, ".png") ||
        !join(files.svg, sizeof files.svg, directory, name, ".svg") ||
        !join(files.caption, sizeof files.caption, directory, name, ".txt"))
        return meka_fail(err, MEKA_ERR_INPUT,
                         "the directory '%.100s...' is too long a name for figures: with "
                         "'%s.tsv' it must have fewer than %zu characters",
                         directory, name, sizeof files.data);
    *out = files;
    return MEKA_OK;
}

static meka_status write_text(const char *path, const char *text, meka_error *err)
{
    meka_file *file = meka_file_begin(path, err);
    if (!file)
        return err ? err->status : MEKA_ERR_IO;
    fputs(text, file->stream);
    return meka_file_commit(file, err);
}

/* Gives the pictures their names, or removes them. */
static meka_status settle(const char *const *picture, size_t n, bool drawn, meka_error *err)
{
    meka_status status = MEKA_OK;
    for (size_t i = 0; i < n; i++) {
        char part[sizeof(((plot_figure_files *)NULL)->png) + 8];
        snprintf(part, sizeof part, "%s.part", picture[i]);
        if (!drawn || status)
            remove(part);
        else if (rename(part, picture[i]) != 0)
            status = meka_fail_errno(err, "write", picture[i], errno);
    }
    return status;
}

meka_status plot_files_draw(const plot_figure_files *files, const char *directory,
                            const char *name, const char *script, const char *caption,
                            meka_error *err)
{
    char path[sizeof files->data], file[64];
    snprintf(file, sizeof file, "%s.gp", name);
    if (!join(path, sizeof path, directory, file, ""))
        return meka_fail(err, MEKA_ERR_INPUT, "'%.100s...' is too long a name for a directory",
                         directory);
    meka_status status = write_text(path, script, err);
    if (status)
        return status;
    const char *const picture[] = {files->png, files->svg};
    status = plot_gnuplot_run(directory, file, err);
    meka_status settled = settle(picture, 2, status == MEKA_OK, err);
    if (!status)
        status = settled;
    if (!status)
        status = write_text(files->caption, caption, err);
    return status;
}
