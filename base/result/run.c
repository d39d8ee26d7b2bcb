// A run directory read back.
#include "run.h"

#include "io.h"
#include "soak.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define INFO_LIMIT (16U << 20)

// What the reading of the journal needs beside the run.
struct reading {
	struct run *run;
	struct err *e;
};

static int replace_text(char **field, const char *text)
{
	free(*field);
	*field = text == NULL ? NULL : strdup(text);
	return text != NULL && *field == NULL ? -ENOMEM : 0;
}

static int on_header(struct run *r, json_t *record, struct err *e)
{
	const json_t *format = json_object_get(record, "format");
	const json_t *tests = json_object_get(record, "tests");

	if (json_integer_value(format) != SG_RUN_VERSION)
		return err_set(e, EINVAL, "%s: a run of format %lld; this program reads format %d", r->dir,
		               (long long)json_integer_value(format), SG_RUN_VERSION);
	// A resumed run has one header for each part; the last says what was set out to do.
	json_decref(r->header);
	r->header = json_incref(record);
	r->parts++;
	if (json_is_integer(tests) && json_integer_value(tests) >= 0)
		r->planned = (size_t)json_integer_value(tests);
	return replace_text(&r->stop_reason, NULL);
}

static int on_start(struct run *r, json_t *record)
{
	return replace_text(&r->under_way, json_string_value(json_object_get(record, "id")));
}

// Puts the result in the place of an earlier attempt's, at the end: the order is that of the last ends.
static int add_result(struct run *r, struct result *result)
{
	const json_t *old = json_object_get(r->index, result->id);
	struct result *results;

	if (old != NULL) {
		struct result *replaced = &r->results[json_integer_value(old)];

		// An empty place; run_load closes the gaps when all is read.
		result_deinit(replaced);
	}
	results = reallocarray(r->results, r->count + 1, sizeof *results);
	if (results == NULL)
		return -ENOMEM;
	r->results = results;
	if (json_object_set_new_nocheck(r->index, result->id, json_integer((json_int_t)r->count)) < 0)
		return -ENOMEM;
	results[r->count++] = *result;
	*result = (struct result){ 0 };
	return 0;
}

// A record that is whole but no result: counted with the bad lines (journal_read fills r->journal as it goes, and
// has counted this line as good).
static void count_as_bad(struct journal_stats *stats)
{
	uint64_t line = stats->records + stats->bad_lines;

	stats->records--;
	if (stats->bad_lines++ == 0)
		stats->first_bad_line = line;
}

static int on_end(struct run *r, json_t *record)
{
	struct result result = { 0 };
	int rc = result_from_json(record, &result, NULL);

	if (rc == -EINVAL) {
		count_as_bad(&r->journal);
		rc = 0;
	} else if (rc == 0) {
		if (r->under_way != NULL && strcmp(r->under_way, result.id) == 0)
			rc = replace_text(&r->under_way, NULL);
		if (rc == 0)
			rc = add_result(r, &result);
	}
	result_deinit(&result);
	return rc;
}

static struct run_soak *soak_of(struct run *r, const char *id)
{
	struct run_soak *grown;

	// the tests of a pass come in the order of those before
	for (size_t i = 0; i < r->soak_count; i++) {
		struct run_soak *s = &r->soaks[(r->soak_at + i) % r->soak_count];

		if (strcmp(s->id, id) == 0) {
			r->soak_at = (size_t)(s - r->soaks) + 1;
			return s;
		}
	}
	grown = reallocarray(r->soaks, r->soak_count + 1, sizeof *grown);
	if (grown == NULL)
		return NULL;
	r->soaks = grown;
	grown[r->soak_count] = (struct run_soak){ .id = strdup(id) };
	return grown[r->soak_count].id != NULL ? &grown[r->soak_count++] : NULL;
}

static int on_soak(struct run *r, json_t *record)
{
	const char *id = json_string_value(json_object_get(record, "id"));
	const json_t *figures = json_object_get(record, "figures");
	struct run_soak *s;
	uint64_t *row;

	if (id != NULL && json_is_true(json_object_get(record, "cut")))
		return r->under_way != NULL && strcmp(r->under_way, id) == 0 ? replace_text(&r->under_way, NULL)
		                                                             : 0;
	if (id == NULL || json_array_size(figures) != SOAK_COLUMNS) {
		count_as_bad(&r->journal);
		return 0;
	}
	s = soak_of(r, id);
	if (s == NULL || (row = number_rows_add(&s->rows, SOAK_COLUMNS)) == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < SOAK_COLUMNS; i++) {
		json_int_t n = json_integer_value(json_array_get(figures, i));
		row[i] = n > 0 ? (uint64_t)n : 0;
	}
	s->passes = row[SOAK_PASS];
	s->at_ms = row[SOAK_AT_MS];
	if (s->rows.count >= 2 * SOAK_ROWS)
		number_rows_thin(&s->rows, SOAK_COLUMNS, SOAK_ROWS);
	return r->under_way != NULL && strcmp(r->under_way, id) == 0 ? replace_text(&r->under_way, NULL) : 0;
}

