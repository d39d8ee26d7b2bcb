// A run as reports show it: ids taken apart, groups, order, matrices.
#include "view.h"

#include "text.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

// ---- ids ----------------------------------------------------------------------------------------------------

static const char *const kind_order[] = { "recursion", "gc", "http2", "alloc" };
#define KIND_ORDERS (sizeof kind_order / sizeof kind_order[0])

static size_t kind_rank(const char *kind)
{
	size_t i = 0;

	while (i < KIND_ORDERS && strcmp(kind, kind_order[i]) != 0)
		i++;
	return i;
}

static bool is_target_word(const char *s)
{
	if (*s == '\0')
		return false;
	for (; *s != '\0'; s++)
		if (!isalnum((unsigned char)*s) && strchr("_@+-", *s) == NULL)
			return false;
	return true;
}

static size_t find_word(const char *const *words, size_t count, const char *word)
{
	size_t i = 0;

	while (i < count && strcmp(words[i], word) != 0)
		i++;
	return i;
}

// The last dot of the name if a target may stand behind it.
static const char *target_dot(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot != NULL && dot != name && is_target_word(dot + 1) ? dot : NULL;
}

static void split_kind(struct view *v, struct view_test *t)
{
	const char *slash;

	t->id = text_line(&v->arena, t->r->id);
	slash = strchr(t->id, '/');
	if (slash == NULL || slash == t->id || slash[1] == '\0') {
		t->kind = "other";
		t->name = t->id;
	} else {
		t->kind = text_make(&v->arena, "%.*s", (int)(slash - t->id), t->id);
		t->name = slash + 1;
	}
	t->target = "";
}

static void split_target(struct view *v, struct view_test *t)
{
	const char *dot = target_dot(t->name);

	t->target = dot + 1;
	t->name = text_make(&v->arena, "%.*s", (int)(dot - t->name), t->name);
}

static void split_size(struct view *v, struct view_test *t)
{
	size_t len = strlen(t->name);
	size_t digits = 0;

	while (digits < len && isdigit((unsigned char)t->name[len - 1 - digits]))
		digits++;
	t->kernel = t->name;
	if (digits == 0 || digits > 18 || digits + 1 >= len || t->name[len - 1 - digits] != '-')
		return;
	t->has_size = true;
	t->size = strtoull(t->name + len - digits, NULL, 10);
	t->kernel = text_make(&v->arena, "%.*s", (int)(len - digits - 1), t->name);
}

// ---- order --------------------------------------------------------------------------------------------------

static int by_kind(const struct view_test *a, const struct view_test *b)
{
	size_t x = kind_rank(a->kind), y = kind_rank(b->kind);

	if (x != y)
		return x < y ? -1 : 1;
	return strcmp(a->kind, b->kind);
}

static int by_whole_name(const void *a, const void *b)
{
	const struct view_test *x = a, *y = b;
	int kind = by_kind(x, y);

	return kind != 0 ? kind : strcmp(x->name, y->name);
}

// Targets are in the order of the run, so their rank is looked up.
static int by_place(const void *a, const void *b, void *arg)
{
	const struct view_test *x = a, *y = b;
	const struct view *v = arg;
	int order = by_kind(x, y);

	if (order == 0)
		order = strverscmp(x->name, y->name);
	for (size_t i = 0; order == 0 && i < v->target_count; i++)
		order = (strcmp(y->target, v->targets[i]) == 0) - (strcmp(x->target, v->targets[i]) == 0);
	return order;
}

static bool same_stem(const struct view_test *a, const struct view_test *b)
{
	const char *x = target_dot(a->name), *y = target_dot(b->name);

	return x != NULL && y != NULL && x - a->name == y - b->name && strcmp(a->kind, b->kind) == 0 &&
	       strncmp(a->name, b->name, (size_t)(x - a->name)) == 0;
}

// A word that is a target behind one test's dot is one behind every test's.
static void spread_targets(struct view *v, bool *is_target)
{
	const char **words = arena_alloc(&v->arena, (v->count + 1) * sizeof *words);
	size_t count = 0;

	for (size_t i = 0; words != NULL && i < v->count; i++) {
		const char *word = is_target[i] ? target_dot(v->tests[i].name) + 1 : NULL;

		if (word != NULL && find_word(words, count, word) == count)
			words[count++] = word;
	}
	for (size_t i = 0; words != NULL && i < v->count; i++) {
		const char *dot = target_dot(v->tests[i].name);

		is_target[i] = is_target[i] || (dot != NULL && find_word(words, count, dot + 1) < count);
	}
}

// Says of each test whether what follows its last dot is a target; the tests are sorted for it.
static int find_targets(struct view *v)
{
	bool *is_target = arena_alloc(&v->arena, v->count + 1);

	if (is_target == NULL)
		return -ENOMEM;
	qsort(v->tests, v->count, sizeof *v->tests, by_whole_name);
	for (size_t i = 0; i < v->count; i++) {
		const char *dot = target_dot(v->tests[i].name);

		if (dot != NULL && strchr(dot, '@') != NULL)
			is_target[i] = true;
		if (i > 0 && same_stem(&v->tests[i - 1], &v->tests[i]))
			is_target[i] = is_target[i - 1] = true;
	}
	spread_targets(v, is_target);
	for (size_t i = 0; i < v->count; i++)
		if (is_target[i])
			split_target(v, &v->tests[i]);
	return 0;
}

static int by_run(const void *a, const void *b)
{
	const struct view_test *x = a, *y = b;

	return (x->r > y->r) - (x->r < y->r);
}

