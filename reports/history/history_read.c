// Reading the history: entries, and each test's values as a table of metrics by entries.
#include "history_db.h"

#include "history_facts.h"
#include "text.h"

#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

// ---- entries ------------------------------------------------------------------------------------------------

#define ENTRY_COLUMNS                                                                                             \
	"SELECT e.id, e.began, e.label, e.revision, e.dir, m.name, e.stop_reason, e.machine, e.tests, "           \
	"e.unexpected, e.anchor IS NOT NULL, (SELECT group_concat(text, '; ') FROM note WHERE entry = e.id) "     \
	"FROM entry e LEFT JOIN machine m ON m.id = e.machine "

static struct history_entry read_entry(sqlite3_stmt *s, struct arena *a)
{
	return (struct history_entry){ .id = sqlite3_column_int64(s, 0),
		                       .began = db_text(s, 1, a),
		                       .label = db_text(s, 2, a),
		                       .revision = db_text(s, 3, a),
		                       .dir = db_text(s, 4, a),
		                       .machine = db_text(s, 5, a),
		                       .stop_reason = db_text(s, 6, a),
		                       .machine_id = sqlite3_column_int64(s, 7),
		                       .tests = (size_t)sqlite3_column_int64(s, 8),
		                       .unexpected = (size_t)sqlite3_column_int64(s, 9),
		                       .has_anchor = sqlite3_column_int(s, 10) != 0,
		                       .note = db_text(s, 11, a) };
}

static bool is_wanted(const struct history_query *q, const struct history_entry *newest,
                      const struct history_entry *e)
{
	const char *label = q->label != NULL ? q->label : newest->label;

	return (q->all_labels || strcmp(e->label, label) == 0) &&
	       (q->all_machines || e->machine_id == newest->machine_id);
}

static void turn_round(struct history_entry *v, size_t count)
{
	for (size_t i = 0; i < count / 2; i++) {
		struct history_entry t = v[i];

		v[i] = v[count - 1 - i];
		v[count - 1 - i] = t;
	}
}

ssize_t history_entries(struct history *h, struct arena *a, const struct history_query *q,
                        struct history_entry **out, struct err *e)
{
	sqlite3_stmt *s;
	struct history_entry one, newest = { 0 };
	size_t count = 0;
	int64_t most = 0;
	int rc = db_number(h, db_prepare(h, e, "SELECT count(*) FROM entry", ""), 0, &most, e);

	*out = rc == 0 ? arena_alloc(a, ((size_t)most + 1) * sizeof **out) : NULL;
	if (*out == NULL)
		return rc < 0 ? rc : err_set(e, ENOMEM, "out of memory");
	s = db_prepare(h, e, ENTRY_COLUMNS "ORDER BY e.began DESC, e.id DESC LIMIT ?", "i", most);
	rc = s != NULL ? 1 : -EIO;
	while (rc > 0 && (q->newest == 0 || count < q->newest) && (rc = db_step(h, s, e)) > 0) {
		one = read_entry(s, a);
		if (newest.id == 0 && (q->label == NULL || q->all_labels || strcmp(one.label, q->label) == 0))
			newest = one;
		if (newest.id != 0 && is_wanted(q, &newest, &one))
			(*out)[count++] = one;
	}
	sqlite3_finalize(s);
	turn_round(*out, count);
	return rc < 0 ? rc : (ssize_t)count;
}

// ---- metrics and shapes -------------------------------------------------------------------------------------

struct column { // of the table of one test
	struct history_series series;
	size_t metric; // its number
};

struct place { // where an entry stands
	int64_t id;
	size_t place;
};

#define MOST_INVOCATIONS 1024U // of one side of an entry; more than that are left out of its median

struct reading {
	struct history *h;
	struct err *e;
	const struct history_query *q;
	const struct history_entry *entries;
	size_t count;
	struct history_facts facts;
	bool *wanted;         // by metric
	size_t *column_of;    // by metric: 1 + the column in this test, 0: none so far
	struct place *places; // sorted by number
	// one test
	struct arena memory;
	struct column *columns;
	size_t column_count, column_room;
	const char **verdicts;
	bool *expected;
	double *row; // the values of a cell's first row
};

static int choose_metrics(struct reading *r)
{
	struct arena *a = &r->facts.arena;

	r->wanted = arena_alloc(a, r->facts.metric_count * sizeof *r->wanted);
	r->column_of = arena_alloc(a, r->facts.metric_count * sizeof *r->column_of);
	r->row = arena_alloc(a, (r->facts.longest + 1) * sizeof *r->row);
	if (r->wanted == NULL || r->column_of == NULL || r->row == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < r->facts.metric_count; i++)
		r->wanted[i] =
		        r->facts.metrics[i].name != NULL && metric_fits(r->q->metric, r->facts.metrics[i].name);
	return 0;
}

