// journal: when it is synced to disk, by a clock and a fdatasync of our own that the linker puts in.
#include "files.h"

#include "clock.h"
#include "journal.h"

#include <errno.h>
#include <pthread.h>

int __wrap_fdatasync(int fd);
int __wrap_clock_gettime(clockid_t id, struct timespec *t);

// The disk of the thread's; the test's own comes without it and is never closed.
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static pthread_t tester;
static bool closed;           // a sync of the thread's does not end
static unsigned asked, ended; // syncs of the thread's
static int thread_errno;

static unsigned syncs; // of the test's
static int sync_errno;
static uint64_t now_ns = 5 * SG_NS_PER_S;

#define HALF_S (SG_NS_PER_S / 2)

static int sync_of_thread(void)
{
	int error;

	pthread_mutex_lock(&lock);
	asked++;
	pthread_cond_broadcast(&changed);
	while (closed)
		pthread_cond_wait(&changed, &lock);
	ended++;
	pthread_cond_broadcast(&changed);
	error = thread_errno;
	pthread_mutex_unlock(&lock);
	errno = error;
	return error == 0 ? 0 : -1;
}

static void set_closed(bool value)
{
	pthread_mutex_lock(&lock);
	closed = value;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

static void wait_for(const unsigned *count, unsigned value)
{
	pthread_mutex_lock(&lock);
	while (*count < value)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
}

int __wrap_fdatasync(int fd)
{
	(void)fd;
	if (!pthread_equal(pthread_self(), tester))
		return sync_of_thread();
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
	tester = pthread_self();
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

	now_ns += HALF_S;
	for (int i = 0; i < 19; i++)
		assert_int_equal(append(j, false), 0);
	assert_int_equal(syncs, 0);
	append(j, false);
	assert_int_equal(syncs, 1);
	now_ns += HALF_S;
	for (int i = 0; i < 20; i++)
		append(j, false);
	assert_int_equal(syncs, 2);
	journal_close(j);
	assert_int_equal(syncs, 2); // nothing was left to sync
}

CASE("journal: it is synced at most twice a second when none asks for it")
{
	struct journal *j = create();

	now_ns += HALF_S - 1;
	for (int i = 0; i < 1000; i++)
		append(j, false);
	assert_int_equal(syncs, 0);
	now_ns += 1;
	append(j, false);
	assert_int_equal(syncs, 1);
	for (int i = 0; i < 1000; i++)
		append(j, false);
	append(j, true); // what asks is not kept waiting
	assert_int_equal(syncs, 2);
	journal_close(j);
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

// Enough of them for a sync.
static void append_many(struct journal *j)
{
	for (int i = 0; i < 20; i++)
		assert_int_equal(append(j, false), 0);
}

CASE("journal: with a thread for its syncs, nothing is written later because the disk is slow")
{
	struct journal *j = create();

	assert_int_equal(journal_sync_beside(j), 0);
	set_closed(true);
	now_ns += HALF_S;
	append_many(j);
	append_many(j);
	wait_for(&asked, 1);
	assert_int_equal(ended, 0);
	assert_int_equal(syncs, 0);
	set_closed(false);
	assert_int_equal(journal_close(j), 0);
	assert_int_equal(ended, 1);
	assert_int_equal(syncs, 1); // of what no sync was ordered for
}

CASE("journal: a disk that has taken two seconds is waited for")
{
	struct journal *j = create();

	assert_int_equal(journal_sync_beside(j), 0);
	set_closed(true);
	now_ns += HALF_S;
	append_many(j); // ordered
	now_ns += 2 * SG_NS_PER_S - 1;
	append_many(j);
	assert_int_equal(syncs, 0);
	now_ns += 1;
	append(j, false);
	assert_int_equal(syncs, 1);
	now_ns += HALF_S;
	append_many(j);
	assert_int_equal(syncs, 1); // all of the first are there
	set_closed(false);
	assert_int_equal(journal_close(j), 0);
}

CASE("journal: with a thread for its syncs, a record that asks for one is on the disk when it is written")
{
	struct journal *j = create();

	assert_int_equal(journal_sync_beside(j), 0);
	append(j, true);
	assert_int_equal(syncs, 1);
	assert_int_equal(journal_close(j), 0);
	assert_int_equal(syncs, 1);
}

CASE("journal: a thread's sync that fails is told by a later record, and by the end")
{
	struct journal *j = create();
	int rc = 0;

	assert_int_equal(journal_sync_beside(j), 0);
	thread_errno = EIO;
	now_ns += HALF_S;
	for (int i = 0; i < 20; i++)
		assert_int_equal(append(j, false), 0);
	wait_for(&ended, 1);
	while (rc == 0) { // it has ended, and is about to say how
		sched_yield();
		rc = append(j, false);
	}
	assert_int_equal(rc, -EIO);
	assert_int_equal(append(j, true), -EIO);
	assert_int_equal(journal_close(j), -EIO);
}
