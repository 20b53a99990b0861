#include "problems/bytes.h"
#include "tests/data_fixture.h"

/* All bytes of a file, in pieces of `piece`, to be freed; n of them. */
static meka_status take_all(const char *path, size_t piece, uint8_t **out, size_t *n,
                            meka_error *err)
{
    enum { ROOM = 1 << 20 };
    prob_bytes in;
    meka_status status = prob_bytes_open(&in, path, err);
    if (status != MEKA_OK)
        return status;
    *out = malloc(ROOM);
    *n = 0;
    for (size_t got = piece; status == MEKA_OK && got == piece && *n + piece <= ROOM; *n += got)
        status = prob_bytes_take(&in, *out + *n, piece, &got, err);
    status = prob_bytes_close(&in, status, err);
    if (status != MEKA_OK)
        free(*out);
    return status;
}

/* Bytes that compress, but not to nothing. */
static void make_bytes(uint8_t *bytes, size_t n)
{
    meka_rng rng;
    meka_rng_init(&rng, 1, MEKA_STREAM_TEST, 0, 0);
    for (size_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)meka_rng_below(&rng, 7);
}

START_TEST(plain_and_compressed_files_give_the_same_bytes_in_pieces_of_any_size)
{
    enum { N = 200001 };
    static uint8_t bytes[N];
    make_bytes(bytes, N);
    const char *paths[] = {data_write("plain", bytes, N), data_write_gzip("packed", bytes, N)};
    const size_t pieces[] = {1000, 65536, 65537, 199999, 200002};
    for (size_t k = 0; k < 2; k++)
        for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
            uint8_t *got;
            size_t n;
            meka_error err;
            assert_ok(take_all(paths[k], pieces[i], &got, &n, &err), err);
            ck_assert_uint_eq(n, N);
            ck_assert_mem_eq(got, bytes, N);
            free(got);
        }
}
END_TEST

START_TEST(several_compressed_members_are_one_file)
{
    size_t n_first, n_second, n;
    uint8_t *first = data_load(data_write_gzip("first", "abc", 3), &n_first), *got;
    uint8_t *second = data_load(data_write_gzip("second", "defg", 4), &n_second);
    uint8_t both[200];
    meka_error err;
    ck_assert_uint_le(n_first + n_second, sizeof both);
    memcpy(both, first, n_first);
    memcpy(both + n_first, second, n_second);
    assert_ok(take_all(data_write("both", both, n_first + n_second), 100, &got, &n, &err), err);
    ck_assert_uint_eq(n, 7);
    ck_assert_mem_eq(got, "abcdefg", 7);
    free(got);
    free(first);
    free(second);
}
END_TEST

static meka_status take_and_free(void *ctx, meka_error *err)
{
    uint8_t *got;
    size_t n;
    meka_status status = take_all(ctx, 1000, &got, &n, err);
    if (status == MEKA_OK)
        free(got);
    return status;
}

START_TEST(compressed_data_cut_off_anywhere_are_refused)
{
    enum { N = 3000 };
    uint8_t bytes[N], *packed;
    size_t n_packed, n_read = 0;
    make_bytes(bytes, N);
    packed = data_load(data_write_gzip("packed.gz", bytes, N), &n_packed);
    for (size_t length = 0; length < n_packed; length++) {
        char path[256], what[100];
        meka_error err;
        snprintf(path, sizeof path, "%s", data_write("cut.gz", packed, length));
        snprintf(
            what, sizeof what,
            "cut.gz: the compressed data are cut off after %zu bytes (unexpected end of file)",
            length);
        meka_status status = take_and_free(path, &err);
        n_read += status == MEKA_OK;
        if (status != MEKA_OK) {
            ck_assert_int_eq(status, MEKA_ERR_IO);
            ck_assert_msg(strstr(err.text, what) != NULL, "'%s' not '%s'", err.text, what);
        }
    }
    free(packed);
    /* no byte, or one, is not yet a compressed file */
    ck_assert_uint_eq(n_read, 2);
}
END_TEST

START_TEST(damaged_compressed_data_are_refused_with_what_zlib_says)
{
    enum { N = 3000 };
    uint8_t bytes[N];
    size_t n;
    meka_error err;
    make_bytes(bytes, N);
    uint8_t *packed = data_load(data_write_gzip("packed.gz", bytes, N), &n);
    const struct {
        size_t at;
        const char *what;
    } ruins[] = {
        {n - 8, "bad.gz: the compressed data are damaged before byte "},
        {n - 5, "(incorrect data check)"},
        {n - 4, "incorrect length check"},
        {2, "unknown compression method"},
        {3, "unknown header flags"},
    };
    for (size_t i = 0; i < sizeof ruins / sizeof ruins[0]; i++) {
        packed[ruins[i].at] ^= 0xe0;
        char path[256];
        snprintf(path, sizeof path, "%s", data_write("bad.gz", packed, n));
        assert_fails(take_and_free(path, &err), err, MEKA_ERR_IO, ruins[i].what);
        packed[ruins[i].at] ^= 0xe0;
    }
    free(packed);
}
END_TEST

