// One row for each header key: its name, whether it may be repeated, and the parser of its value.
#include "header_keys.h"

#include "clock.h"
#include "opt.h"
#include "units.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define MIB (UINT64_C(1) << 20)
#define YEAR_S (UINT64_C(365) * 86400U)
#define ID_MAX 512U
#define RETRY_MAX 100U
#define FILES_MAX (UINT64_C(1) << 20)
#define PROCS_MAX (UINT64_C(1) << 22) // the kernel's largest pid_max
#define NAME_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"

static const char *const kind_names[KIND_COUNT] = {
	[KIND_OTHER] = "other", [KIND_GC] = "gc",       [KIND_RECURSION] = "recursion",
	[KIND_HTTP2] = "http2", [KIND_ALLOC] = "alloc",
};

static const char *const level_names[LEVEL_COUNT] = {
	[LEVEL_SYSTEM] = "system",
	[LEVEL_INTEGRATION] = "integration",
	[LEVEL_UNIT] = "unit",
};

const char *test_kind_name(enum test_kind k)
{
	return (unsigned)k < KIND_COUNT ? kind_names[k] : "?";
}

const char *test_level_name(enum test_level l)
{
	return (unsigned)l < LEVEL_COUNT ? level_names[l] : "?";
}

// ---- messages and small pieces ----

// "@Key VALUE: what is wrong", with file and line; of a value that stands in no file, what is wrong alone.
static int bad(const struct header_line *l, struct err *e, const char *what)
{
	if (l->path == NULL)
		return err_set(e, EINVAL, "%s", what);
	if (l->value[0] == '\0')
		return err_at(e, EINVAL, l->path, l->line, 0, "@%s has no value; %s", l->key, what);
	return err_at(e, EINVAL, l->path, l->line, 0, "@%s %.200s: %s", l->key, l->value, what);
}

static int no_memory(const struct header_line *l, struct err *e)
{
	return err_at(e, ENOMEM, l->path, l->line, 0, "%s", strerror(ENOMEM));
}

static int store_text(char **field, const struct header_line *l, struct err *e)
{
	*field = strdup(l->value);
	return *field == NULL ? no_memory(l, e) : 0;
}

static int index_of(const char *word, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(word, words[i]) == 0)
			return (int)i;
	return -EINVAL;
}

// Adds the words of a comma-separated list.
static int add_list(struct strings *s, const struct header_line *l, const char *what, struct err *e)
{
	const char *p = l->value;

	do {
		const char *end = strchrnul(p, ',');
		const char *next = *end == ',' ? end + 1 : NULL;

		while (p < end && *p == ' ')
			p++;
		while (end > p && end[-1] == ' ')
			end--;
		if (p == end)
			return bad(l, e, what);
		if (strings_add(s, p, (size_t)(end - p)) < 0)
			return no_memory(l, e);
		p = next;
	} while (p != NULL);
	return 0;
}

static int parse_number(const struct header_line *l, uint64_t max, const char *what, uint64_t *value,
                        struct err *e)
{
	uint64_t n;

	if (units_parse_u64(l->value, &n) < 0 || n == 0 || n > max)
		return bad(l, e, what);
	*value = n;
	return 0;
}

static int parse_switch(const struct header_line *l, bool *on, struct err *e)
{
	static const char *const yes[] = { "", "on", "yes", "true" };
	static const char *const no[] = { "off", "no", "false" };

	if (index_of(l->value, yes, COUNT(yes)) >= 0)
		*on = true;
	else if (index_of(l->value, no, COUNT(no)) >= 0)
		*on = false;
	else
		return bad(l, e, "stands alone, or with on or off");
	return 0;
}

// ---- one parser a key ----

static int parse_test(struct test_meta *m, const struct header_line *l, struct err *e)
{
	for (const unsigned char *p = (const unsigned char *)l->value; *p != '\0'; p++)
		if (*p <= ' ' || *p == 0x7f)
			return bad(l, e,
			           "an id has no blanks or control characters; kind/name-params.dialect is usual");
	if (l->value[0] == '\0' || strlen(l->value) > ID_MAX)
		return bad(l, e, "an id has 1 to 512 bytes; kind/name-params.dialect is usual");
	return store_text(&m->id, l, e);
}

