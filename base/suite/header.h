// The test file's metadata header: "@Key value" in the comments of its first 64 lines (docs/formats.md).
#ifndef SG_HEADER_H
#define SG_HEADER_H

#include "buf.h"
#include "err.h"
#include "verdict.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SG_HEADER_LINES 64
#define SG_DEFAULT_TIMEOUT_NS (UINT64_C(60) * UINT64_C(1000000000))

enum test_kind { KIND_OTHER, KIND_GC, KIND_RECURSION, KIND_HTTP2, KIND_ALLOC, KIND_COUNT };
enum test_level { LEVEL_SYSTEM, LEVEL_INTEGRATION, LEVEL_UNIT, LEVEL_COUNT };

const char *test_kind_name(enum test_kind k);
const char *test_level_name(enum test_level l);

struct param {
	char *name;
	char *value;
};

struct strings {
	char **items; // owned, each from malloc
	size_t count;
};

// Every field is what the header said, or zero where it said nothing (`set` tells); all text is owned.
struct test_meta {
	bool has_header;
	uint32_t set; // bit per key of header.c's table: see test_meta_has
	char *id;     // NULL: the path is the id
	enum test_kind kind;
	enum test_level level;
	struct strings tags, depends_on, resources;
	unsigned *depends_on_lines;                 // where each item of depends_on stands in the file
	uint64_t timeout_ns;                        // 0 is none; SG_DEFAULT_TIMEOUT_NS when not given
	uint64_t memory_bytes, cpu_s, files, procs; // 0: not limited here
	uint64_t io_bytes_per_s, io_ops_per_s;
	unsigned headroom_percent;
	bool serial, slow, planned, sentinel;
	char *list;        // @List's command
	unsigned priority; // 0 first .. 3; 2 when not given
	char *skip;        // the reason; NULL: not skipped
	enum verdict expect;
	bool survive; // @Expect survived: a clean refusal counts as passed, and expect is that
	unsigned retry;
	char *run; // @Run's command with its {placeholders}; NULL: by run bit or extension
	struct param *params;
	size_t param_count;
};

enum header_key {
	HKEY_TEST,
	HKEY_KIND,
	HKEY_LEVEL,
	HKEY_TAG,
	HKEY_TIMEOUT,
	HKEY_MEMORY,
	HKEY_CPU,
	HKEY_FILES,
	HKEY_PROCS,
	HKEY_IO,
	HKEY_HEADROOM,
	HKEY_SERIAL,
	HKEY_RESOURCE,
	HKEY_LIST,
	HKEY_PRIORITY,
	HKEY_DEPENDS_ON,
	HKEY_SLOW,
	HKEY_SKIP,
	HKEY_PLANNED,
	HKEY_EXPECT,
	HKEY_RETRY,
	HKEY_RUN,
	HKEY_PARAM,
	HKEY_SENTINEL,
	HKEY_COUNT
};

static inline bool test_meta_has(const struct test_meta *m, enum header_key k)
{
	return (m->set >> k) & 1U;
}

// Parses the first 64 lines of `text` (need not be NUL-terminated). `path` is used in messages only.
// `m` must be zeroed; on success fill it (defaults included) and return 1 if there is a header, 0 if there is
// none (m has defaults); -EINVAL with "path:line: ..." in `e`. m is to be deinited in every case.
int test_header_parse(const char *path, const char *text, size_t len, struct test_meta *m, struct err *e);
// Whether a header's `key` may have that value: 0, or -EINVAL with what it may be ("a kind is one of ...").
int test_header_check(enum header_key key, const char *value, struct err *e);
void test_meta_deinit(struct test_meta *m);
// A deep copy into a zeroed `to`; 0, or -ENOMEM, with `to` to be deinited in either case.
int test_meta_copy(struct test_meta *to, const struct test_meta *from);
// NULL when the test has no such parameter.
const char *test_meta_param(const struct test_meta *m, const char *name);

int strings_add(struct strings *s, const char *text, size_t len); // copies; 0 or -ENOMEM
void strings_deinit(struct strings *s);

#endif
