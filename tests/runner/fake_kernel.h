// Control groups that are files of the test's own: making a group makes its files, and whatever is written into
// one is noted, refused where the test says so, and has the effect that the kernel's would have. Only mkdir, rmdir
// and write see it (--wrap in CMakeLists.txt).
#ifndef SG_TEST_FAKE_KERNEL_H
#define SG_TEST_FAKE_KERNEL_H

#include <stdbool.h>
#include <sys/types.h>

void fake_kernel_begin(void);
void fake_kernel_hierarchy(const char *name); // "unified" (v2), "memory", "pids", "blkio" (v1)
// A group that is there before, with controllers (v2; NULL: what its parent gives) and a process in it (0: none).
void fake_kernel_group(const char *path, const char *controllers, pid_t member);
// From now on a write whose "PATH=VALUE" holds `what` fails.
void fake_kernel_refuse(const char *what, int error);
void fake_kernel_set(const char *path, const char *text); // a file's content
// A directory to be read as /proc: hierarchies that are mounted, with blanks between; /proc/self/cgroup; meminfo.
const char *fake_kernel_proc(const char *mounts, const char *groups, const char *meminfo);
// All writes since the last time, "PATH=VALUE" a line, in their order.
const char *fake_kernel_writes(void);
bool fake_kernel_has(const char *path);

#endif
