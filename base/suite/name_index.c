// Open addressing with linear probing, at most half full.
#include "name_index.h"

#include "io.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int name_index_init(struct name_index *x, size_t names)
{
	size_t count = 4;

	name_index_deinit(x);
	while (count < 2 * names)
		count *= 2;
	x->slots = names < UINT32_MAX / 2 ? calloc(count, sizeof *x->slots) : NULL;
	if (x->slots == NULL)
		return -ENOMEM;
	x->count = count;
	return 0;
}

void name_index_deinit(struct name_index *x)
{
	free(x->slots);
	*x = (struct name_index){ 0 };
}

// The slot of a name, or the free one where it would be.
static uint32_t *slot_of(const struct name_index *x, name_at_fn at, const void *list, const char *name)
{
	size_t i = io_name_hash(name) & (x->count - 1);

	while (x->slots[i] != 0 && strcmp(at(list, x->slots[i] - 1), name) != 0)
		i = (i + 1) & (x->count - 1);
	return &x->slots[i];
}

int name_index_add(struct name_index *x, name_at_fn at, const void *list, size_t position)
{
	uint32_t *slot = slot_of(x, at, list, at(list, position));

	if (*slot != 0)
		return -EEXIST;
	*slot = (uint32_t)position + 1;
	return 0;
}

size_t name_index_find(const struct name_index *x, name_at_fn at, const void *list, const char *name)
{
	const uint32_t *slot = x->count > 0 ? slot_of(x, at, list, name) : NULL;

	return slot != NULL && *slot != 0 ? *slot - 1 : NAME_INDEX_NONE;
}
