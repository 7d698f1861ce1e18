/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Files that appear whole or not at all, on a real file system.
 */
#define _GNU_SOURCE
#include "loader/outfile.h"
#include "loader/tempdir.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct tempdir dir;
static struct problem problem;
static char source[TEMPDIR_PATH_MAX], target[TEMPDIR_PATH_MAX];

static void put(const char *name, const char *text)
{
    assert_true(tempdir_create_text(&dir, name, &problem, "%s", text));
}

static int start(void **state)
{
    (void)state;
    memset(&problem, 0, sizeof problem);
    if (!tempdir_create(&dir, &problem))
        return -1;
    tempdir_path(&dir, "source", source);
    tempdir_path(&dir, "target", target);
    put("source", "new");
    return 0;
}

static int end(void **state)
{
    (void)state;
    tempdir_remove(&dir);
    return 0;
}

static unsigned files(void)
{
    unsigned n = 0;
    DIR *d = opendir(dir.path);
    for (const struct dirent *e; (e = readdir(d));)
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

static void target_is(const char *text)
{
    char *t = tempdir_read_tail(&dir, "target", 100);
    assert_string_equal(t, text);
    free(t);
}

static void appears_on_commit_only(void **state)
{
    (void)state;
    struct outfile f;
    put("target", "old");
    assert_true(outfile_open(&f, "--output", target, &problem));
    assert_true(outfile_copy(&f, source, &problem));
    target_is("old");
    assert_true(outfile_commit(&f, &problem));
    target_is("new");
    outfile_drop(&f);
    target_is("new");
    assert_int_equal(files(), 2);
}

static void dropped_without_a_trace(void **state)
{
    (void)state;
    struct outfile f, never = {0};
    assert_true(outfile_open(&f, "--output", target, &problem));
    assert_true(outfile_copy(&f, source, &problem));
    assert_int_equal(files(), 2);
    outfile_drop(&f);
    outfile_drop(&f);
    outfile_drop(&never);
    assert_int_equal(files(), 1);
}

static void permissions_and_links_stay(void **state)
{
    (void)state;
    char link[TEMPDIR_PATH_MAX];
    struct outfile f;
    struct stat st;
    put("target", "old");
    assert_int_equal(chmod(target, 0640), 0);
    tempdir_path(&dir, "link", link);
    assert_int_equal(symlink("target", link), 0);
    assert_true(outfile_open(&f, "--output", link, &problem));
    assert_true(outfile_copy(&f, source, &problem));
    assert_true(outfile_commit(&f, &problem));
    assert_int_equal(lstat(link, &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    assert_int_equal(stat(target, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
    target_is("new");
}

static void new_files_obey_the_umask(void **state)
{
    (void)state;
    struct outfile f;
    struct stat st;
    mode_t old = umask(027);
    assert_true(outfile_open(&f, "--output", target, &problem));
    assert_true(outfile_commit(&f, &problem));
    umask(old);
    assert_int_equal(stat(target, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
}

static void refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "/", "/dev/null", "/nowhere/file", "/dev/null/file"};
    struct outfile f;
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(outfile_open(&f, "--output", bad[i], &problem));
        assert_int_equal(problem.status, EXIT_BAD_INPUT);
        assert_non_null(strstr(problem.text, bad[i]));
        outfile_drop(&f);
    }
    char path[5000];
    memset(path, 'a', sizeof path - 1);
    path[sizeof path - 1] = 0;
    assert_false(outfile_open(&f, "--output", path, &problem));
}

static void a_full_disk_is_noticed(void **state)
{
    (void)state;
    struct outfile f;
    assert_true(outfile_open(&f, "--output", target, &problem));
    int own = f.fd;
    f.fd = open("/dev/full", O_WRONLY);
    assert_false(outfile_copy(&f, source, &problem));
    assert_int_equal(problem.status, EXIT_HOST_TROUBLE);
    assert_non_null(strstr(problem.text, "No space left"));
    outfile_drop(&f);
    close(own);
    assert_int_equal(files(), 1);
    assert_true(outfile_open(&f, "--output", target, &problem));
    assert_false(outfile_copy(&f, "/nowhere/source", &problem));
    outfile_drop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(appears_on_commit_only, start, end),
        cmocka_unit_test_setup_teardown(dropped_without_a_trace, start, end),
        cmocka_unit_test_setup_teardown(permissions_and_links_stay, start, end),
        cmocka_unit_test_setup_teardown(new_files_obey_the_umask, start, end),
        cmocka_unit_test_setup_teardown(refused, start, end),
        cmocka_unit_test_setup_teardown(a_full_disk_is_noticed, start, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
