// Records as JSON: one table of a struct's members writes them, reads them back and frees them.
#ifndef SG_FIELDS_H
#define SG_FIELDS_H

#include "buf.h"
#include "err.h"
#include "header.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum field_kind {
	FIELD_TEXT,    // char *, owned; NULL is left out
	FIELD_STRINGS, // struct strings; an empty one is left out
	FIELD_U64,     // above INT64_MAX, JSON's limit here, it is written as INT64_MAX
	FIELD_UINT,
	FIELD_INT,
	FIELD_BOOL,
	FIELD_REAL,    // not finite is written as null, and read as 0
	FIELD_VERDICT, // enum verdict, by its name
};

struct field {
	const char *name; // NULL ends a table
	enum field_kind kind;
	size_t offset;
};

// A row for one member; the member's type chooses the kind.
#define SG_FIELD(type, member)                                                                                    \
	{                                                                                                         \
#member,                                                                                       \
		_Generic(((type *)0)->member, char *: FIELD_TEXT, struct strings: FIELD_STRINGS,               \
		         uint64_t: FIELD_U64, unsigned: FIELD_UINT, int: FIELD_INT, bool: FIELD_BOOL,          \
		         double: FIELD_REAL),                                                                  \
		offsetof(type, member)                  \
	}
// The same for an enum verdict, which _Generic cannot tell from an unsigned.
#define SG_FIELD_VERDICT(type, member)                                                                            \
	{                                                                                                         \
#member, FIELD_VERDICT, offsetof(type, member)                                                    \
	}

// Adds the members to `object`; text that is not UTF-8 is escaped (result_utf8). 0 or -ENOMEM.
int fields_write(json_t *object, const void *record, const struct field *rows);
// The same as text, which takes a tenth of the time of building the objects: "name":value for each member, with a
// comma in front of each but the first of `out`'s. 0, or -errno with `out` spoilt.
int fields_write_text(struct buf *out, const void *record, const struct field *rows);
// One member of that text, escaped as above.
int fields_add_text(struct buf *out, const char *name, const char *text);
// Fills the members from `object`; what is missing stays as it is, keys without a row are ignored. A wrong type
// or a number out of range is -EINVAL with "WHAT: ..." in `e`. Text that the record held before is freed.
int fields_read(json_t *object, void *record, const struct field *rows, const char *what, struct err *e);
// Frees what the members own and makes it NULL.
void fields_free(void *record, const struct field *rows);

// A growing array of records: a member `items` and a member `count` of the record that owns it.
struct field_list {
	const char *name; // NULL ends a table
	const struct field *rows;
	size_t item_size, items_offset, count_offset;
	// For what rows cannot say; each may be NULL. The return values are as above.
	int (*write_more)(json_t *object, const void *item);
	int (*read_more)(json_t *object, void *item, struct err *e);
	void (*free_more)(void *item);
};

int lists_write(json_t *object, const void *record, const struct field_list *lists); // empty ones are left out
int lists_read(json_t *object, void *record, const struct field_list *lists, struct err *e);
void lists_free(void *record, const struct field_list *lists);
// A zeroed item at the end of the record's list; NULL without memory.
void *list_add(void *record, const struct field_list *list);

#endif
