// Reading the history: entries, and each test's values as a table of metrics by entries.
#include "history_db.h"

#include "pack.h"
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

struct known_metric {
	const char *name, *unit;
	enum metric_better better;
	bool wanted;
};

struct shape {
	int64_t *metrics;
	size_t count;
};

struct column { // of the table of one test
	struct history_series series;
	int64_t metric;
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
	struct arena facts;           // metrics and shapes, for all tests
	struct known_metric *metrics; // by number
	size_t metric_count;
	struct shape *shapes; // by number
	size_t shape_count;
	struct place *places; // sorted by number
	size_t *column_of;    // by metric: 1 + the column in this test, 0: none so far
	// one test
	struct arena memory;
	struct column *columns;
	size_t column_count, column_room;
	const char **verdicts;
	bool *expected;
	double *row; // the values of a cell's first row
};

bool history_metric_fits(const char *pattern, const char *name)
{
	size_t len;

	if (pattern == NULL || fnmatch(pattern, name, 0) == 0)
		return true;
	len = strlen(pattern); // "p99" for latency/total/p99
	return strlen(name) > len && name[strlen(name) - len - 1] == '/' &&
	       strcmp(name + strlen(name) - len, pattern) == 0;
}

static int most_of(struct reading *r, const char *sql, size_t *out)
{
	int64_t most = 0;
	int rc = db_number(r->h, db_prepare(r->h, r->e, sql, ""), 0, &most, r->e);

	*out = (size_t)most + 1;
	if (rc == 0 && (most < 0 || most > INT32_MAX))
		rc = db_fail(r->h, SQLITE_CORRUPT, r->e);
	return rc;
}

static int read_metrics(struct reading *r)
{
	sqlite3_stmt *s = NULL;
	int rc = most_of(r, "SELECT max(id) FROM metric", &r->metric_count);

	if (rc < 0)
		return rc;
	r->metrics = arena_alloc(&r->facts, r->metric_count * sizeof *r->metrics);
	r->column_of = arena_alloc(&r->facts, r->metric_count * sizeof *r->column_of);
	if (r->metrics == NULL || r->column_of == NULL)
		return -ENOMEM;
	s = db_prepare(r->h, r->e, "SELECT id, name, unit, better FROM metric WHERE id > 0", "");
	rc = s != NULL ? 1 : -EIO;
	while (rc > 0 && (rc = db_step(r->h, s, r->e)) > 0) {
		struct known_metric *m = &r->metrics[sqlite3_column_int64(s, 0)];

		*m = (struct known_metric){ db_text(s, 1, &r->facts), db_text(s, 2, &r->facts), METRIC_NEITHER,
			                    false };
		metric_better_parse(db_text(s, 3, &r->facts), &m->better);
		m->wanted = history_metric_fits(r->q->metric, m->name);
	}
	sqlite3_finalize(s);
	return rc;
}

static int damaged(struct reading *r)
{
	return db_fail(r->h, SQLITE_CORRUPT, r->e);
}

static int read_shape(struct reading *r, const unsigned char *bytes, size_t len, struct shape *out)
{
	out->count = len / 4;
	out->metrics = arena_alloc(&r->facts, (out->count + 1) * sizeof *out->metrics);
	if (out->metrics == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < out->count; i++) {
		uint32_t id = 0;

		for (unsigned k = 0; k < 4; k++)
			id |= (uint32_t)bytes[4 * i + k] << (8 * k);
		if (id >= r->metric_count || r->metrics[id].name == NULL)
			return damaged(r);
		out->metrics[i] = id;
	}
	return 0;
}

static int read_shapes(struct reading *r)
{
	sqlite3_stmt *s = NULL;
	int rc = most_of(r, "SELECT max(id) FROM shape", &r->shape_count);
	size_t longest = 1;

	if (rc < 0)
		return rc;
	r->shapes = arena_alloc(&r->facts, r->shape_count * sizeof *r->shapes);
	if (r->shapes == NULL)
		return -ENOMEM;
	s = db_prepare(r->h, r->e, "SELECT id, metrics FROM shape WHERE id > 0", "");
	rc = s != NULL ? 1 : -EIO;
	while (rc > 0 && (rc = db_step(r->h, s, r->e)) > 0) {
		struct shape *shape = &r->shapes[sqlite3_column_int64(s, 0)];
		int bad = read_shape(r, sqlite3_column_blob(s, 1), (size_t)sqlite3_column_bytes(s, 1), shape);

		longest = shape->count > longest ? shape->count : longest;
		rc = bad < 0 ? bad : rc;
	}
	sqlite3_finalize(s);
	r->row = arena_alloc(&r->facts, longest * sizeof *r->row);
	return rc == 0 && r->row == NULL ? -ENOMEM : rc;
}

// ---- one test -----------------------------------------------------------------------------------------------

static int by_entry(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

static int order_places(struct reading *r)
{
	r->places = arena_alloc(&r->facts, (r->count + 1) * sizeof *r->places);
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
static struct column *column_for(struct reading *r, int64_t metric)
{
	const struct known_metric *m = &r->metrics[metric];
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
	const struct shape *shape[MOST_INVOCATIONS];
	double *values[MOST_INVOCATIONS];
};

// The median of a metric over the cell's invocations that have it.
static double cell_median(const struct cell *c, int64_t metric, double *pile)
{
	size_t n = 0;

	for (size_t k = 0; k < c->rows; k++)
		for (size_t i = 0; i < c->shape[k]->count; i++)
			if (c->shape[k]->metrics[i] == metric && !isnan(c->values[k][i]))
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
			int64_t metric = c->shape[k]->metrics[i];
			struct column *col;
			double *at;

			if (!r->metrics[metric].wanted)
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
	int64_t side = sqlite3_column_int64(s, 1), shape = sqlite3_column_int64(s, 5);
	const size_t len = (size_t)sqlite3_column_bytes(s, 6);
	int rc = 0;

	if (c->rows > 0 && (c->place != place || c->side != side)) {
		rc = put_cell(r, c);
		c->rows = 0;
	}
	if (shape <= 0 || (size_t)shape >= r->shape_count)
		return damaged(r);
	c->place = place;
	c->side = side;
	if (side == 0)
		note_verdict(r, s, place);
	if (rc < 0 || sqlite3_column_int(s, 4) == 0 || c->rows == MOST_INVOCATIONS)
		return rc; // figures of a test that went wrong say nothing
	c->shape[c->rows] = &r->shapes[shape];
	c->values[c->rows] =
	        c->rows == 0 ? r->row : arena_alloc(&r->memory, c->shape[c->rows]->count * sizeof *r->row);
	if (c->values[c->rows] == NULL)
		return -ENOMEM;
	if (pack_read(sqlite3_column_blob(s, 6), len, c->shape[c->rows]->count, c->values[c->rows]) < 0)
		return damaged(r);
	c->rows++;
	return 0;
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
		rc = order_places(&r);
	if (rc == 0)
		rc = read_metrics(&r);
	if (rc == 0)
		rc = read_shapes(&r);
	if (rc == 0)
		rc = read_tests(&r, each, arg);
	if (sqlite3_get_autocommit(h->db) == 0)
		sqlite3_exec(h->db, "ROLLBACK", NULL, NULL, NULL);
	free(r.columns);
	arena_deinit(&r.memory);
	arena_deinit(&r.facts);
	return rc == -ENOMEM ? err_set(e, ENOMEM, "out of memory") : rc;
}
