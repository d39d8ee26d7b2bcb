/*
 * slab_probe.h: a runtime tells stressgen about its slabs, so that a slab that ran full is reported as that:
 * which one, its capacity and high-water mark, where in the program it came, and how deep.
 *
 * Copy this one file into your project; it needs nothing but a C99 or C++ compiler on Linux.
 *
 *     static struct slab_probe *objects;                                     // NULL is fine everywhere
 *     objects = slab_probe_register("objects", sizeof(struct object), 262144); // once, at the start
 *     slab_probe_acquire(objects);                                           // where an object is taken
 *     slab_probe_release(objects);                                           // where it is given back
 *     slab_probe_exhausted(objects, sizeof(struct object), depth);           // where there is none left
 *
 * Outside of stressgen (no STRESSGEN_TELEMETRY_DIR) registering returns NULL, and a call costs one predictable
 * branch. Inside, counts go to a shared mapping and outlive any crash. After registration nothing allocates.
 * A child made by fork is not counted unless it registers for itself.
 *
 * A slab's calls must not run at the same time in two threads (the slab's own lock serves); where there is no
 * such lock, define SLAB_PROBE_ATOMIC before including this file.
 *
 * Copyright (c) 2026 the stressgen authors. SPDX-License-Identifier: MIT
 * Permission is hereby granted, free of charge, to any person obtaining a copy of this file, to deal in it
 * without restriction, including without limitation the rights to use, copy, modify, merge, publish,
 * distribute, sublicense, and/or sell copies of it, provided that this notice stays in it. The file is
 * provided "as is", without warranty of any kind; in no event shall the authors be liable for any claim,
 * damages or other liability arising from it or its use.
 */
#ifndef SLAB_PROBE_H
#define SLAB_PROBE_H

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>
#if defined(__GLIBC__)
#include <execinfo.h>
#endif

#ifdef __cplusplus
/* It is C: whoever asks for these warnings means his own code. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wold-style-cast"
#pragma GCC diagnostic ignored "-Wzero-as-null-pointer-constant"
extern "C" {
#endif

/* ---- The layout of a telemetry file, version 1 (stressgen's base/telemetry/telemetry.h) ---- */

#define SLAB_PROBE_POOLS 16
#define SLAB_PROBE_FRAMES 32
#define SLAB_PROBE_TEXT 1024
#define SLAB_PROBE_MAPS (32 * 1024)

struct slab_probe_pool {
	char name[64];
	uint64_t unit_bytes, capacity;
	uint64_t used, high_water;
	uint64_t acquires, releases;
	uint64_t exhausted, exhausted_ns, request_bytes, depth;
	uint64_t frame_count;
	uint64_t frames[SLAB_PROBE_FRAMES];
	char text[SLAB_PROBE_TEXT];
};

struct slab_probe_file {
	char magic[8];
	uint32_t version, bytes, role, pid;
	uint64_t start_time, created_ns;
	char program[64];
	char note[128];
	uint64_t maps_len;
	struct {
		char name[32];
		uint64_t value;
	} counters[96];
	struct slab_probe_pool pools[SLAB_PROBE_POOLS];
	char maps[SLAB_PROBE_MAPS];
	char pad[16];
	uint64_t threads[64][16];
};

/* ---- State: one for all files and libraries that include this ---- */

struct slab_probe {
	struct slab_probe_pool *pool; /* NULL in a child made by fork: this page is wiped there */
};

struct slab_probe_state {
	int owner; /* the process in which a thread is registering, 0: none; a child made by fork takes it over */
	long pid;  /* whose these are */
	struct slab_probe_file *file;
	struct slab_probe *slabs; /* SLAB_PROBE_POOLS of them */
};

extern struct slab_probe_state slab_probe_state_v1;
__attribute__((weak, visibility("default"))) struct slab_probe_state slab_probe_state_v1;

