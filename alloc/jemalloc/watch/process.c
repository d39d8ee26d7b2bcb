// The process: whether it has a jemalloc, its file, the thread that looks, fork and the end.
#include "watch.h"

#include "clock.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

struct entry_points je;
struct tele_file *watch_file;

static struct {
	char dir[4096];
	uint64_t every_ns; // 0: only at the end
	uint64_t cap;
	const char *cap_refused; // why there is no cap; NULL
	bool unwatched;          // no figures to be had
} process;

static void open_file(void)
{
	const struct tele_more more = { sizeof(struct jemalloc_file), sizeof(struct jemalloc_file) };
	struct jemalloc_file *f;
	struct tele_file *t;

	t = telemetry_open_more(process.dir, TELE_JEMALLOC, program_invocation_short_name, &more, NULL);
	if (t == NULL)
		return;
	f = watch_part(t);
	f->version = SG_JEMALLOC_VERSION;
	f->bytes = (uint32_t)sizeof *f;
	f->look_every_ns = process.every_ns;
	telemetry_counter(t, "denied_growths");
	telemetry_counter(t, "denied_moves");
	if (!look_prepare(f)) {
		strcpy(t->note, "this jemalloc was built without statistics");
		process.unwatched = true;
	} else if (process.cap_refused != NULL) {
		strcpy(t->note, process.cap_refused);
	}
	cap_attach(t);
	memcpy(f->magic, SG_JEMALLOC_MAGIC, sizeof f->magic);
	__atomic_store_n(&watch_file, t, __ATOMIC_RELEASE);
}

// ---- looking ----

static pthread_mutex_t looking = PTHREAD_MUTEX_INITIALIZER;

static void look_now(bool keep)
{
	pthread_mutex_lock(&looking);
	if (watch_file == NULL)
		open_file();
	if (watch_file != NULL && !process.unwatched)
		look(watch_part(watch_file), keep);
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
		every_ns = watch_file != NULL ? watch_part(watch_file)->look_every_ns : process.every_ns;
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

	if (process.every_ns == 0 || pthread_attr_init(&attributes) != 0)
		return;
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attributes, 256 << 10);
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before); // the program's signals are its own threads'
	(void)!pthread_create(&thread, &attributes, keep_looking, first ? &process : NULL);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
}

// ---- fork, start and end ----

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
	cap_forked();
	start_thread(false);
}

// Preloaded, this library has functions of these names itself (create.c).
static void *find(const char *name)
{
	void *found = dlsym(RTLD_DEFAULT, name);
	Dl_info self, theirs;

	if (found == NULL || dladdr((void *)&je, &self) == 0 || dladdr(found, &theirs) == 0 ||
	    self.dli_fbase != theirs.dli_fbase)
		return found;
	return dlsym(RTLD_NEXT, name);
}

bool watch_find(void)
{
	if (je.mallctl == NULL) {
		*(void **)&je.to_mib = find("mallctlnametomib");
		*(void **)&je.by_mib = find("mallctlbymib");
		*(void **)&je.mallctl = find("mallctl");
	}
	return je.mallctl != NULL && je.to_mib != NULL && je.by_mib != NULL;
}

static uint64_t number_from(const char *variable)
{
	const char *text = getenv(variable);
	return text != NULL ? strtoull(text, NULL, 10) : 0;
}

__attribute__((constructor)) static void start(void)
{
	const char *dir = getenv(SG_TELE_ENV_DIR);
	int saved = errno;

	if (!watch_find() || dir == NULL || dir[0] == '\0' || strlen(dir) >= sizeof process.dir)
		return;
	strcpy(process.dir, dir);
	process.every_ns = number_from(SG_JEMALLOC_ENV_EVERY_MS) * SG_NS_PER_MS;
	process.cap = number_from(SG_JEMALLOC_ENV_CAP);
	if (process.cap > 0 && !cap_arm(process.cap))
		process.cap_refused = "not capped: its arenas take no extent hooks";
	if (process.cap > 0)
		look_now(false); // the file is there before anything can run out
	pthread_atfork(before_fork, in_parent, in_child);
	start_thread(true);
	errno = saved;
}

__attribute__((destructor)) static void stop(void)
{
	if (process.dir[0] != '\0')
		look_now(false);
}
