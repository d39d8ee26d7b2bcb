// From names to their positions in a list that holds the names: four to eight bytes each, the names not copied.
#ifndef SG_NAME_INDEX_H
#define SG_NAME_INDEX_H

#include <stddef.h>
#include <stdint.h>

#define NAME_INDEX_NONE SIZE_MAX

struct name_index {      // {0}: nothing is in it
	uint32_t *slots; // by hash, then linear; a position and 1; 0: free
	size_t count;    // of slots, a power of two
};

// The name at a position of the list behind `list`.
typedef const char *(*name_at_fn)(const void *list, size_t position);

// Makes room for `names` names, and forgets what was in it. 0 or -ENOMEM.
int name_index_init(struct name_index *x, size_t names);
void name_index_deinit(struct name_index *x);
// 0; -EEXIST when the name is there, which stays as it was.
int name_index_add(struct name_index *x, name_at_fn at, const void *list, size_t position);
// NAME_INDEX_NONE when the name is not there.
size_t name_index_find(const struct name_index *x, name_at_fn at, const void *list, const char *name);

#endif
