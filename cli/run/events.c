// --events: what happens in a run, as it happens, one JSON record a line.
#include "pipeline.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct events {
	FILE *out;
	const char *run_dir; // borrowed
	size_t tests;
	bool begun;
	bool broken; // nobody reads it any more, or the disk is full: said once
	struct runner_hooks next;
};

static void send(struct events *v, json_t *event)
{
	struct timespec now;
	char *text;

	clock_gettime(CLOCK_REALTIME, &now);
	json_object_set_new(event, "time_ms",
	                    json_integer((json_int_t)now.tv_sec * 1000 + (json_int_t)(now.tv_nsec / 1000000)));
	text = json_dumps(event, JSON_COMPACT | JSON_PRESERVE_ORDER);
	json_decref(event);
	if (text != NULL && !v->broken && (fprintf(v->out, "%s\n", text) < 0 || fflush(v->out) != 0)) {
		fprintf(stderr, "stressgen: --events cannot be written: %s; the run goes on without\n",
		        strerror(errno));
		v->broken = true;
		if (v->out == stdout &&
		    freopen("/dev/null", "we", stdout) == NULL) // it was said; nothing is lost twice
			clearerr(stdout);
	}
	free(text);
}

static void on_started(void *arg, size_t settled, size_t total, const struct suite_test *t)
{
	struct events *v = arg;

	send(v, json_pack("{s:s, s:s, s:I, s:I}", "event", "test-started", "id", t->id, "ended",
	                  (json_int_t)settled, "tests", (json_int_t)total));
	if (v->next.started != NULL)
		v->next.started(v->next.arg, settled, total, t);
}

static void on_sampled(void *arg, const struct suite_test *t, uint64_t age_ns, uint64_t rss_bytes)
{
	struct events *v = arg;

	v->next.sampled(v->next.arg, t, age_ns, rss_bytes);
}

static void on_ended(void *arg, size_t settled, size_t total, const struct suite_test *t, const struct result *r)
{
	struct events *v = arg;
	char *evidence =
	        result_utf8(r->evidence != NULL ? r->evidence : "", r->evidence != NULL ? strlen(r->evidence) : 0);

	send(v, json_pack("{s:s, s:s, s:i, s:s, s:b, s:I, s:I, s:s, s:I, s:I}", "event", "test-ended", "id", t->id,
	                  "attempt", (int)r->attempt, "verdict", verdict_name(r->verdict), "as_expected",
	                  r->as_expected, "wall_ns", (json_int_t)r->wall_ns, "peak_rss_bytes",
	                  (json_int_t)r->peak_rss_bytes, "evidence", evidence != NULL ? evidence : "", "ended",
	                  (json_int_t)settled + 1, "tests", (json_int_t)total));
	free(evidence);
	if (v->next.ended != NULL)
		v->next.ended(v->next.arg, settled, total, t, r);
}

static void on_note(void *arg, const char *text)
{
	struct events *v = arg;

	send(v, json_pack("{s:s, s:s}", "event", "note", "text", text));
	if (v->next.note != NULL)
		v->next.note(v->next.arg, text);
}

static void on_step(void *arg, const struct runner_step *step)
{
	struct events *v = arg;

	send(v, json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:I}", "event", "run-stopping", "step", step->name,
	                  "reason", step->reason, "text", step->text, "ended", (json_int_t)step->ended, "running",
	                  (json_int_t)step->running, "tests", (json_int_t)step->tests));
	if (v->next.step != NULL)
		v->next.step(v->next.arg, step);
}

static void on_again(void *arg, const struct suite_test *t, const struct result *r)
{
	struct events *v = arg;

	send(v, json_pack("{s:s, s:s, s:i, s:s}", "event", "test-again", "id", t->id, "attempt", (int)r->attempt,
	                  "verdict", verdict_name(r->verdict)));
	if (v->next.again != NULL)
		v->next.again(v->next.arg, t, r);
}

static void on_begun(void *arg)
{
	struct events *v = arg;

	v->begun = true;
	send(v, json_pack("{s:s, s:s, s:I}", "event", "run-started", "run", v->run_dir, "tests",
	                  (json_int_t)v->tests));
	if (v->next.begun != NULL)
		v->next.begun(v->next.arg);
}

struct events *events_new(const char *path, const char *run_dir, size_t tests, struct runner_hooks *hooks,
                          struct err *e)
{
	struct events *v = calloc(1, sizeof *v);

	if (v == NULL) {
		err_set(e, ENOMEM, "out of memory");
		return NULL;
	}
	v->out = strcmp(path, "-") == 0 ? stdout : fopen(path, "we");
	if (v->out == NULL) {
		err_set(e, errno, "--events %s: %s", path, strerror(errno));
		free(v);
		return NULL;
	}
	v->next = *hooks;
	*hooks = (struct runner_hooks){ on_started, v->next.sampled != NULL ? on_sampled : NULL,
		                        on_ended,   on_note,
		                        v,          on_step,
		                        on_again,   on_begun };
	v->run_dir = run_dir;
	v->tests = tests;
	return v;
}

void events_free(struct events *v, const struct runner_summary *s)
{
	if (v == NULL)
		return;
	if (v->begun)
		send(v, json_pack("{s:s, s:I, s:I, s:b}", "event", "run-stopped", "ran", (json_int_t)s->ran,
		                  "unexpected", (json_int_t)s->unexpected, "untrusted", s->untrusted));
	if (v->out != stdout)
		fclose(v->out);
	free(v);
}