/* Under these names, because a strict -std=c99 hides the usual declarations. */
extern int slab_probe_clock_gettime_(int clock, long *seconds_and_ns) __asm__("clock_gettime");
extern int slab_probe_madvise_(void *at, size_t bytes, int advice) __asm__("madvise");

/* ---- What costs little: called at every object ---- */

#ifdef SLAB_PROBE_ATOMIC
#define SLAB_PROBE_ADD_(field, n) __atomic_add_fetch(&(field), (n), __ATOMIC_RELAXED)
#else
#define SLAB_PROBE_ADD_(field, n) ((field) += (n))
#endif

static inline struct slab_probe_pool *slab_probe_pool_(const struct slab_probe *s)
{
	return s != NULL ? s->pool : NULL;
}

/* `units` more are in use: objects; or bytes, for an arena registered with an object size of 1. */
static inline void slab_probe_acquire_n(struct slab_probe *s, uint64_t units)
{
	struct slab_probe_pool *p = slab_probe_pool_(s);
	uint64_t used;

	if (p == NULL)
		return;
	SLAB_PROBE_ADD_(p->acquires, 1);
	used = SLAB_PROBE_ADD_(p->used, units);
	if (used > p->high_water)
		p->high_water = used;
}

static inline void slab_probe_release_n(struct slab_probe *s, uint64_t units)
{
	struct slab_probe_pool *p = slab_probe_pool_(s);

	if (p == NULL)
		return;
	SLAB_PROBE_ADD_(p->releases, 1);
	SLAB_PROBE_ADD_(p->used, (uint64_t)0 - units);
}

static inline void slab_probe_acquire(struct slab_probe *s)
{
	slab_probe_acquire_n(s, 1);
}

static inline void slab_probe_release(struct slab_probe *s)
{
	slab_probe_release_n(s, 1);
}

/* The slab has got larger or smaller: `units` of the object size; 0: without a limit. */
static inline void slab_probe_capacity(struct slab_probe *s, uint64_t units)
{
	struct slab_probe_pool *p = slab_probe_pool_(s);

	if (p != NULL)
		p->capacity = units;
}

/* ---- Exhaustion ---- */

static inline uint64_t slab_probe_now_ns_(void)
{
	long t[2] = { 0, 0 };

	slab_probe_clock_gettime_(1 /* CLOCK_MONOTONIC */, t);
	return (uint64_t)t[0] * 1000000000U + (uint64_t)t[1];
}

/* Whether a line of /proc/self/maps, "FROM-TO PERMISSIONS ...", is that of code. */
static inline int slab_probe_is_code_(const char *line, size_t len)
{
	const char *blank = (const char *)memchr(line, ' ', len);

	return blank != NULL && (size_t)(blank - line) + 4 <= len && blank[3] == 'x';
}

