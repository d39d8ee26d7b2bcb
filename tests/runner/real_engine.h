// Containers by podman and docker themselves, of an image made of busybox, in a storage of their own. Whoever has
// no such engine, or may not start containers with it, skips them: the script in engine_test.c stands for it
// there.
#ifndef SG_TEST_REAL_ENGINE_H
#define SG_TEST_REAL_ENGINE_H

#include "lab.h"

#define IMAGE "stressgen-busybox"

struct real_engine {
	const char *name;    // "podman"
	const char *command; // with options; filled in by begin()
	bool says_memory;    // that a container ran out of it
	void (*begin)(void); // makes the engine ready, or skips the case
	void (*end)(void);   // takes all of it away
};

// A shell's command; its exit status, or -1.
__attribute__((format(printf, 1, 2))) int sh(const char *format, ...);
// Skips the case where the program is not in PATH.
void need_program(const char *program);

// What an engine must do: each is a case, begun and finished.
void engine_tests_run(const struct real_engine *e);
void engine_tells_memory(const struct real_engine *e);
void engine_tells_ends(const struct real_engine *e);
void engine_runs_several(const struct real_engine *e);
void engine_survives_kill(const struct real_engine *e);

#endif