START_TEST(a_file_that_cannot_be_read_is_named_with_the_reason)
{
    meka_error err;
    char path[256];
    snprintf(path, sizeof path, "%s", test_path("missing"));
    assert_fails(take_and_free(path, &err), err, MEKA_ERR_IO,
                 "missing': No such file or directory");
    snprintf(path, sizeof path, "%s", test_directory());
    assert_fails(take_and_free(path, &err), err, MEKA_ERR_IO, "Is a directory");
}
END_TEST

/* The lines of a file of this text, joined by '|'. */
static meka_status join_lines(const char *path, char *out, size_t size, meka_error *err)
{
    prob_bytes in;
    bool more = true;
    out[0] = '\0';
    meka_status status = prob_bytes_open(&in, path, err);
    while (status == MEKA_OK && more) {
        status = prob_bytes_line(&in, &more, err);
        if (status == MEKA_OK && more)
            snprintf(out + strlen(out), size - strlen(out), "%s|", in.line);
    }
    return prob_bytes_close(&in, status, err);
}

START_TEST(lines_come_without_their_ends_and_without_a_byte_order_mark)
{
    static const struct {
        const char *text, *lines;
    } cases[] = {
        {"", ""},
        {"\n", "|"},
        {"a\nbc\n", "a|bc|"},
        {"a\nbc", "a|bc|"},
        {"a\r\nb\r\n\r\n", "a|b||"},
        {"\xEF\xBB\xBFx\n\xEF\xBB\xBFy\n", "x|\xEF\xBB\xBFy|"},
        {"\xEF\xBB\xBF\r\nz", "|z|"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char lines[100];
        meka_error err;
        assert_ok(join_lines(test_write("text", cases[i].text), lines, sizeof lines, &err),
                  err);
        ck_assert_str_eq(lines, cases[i].lines);
    }
}
END_TEST

START_TEST(a_line_longer_than_the_buffer_comes_whole)
{
    enum { N = 3 * PROB_BYTES_BUFFER + 5 };
    static char text[N + 3], lines[N + 10];
    meka_error err;
    memset(text, 'x', N);
    memcpy(text + N, "\ny", 2);
    assert_ok(join_lines(data_write_gzip("long", text, N + 2), lines, sizeof lines, &err), err);
    ck_assert_uint_eq(strspn(lines, "x"), N);
    ck_assert_str_eq(lines + N, "|y|");
}
END_TEST

START_TEST(a_nul_byte_is_refused_with_its_line)
{
    char lines[100];
    meka_error err;
    assert_fails(join_lines(data_write("binary", "a\nb\0c\n", 6), lines, sizeof lines, &err),
                 err, MEKA_ERR_INPUT, "binary:2: holds a NUL byte, so it is not a text file");
}
END_TEST

START_TEST(what_a_header_promises_is_allocated_as_it_arrives)
{
    enum { N = 100 };
    uint8_t bytes[N] = {0}, *array = NULL;
    size_t room = 0;
    meka_error err;
    prob_bytes in;
    assert_ok(prob_bytes_open(&in, data_write("short", bytes, N), &err), err);
    assert_fails(
        prob_bytes_append(&in, &array, &room, 0, (uint64_t)3 << 30, "pixels", &err), err,
        MEKA_ERR_INPUT,
        "short: byte 100: the file ends here, but its pixels go on to byte 3221225472");
    ck_assert_uint_le(room, PROB_BYTES_BUFFER);
    free(array);
    prob_bytes_close(&in, MEKA_OK, &err);
}
END_TEST

START_TEST(what_follows_the_end_is_refused)
{
    uint8_t three[3];
    size_t got;
    meka_error err;
    prob_bytes in;
    assert_ok(prob_bytes_open(&in, test_write("four", "abcd"), &err), err);
    assert_ok(prob_bytes_take(&in, three, 3, &got, &err), err);
    assert_fails(prob_bytes_expect_end(&in, "the first three", &err), err, MEKA_ERR_INPUT,
                 "four: byte 3: the file goes on after the first three");
    assert_ok(prob_bytes_expect_end(&in, "all", &err), err);
    assert_ok(prob_bytes_close(&in, MEKA_OK, &err), err);
}
END_TEST

START_TEST(closing_tells_of_a_file_cut_off_that_was_not_read_to_its_end)
{
    size_t n, got;
    uint8_t byte, *packed = data_load(data_write_gzip("packed", "abcdefgh", 8), &n);
    meka_error err;
    prob_bytes in;
    assert_ok(prob_bytes_open(&in, data_write("cut", packed, n - 1), &err), err);
    free(packed);
    meka_status status = prob_bytes_take(&in, &byte, 1, &got, &err);
    ck_assert_int_ne(prob_bytes_close(&in, status, &err), MEKA_OK);
}
END_TEST

TEST_MAIN("bytes", plain_and_compressed_files_give_the_same_bytes_in_pieces_of_any_size,
          several_compressed_members_are_one_file, compressed_data_cut_off_anywhere_are_refused,
          damaged_compressed_data_are_refused_with_what_zlib_says,
          a_file_that_cannot_be_read_is_named_with_the_reason,
          lines_come_without_their_ends_and_without_a_byte_order_mark,
          a_line_longer_than_the_buffer_comes_whole, a_nul_byte_is_refused_with_its_line,
          what_a_header_promises_is_allocated_as_it_arrives, what_follows_the_end_is_refused,
          closing_tells_of_a_file_cut_off_that_was_not_read_to_its_end)