// ---- one test -----------------------------------------------------------------------------------------------

static int by_entry(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

static int order_places(struct reading *r)
{
	r->places = arena_alloc(&r->facts.arena, (r->count + 1) * sizeof *r->places);
	if (r->places == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < r->count; i++)
		r->places[i] = (struct place){ r->entries[i].id, i };
	qsort(r->places, r->count, sizeof *r->places, by_entry);
	return 0;
}

static double *no_values(struct reading *r)
{
	double *v = arena_alloc(&r->memory, (r->count + 1) * sizeof *v);

	for (size_t i = 0; v != NULL && i < r->count; i++)
		v[i] = (double)NAN;
	return v;
}

// The column of a metric in this test's table, made where there is none; NULL without memory.
static struct column *column_for(struct reading *r, size_t metric)
{
	const struct metric *m = &r->facts.metrics[metric];
	struct column *c;

	if (r->column_of[metric] != 0)
		return &r->columns[r->column_of[metric] - 1];
	if (r->column_count == r->column_room) {
		size_t room = 2 * r->column_room + 16;
		struct column *more = reallocarray(r->columns, room, sizeof *more);

		if (more == NULL)
			return NULL;
		r->columns = more;
		r->column_room = room;
	}
	c = &r->columns[r->column_count];
	*c = (struct column){ .metric = metric,
		              .series = { m->name, m->unit, m->better, no_values(r), no_values(r) } };
	if (c->series.head == NULL || c->series.anchor == NULL)
		return NULL;
	r->column_of[metric] = ++r->column_count;
	return c;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

// The rows of one side of one entry, a row an invocation.
struct cell {
	size_t place, rows;
	int64_t side;
	const struct history_shape *shape[MOST_INVOCATIONS];
	double *values[MOST_INVOCATIONS];
};

// The median of a metric over the cell's invocations that have it.
static double cell_median(const struct cell *c, size_t metric, double *pile)
{
	size_t n = 0;

	for (size_t k = 0; k < c->rows; k++)
		for (size_t i = 0; i < c->shape[k]->count; i++)
			if (c->shape[k]->ids[i] == metric && !isnan(c->values[k][i]))
				pile[n++] = c->values[k][i];
	if (n == 0)
		return (double)NAN;
	qsort(pile, n, sizeof *pile, by_size);
	return n % 2 == 1 ? pile[n / 2] : (pile[n / 2 - 1] + pile[n / 2]) / 2;
}

static int put_cell(struct reading *r, const struct cell *c)
{
	double pile[MOST_INVOCATIONS];

	for (size_t k = 0; k < c->rows; k++)
		for (size_t i = 0; i < c->shape[k]->count; i++) {
			size_t metric = c->shape[k]->ids[i];
			struct column *col;
			double *at;

			if (!r->wanted[metric])
				continue;
			col = column_for(r, metric);
			if (col == NULL)
				return -ENOMEM;
			at = &(c->side == 0 ? col->series.head : col->series.anchor)[c->place];
			if (isnan(*at))
				*at = c->rows == 1 ? c->values[k][i] : cell_median(c, metric, pile);
		}
	return 0;
}

static const struct place *find_place(const struct reading *r, int64_t entry)
{
	const struct place key = { entry, 0 };

	return bsearch(&key, r->places, r->count, sizeof key, by_entry);
}

static void note_verdict(struct reading *r, sqlite3_stmt *s, size_t place)
{
	bool expected = sqlite3_column_int(s, 4) != 0;

	if (r->verdicts[place] == NULL || !expected) { // the worst of the invocations tells
		r->verdicts[place] = db_text(s, 3, &r->memory);
		r->expected[place] = expected;
	}
}

static int add_row(struct reading *r, sqlite3_stmt *s, struct cell *c, size_t place)
{
	int64_t side = sqlite3_column_int64(s, 1);
	int rc = 0;

	if (c->rows > 0 && (c->place != place || c->side != side)) {
		rc = put_cell(r, c);
		c->rows = 0;
	}
	c->place = place;
	c->side = side;
	if (side == 0)
		note_verdict(r, s, place);
	if (rc < 0 || sqlite3_column_int(s, 4) == 0 || c->rows == MOST_INVOCATIONS)
		return rc; // figures of a test that went wrong say nothing
	c->values[c->rows] =
	        c->rows == 0 ? r->row : arena_alloc(&r->memory, (r->facts.longest + 1) * sizeof *r->row);
	if (c->values[c->rows] == NULL)
		return -ENOMEM;
	rc = history_facts_values(r->h, &r->facts, s, 5, &c->shape[c->rows], c->values[c->rows], r->e);
	c->rows += rc == 0;
	return rc;
}

static int read_rows(struct reading *r, int64_t test, struct cell *c)
{
	sqlite3_stmt *s = db_prepare(
	        r->h, r->e,
	        "SELECT entry, side, invocation, verdict, expected, shape, data FROM sample "
	        "WHERE test = ? AND entry >= ? AND entry <= ? ORDER BY entry, side, invocation",
	        "iii", test, r->count > 0 ? r->places[0].id : 0, r->count > 0 ? r->places[r->count - 1].id : 0);
	int rc = s != NULL ? 1 : -EIO;

	c->rows = 0;
	while (rc > 0 && (rc = db_step(r->h, s, r->e)) > 0) {
		const struct place *p = find_place(r, sqlite3_column_int64(s, 0));

		if (p != NULL) {
			int bad = add_row(r, s, c, p->place);

			rc = bad < 0 ? bad : rc;
		}
	}
	sqlite3_finalize(s);
	return rc == 0 && c->rows > 0 ? put_cell(r, c) : rc;
}

static int by_name(const void *a, const void *b)
{
	const struct history_series *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order != 0 ? order : strcmp(x->unit, y->unit);
}

static int hand_over(struct reading *r, const char *name, history_fn each, void *arg)
{
	struct history_series *series = arena_alloc(&r->memory, (r->column_count + 1) * sizeof *series);
	struct history_test t = { name, series, r->column_count, r->verdicts, r->expected };
	bool any = false;

	if (series == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < r->column_count; i++)
		series[i] = r->columns[i].series;
	qsort(series, r->column_count, sizeof *series, by_name);
	for (size_t i = 0; i < r->count; i++)
		any = any || r->verdicts[i] != NULL;
	return any ? each(arg, &t) : 0;
}

static int read_test(struct reading *r, int64_t test, const char *name, history_fn each, void *arg, struct cell *c)
{
	int rc;

	r->verdicts = arena_alloc(&r->memory, (r->count + 1) * sizeof *r->verdicts);
	r->expected = arena_alloc(&r->memory, (r->count + 1) * sizeof *r->expected);
	rc = r->verdicts == NULL || r->expected == NULL ? -ENOMEM : read_rows(r, test, c);
	if (rc == 0)
		rc = hand_over(r, name, each, arg);
	for (size_t i = 0; i < r->column_count; i++)
		r->column_of[r->columns[i].metric] = 0;
	r->column_count = 0;
	arena_deinit(&r->memory);
	return rc;
}

static int read_tests(struct reading *r, history_fn each, void *arg)
{
	sqlite3_stmt *s = db_prepare(r->h, r->e, "SELECT id, name FROM test ORDER BY name", "");
	struct cell *c = malloc(sizeof *c);
	struct arena names = { 0 };
	int rc = s == NULL ? -EIO : c == NULL ? -ENOMEM : 1;

	while (rc > 0 && (rc = db_step(r->h, s, r->e)) > 0) {
		const char *name = db_text(s, 1, &names);
		int bad = 0;

		if ((r->q->test == NULL || fnmatch(r->q->test, name, 0) == 0))
			bad = read_test(r, sqlite3_column_int64(s, 0), name, each, arg, c);
		rc = bad != 0 ? bad : rc;
		if (bad > 0)
			break;
	}
	sqlite3_finalize(s);
	arena_deinit(&names);
	free(c);
	return rc;
}

int history_each(struct history *h, const struct history_query *q, const struct history_entry *entries,
                 size_t count, history_fn each, void *arg, struct err *e)
{
	struct reading r = { .h = h, .e = e, .q = q, .entries = entries, .count = count };
	int rc = db_exec(h, "BEGIN", e); // one state of the database, whoever writes beside us

	if (rc == 0)
		rc = history_facts_read(h, &r.facts, e);
	if (rc == 0)
		rc = choose_metrics(&r);
	if (rc == 0)
		rc = order_places(&r);
	if (rc == 0)
		rc = read_tests(&r, each, arg);
	if (sqlite3_get_autocommit(h->db) == 0)
		sqlite3_exec(h->db, "ROLLBACK", NULL, NULL, NULL);
	free(r.columns);
	arena_deinit(&r.memory);
	history_facts_deinit(&r.facts);
	return rc == -ENOMEM ? err_set(e, ENOMEM, "out of memory") : rc;
}