static int parse_kind(struct test_meta *m, const struct header_line *l, struct err *e)
{
	int i = index_of(l->value, kind_names, KIND_COUNT);

	if (i < 0)
		return bad(l, e, "a kind is one of gc, recursion, http2, alloc, other");
	m->kind = (enum test_kind)i;
	return 0;
}

static int parse_level(struct test_meta *m, const struct header_line *l, struct err *e)
{
	int i = index_of(l->value, level_names, LEVEL_COUNT);

	if (i < 0)
		return bad(l, e, "a level is one of unit, integration, system");
	m->level = (enum test_level)i;
	return 0;
}

static int parse_tag(struct test_meta *m, const struct header_line *l, struct err *e)
{
	return add_list(&m->tags, l, "tags are words with commas between them", e);
}

static int parse_timeout(struct test_meta *m, const struct header_line *l, struct err *e)
{
	uint64_t ns;

	if (units_parse_duration(l->value, &ns) < 0 || ns > YEAR_S * SG_NS_PER_S)
		return bad(l, e, "a duration is written 500ms, 30s or 10m; 0 is none");
	m->timeout_ns = ns;
	return 0;
}

static int parse_memory(struct test_meta *m, const struct header_line *l, struct err *e)
{
	uint64_t bytes;
	bool bare = units_parse_u64(l->value, &bytes) == 0;

	if (bare ? __builtin_mul_overflow(bytes, MIB, &bytes) : units_parse_bytes(l->value, &bytes) < 0)
		bytes = 0;
	if (bytes == 0 || bytes > INT64_MAX)
		return bad(l, e, "memory is a number of MiB, or written 512M or 2G, and more than 0");
	m->memory_bytes = bytes;
	return 0;
}

static int parse_cpu(struct test_meta *m, const struct header_line *l, struct err *e)
{
	uint64_t ns;

	if (units_parse_duration(l->value, &ns) < 0 || ns == 0 || ns > YEAR_S * SG_NS_PER_S)
		return bad(l, e, "CPU time is a number of seconds, or written 30s or 10m, and more than 0");
	m->cpu_s = (ns + SG_NS_PER_S - 1) / SG_NS_PER_S; // the kernel's limit counts whole seconds
	return 0;
}

static int parse_files(struct test_meta *m, const struct header_line *l, struct err *e)
{
	return parse_number(l, FILES_MAX, "descriptors are a whole number from 1 to 1048576", &m->files, e);
}

static int parse_procs(struct test_meta *m, const struct header_line *l, struct err *e)
{
	return parse_number(l, PROCS_MAX, "processes are a whole number from 1 to 4194304", &m->procs, e);
}

// "500/s" or "10MB/s". False when it is neither, or 0.
static bool parse_rate(struct test_meta *m, const char *word, size_t len)
{
	char text[32];
	uint64_t rate;

	if (len < 3 || len - 2 >= sizeof text || memcmp(word + len - 2, "/s", 2) != 0)
		return false;
	memcpy(text, word, len - 2);
	text[len - 2] = '\0';
	if (units_parse_u64(text, &rate) == 0) {
		m->io_ops_per_s = rate;
		return rate > 0;
	}
	if (units_parse_bytes(text, &rate) < 0)
		return false;
	m->io_bytes_per_s = rate;
	return rate > 0;
}

static int parse_io(struct test_meta *m, const struct header_line *l, struct err *e)
{
	static const char what[] = "I/O is written 10MB/s, 500/s, or both with a blank between them";
	const char *p = l->value;
	unsigned words = 0;

	for (; *p != '\0'; p += strspn(p, " ,")) {
		size_t len = strcspn(p, " ,");

		words++;
		if (!parse_rate(m, p, len))
			return bad(l, e, what);
		p += len;
	}
	if (words == 0 || words != (unsigned)(m->io_ops_per_s > 0) + (unsigned)(m->io_bytes_per_s > 0))
		return bad(l, e, what);
	return 0;
}

