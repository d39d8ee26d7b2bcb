// What holds for every suite, wherever its list of tests came from: headers, ids, dependencies, hashes.
#include "suite_parts.h"

#include "io.h"
#include "opt.h"
#include "result.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define HEAD_LIMIT 65536U // 64 lines of a kilobyte each

static int no_memory(const char *what, struct err *e)
{
	return err_set(e, ENOMEM, "%s: %s", what, strerror(ENOMEM));
}

// ---- files ----

static int hash_fd(int fd, uLong *crc, struct buf *head)
{
	unsigned char chunk[HEAD_LIMIT];
	ssize_t n;

	while ((n = read(fd, chunk, sizeof chunk)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		*crc = crc32(*crc, chunk, (uInt)n);
		if (head != NULL && head->len < HEAD_LIMIT)
			buf_add(head, chunk,
			        (size_t)n < HEAD_LIMIT - head->len ? (size_t)n : HEAD_LIMIT - head->len);
	}
	return head != NULL && head->failed ? -ENOMEM : 0;
}

int suite_read_file(const char *path, char hash[9], struct buf *head, struct err *e)
{
	uLong crc = crc32(0, NULL, 0);
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int rc = 0;

	if (fd < 0 || fstat(fd, &st) < 0)
		rc = -errno;
	else if (!S_ISREG(st.st_mode))
		rc = err_set(e, EINVAL, "%s: is not a file: one suite can be run, or files", path);
	else
		rc = hash_fd(fd, &crc, head);
	if (fd >= 0)
		close(fd);
	if (rc < 0)
		return err_set(e, -rc, "%s: cannot be read: %s", path, strerror(-rc));
	snprintf(hash, 9, "%08lx", crc);
	return 0;
}

char *suite_test_path(const struct suite *s, const struct suite_test *t)
{
	return t->path[0] == '/' || strcmp(s->dir, ".") == 0 ? strdup(t->path) : io_join(s->dir, t->path);
}

void suite_hash(struct suite *s)
{
	uLong crc = crc32(0, NULL, 0);

	for (size_t i = 0; i < s->count; i++) {
		const struct suite_test *t = &s->tests[i];

		// With the NULs, so that no two lists run together to the same bytes.
		crc = crc32_z(crc, (const unsigned char *)t->id, strlen(t->id) + 1);
		if (t->hash != NULL) // a command has no file
			crc = crc32_z(crc, (const unsigned char *)t->hash, strlen(t->hash) + 1);
	}
	snprintf(s->hash, sizeof s->hash, "%08lx", crc);
}

// An id stands on one line, whatever bytes the path has.
static char *id_of_path(const char *path)
{
	char *text = result_utf8(path, strlen(path));
	struct buf id = { 0 };

	for (const char *p = text; p != NULL && *p != '\0'; p++) {
		if (*p == '\n' || *p == '\t')
			buf_adds(&id, *p == '\n' ? "\\n" : "\\t");
		else
			buf_addc(&id, *p);
	}
	id.failed = id.failed || text == NULL;
	free(text);
	return buf_take(&id);
}

static int settle_id(const char *path, struct suite_test *t, struct err *e)
{
	char *id;

	if (t->meta.id != NULL)
		id = result_utf8(t->meta.id, strlen(t->meta.id));
	else
		id = t->id != NULL ? strdup(t->id) : id_of_path(t->path);
	if (id == NULL)
		return no_memory(path, e);
	if (t->id != NULL && strcmp(t->id, id) != 0) {
		err_set(e, EINVAL,
		        "%s: its header says @Test %s, suite.json calls it %s; generate the suite again", path, id,
		        t->id);
		free(id);
		return -EINVAL;
	}
	free(t->id);
	t->id = id;
	return 0;
}

// Header, id and hash of one test. *changed counts those that are not what suite.json has the hash of.
static int read_test(const struct suite *s, struct suite_test *t, size_t *changed, struct err *e)
{
	char *path = suite_test_path(s, t);
	struct buf head = { 0 };
	char hash[9];
	int rc;

	if (path == NULL)
		return no_memory(t->path, e);
	rc = suite_read_file(path, hash, &head, e);
	if (rc == 0)
		rc = test_header_parse(path, buf_text(&head), head.len, &t->meta, e);
	if (rc >= 0)
		rc = settle_id(path, t, e);
	if (rc == 0) {
		*changed += t->hash != NULL && strcmp(t->hash, hash) != 0;
		free(t->hash);
		t->hash = strdup(hash);
		rc = t->hash == NULL ? no_memory(path, e) : 0;
	}
	buf_deinit(&head);
	free(path);
	return rc;
}

static int read_tests(struct suite *s, struct err *e)
{
	size_t changed = 0;
	struct buf note = { 0 };

	for (size_t i = 0; i < s->count; i++) {
		int rc = read_test(s, &s->tests[i], &changed, e);

		if (rc < 0)
			return rc;
	}
	if (changed > 0 && s->note == NULL) {
		buf_addf(&note, "%zu of %zu tests were changed since the suite was generated", changed, s->count);
		s->note = buf_take(&note);
	}
	return 0;
}

// ---- ids ----

static int id_twice(const struct suite *s, const struct suite_test *t, struct err *e)
{
	char *path = suite_test_path(s, t);

	err_set(e, EINVAL, "%s: its id %s is that of %s too; give one of them another @Test",
	        path != NULL ? path : t->path, t->id, suite_find(s, t->id)->path);
	free(path);
	return -EINVAL;
}

int suite_index(struct suite *s, struct err *e)
{
	if (name_index_init(&s->index, s->count) < 0)
		return no_memory(s->dir, e);
	for (size_t i = 0; i < s->count; i++)
		if (name_index_add(&s->index, suite_id_at, s->tests, i) == -EEXIST)
			return id_twice(s, &s->tests[i], e);
	return 0;
}

// ---- dependencies ----

// The positions of all dependencies, test by test: those of test i are to[first[i]] .. to[first[i + 1] - 1].
struct edges {
	size_t *first;
	size_t *to;
};

static const char *nearest_id(const struct suite *s, const char *name)
{
	const char **ids = calloc(s->count, sizeof *ids);
	const char *nearest = NULL;

	if (ids == NULL)
		return NULL;
	for (size_t i = 0; i < s->count; i++)
		ids[i] = s->tests[i].id;
	nearest = opt_nearest(name, ids, s->count);
	free(ids);
	return nearest;
}

static int no_such_test(const struct suite *s, const struct suite_test *t, size_t which, struct err *e)
{
	const char *name = t->meta.depends_on.items[which];
	const char *nearest = nearest_id(s, name);
	char *path = suite_test_path(s, t);
	int rc;

	rc = err_at(e, EINVAL, path != NULL ? path : t->path, t->meta.depends_on_lines[which], 0,
	            "@DependsOn %s: no test of the suite has this id or path%s%s%s", name,
	            nearest != NULL ? "; did you mean " : "", nearest != NULL ? nearest : "",
	            nearest != NULL ? "?" : "");
	free(path);
	return rc;
}

static const char *path_at(const void *tests, size_t position)
{
	return ((const struct suite_test *)tests)[position].path;
}

// Finds what a test's dependencies name, and puts the ids in their place.
static int resolve_one(struct suite *s, const struct name_index *by_path, size_t position, struct edges *g,
                       struct err *e)
{
	struct suite_test *t = &s->tests[position];
	size_t at = g->first[position];

	for (size_t i = 0; i < t->meta.depends_on.count; i++) {
		char **name = &t->meta.depends_on.items[i];
		size_t found = name_index_find(&s->index, suite_id_at, s->tests, *name);
		char *id;

		if (found == NAME_INDEX_NONE)
			found = name_index_find(by_path, path_at, s->tests, *name);
		if (found == NAME_INDEX_NONE)
			return no_such_test(s, t, i, e);
		g->to[at] = found;
		id = strdup(s->tests[g->to[at++]].id);
		if (id == NULL)
			return no_memory(t->path, e);
		free(*name);
		*name = id;
	}
	return 0;
}

static int resolve_all(struct suite *s, struct edges *g, struct err *e)
{
	struct name_index by_path = { 0 };
	int rc = 0;

	if (g->first[s->count] == 0)
		return 0;
	if (name_index_init(&by_path, s->count) < 0)
		return no_memory(s->dir, e);
	for (size_t i = 0; i < s->count; i++) // of two tests in one file the first is meant
		name_index_add(&by_path, path_at, s->tests, i);
	for (size_t i = 0; i < s->count && rc == 0; i++)
		rc = resolve_one(s, &by_path, i, g, e);
	name_index_deinit(&by_path);
	return rc;
}

// A walk through the dependencies, depth first, with a stack of its own: chains are as long as people make them.
struct walk {
	const struct suite *suite;
	const struct edges *edges;
	size_t *stack, *next; // the tests on the way, and the edge to take next from each test
	size_t depth;
	unsigned char *state; // WALK_...
};

enum { WALK_NEW, WALK_ON_STACK, WALK_DONE };

static int report_circle(const struct walk *w, size_t back_to, struct err *e)
{
	const struct suite *s = w->suite;
	const struct suite_test *t = &s->tests[back_to];
	size_t edge = w->next[back_to] - 1 - w->edges->first[back_to];
	char *path = suite_test_path(s, t);
	struct buf circle = { 0 };
	size_t i = w->depth;

	while (i > 0 && w->stack[i - 1] != back_to)
		i--;
	for (i--; i < w->depth; i++)
		buf_addf(&circle, "%s -> ", s->tests[w->stack[i]].id);
	buf_adds(&circle, t->id);
	err_at(e, EINVAL, path != NULL ? path : t->path, t->meta.depends_on_lines[edge], 0,
	       "@DependsOn runs in a circle: %s", buf_text(&circle));
	buf_deinit(&circle);
	free(path);
	return -EINVAL;
}

static int walk_from(struct walk *w, size_t start, struct err *e)
{
	if (w->state[start] != WALK_NEW)
		return 0;
	w->stack[w->depth++] = start;
	w->state[start] = WALK_ON_STACK;
	while (w->depth > 0) {
		size_t here = w->stack[w->depth - 1];
		size_t to;

		if (w->next[here] == w->edges->first[here + 1]) {
			w->state[here] = WALK_DONE;
			w->depth--;
			continue;
		}
		to = w->edges->to[w->next[here]++];
		if (w->state[to] == WALK_ON_STACK)
			return report_circle(w, to, e);
		if (w->state[to] == WALK_NEW) {
			w->state[to] = WALK_ON_STACK;
			w->stack[w->depth++] = to;
		}
	}
	return 0;
}

static int find_circle(const struct suite *s, const struct edges *g, struct err *e)
{
	struct walk w = { .suite = s, .edges = g };
	int rc = 0;

	w.stack = calloc(s->count + 1, sizeof *w.stack);
	w.next = calloc(s->count + 1, sizeof *w.next);
	w.state = calloc(s->count + 1, sizeof *w.state);
	if (w.stack == NULL || w.next == NULL || w.state == NULL) {
		rc = no_memory(s->dir, e);
		goto out;
	}
	memcpy(w.next, g->first, s->count * sizeof *w.next);
	for (size_t i = 0; i < s->count && rc == 0; i++)
		rc = walk_from(&w, i, e);
out:
	free(w.stack);
	free(w.next);
	free(w.state);
	return rc;
}

static int check_dependencies(struct suite *s, struct err *e)
{
	struct edges g = { 0 };
	int rc;

	g.first = calloc(s->count + 1, sizeof *g.first);
	if (g.first == NULL)
		return no_memory(s->dir, e);
	for (size_t i = 0; i < s->count; i++)
		g.first[i + 1] = g.first[i] + s->tests[i].meta.depends_on.count;
	g.to = calloc(g.first[s->count] + 1, sizeof *g.to);
	rc = g.to == NULL ? no_memory(s->dir, e) : resolve_all(s, &g, e);
	if (rc == 0)
		rc = find_circle(s, &g, e);
	free(g.first);
	free(g.to);
	return rc;
}

int suite_check(struct suite *s, struct err *e)
{
	int rc = read_tests(s, e);

	if (rc == 0)
		rc = suite_index(s, e);
	if (rc == 0)
		rc = check_dependencies(s, e);
	if (rc == 0)
		suite_hash(s);
	return rc;
}
