// Files of control groups, as the parts of cgroup*.c read and write them.
#ifndef SG_CGROUP_FILES_H
#define SG_CGROUP_FILES_H

#include "cgroup.h"

// "" and false when it is longer than a path may be.
__attribute__((format(printf, 2, 3))) bool cgroup_path(char out[CGROUP_PATH], const char *format, ...);
// A descriptor of DIR/FILE, or -1.
int cgroup_open(const char *dir, const char *file, int flags);
bool cgroup_has(const char *dir, const char *file);
bool cgroup_write(const char *dir, const char *file, const char *text); // errno says why not
// A word in a list that has commas, blanks or newlines between its words.
bool cgroup_word_in_list(const char *list, const char *word);
// Writes a number; for 0 what `none` says.
bool cgroup_write_number(const char *dir, const char *file, uint64_t value, const char *none);
// The number behind "KEY " in a flat keyed file; 0 when it is not there.
uint64_t cgroup_keyed(int fd, const char *key);
// Closes what is one (not -1).
void cgroup_close(int fd);

// cgroup_delegate.c: makes our own group, if it can, give its controllers to groups below it; `name` is the run's.
void cgroup_delegate(struct cgroups *all, const char *own, const char *name);

// cgroup_limits.c: forgets what was written into the v2 group, which is to be another one.
void cgroup_forget_v2_limits(struct cgroup *g);

#endif
