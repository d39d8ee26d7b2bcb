// Several processes at one history, and their deaths in the middle.
#include "harness.h"

#include "fixture.h"
#include "histories.h"
#include "io.h"

#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void assert_sound(void)
{
	sqlite3 *db;
	sqlite3_stmt *s;

	assert_int_equal(sqlite3_open(history_path(), &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &s, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	assert_string_equal((const char *)sqlite3_column_text(s, 0), "ok");
	sqlite3_finalize(s);
	sqlite3_close(db);
}

#define WRITERS 4U
#define EACH 6U

// A process that records runs of its own; the number of each goes into the pipe once it is recorded.
static pid_t start_writer(unsigned writer, int fd, rlim_t most_bytes)
{
	struct run runs[EACH];
	pid_t pid;

	for (unsigned i = 0; i < EACH; i++) {
		char name[32];

		snprintf(name, sizeof name, "w%u-%u", writer, i);
		history_run(name, writer * EACH + i, 10, &runs[i]);
	}
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct history *h;
		struct err e = { 0 };
		enum history_added how;
		int64_t id;

		if (most_bytes > 0) {
			setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
			setrlimit(RLIMIT_FSIZE, &(struct rlimit){ most_bytes, most_bytes });
			signal(SIGXFSZ, SIG_DFL);
		}
		if (history_open(history_path(), HISTORY_WRITE, 60000, &h, &e) < 0)
			_exit(3);
		for (unsigned char i = 0; i < EACH; i++)
			if (history_add(h, &(struct history_new){ &runs[i], NULL, "", NULL }, &id, &how, &e) < 0 ||
			    (fd >= 0 && write(fd, &i, 1) != 1))
				_exit(4);
		history_close(h);
		_exit(0);
	}
	for (unsigned i = 0; i < EACH; i++)
		run_deinit(&runs[i]);
	return pid;
}

static int wait_for(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

CASE("history: processes that write at once, and begin it at once, lose nothing")
{
	pid_t writers[WRITERS];
	struct history *h;

	for (unsigned i = 0; i < WRITERS; i++)
		writers[i] = start_writer(i, -1, 0);
	for (unsigned i = 0; i < WRITERS; i++)
		assert_int_equal(wait_for(writers[i]), 0);
	h = history_opened(HISTORY_READ);
	assert_int_equal(history_count(h), WRITERS * EACH);
	for (size_t i = 0; i < WRITERS * EACH; i++)
		assert_true(history_find(h, i, "gc/a.lua", "time").head == 10e6);
	history_close(h);
	assert_sound();
}

CASE("history: what was recorded outlives a kill -9 in the middle of the next, again and again")
{
	unsigned recorded = 0;

	for (unsigned round = 0; round < EACH; round++) {
		unsigned char told;
		int pipe_fds[2];
		struct history *h;
		pid_t pid;

		assert_int_equal(pipe(pipe_fds), 0);
		pid = start_writer(round, pipe_fds[1], 0);
		close(pipe_fds[1]);
		for (unsigned i = 0; i < round; i++)
			assert_int_equal(read(pipe_fds[0], &told, 1), 1);
		kill(pid, SIGKILL); // it may be in the next one, or between two
		wait_for(pid);
		recorded += round;
		while (read(pipe_fds[0], &told, 1) == 1)
			recorded++;
		close(pipe_fds[0]);
		h = history_opened(HISTORY_WRITE);
		assert_true(history_count(h) >= recorded); // one may be there whose word did not come through
		recorded = (unsigned)history_count(h);
		history_close(h);
		assert_sound();
	}
}

CASE("history: killed at any length that its files have, it is whole, and goes on")
{
	struct stat st;
	struct history *h;
	size_t deaths = 0;
	rlim_t whole = 400000;

	for (rlim_t most = 1; most < whole; most += most < 60000 ? 3001 : 20011) {
		int status = wait_for(start_writer(0, -1, most));

		deaths += WIFSIGNALED(status) && WTERMSIG(status) == SIGXFSZ;
		if (stat(history_path(), &st) == 0 && st.st_size > 0) {
			// Whatever was left is a history with whole entries only.
			h = history_opened(HISTORY_WRITE);
			for (size_t i = history_count(h); i > 0; i--)
				assert_true(history_find(h, i - 1, "gc/b.lua", "time").head == 40e6);
			history_close(h);
			assert_sound();
		}
		if (most % 2 == 0) // half of the rounds begin with what the one before has left
			unlink(history_path());
	}
	assert_true(deaths > 5);
	assert_int_equal(wait_for(start_writer(0, -1, 0)), 0);
	h = history_opened(HISTORY_READ);
	assert_int_equal(history_count(h), EACH);
	history_close(h);
}
