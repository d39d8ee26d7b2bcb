// One test at a time, from its preparation to its verdict: what a worker does. The states are
// idle -> [spawning] -> running -> [term sent -> kill sent] -> draining -> [reaping] -> closing -> idle.
#ifndef SG_JOB_H
#define SG_JOB_H

#include "capture.h"
#include "command.h"
#include "contain.h"
#include "fill.h"
#include "hardware.h"
#include "judge.h"
#include "measure.h"
#include "pressure.h"
#include "session.h"
#include "spawn.h"
#include "telemetry.h"

#include <limits.h>
#include <pthread.h>
#include <sys/epoll.h>

enum job_state {
	JOB_IDLE,
	JOB_SPAWNING,
	JOB_RUNNING,
	JOB_TERM_SENT,
	JOB_KILL_SENT,
	JOB_DRAINING,
	JOB_REAPING,
	JOB_CLOSING
};

#define HITS_LOOK 3U // the look at which the group's hits of its limit are read: none of a short test

enum job_channel_name { JOB_OUT, JOB_ERR, JOB_EXTRA, JOB_CHANNELS };

// What the loop hears of a test: a channel, by its name, or one of these.
enum { JOB_EVENT_EXIT = JOB_CHANNELS, JOB_EVENT_CONTAINER, JOB_EVENT_ORDERED, JOB_EVENTS };

struct job;

// One of the pipes from the test to us.
struct job_channel {
	struct job *job;
	int fd;     // our end; -1: closed
	int bytes;  // how much it holds
	bool ended; // nothing more comes from the present test
	bool watched;
	// The test's end. We hold it too until the test has exited: so neither a test that closes its own nor one
	// that ends wakes us for each pipe.
	int theirs;
	struct capture *raw; // where its bytes go as they are; NULL: to the stream below
	struct sample_stream stream;
};

// Text of the variables that each test gets anew.
#define LAYOUT_MOST 4096U // bytes by which an environment can be padded

struct job_environment {
	char **entries; // the session's, then these, then NULL
	char mark[96], fd[24], temp[PATH_MAX + 16], home[PATH_MAX + 16], telemetry[SCRATCH_PATH + 32],
	        preload[4 * PATH_MAX + 16], layout[LAYOUT_MOST + 32], looks[48], cap[48], malloc_conf[PATH_MAX],
	        preload_options[512];
};

// The engine's container of a test; GONE from the beginning where there is no engine.
struct job_container {
	enum { CONTAINER_GONE, CONTAINER_THERE, CONTAINER_GOING } state;
	char name[80];
	struct engine_limits limits;
	pid_t pid; // of what removes it
	int pidfd, out;
	uint64_t begun_ns;
	bool memory_ran_out, stayed; // as the engine says
};

// The worker's own thread; all zero where there is but one worker.
struct job_thread {
	struct spawner spawner;
	pthread_t id;
	int wake_fd;  // an eventfd(2) among the job's events
	bool ordered; // the prepared test is to be started
};

struct job {
	struct session *session;
	unsigned worker;
	enum job_state state;
	const struct suite_test *test;
	// called from the loop when the test is settled, with result and facts filled in; it may start the next
	void (*done)(struct job *j);
	// called for every look at the running test
	void (*sampled)(struct job *j, uint64_t age_ns, uint64_t rss_bytes);
	// called when it has outlived the time that it had after SIGTERM, before SIGKILL
	void (*killing)(struct job *j);
	void *arg;
	bool plain;  // neither container nor --wrap: it is no test
	bool direct; // its file ran by itself when the run began

	struct result result;
	struct facts facts;
	int output_error; // 0, or why its output could not be kept whole
	pid_t pid;
	bool reaped; // so it is not its number any more

