// Finds the header lines of a test file and has them parsed by the table of keys.
#include "header.h"

#include "header_keys.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

// A stretch of the file.
struct stretch {
	const char *at;
	size_t len;
};

// One "@Key value" found: pieces of the file, which are not NUL-terminated.
struct found {
	struct stretch key, value;
	unsigned line;
	bool glued;
};

struct found_lines {
	struct found items[SG_HEADER_LINES];
	size_t count;
	bool known; // at least one of the keys is ours
};

// ---- strings ----

int strings_add(struct strings *s, const char *text, size_t len)
{
	char **items = reallocarray(s->items, s->count + 1, sizeof *items);

	if (items == NULL)
		return -ENOMEM;
	s->items = items;
	items[s->count] = strndup(text, len);
	if (items[s->count] == NULL)
		return -ENOMEM;
	s->count++;
	return 0;
}

void strings_deinit(struct strings *s)
{
	for (size_t i = 0; i < s->count; i++)
		free(s->items[i]);
	free(s->items);
	*s = (struct strings){ 0 };
}

// ---- finding the lines ----

static struct stretch trim(struct stretch s)
{
	while (s.len > 0 && isspace((unsigned char)s.at[0])) {
		s.at++;
		s.len--;
	}
	while (s.len > 0 && isspace((unsigned char)s.at[s.len - 1]))
		s.len--;
	return s;
}

static bool holds(struct stretch s, const char *text)
{
	return s.len > 0 && memmem(s.at, s.len, text, strlen(text)) != NULL;
}

static bool is_word(struct stretch s, const char *word)
{
	return s.len == strlen(word) && strncasecmp(s.at, word, s.len) == 0;
}

// Whether what stands before the '@' begins a comment in some language: punctuation of any kind, or one of the two
// words that do. Not with quotes (they begin strings), nor with '|' or '>' (tables and quotations in prose).
static bool is_comment_prefix(struct stretch s)
{
	if (s.len == 0 || *s.at == '|' || *s.at == '>')
		return false;
	if (is_word(s, "rem") || is_word(s, "dnl"))
		return true;
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.at[i];

		if (c == ' ' || c == '\t')
			continue;
		if (!ispunct(c) || strchr("\"'`", c) != NULL)
			return false;
	}
	return true;
}

// Takes the comment's end off the value. Only where the comment is of the sort that has one: "# @Run ls */" keeps
// its last characters.
static struct stretch strip_closing(struct stretch prefix, struct stretch value)
{
	static const struct {
		const char *opening, *closing;
	} pairs[] = { { "*", "*/" }, { "*", "*)" }, { "<!--", "-->" }, { "#|", "|#" }, { "{-", "-}" } };

	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
		size_t len = strlen(pairs[i].closing);

		if (value.len >= len && holds(prefix, pairs[i].opening) &&
		    memcmp(value.at + value.len - len, pairs[i].closing, len) == 0) {
			value.len -= len;
			return trim(value);
		}
	}
	return value;
}

// Splits a line into its key and value. False when it is no header line: no comment, no capitalised word behind
// the '@', or something glued to that word (as in "@User/name" and "@Test(...)").
static bool split_line(struct stretch line, struct found *f)
{
	const char *at = line.len > 0 ? memchr(line.at, '@', line.len) : NULL;
	const char *end = line.at + line.len;
	struct stretch prefix;
	const char *p;

	if (at == NULL)
		return false;
	prefix = trim((struct stretch){ line.at, (size_t)(at - line.at) });
	if (!is_comment_prefix(prefix))
		return false;
	p = at + 1;
	if (p == end || !isupper((unsigned char)*p))
		return false;
	while (p < end && isalnum((unsigned char)*p))
		p++;
	f->key = (struct stretch){ at + 1, (size_t)(p - at - 1) };
	f->value = strip_closing(prefix, trim((struct stretch){ p, (size_t)(end - p) }));
	f->glued = p < end && (*p == ':' || *p == '=');
	return p == end || isspace((unsigned char)*p) || f->glued || f->value.len == 0;
}

static void find_lines(const char *text, size_t len, struct found_lines *lines)
{
	static const char bom[] = "\xef\xbb\xbf";
	const char *end = text + len;

	if (len >= 3 && memcmp(text, bom, 3) == 0)
		text += 3;
	for (unsigned number = 1; number <= SG_HEADER_LINES && text < end; number++) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		struct stretch line = { text, (size_t)((newline != NULL ? newline : end) - text) };
		struct found *f = &lines->items[lines->count];

		if (split_line(line, f)) {
			f->line = number;
			lines->count++;
			lines->known |= header_key_find(f->key.at, f->key.len) != HKEY_COUNT;
		}
		text += line.len + 1;
	}
}

// ---- parsing ----

static int unknown_key(const struct header_line *l, struct err *e)
{
	const char *nearest = header_key_nearest(l->key);

	if (nearest != NULL)
		return err_at(e, EINVAL, l->path, l->line, 0, "@%.64s is not a header key; did you mean @%s?",
		              l->key, nearest);
	return err_at(
	        e, EINVAL, l->path, l->line, 0,
	        "@%.64s is not a header key; docs/formats.md lists them (a comment of the file's own may have "
	        "@words in lower case)",
	        l->key);
}

