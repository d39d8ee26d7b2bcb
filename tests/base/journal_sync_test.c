// journal: when it is synced to disk, by a clock and a fdatasync of our own that the linker puts in.
#include "files.h"

#include "clock.h"
#include "journal.h"

#include <errno.h>

int __wrap_fdatasync(int fd);
int __wrap_clock_gettime(clockid_t id, struct timespec *t);

static unsigned syncs;
static int sync_errno;
static uint64_t now_ns = 5 * SG_NS_PER_S;

int __wrap_fdatasync(int fd)
{
	(void)fd;
	syncs++;
	errno = sync_errno;
	return sync_errno == 0 ? 0 : -1;
}

int __wrap_clock_gettime(clockid_t id, struct timespec *t)
{
	(void)id;
	t->tv_sec = (time_t)(now_ns / SG_NS_PER_S);
	t->tv_nsec = (long)(now_ns % SG_NS_PER_S);
	return 0;
}

static struct journal *create(void)
{
	char *path = file_path("journal.jsonl");
	struct journal *j;

	assert_int_equal(journal_create(path, &j, NULL), 0);
	free(path);
	syncs = 0;
	return j;
}

static int append(struct journal *j, bool sync)
{
	json_t *record = json_object();
	int rc = journal_append(j, "r", record, sync);

	json_decref(record);
	return rc;
}

CASE("journal: it is synced at the twentieth record, a start and an end for each of ten tests, when none asks for it")
{
	struct journal *j = create();

	for (int i = 0; i < 19; i++)
		assert_int_equal(append(j, false), 0);
	assert_int_equal(syncs, 0);
	append(j, false);
	assert_int_equal(syncs, 1);
	for (int i = 0; i < 20; i++)
		append(j, false);
	assert_int_equal(syncs, 2);
	journal_close(j);
	assert_int_equal(syncs, 2); // nothing was left to sync
}

CASE("journal: it is synced at once when a record asks for it, and the count begins anew")
{
	struct journal *j = create();

	for (int i = 0; i < 5; i++)
		append(j, false);
	append(j, true);
	assert_int_equal(syncs, 1);
	for (int i = 0; i < 19; i++)
		append(j, false);
	assert_int_equal(syncs, 1);
	journal_close(j);
	assert_int_equal(syncs, 2);
}

CASE("journal: it is synced at the first record after a second")
{
	struct journal *j = create();

	append(j, false);
	now_ns += SG_NS_PER_S - 1;
	append(j, false);
	assert_int_equal(syncs, 0);
	now_ns += 1;
	append(j, false);
	assert_int_equal(syncs, 1);
	append(j, false);
	assert_int_equal(syncs, 1);
	journal_close(j);
}

CASE("journal: a sync that fails is told")
{
	struct journal *j = create();

	sync_errno = EIO;
	assert_int_equal(append(j, true), -EIO);
	assert_int_equal(journal_close(j), -EIO);
}