static int list_targets(struct view *v)
{
	v->targets = arena_alloc(&v->arena, (v->count + 1) * sizeof *v->targets);
	if (v->targets == NULL)
		return -ENOMEM;
	qsort(v->tests, v->count, sizeof *v->tests, by_run);
	for (size_t i = 0; i < v->count; i++) {
		size_t k = 0;

		while (k < v->target_count && strcmp(v->targets[k], v->tests[i].target) != 0)
			k++;
		if (k == v->target_count && v->tests[i].target[0] != '\0')
			v->targets[v->target_count++] = v->tests[i].target;
	}
	return 0;
}

// ---- groups -------------------------------------------------------------------------------------------------

// The targets that the group's tests have, in the order of all. Returns how many tests have one.
static size_t list_columns(struct view *v, struct view_group *g)
{
	bool *used = arena_alloc(&v->arena, v->target_count + 1);
	size_t with_target = 0;

	for (size_t i = 0; used != NULL && i < g->count; i++) {
		const char *target = v->tests[g->first + i].target;

		used[find_word(v->targets, v->target_count, target)] = true;
		with_target += *target != '\0';
	}
	for (size_t i = 0; used != NULL && i < v->target_count; i++)
		if (used[i])
			g->targets[g->columns++] = v->targets[i];
	return with_target;
}

// Whether a row of the matrix begins with the i-th test; those without a target have none.
static bool begins_row(const struct view_test *tests, size_t i)
{
	return tests[i].target[0] != '\0' &&
	       (i == 0 || tests[i - 1].target[0] == '\0' || strcmp(tests[i].name, tests[i - 1].name) != 0);
}

static int fill_matrix(struct view *v, struct view_group *g)
{
	const struct view_test *tests = v->tests + g->first;
	size_t rows = 0, with_target;

	g->targets = arena_alloc(&v->arena, (v->target_count + 1) * sizeof *g->targets);
	if (g->targets == NULL)
		return -ENOMEM;
	with_target = list_columns(v, g);
	for (size_t i = 0; i < g->count; i++)
		rows += begins_row(tests, i);
	if (g->columns < 2 || 2 * with_target < rows * g->columns)
		return 0;
	g->cells = arena_alloc(&v->arena, rows * g->columns * sizeof *g->cells);
	g->names = arena_alloc(&v->arena, rows * sizeof *g->names);
	if (g->cells == NULL || g->names == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < g->count; i++) {
		if (begins_row(tests, i))
			g->names[g->rows++] = tests[i].name;
		if (tests[i].target[0] != '\0')
			g->cells[(g->rows - 1) * g->columns + find_word(g->targets, g->columns, tests[i].target)] =
			        &tests[i];
	}
	return 0;
}

static int make_groups(struct view *v)
{
	v->groups = arena_alloc(&v->arena, (v->count + 1) * sizeof *v->groups);
	if (v->groups == NULL)
		return -ENOMEM;
	qsort_r(v->tests, v->count, sizeof *v->tests, by_place, v);
	for (size_t i = 0; i < v->count; i++) {
		if (i == 0 || strcmp(v->tests[i].kind, v->tests[i - 1].kind) != 0)
			v->groups[v->group_count++] = (struct view_group){ .kind = v->tests[i].kind, .first = i };
		v->groups[v->group_count - 1].count++;
	}
	for (size_t i = 0; i < v->group_count; i++)
		if (fill_matrix(v, &v->groups[i]) < 0)
			return -ENOMEM;
	return 0;
}

static void count_result(struct view *v, const struct result *r)
{
	v->by_verdict[r->verdict]++;
	v->wall_ns += r->wall_ns;
	v->known += r->quarantine != NULL;
	if (r->verdict == VERDICT_INTERRUPTED)
		v->interrupted++;
	else if (!r->as_expected)
		v->failed++;
	else if (r->verdict == VERDICT_SKIPPED || r->verdict == VERDICT_PLANNED || r->quarantine != NULL)
		v->skipped++;
	else
		v->passed++;
}

// A load that was stopped tells what it has measured by then; of others that were interrupted nobody knows what
// their figures are of.
static bool has_figures(const struct view_test *t)
{
	return verdict_did_run(t->r->verdict) ||
	       (t->r->verdict == VERDICT_INTERRUPTED && strcmp(t->kind, "http2") == 0);
}

int view_init(struct view *v, const struct run *run)
{
	int rc;

	*v = (struct view){ .run = run, .count = run->count };
	v->tests = arena_alloc(&v->arena, (run->count + 1) * sizeof *v->tests);
	if (v->tests == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < run->count; i++) {
		const struct result_series *main_series = result_main_series(&run->results[i]);

		v->tests[i].r = &run->results[i];
		count_result(v, &run->results[i]);
		split_kind(v, &v->tests[i]);
		if (has_figures(&v->tests[i]) && main_series != NULL && main_series->hist != NULL &&
		    main_series->hist->total > 0)
			v->tests[i].hist = main_series->hist;
	}
	rc = find_targets(v);
	for (size_t i = 0; i < v->count; i++)
		split_size(v, &v->tests[i]);
	if (rc == 0)
		rc = list_targets(v);
	return rc == 0 ? make_groups(v) : rc;
}

size_t view_same_name(const struct view *v, size_t first)
{
	const struct view_test *t = &v->tests[first];
	size_t n = 1;

	while (first + n < v->count && strcmp(t[n].name, t->name) == 0 && strcmp(t[n].kind, t->kind) == 0)
		n++;
	return n;
}

void view_deinit(struct view *v)
{
	arena_deinit(&v->arena);
	*v = (struct view){ 0 };
}
