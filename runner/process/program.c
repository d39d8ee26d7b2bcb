// Files that are executed: scripts' interpreters, rights that come with a file, and what was found out before.
#include "program.h"

#include "command.h"
#include "program_elf.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#define SCRIPT_DEPTH 4 // as deep as the kernel follows #! lines

// The interpreter that a script's first line names, "env NAME" included. From malloc; NULL when there is none.
static char *script_interpreter(const struct elf_image *im)
{
	const char *end = memchr(im->bytes, '\n', im->size < 256 ? im->size : 256);
	char line[256];
	char *word;
	char *rest;

	if (end == NULL || im->size < 2 || memcmp(im->bytes, "#!", 2) != 0)
		return NULL;
	memcpy(line, im->bytes + 2, (size_t)(end - im->bytes) - 2);
	line[end - im->bytes - 2] = '\0';
	word = strtok_r(line, " \t\r", &rest);
	if (word != NULL && strrchr(word, '/') != NULL && strcmp(strrchr(word, '/'), "/env") == 0) {
		do
			word = strtok_r(NULL, " \t\r", &rest);
		while (word != NULL && (word[0] == '-' || strchr(word, '=') != NULL));
	}
	return word != NULL ? command_find(word) : NULL;
}

static void judge_image(const struct elf_image *im, struct program_answer *a, char **interpreter)
{
	*interpreter = script_interpreter(im);
	if (*interpreter != NULL)
		return;
	a->reason = program_elf_no_preload(im);
	if (a->reason == NULL)
		program_elf_malloc(im, &a->own_malloc, &a->linked_malloc);
}

static void judge_file(const char *path, struct program_answer *a, char **interpreter)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct elf_image im = { .size = (size_t)a->size };
	void *map;

	*interpreter = NULL;
	if (fd < 0)
		return;
	map = mmap(NULL, im.size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (map == MAP_FAILED)
		return;
	im.bytes = map;
	judge_image(&im, a, interpreter);
	munmap(map, im.size);
}

// The loader does not trust the environment of whoever runs a program that has more rights than him.
static const char *has_rights(const char *path, const struct stat *st)
{
	struct statvfs fs;

	if (statvfs(path, &fs) == 0 && (fs.f_flag & ST_NOSUID) != 0)
		return NULL;
	if ((st->st_mode & S_ISUID) != 0 && st->st_uid != geteuid())
		return "it is set-user-ID, and so its loader ignores LD_PRELOAD";
	if ((st->st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP) && st->st_gid != getegid())
		return "it is set-group-ID, and so its loader ignores LD_PRELOAD";
	if (getuid() != 0 && getxattr(path, "security.capability", NULL, 0) > 0)
		return "its file has capabilities, and so its loader ignores LD_PRELOAD";
	return NULL;
}

static struct program_answer *cache_find(struct program_cache *cache, const struct stat *st, int64_t mtime_ns)
{
	for (unsigned i = 0; i < cache->count; i++) {
		struct program_answer *a = &cache->answers[i];

		if (a->dev == st->st_dev && a->ino == st->st_ino && a->mtime_ns == mtime_ns &&
		    a->size == st->st_size)
			return a;
	}
	return NULL;
}

static void cache_add(struct program_cache *cache, const struct program_answer *a)
{
	cache->answers[cache->next] = *a;
	cache->next = (cache->next + 1) % PROGRAM_CACHE;
	if (cache->count < PROGRAM_CACHE)
		cache->count++;
}

static struct program_answer look_up(struct program_cache *cache, const char *path)
{
	struct program_answer answer = { 0 };
	char *at = NULL;

	for (int depth = 0; depth < SCRIPT_DEPTH; depth++) {
		const char *file = at != NULL ? at : path;
		const struct program_answer *known;
		char *interpreter = NULL;
		struct stat st;
		int64_t mtime_ns;

		if (stat(file, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size == 0)
			break;
		mtime_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
		known = cache_find(cache, &st, mtime_ns);
		if (known != NULL) {
			answer = *known;
			break;
		}
		answer = (struct program_answer){
			.dev = st.st_dev, .ino = st.st_ino, .mtime_ns = mtime_ns, .size = st.st_size
		};
		judge_file(file, &answer, &interpreter);
		if (interpreter == NULL && answer.reason == NULL) // for a script they mean nothing
			answer.reason = has_rights(file, &st);
		if (interpreter == NULL) {
			cache_add(cache, &answer);
			break;
		}
		free(at);
		at = interpreter;
	}
	free(at);
	return answer;
}

const char *program_no_preload(struct program_cache *cache, const char *path)
{
	return look_up(cache, path).reason;
}

const char *program_own_malloc(struct program_cache *cache, const char *path)
{
	const struct program_answer answer = look_up(cache, path);

	return answer.reason != NULL ? answer.reason : answer.own_malloc;
}

const char *program_linked_malloc(struct program_cache *cache, const char *path)
{
	return look_up(cache, path).linked_malloc;
}