	// private to job*.c
	struct err why; // backing of facts.not_started
	struct command command;
	struct job_environment environment;
	struct spawn_plan plan;
	struct job_thread thread;
	// Who wants it to be stopped though it is not yet started; NULL.
	const char *stop_by;
	bool stop_now;
	struct cgroup group;
	struct contain contain;
	struct job_container container;
	struct measure measure;
	struct fill fill;
	struct hardware hardware;
	struct capture out, err;
	struct job_channel channels[JOB_CHANNELS];
	struct tele_file *tele_file;
	struct scratch_dir temp_dir, tele_dir;
	char attempt_dir[PATH_MAX], out_path[PATH_MAX], err_path[PATH_MAX], timeline_path[PATH_MAX];
	char copy_dir[PATH_MAX], temp_path[PATH_MAX]; // what is TMPDIR
	bool timeline_begun;
	bool has_telemetry;           // its processes have left files
	const char *not_instrumented; // why nothing is preloaded; NULL: it is, or need not be
	const char *not_on_allocator; // why the chosen malloc is not preloaded; NULL: it is, or none was chosen
	uint64_t memory_limit;
	// One descriptor in the loop for all of a test's: libuv's own handling of each takes five system calls.
	uv_poll_t events; // not where the worker has a thread: that waits for them
	uint64_t serial;  // of the test, among this worker's
	int events_fd;    // an epoll(7) set of the pidfd and the channels
	int pidfd;
	uv_timer_t limit, sampler, drain;
	uint64_t start_ns, exit_ns;
	uint64_t drain_from_ns; // the exit, or when its container was gone
	struct pressure before; // what the machine had lost when it was started
	unsigned looks;         // samples so far
	bool looked_at_end;     // at the sentinel
	bool was_looked_at;     // the test before, at some time
	unsigned kills;         // rounds of SIGKILL
	bool left_to_its_fate;  // could not be killed
	bool respawned;         // in another group, since the first could hold no process
	uint64_t memory_hits;   // of its group's limit, when it had run for a moment
};

// Allocates all that a test needs. 0 or -errno.
int job_init(struct job *j, struct session *s, unsigned worker);
// Directories, command, environment, limits, pipes: everything up to the process. 0; 1 when the test cannot be
// started, facts.not_started says why; -errno when we cannot go on. After 1 and -errno the job is idle.
int job_prepare(struct job *j, const struct suite_test *t, unsigned attempt);
// When what was taken for a program (command.unseen) cannot be executed: looks at the file now. 0: there is
// another command to start; 1: there is none, and facts.not_started says why unless the file is what it was;
// -errno.
int job_prepare_seen(struct job *j);
// Starts the prepared test and watches it. 0: it runs, or is about to, and done() will be called, even if it then
// cannot be started; 1: as above.
int job_spawn(struct job *j);
// The result of a test that could not be started.
void job_give_up(struct job *j);
// Ends it because the run is to stop: at first by SIGTERM, with `now` by SIGKILL.
void job_stop(struct job *j, const char *by, bool now);
bool job_is_idle(const struct job *j);
// Frees what the result holds, once it was journalled.
void job_clear(struct job *j);
// To be called when the loop has closed all handles.
void job_deinit(struct job *j);

// ---- between job*.c ----

// From the exit to an empty group; ends in done().
void job_drain(struct job *j);
// Reads what is there on one channel; closes it at its end.
void job_read(struct job_channel *ch);
void job_close_channel(struct job_channel *ch);
// job_pipes.c: pipes for the next test, those of the last where they were kept; 0 or -errno.
int job_open_pipes(struct job *j);
int job_watch_pipes(struct job *j);   // 0 or -errno
void job_close_theirs(struct job *j); // our copies of the test's ends
bool job_pipes_ended(const struct job *j);
void job_close_ended(struct job *j); // of a test that goes on ending: each would wake us at every turn
void job_keep_pipes(struct job *j);  // for the next test, where they are fit for that
void job_close_pipes(struct job *j); // all ends
void job_flush_timeline(struct job *j);
// What is ready of a test, as epoll_wait(2) had it from events_fd; it may be of the test before.
void job_handle(struct job *j, const struct epoll_event *ready, int count);
// A process has been started for it (pid, pidfd), or could not be: rc and step as of spawn().
void job_started(struct job *j, int rc, const char *step);
// job_thread.c: starts the thread, 0 or -errno; ends it, the turns must be over; has it start the prepared test,
// and call job_started.
int job_thread_init(struct job *j);
void job_thread_deinit(struct job *j);
bool job_has_thread(const struct job *j);
void job_thread_order(struct job *j);
// job_limits.c: sets the test's limits and says which are in force, and by what.
void job_prepare_limits(struct job *j);
// job_container.c: names the next test's container.
void job_container_prepare(struct job *j);
// The words in front of a command (command_context.prefix); `arg` is the job.
int job_container_prefix(void *arg, struct command *out, struct err *e);
// Sees to it that the engine removes it; when that is done job_drain is called again. True when it is gone.
bool job_container_is_gone(struct job *j);
void job_container_event(struct job *j); // what removes it has ended
void job_container_conclude(struct job *j);
// Puts the result together and has it judged.
void job_conclude(struct job *j);

#endif