static int parse_headroom(struct test_meta *m, const struct header_line *l, struct err *e)
{
	char text[8] = "";
	size_t len = strlen(l->value);
	uint64_t percent;

	if (len > 0 && l->value[len - 1] == '%')
		len--;
	if (len < sizeof text)
		memcpy(text, l->value, len);
	if (units_parse_u64(text, &percent) < 0 || percent == 0 || percent > 100)
		return bad(l, e, "headroom is a percentage from 1% to 100%");
	m->headroom_percent = (unsigned)percent;
	return 0;
}

static int parse_serial(struct test_meta *m, const struct header_line *l, struct err *e)
{
	return parse_switch(l, &m->serial, e);
}

static int parse_resource(struct test_meta *m, const struct header_line *l, struct err *e)
{
	if (l->value[0] == '\0' || l->value[strspn(l->value, NAME_CHARS)] != '\0')
		return bad(l, e, "a resource is one name of letters, digits, '_', '.' and '-'");
	return strings_add(&m->resources, l->value, strlen(l->value)) < 0 ? no_memory(l, e) : 0;
}

static int parse_list(struct test_meta *m, const struct header_line *l, struct err *e)
{
	if (l->value[0] == '\0')
		return bad(l, e, "give the command that prints the cases, one a line");
	return store_text(&m->list, l, e);
}

static int parse_priority(struct test_meta *m, const struct header_line *l, struct err *e)
{
	static const char *const names[] = { "P0", "P1", "P2", "P3" };
	int i = index_of(l->value, names, COUNT(names));

	if (i < 0)
		return bad(l, e, "a priority is one of P0 (first), P1, P2, P3");
	m->priority = (unsigned)i;
	return 0;
}

static int parse_depends_on(struct test_meta *m, const struct header_line *l, struct err *e)
{
	size_t before = m->depends_on.count;
	int rc = add_list(&m->depends_on, l, "dependencies are ids or paths with commas between them", e);
	unsigned *lines;

	if (rc < 0)
		return rc;
	lines = reallocarray(m->depends_on_lines, m->depends_on.count, sizeof *lines);
	if (lines == NULL)
		return no_memory(l, e);
	m->depends_on_lines = lines;
	for (size_t i = before; i < m->depends_on.count; i++)
		lines[i] = l->line;
	return 0;
}

static int parse_slow(struct test_meta *m, const struct header_line *l, struct err *e)
{
	return parse_switch(l, &m->slow, e);
}

static int parse_skip(struct test_meta *m, const struct header_line *l, struct err *e)
{
	if (l->value[0] == '\0')
		return bad(l, e, "say why the test is skipped");
	return store_text(&m->skip, l, e);
}

static int parse_planned(struct test_meta *m, const struct header_line *l, struct err *e)
{
	return parse_switch(l, &m->planned, e);
}

// What can be demanded of a test: it ends so by itself, always.
static bool can_be_expected(enum verdict v)
{
	return v == VERDICT_PASSED || (verdict_is_bad(v) && v != VERDICT_INTERRUPTED);
}

static int parse_expect(struct test_meta *m, const struct header_line *l, struct err *e)
{
	enum verdict v = VERDICT_PASSED;

	m->survive = strcmp(l->value, "survived") == 0;
	if (!m->survive && (verdict_parse(l->value, &v) < 0 || !can_be_expected(v)))
		return bad(l, e,
		           "what can be expected is passed, survived, failed, crashed, timeout, stack-overflow, "
		           "out-of-memory, slab-exhausted or leaked");
	m->expect = v;
	return 0;
}

static int parse_retry(struct test_meta *m, const struct header_line *l, struct err *e)
{
	uint64_t times;

	if (units_parse_u64(l->value, &times) < 0 || times > RETRY_MAX)
		return bad(l, e, "retries are a whole number from 0 to 100");
	m->retry = (unsigned)times;
	return 0;
}

