// Containers for tests by podman, docker, or whatever understands their commands. A container is no descendant of
// ours: it is known by its name and by the run's label, and ended by the engine.
#ifndef SG_ENGINE_H
#define SG_ENGINE_H

#include "command.h"
#include "err.h"

#include <stdbool.h>
#include <stdint.h>

struct container_places;

// Empty (zeroed): none.
struct engine {
	struct command command; // "podman --cgroup-manager cgroupfs", split; program found
	const char *name;       // "podman": its program's last part; borrowed from the command
	const char *image;      // borrowed; NULL: `root` is the container's root directory
	const char *root;
	const char *init; // stressgen-init, static, to be the first process; borrowed; NULL: the engine's own
};

struct engine_limits {
	uint64_t memory_bytes, processes, files, cpu_s; // 0: none
};

// `command` is split at blanks; borrows image and root. 0, -ENOENT when there is no such program, -EINVAL without
// image and root. deinit in every case.
int engine_init(struct engine *g, const char *command, const char *image, const char *root, struct err *e);
void engine_deinit(struct engine *g);
bool engine_is_set(const struct engine *g);
// Whether it answers, and has the image: it is never pulled. Takes at most half a minute.
int engine_check(const struct engine *g, struct err *e);

struct engine_container {
	const char *name;  // new to the machine
	const char *label; // the run's
	const char *home;  // its HOME; NULL: the image's
	const struct container_places *places;
	struct engine_limits limits;
};

// Adds the words in front of a test's command, which then runs in the container, with its output as ours. Sample
// lines come by stdout: there is no further descriptor. 0, -EINVAL for paths that cannot be mounted, or -ENOMEM.
int engine_prefix(const struct engine *g, const struct engine_container *c, struct command *out, struct err *e);
// A command that kills the container, removes it, and prints "true" when its memory ran out; its exit status is 1
// when it is still there. Fills a zeroed `out`.
int engine_remover(const struct engine *g, const char *name, struct command *out);
// Kills and removes all containers with the label; at most for `seconds`. For the run's end, the guardian, and
// what a killed run has left.
void engine_sweep(const struct engine *g, const char *label, unsigned seconds);
// "podman: ..." for a person: whether that engine can be used here.
bool engine_describe(const char *command, char *words, size_t size);

#endif
