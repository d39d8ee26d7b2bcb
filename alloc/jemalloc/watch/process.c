// The process: whether it has a jemalloc, what is asked of it, and what its telemetry file begins with.
#include "watch.h"

#include "elf_program.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static const char *cap_refused; // why there is no cap; NULL

static void opened(struct tele_file *t)
{
	telemetry_counter(t, "denied_growths");
	telemetry_counter(t, "denied_moves");
	if (t->note[0] == '\0' && cap_refused != NULL)
		strcpy(t->note, cap_refused);
	cap_attach(t);
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

// One that is linked in with its symbols for itself: under the names it was configured with (je_ where it replaces
// nobody's malloc, _rjem_ in Rust).
static void find_linked(void)
{
	static const char *const names[][3] = { { "mallctl", "mallctlnametomib", "mallctlbymib" },
		                                { "je_mallctl", "je_mallctlnametomib", "je_mallctlbymib" },
		                                { "_rjem_mallctl", "_rjem_mallctlnametomib",
		                                  "_rjem_mallctlbymib" } };
	struct elf_image self;

	if (!elf_map_self(&self))
		return;
	for (size_t i = 0; i < sizeof names / sizeof names[0] && je.mallctl == NULL; i++) {
		*(void **)&je.mallctl = elf_find_in_self(&self, names[i][0]);
		*(void **)&je.to_mib = elf_find_in_self(&self, names[i][1]);
		*(void **)&je.by_mib = elf_find_in_self(&self, names[i][2]);
	}
	munmap((void *)(uintptr_t)self.bytes, self.size);
}

bool watch_find(void)
{
	if (je.mallctl == NULL) {
		*(void **)&je.to_mib = find("mallctlnametomib");
		*(void **)&je.by_mib = find("mallctlbymib");
		*(void **)&je.mallctl = find("mallctl");
	}
	if (je.mallctl == NULL)
		find_linked();
	return je.mallctl != NULL && je.to_mib != NULL && je.by_mib != NULL;
}

__attribute__((constructor)) static void start(void)
{
	const struct keep_hooks hooks = { opened, cap_forked, cap_looked };
	const char *cap_text = getenv(SG_JEMALLOC_ENV_CAP);
	uint64_t cap = cap_text != NULL ? strtoull(cap_text, NULL, 10) : 0;
	int saved = errno;

	if (!watch_find() || !keep_prepare(&hooks))
		return;
	if (cap > 0 && !cap_arm(cap))
		cap_refused = "not capped: its arenas take no extent hooks";
	if (cap > 0)
		keep_look(); // the file is there before anything can run out
	keep_begin();
	errno = saved;
}

__attribute__((destructor)) static void stop(void)
{
	keep_look();
}
