// Files of control groups, as the parts of cgroup*.c read and write them.
#ifndef SG_CGROUP_FILES_H
#define SG_CGROUP_FILES_H

#include "cgroup.h"

// "" and false when it is longer than a path may be.
__attribute__((format(printf, 2, 3))) bool cgroup_path(char out[CGROUP_PATH], const char *format, ...);
// A descriptor of DIR/FILE, or -1.
int cgroup_open(const char *dir, const char *file, int flags);
bool cgroup_has(const char *dir, const char *file);
bool cgroup_write(const char *dir, const char *file, const char *text);
// Writes a number; for 0 what `none` says.
bool cgroup_write_number(const char *dir, const char *file, uint64_t value, const char *none);
// The number behind "KEY " in a flat keyed file; 0 when it is not there.
uint64_t cgroup_keyed(int fd, const char *key);
// Closes what is one (not -1).
void cgroup_close(int fd);

// cgroup_limits.c: forgets what was written into the v2 group, which is to be another one.
void cgroup_forget_v2_limits(struct cgroup *g);

#endif
