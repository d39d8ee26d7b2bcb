// Looking at even distances: the process's telemetry file, the thread that looks, and fork.
#include "watch.h"

#include "clock.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

struct entry_points je;
struct tele_file *watch_file;

static struct {
	char dir[4096], program[64];
	uint64_t every_ns; // 0: only at the end
	struct keep_hooks hooks;
	bool unwatched; // no figures to be had
	bool ended;     // what is there now shall stay
} kept;

static pthread_mutex_t looking = PTHREAD_MUTEX_INITIALIZER;

static void open_file(void)
{
	const struct tele_more more = { sizeof(struct jemalloc_file), sizeof(struct jemalloc_file) };
	struct jemalloc_file *f;
	struct tele_file *t;
	const char *why;

	t = telemetry_open_more(kept.dir, TELE_JEMALLOC, kept.program, &more, NULL);
	if (t == NULL)
		return;
	f = watch_part(t);
	f->version = SG_JEMALLOC_VERSION;
	f->bytes = (uint32_t)sizeof *f;
	f->look_every_ns = kept.every_ns;
	why = look_prepare(f);
	if (why != NULL)
		snprintf(t->note, sizeof t->note, "%s", why);
	kept.unwatched = why != NULL;
	if (kept.hooks.opened != NULL)
		kept.hooks.opened(t);
	memcpy(f->magic, SG_JEMALLOC_MAGIC, sizeof f->magic);
	__atomic_store_n(&watch_file, t, __ATOMIC_RELEASE);
}

static void look_now(bool keep)
{
	pthread_mutex_lock(&looking);
	if (watch_file == NULL && !kept.ended)
		open_file();
	if (watch_file != NULL && !kept.unwatched && !kept.ended)
		look(watch_part(watch_file), keep);
	if (watch_file != NULL && !kept.ended && kept.hooks.looked != NULL)
		kept.hooks.looked(watch_file);
	pthread_mutex_unlock(&looking);
}

// The first look comes at once in the process that was started, later in a child, which may be about to exec.
static void *keep_looking(void *first)
{
	uint64_t next_ns = clock_now_ns();

	prctl(PR_SET_NAME, "sg-jemalloc");
	for (bool now = first != NULL;; now = true) {
		uint64_t every_ns;
		struct timespec at;

		if (now)
			look_now(true);
		every_ns = watch_file != NULL ? watch_part(watch_file)->look_every_ns : kept.every_ns;
		next_ns += every_ns;
		if (next_ns < clock_now_ns())
			next_ns = clock_now_ns() + every_ns;
		at = (struct timespec){ (time_t)(next_ns / SG_NS_PER_S), (long)(next_ns % SG_NS_PER_S) };
		while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
			;
	}
	return NULL;
}

static void start_thread(bool first)
{
	pthread_attr_t attributes;
	sigset_t all, before;
	pthread_t thread;

	if (kept.every_ns == 0 || pthread_attr_init(&attributes) != 0)
		return;
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attributes, 256 << 10);
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before); // the program's signals are its own threads'
	(void)!pthread_create(&thread, &attributes, keep_looking, first ? &kept : NULL);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
}

static void before_fork(void)
{
	pthread_mutex_lock(&looking);
}

static void in_parent(void)
{
	pthread_mutex_unlock(&looking);
}

static void in_child(void)
{
	watch_file = NULL;
	pthread_mutex_unlock(&looking);
	if (kept.hooks.forked != NULL)
		kept.hooks.forked();
	start_thread(false);
}

bool keep_prepare(const struct keep_hooks *hooks)
{
	const char *dir = getenv(SG_TELE_ENV_DIR), *every = getenv(SG_JEMALLOC_ENV_EVERY_MS);

	if (dir == NULL || dir[0] == '\0' || strlen(dir) >= sizeof kept.dir)
		return false;
	strcpy(kept.dir, dir);
	telemetry_program(kept.program, sizeof kept.program);
	kept.every_ns = every != NULL ? strtoull(every, NULL, 10) * SG_NS_PER_MS : 0;
	if (hooks != NULL)
		kept.hooks = *hooks;
	return true;
}

void keep_begin(void)
{
	pthread_atfork(before_fork, in_parent, in_child);
	start_thread(true);
}

void keep_look(void)
{
	if (kept.dir[0] != '\0')
		look_now(false);
}

void keep_end(void)
{
	pthread_mutex_lock(&looking);
	kept.ended = true;
	pthread_mutex_unlock(&looking);
}