static int parse_line(struct test_meta *m, const struct header_line *l, struct err *e)
{
	enum header_key k = header_key_find(l->key, strlen(l->key));

	if (k == HKEY_COUNT)
		return unknown_key(l, e);
	if (l->glued)
		return err_at(e, EINVAL, l->path, l->line, 0,
		              "a blank stands between @%s and its value, without '%c'", l->key, l->value[0]);
	if (test_meta_has(m, k) && !header_keys[k].repeats)
		return err_at(e, EINVAL, l->path, l->line, 0,
		              "@%s stands here a second time; only @Tag, @Param, @DependsOn and @Resource may be "
		              "repeated",
		              l->key);
	m->set |= 1U << k;
	return header_keys[k].parse(m, l, e);
}

static int parse_found(const char *path, const struct found *f, struct test_meta *m, struct err *e)
{
	char *key = strndup(f->key.at, f->key.len);
	char *value = strndup(f->value.at, f->value.len);
	struct header_line line = { path, f->line, f->glued, key, value };
	int rc;

	if (key != NULL && value != NULL)
		rc = parse_line(m, &line, e);
	else
		rc = err_set(e, ENOMEM, "%s: %s", path, strerror(ENOMEM));
	free(key);
	free(value);
	return rc;
}

int test_header_parse(const char *path, const char *text, size_t len, struct test_meta *m, struct err *e)
{
	struct found_lines lines = { .count = 0 };

	_Static_assert(HKEY_COUNT <= 32, "test_meta.set has a bit for each key");
	m->timeout_ns = SG_DEFAULT_TIMEOUT_NS;
	m->priority = 2;
	m->expect = VERDICT_PASSED;
	if (len == 0 || memchr(text, '\0', len) != NULL)
		return 0;
	find_lines(text, len, &lines);
	if (!lines.known)
		return 0;
	m->has_header = true;
	for (size_t i = 0; i < lines.count; i++) {
		int rc = parse_found(path, &lines.items[i], m, e);

		if (rc < 0)
			return rc;
	}
	return 1;
}

int test_header_check(enum header_key key, const char *value, struct err *e)
{
	const struct header_line line = { .key = header_keys[key].name, .value = value };
	struct test_meta m = { 0 };
	const int rc = header_keys[key].parse(&m, &line, e);

	test_meta_deinit(&m);
	return rc;
}

void test_meta_deinit(struct test_meta *m)
{
	free(m->id);
	free(m->list);
	free(m->skip);
	free(m->run);
	strings_deinit(&m->tags);
	strings_deinit(&m->depends_on);
	strings_deinit(&m->resources);
	for (size_t i = 0; i < m->param_count; i++) {
		free(m->params[i].name);
		free(m->params[i].value);
	}
	free(m->params);
	free(m->depends_on_lines);
	*m = (struct test_meta){ 0 };
}

static bool copy_strings(struct strings *to, const struct strings *from)
{
	*to = (struct strings){ 0 };
	for (size_t i = 0; i < from->count; i++)
		if (strings_add(to, from->items[i], strlen(from->items[i])) < 0)
			return false;
	return true;
}

static bool copy_params(struct test_meta *to, const struct test_meta *from)
{
	to->params = calloc(from->param_count + 1, sizeof *to->params);
	for (size_t i = 0; to->params != NULL && i < from->param_count; i++) {
		struct param *p = &to->params[to->param_count++];

		p->name = strdup(from->params[i].name);
		p->value = strdup(from->params[i].value);
		if (p->name == NULL || p->value == NULL)
			return false;
	}
	return to->params != NULL;
}

int test_meta_copy(struct test_meta *to, const struct test_meta *from)
{
	const size_t lines = from->depends_on.count * sizeof *from->depends_on_lines;
	char *const *const texts[] = { &from->id, &from->list, &from->skip, &from->run };
	char **const copies[] = { &to->id, &to->list, &to->skip, &to->run };
	bool ok;

	*to = *from;
	to->params = NULL;
	to->param_count = 0;
	to->depends_on_lines = malloc(lines + 1);
	ok = to->depends_on_lines != NULL;
	if (ok && lines > 0)
		memcpy(to->depends_on_lines, from->depends_on_lines, lines);
	// all of them, so that nothing is shared when one fails
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		*copies[i] = *texts[i] != NULL ? strdup(*texts[i]) : NULL;
		ok = ok && (*texts[i] == NULL || *copies[i] != NULL);
	}
	ok = copy_strings(&to->tags, &from->tags) && ok;
	ok = copy_strings(&to->depends_on, &from->depends_on) && ok;
	ok = copy_strings(&to->resources, &from->resources) && ok;
	return copy_params(to, from) && ok ? 0 : -ENOMEM;
}

const char *test_meta_param(const struct test_meta *m, const char *name)
{
	for (size_t i = 0; i < m->param_count; i++)
		if (strcmp(m->params[i].name, name) == 0)
			return m->params[i].value;
	return NULL;
}
