// The Common Test Report Format (ctrf.io), JSON.
#include "formats.h"

#include "invocation.h"
#include "story.h"
#include "text.h"
#include "view.h"

#include <string.h>
#include <time.h>

#define TAIL_LINES 40U

static const char *status_of(const struct result *r)
{
	if (r->verdict == VERDICT_SKIPPED)
		return "skipped";
	if (r->verdict == VERDICT_PLANNED)
		return "pending";
	if (r->verdict == VERDICT_INTERRUPTED)
		return "other";
	return r->as_expected ? "passed" : "failed";
}

static json_t *test_of(struct view *v, const struct view_test *t)
{
	const struct result *r = t->r;
	const char *tail = story_tail(&v->arena, r, TAIL_LINES);
	json_t *o = json_pack("{s:s, s:s, s:I, s:s, s:[s], s:b, s:i}", "name", t->id, "status", status_of(r),
	                      "duration", (json_int_t)(r->wall_ns / 1000000), "rawStatus",
	                      verdict_name(r->verdict), "suite", t->kind, "flaky", r->verdict == VERDICT_FLAKY,
	                      "retries", r->attempt > 0 ? (int)r->attempt - 1 : 0);

	if (o == NULL)
		return NULL;
	if (r->evidence != NULL && !(r->as_expected && r->verdict == VERDICT_PASSED))
		json_object_set_new(o, "message", json_string(text_line(&v->arena, r->evidence)));
	if (!r->as_expected && *tail != '\0')
		json_object_set_new(o, "trace", json_string(tail));
	return o;
}

static json_t *tests(struct view *v)
{
	json_t *list = json_array();

	for (size_t i = 0; list != NULL && i < v->count; i++)
		json_array_append_new(list, test_of(v, &v->tests[i]));
	return list;
}

// Milliseconds since 1970 of "2026-11-21T02:10:00Z"; 0 where there is none.
static json_int_t began_ms(const struct run *r)
{
	const char *wall = json_string_value(json_object_get(r->header, "wall"));
	struct tm tm = { 0 };

	if (wall == NULL || strptime(wall, "%Y-%m-%dT%H:%M:%SZ", &tm) == NULL)
		return 0;
	return (json_int_t)timegm(&tm) * 1000;
}

static json_t *summary(const struct view *v)
{
	static const char *const names[] = { "passed", "failed", "skipped", "pending", "other" };
	json_int_t start = began_ms(v->run);
	json_t *o = json_pack("{s:I, s:I, s:I}", "tests", (json_int_t)v->count, "start", start, "stop",
	                      start + (json_int_t)(v->wall_ns / 1000000));

	for (size_t k = 0; o != NULL && k < sizeof names / sizeof names[0]; k++) {
		json_int_t n = 0;

		for (size_t i = 0; i < v->count; i++)
			n += strcmp(status_of(v->tests[i].r), names[k]) == 0;
		json_object_set_new(o, names[k], json_integer(n));
	}
	return o;
}

int report_ctrf(const struct run *r, const char *path, struct err *e)
{
	json_t *report = NULL;
	struct view v;
	int rc = view_init(&v, r);

	if (rc == 0) {
		const char *version = view_info(&v, "stressgen");

		report = json_pack("{s:s, s:s, s:{s:{s:s, s:s}, s:o, s:o}}", "reportFormat", "CTRF", "specVersion",
		                   "0.0.0", "results", "tool", "name", "stressgen", "version",
		                   version != NULL ? version : "", "summary", summary(&v), "tests", tests(&v));
	}
	rc = report_finish_json(report, path, e);
	view_deinit(&v);
	return rc;
}