static int on_stop(struct run *r, json_t *record)
{
	const char *reason = json_string_value(json_object_get(record, "reason"));

	return replace_text(&r->stop_reason, reason != NULL ? reason : "not said");
}

static int on_record(void *arg, const char *type, json_t *record)
{
	struct reading *reading = arg;
	struct run *r = reading->run;

	if (strcmp(type, "header") == 0)
		return on_header(r, record, reading->e);
	if (strcmp(type, "start") == 0)
		return on_start(r, record);
	if (strcmp(type, "end") == 0)
		return on_end(r, record);
	if (strcmp(type, "soak") == 0)
		return on_soak(r, record);
	if (strcmp(type, "stop") == 0)
		return on_stop(r, record);
	return 0; // a later version's
}

// Closes the gaps that repeated attempts left, and makes the index anew.
static int close_gaps(struct run *r)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->count; i++) {
		if (r->results[i].id == NULL)
			continue;
		if (kept < i) {
			r->results[kept] = r->results[i];
			r->results[i] = (struct result){ 0 }; // it has one owner, whatever comes
		}
		if (json_object_set_new_nocheck(r->index, r->results[kept].id, json_integer((json_int_t)kept)) < 0)
			return -ENOMEM;
		kept++;
	}
	r->count = kept;
	return 0;
}

static int load_info(struct run *r, struct err *e)
{
	char *path = io_join(r->dir, "run.json");
	struct buf text = { 0 };
	json_error_t where;
	int rc;

	if (path == NULL)
		return err_set(e, ENOMEM, "%s: %s", r->dir, strerror(ENOMEM));
	rc = io_read_file(path, INFO_LIMIT, &text, NULL);
	if (rc == -ENOMEM)
		goto out;
	if (rc == 0)
		r->info = json_loadb(buf_text(&text), text.len, 0, &where);
	if (r->info != NULL && !json_is_object(r->info)) {
		json_decref(r->info);
		r->info = NULL;
	}
	// The journal alone outlives everything: without run.json the report has fewer facts, and that is all.
	if (r->info == NULL)
		r->info = json_object();
out:
	buf_deinit(&text);
	free(path);
	return r->info == NULL ? err_set(e, ENOMEM, "%s: %s", r->dir, strerror(ENOMEM)) : 0;
}

// Whoever makes the suite and runs it at once may be stopped in between.
static int no_journal(const char *dir, struct err *e)
{
	char *suite = io_join(dir, "suite/suite.json");
	const bool made = suite != NULL && access(suite, F_OK) == 0;

	free(suite);
	if (!made)
		return err_set(e, ENOENT, "%s: there is no run here (no journal.jsonl)", dir);
	return err_set(e, ENOENT,
	               "%s: there is no run here, but a suite: it was stopped before the first test; run that by: "
	               "stressgen run '%s/suite'",
	               dir, dir);
}

static int load_journal(struct run *r, struct err *e)
{
	struct reading reading = { r, e };
	char *path = io_join(r->dir, "journal.jsonl");
	struct stat st;
	int rc;

	if (path == NULL)
		return err_set(e, ENOMEM, "%s: %s", r->dir, strerror(ENOMEM));
	if (stat(path, &st) < 0 && errno == ENOENT)
		rc = no_journal(r->dir, e);
	else
		rc = journal_read(path, on_record, &reading, &r->journal, e);
	if (rc == 0 && r->header == NULL)
		rc = err_set(e, EINVAL, "%s: the journal has no header: nothing of the run can be told", path);
	free(path);
	return rc;
}

int run_load(const char *dir, struct run *r, struct err *e)
{
	int rc;

	r->dir = strdup(dir);
	r->index = json_object();
	if (r->dir == NULL || r->index == NULL)
		return err_set(e, ENOMEM, "%s: %s", dir, strerror(ENOMEM));
	rc = load_journal(r, e);
	if (rc == 0)
		rc = close_gaps(r);
	if (rc == 0)
		rc = load_info(r, e);
	return rc;
}

void run_deinit(struct run *r)
{
	for (size_t i = 0; i < r->count; i++)
		result_deinit(&r->results[i]);
	free(r->results);
	for (size_t i = 0; i < r->soak_count; i++) {
		free(r->soaks[i].id);
		number_rows_deinit(&r->soaks[i].rows);
	}
	free(r->soaks);
	free(r->dir);
	free(r->under_way);
	free(r->stop_reason);
	json_decref(r->info);
	json_decref(r->header);
	json_decref(r->index);
	*r = (struct run){ 0 };
}

const struct result *run_find(const struct run *r, const char *id)
{
	const json_t *position = json_object_get(r->index, id);

	return position == NULL ? NULL : &r->results[json_integer_value(position)];
}

size_t run_count(const struct run *r, enum verdict v)
{
	size_t n = 0;

	for (size_t i = 0; i < r->count; i++)
		n += r->results[i].verdict == v;
	return n;
}

size_t run_unexpected(const struct run *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->count; i++)
		n += result_failed(&r->results[i]);
	return n;
}
