// A program that is linked to jemalloc: takes small objects until there are none, and says what it can take then.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SMALL 64U

static void **fill(unsigned long most, unsigned long *count)
{
	void **last = NULL, **block;

	for (*count = 0; *count < most && (block = malloc(SMALL)) != NULL; ++*count) {
		*block = last;
		last = block;
	}
	return last;
}

static void free_every(void **block, int nth)
{
	for (int i = 0; block != NULL; i++) {
		void **next = *block;

		if (i % nth == 0)
			free(block);
		block = next;
	}
}

extern int mallctl(const char *name, void *old, size_t *old_bytes, void *fresh, size_t fresh_bytes);
extern int mallctlnametomib(const char *name, size_t *mib, size_t *length);
extern int mallctlbymib(const size_t *mib, size_t length, void *old, size_t *old_bytes, void *fresh,
                        size_t fresh_bytes);
extern void *mallocx(size_t bytes, int flags);

extern char __executable_start[], end[]; // of the program in memory, by the linker

// Until hooks that are not those of the jemalloc in this program stand in front of the arena's: at most a minute.
static void wait_for_hooks(unsigned arena)
{
	char name[40], *hooks = NULL;
	size_t bytes = sizeof hooks;

	snprintf(name, sizeof name, "arena.%u.extent_hooks", arena);
	for (int i = 0; i < 60000; i++) {
		if (mallctl(name, (void *)&hooks, &bytes, NULL, 0) != 0 || hooks < __executable_start ||
		    hooks >= end)
			return;
		usleep(1000);
	}
}

// How many large blocks an arena gives that was made just now, or that has waited to be looked at.
static unsigned fill_new_arena(int by_mib, int waits)
{
	size_t mib[8], length = 8, bytes = sizeof(unsigned);
	unsigned arena, count = 0;

	if (by_mib ? mallctlnametomib("arenas.create", mib, &length) != 0 ||
	                     mallctlbymib(mib, length, &arena, &bytes, NULL, 0) != 0
	           : mallctl("arenas.create", &arena, &bytes, NULL, 0) != 0)
		return 0;
	if (waits)
		wait_for_hooks(arena);
	while (count < 1000 && mallocx(65536, (int)((arena + 1) << 20 | 1U << 8)) != NULL) // no thread cache
		count++;
	return count;
}

int main(int argc, char **argv)
{
	unsigned long most = argc > 1 ? strtoul(argv[1], NULL, 10) : 0, count;
	void **blocks;
	pid_t child;

	if (argc > 2 && strcmp(argv[2], "fork") == 0) {
		child = fork();
		if (child == 0) {
			fill(2 * most, &count);
			exit(0);
		}
		waitpid(child, NULL, 0);
	}
	blocks = fill(most, &count);
	if (argc > 2 && strcmp(argv[2], "die") == 0)
		abort();
	printf("%lu", count);
	if (argc > 2 && strcmp(argv[2], "half") == 0) {
		free_every(blocks, 2);
		printf(" %s %s", malloc(SMALL) != NULL ? "small" : "none",
		       malloc(65536) != NULL ? "large" : "none");
	}
	if (argc > 2 && strcmp(argv[2], "none") == 0)
		free_every(blocks, 1);
	if (argc > 2 && strncmp(argv[2], "arena", 5) == 0)
		printf(" %u",
		       fill_new_arena(strcmp(argv[2], "arena-by-mib") == 0, strcmp(argv[2], "arena-seen") == 0));
	if (argc > 2 && strcmp(argv[2], "large") == 0)
		printf(" %s", malloc(32UL << 20) != NULL ? "large" : "none");
	return fflush(stdout) != 0;
}
