// The directories that a run needs outside its run directory, and that must not outlive it: private temporary
// directories, and the telemetry files in memory.
#ifndef SG_SCRATCH_H
#define SG_SCRATCH_H

#include "err.h"

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#define SCRATCH_PATH 512U

struct scratch {
	char name[48]; // "stressgen-PID-RANDOM", new to the machine; also the groups' and the mark's
	char temp_root[SCRATCH_PATH]; // below $TMPDIR or /tmp
	char tele_root[SCRATCH_PATH]; // below /dev/shm, else in the run directory
	int temp_lock, tele_lock;     // held as long as the run lives; a directory whose lock is free is swept
};

// Sweeps what dead runs of this user have left, then makes both. `run_dir` is absolute. 0 or -errno.
int scratch_init(struct scratch *s, const char *run_dir, struct err *e);
// Removes both trees. Does not need the descriptors, so that the guardian can do it.
void scratch_remove(const struct scratch *s);
void scratch_deinit(struct scratch *s);

// Does it look like a name that scratch_init gave?
bool scratch_is_name(const char *name);

// One worker's directory, kept open between its tests.
struct scratch_dir {
	char path[SCRATCH_PATH];
	DIR *handle;      // NULL: not made
	off_t empty_size; // on tmpfs, where a directory grows with every entry; 0 elsewhere
	// Elsewhere: when it was changed last as of the reading that found it empty, when a reading first saw that
	// (clock_now_ns), and whether a later change is sure to bear another time.
	struct timespec changed;
	uint64_t seen_ns;
	bool settled;
};

// Makes ROOT/wN. 0 or -errno; deinit in every case.
int scratch_dir_init(struct scratch_dir *d, const char *root, unsigned worker);
void scratch_dir_deinit(struct scratch_dir *d);
bool scratch_dir_is_empty(struct scratch_dir *d);
// Removes what a test left in it, or made of it; the directory stays for the next one. (It is not simply removed
// and made again: on a disk that costs more than a short test.) 0 or -errno.
int scratch_dir_empty(struct scratch_dir *d);

#endif