/* Keeps the lines of code, so that return addresses can be named afterwards. */
static inline void slab_probe_keep_maps_(struct slab_probe_file *f)
{
	char piece[1024];
	uint64_t kept = 0, len = 0;
	int fd = open("/proc/self/maps", O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return;
	while ((n = read(fd, piece, sizeof piece)) > 0) {
		for (ssize_t i = 0; i < n; i++) {
			if (len + 1 >= sizeof f->maps)
				break;
			f->maps[len++] = piece[i];
			if (piece[i] != '\n')
				continue;
			if (slab_probe_is_code_(f->maps + kept, (size_t)(len - kept)))
				kept = len;
			len = kept;
		}
	}
	close(fd);
	f->maps[kept] = '\0';
	f->maps_len = kept;
}

/* Part of its caller, whose own frame, the first, is left out. */
__attribute__((always_inline)) static inline void slab_probe_keep_frames_(struct slab_probe_pool *p)
{
#if defined(__GLIBC__)
	void *frames[SLAB_PROBE_FRAMES + 1];
	int n = backtrace(frames, SLAB_PROBE_FRAMES + 1);

	for (int i = 1; i < n; i++)
		p->frames[i - 1] = (uint64_t)(uintptr_t)frames[i];
	p->frame_count = n > 1 ? (uint64_t)n - 1 : 0;
#else
	p->frames[0] = (uint64_t)(uintptr_t)__builtin_return_address(0);
	p->frame_count = 1;
#endif
}

/*
 * There is no room for a request of `request_bytes`. `depth` is how deep the program's own recursion is, 0
 * where that is not known. The first time keeps time, request, depth and return addresses. Call it before
 * aborting, or before trying something else. (Never a part of its caller: what it needs of the stack would be in
 * each level of a recursion.)
 */
__attribute__((noinline, cold, unused)) static void slab_probe_exhausted(struct slab_probe *s,
                                                                         uint64_t request_bytes, uint64_t depth)
{
	struct slab_probe_pool *p = slab_probe_pool_(s);

	if (p == NULL || SLAB_PROBE_ADD_(p->exhausted, 1) != 1)
		return;
	p->exhausted_ns = slab_probe_now_ns_();
	p->request_bytes = request_bytes;
	p->depth = depth;
	slab_probe_keep_frames_(p);
	if (slab_probe_state_v1.file != NULL && slab_probe_state_v1.file->maps_len == 0)
		slab_probe_keep_maps_(slab_probe_state_v1.file);
}

/* The runtime's own backtrace, lines innermost first; kept in place of an earlier one, cut at 1023 bytes. */
static inline void slab_probe_trace(struct slab_probe *s, const char *text)
{
	struct slab_probe_pool *p = slab_probe_pool_(s);
	size_t len;

	if (p == NULL)
		return;
	len = strlen(text);
	if (len > sizeof p->text - 1)
		len = sizeof p->text - 1;
	memcpy(p->text, text, len);
	p->text[len] = '\0';
}

/* ---- Registration ---- */

/* Field 22 of /proc/self/stat: clock ticks since boot; 0 when it cannot be read. */
static inline uint64_t slab_probe_start_time_(void)
{
	char text[1024];
	int fd = open("/proc/self/stat", O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	const char *at;

	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	at = strrchr(text, ')'); /* the program's name may hold blanks */
	for (int field = 2; at != NULL && field < 22; field++)
		at = strchr(at + 1, ' ');
	return at != NULL ? (uint64_t)strtoull(at, NULL, 10) : 0;
}

/* A new file of the full size, its space set aside by writing it: a full file system must not be a SIGBUS. */
static inline int slab_probe_make_file_(const char *path)
{
	char zeros[4096];
	size_t left = sizeof(struct slab_probe_file);
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0666);

	memset(zeros, 0, sizeof zeros);
	while (fd >= 0 && left > 0) {
		ssize_t n = write(fd, zeros, left < sizeof zeros ? left : sizeof zeros);

		if (n <= 0) {
			close(fd);
			unlink(path);
			return -1;
		}
		left -= (size_t)n;
	}
	return fd;
}

static inline struct slab_probe_file *slab_probe_map_file_(void)
{
	const char *dir = getenv("STRESSGEN_TELEMETRY_DIR");
	uint64_t start_time;
	char path[1024];
	void *at = MAP_FAILED;
	int fd = -1;

	if (dir == NULL || dir[0] == '\0')
		return NULL;
	start_time = slab_probe_start_time_();
	for (int i = 1; fd < 0 && i < 100; i++) { /* exec keeps pid and start time: then there is one */
		char again[16] = "";
		int n;

		if (i > 1)
			snprintf(again, sizeof again, "-%d", i);
		n = snprintf(path, sizeof path, "%s/probe-%ld-%llu%s", dir, (long)getpid(),
		             (unsigned long long)start_time, again);
		if (n < 0 || (size_t)n >= sizeof path)
			return NULL;
		fd = slab_probe_make_file_(path);
	}
	if (fd >= 0) {
		at = mmap(NULL, sizeof(struct slab_probe_file), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		close(fd);
	}
	if (at == MAP_FAILED)
		return NULL;
	((struct slab_probe_file *)at)->start_time = start_time;
	return (struct slab_probe_file *)at;
}

/* The last part of the path that was executed. */
static inline void slab_probe_fill_in_(struct slab_probe_file *f)
{
	const char *path = (const char *)getauxval(31 /* AT_EXECFN */);
	const char *slash = path != NULL ? strrchr(path, '/') : NULL;

	if (path != NULL)
		strncpy(f->program, slash != NULL ? slash + 1 : path, sizeof f->program - 1);
	f->version = 1;
	f->bytes = (uint32_t)sizeof *f;
	f->role = 3; /* probe */
	f->pid = (uint32_t)getpid();
	f->created_ns = slab_probe_now_ns_();
	memcpy(f->magic + 1, "GTELE1", 7);
	__atomic_store_n(&f->magic[0], 'S', __ATOMIC_RELEASE); /* last: then the rest is there */
}

/* The page of handles: private to this process, and zero in a child. */
static inline struct slab_probe *slab_probe_map_handles_(void)
{
	size_t bytes = SLAB_PROBE_POOLS * sizeof(struct slab_probe);
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | 0x20 /* MAP_ANONYMOUS */, -1, 0);

	if (at == MAP_FAILED)
		return NULL;
	if (slab_probe_madvise_(at, bytes, 18 /* MADV_WIPEONFORK */) != 0) {
		munmap(at, bytes);
		return NULL;
	}
	return (struct slab_probe *)at;
}

static inline void slab_probe_open_(struct slab_probe_state *state)
{
	if (state->pid == (long)getpid())
		return;
	state->pid = (long)getpid();
	state->file = slab_probe_map_file_();
	if (state->file == NULL)
		return;
	state->slabs = slab_probe_map_handles_();
	if (state->slabs == NULL) {
		munmap((void *)state->file, sizeof *state->file);
		state->file = NULL;
		return;
	}
	slab_probe_fill_in_(state->file);
#if defined(__GLIBC__)
	{
		void *frame[1];
		(void)backtrace(frame, 1); /* it loads a library at its first call: not at the worst moment */
	}
#endif
}

/* A lock that another process's thread holds was copied by fork: nobody here will ever release it. */
static inline void slab_probe_lock_(struct slab_probe_state *state)
{
	int mine = (int)getpid();
	int owner = 0;

	while (!__atomic_compare_exchange_n(&state->owner, &owner, mine, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		if (owner == mine)
			owner = 0;
}

/*
 * A slab of `capacity` objects of `object_bytes` (an arena: of `capacity` bytes, with 1 for `object_bytes`; a
 * capacity of 0: it grows). The name is cut at 63 bytes. NULL where nobody listens, or where all places are taken,
 * which reports say.
 */
static inline struct slab_probe *slab_probe_register(const char *name, uint64_t object_bytes, uint64_t capacity)
{
	struct slab_probe_state *state = &slab_probe_state_v1;
	struct slab_probe *s = NULL;

	slab_probe_lock_(state);
	slab_probe_open_(state);
	for (int i = 0; state->file != NULL && i < SLAB_PROBE_POOLS; i++) {
		struct slab_probe_pool *p = &state->file->pools[i];

		if (p->name[0] != '\0')
			continue;
		p->unit_bytes = object_bytes;
		p->capacity = capacity;
		snprintf(p->name, sizeof p->name, "%s", name[0] != '\0' ? name : "slab");
		s = &state->slabs[i];
		s->pool = p;
		break;
	}
	if (s == NULL && state->file != NULL) {
		state->file->counters[0].value++;
		memcpy(state->file->counters[0].name, "slabs_left_out", 15);
	}
	__atomic_store_n(&state->owner, 0, __ATOMIC_RELEASE);
	return s;
}

#ifdef __cplusplus
}
#pragma GCC diagnostic pop
#endif

#endif