static int parse_run(struct test_meta *m, const struct header_line *l, struct err *e)
{
	if (l->value[0] == '\0')
		return bad(l, e, "give the command, for example: lua5.4 {file}");
	return store_text(&m->run, l, e);
}

static int add_param(struct test_meta *m, const char *name, size_t name_len, const char *value)
{
	struct param *params = reallocarray(m->params, m->param_count + 1, sizeof *params);
	struct param *p;

	if (params == NULL)
		return -ENOMEM;
	m->params = params;
	p = &params[m->param_count++];
	p->name = strndup(name, name_len);
	p->value = strdup(value);
	return p->name == NULL || p->value == NULL ? -ENOMEM : 0;
}

static int parse_param(struct test_meta *m, const struct header_line *l, struct err *e)
{
	size_t len = strcspn(l->value, "=");

	if (len == 0 || l->value[len] == '\0' || strspn(l->value, NAME_CHARS) < len)
		return bad(l, e,
		           "a parameter is written name=value, its name of letters, digits, '_', '.' and '-'");
	for (size_t i = 0; i < m->param_count; i++)
		if (strlen(m->params[i].name) == len && memcmp(m->params[i].name, l->value, len) == 0)
			return bad(l, e, "this parameter has a value already");
	return add_param(m, l->value, len, l->value + len + 1) < 0 ? no_memory(l, e) : 0;
}

static int parse_sentinel(struct test_meta *m, const struct header_line *l, struct err *e)
{
	return parse_switch(l, &m->sentinel, e);
}

// clang-format off
const struct header_key_info header_keys[HKEY_COUNT] = {
	[HKEY_TEST]       = { "Test",      false, parse_test },
	[HKEY_KIND]       = { "Kind",      false, parse_kind },
	[HKEY_LEVEL]      = { "Level",     false, parse_level },
	[HKEY_TAG]        = { "Tag",       true,  parse_tag },
	[HKEY_TIMEOUT]    = { "Timeout",   false, parse_timeout },
	[HKEY_MEMORY]     = { "Memory",    false, parse_memory },
	[HKEY_CPU]        = { "Cpu",       false, parse_cpu },
	[HKEY_FILES]      = { "Files",     false, parse_files },
	[HKEY_PROCS]      = { "Procs",     false, parse_procs },
	[HKEY_IO]         = { "Io",        false, parse_io },
	[HKEY_HEADROOM]   = { "Headroom",  false, parse_headroom },
	[HKEY_SERIAL]     = { "Serial",    false, parse_serial },
	[HKEY_RESOURCE]   = { "Resource",  true,  parse_resource },
	[HKEY_LIST]       = { "List",      false, parse_list },
	[HKEY_PRIORITY]   = { "Priority",  false, parse_priority },
	[HKEY_DEPENDS_ON] = { "DependsOn", true,  parse_depends_on },
	[HKEY_SLOW]       = { "Slow",      false, parse_slow },
	[HKEY_SKIP]       = { "Skip",      false, parse_skip },
	[HKEY_PLANNED]    = { "Planned",   false, parse_planned },
	[HKEY_EXPECT]     = { "Expect",    false, parse_expect },
	[HKEY_RETRY]      = { "Retry",     false, parse_retry },
	[HKEY_RUN]        = { "Run",       false, parse_run },
	[HKEY_PARAM]      = { "Param",     true,  parse_param },
	[HKEY_SENTINEL]   = { "Sentinel",  false, parse_sentinel },
};
// clang-format on

enum header_key header_key_find(const char *name, size_t len)
{
	unsigned i = 0;

	while (i < HKEY_COUNT &&
	       (strlen(header_keys[i].name) != len || memcmp(header_keys[i].name, name, len) != 0))
		i++;
	return (enum header_key)i;
}

const char *header_key_nearest(const char *name)
{
	const char *names[HKEY_COUNT];

	for (unsigned i = 0; i < HKEY_COUNT; i++)
		names[i] = header_keys[i].name;
	return opt_nearest(name, names, HKEY_COUNT);
}
