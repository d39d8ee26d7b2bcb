// Figures of invocations, gathered from runs.
#include "samples.h"

#include "instructions.h"
#include "text.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *sample_side_name(enum sample_side s)
{
	static const char *const names[] = { "base", "head", "control" };

	return names[s];
}

const char *sample_phase_name(enum sample_phase p)
{
	static const char *const names[] = { "screen", "confirm" };

	return names[p];
}

int samples_init(struct samples *s)
{
	s->index = json_object();
	for (size_t i = 0; i < SAMPLE_SIDES; i++)
		s->sources[i].dir = s->sources[i].machine = s->sources[i].suite = "";
	return s->index != NULL ? 0 : -ENOMEM;
}

void samples_deinit(struct samples *s)
{
	for (size_t i = 0; i < s->count; i++) {
		for (size_t k = 0; k < s->tests[i].count; k++)
			for (size_t n = 0; n < SAMPLE_SIDES * (size_t)SAMPLE_PHASES; n++)
				free(s->tests[i].metrics[k].lists[n / SAMPLE_PHASES][n % SAMPLE_PHASES].items);
		free(s->tests[i].metrics);
	}
	free(s->tests);
	json_decref(s->index);
	buf_deinit(&s->notes);
	arena_deinit(&s->arena);
	*s = (struct samples){ 0 };
}

// ---- adding ---------------------------------------------------------------------------------------------------

// Room for one more item of an array; NULL without memory.
static void *grow(void *items, size_t count, size_t *room, size_t size)
{
	void *grown;

	if (count < *room)
		return items;
	grown = reallocarray(items, *room * 2 + 8, size);
	if (grown != NULL)
		*room = *room * 2 + 8;
	return grown;
}

const char *samples_keep(struct samples *s, const char *text)
{
	const char *safe = text_line(&s->arena, text);
	char *copy = arena_text(&s->arena, safe, strlen(safe));

	return copy != NULL ? copy : "";
}

struct sample_test *samples_test(struct samples *s, const char *id)
{
	const json_t *at = json_object_get(s->index, id);
	struct sample_test *grown;

	if (at != NULL)
		return &s->tests[json_integer_value(at)];
	grown = grow(s->tests, s->count, &s->room, sizeof *grown);
	if (grown == NULL)
		return NULL;
	s->tests = grown;
	if (json_object_set_new_nocheck(s->index, id, json_integer((json_int_t)s->count)) < 0)
		return NULL;
	grown = &s->tests[s->count++];
	*grown = (struct sample_test){ .id = samples_keep(s, id) };
	for (size_t i = 0; i < SAMPLE_SIDES; i++)
		grown->ends[i].evidence = "";
	return grown;
}

static struct sample_metric *metric_of(struct samples *s, struct sample_test *t, const struct metric *m)
{
	struct sample_metric *grown;

	for (size_t i = 0; i < t->count; i++)
		if (strcmp(t->metrics[i].name, m->name) == 0)
			return &t->metrics[i];
	grown = grow(t->metrics, t->count, &t->room, sizeof *grown);
	if (grown == NULL)
		return NULL;
	t->metrics = grown;
	grown = &t->metrics[t->count++];
	*grown = (struct sample_metric){ .name = samples_keep(s, m->name),
		                         .unit = samples_keep(s, m->unit),
		                         .better = m->better };
	return grown;
}

static int add_reading(struct sample_list *l, struct sample_reading r)
{
	struct sample_reading *grown = grow(l->items, l->count, &l->room, sizeof *grown);

	if (grown == NULL)
		return -ENOMEM;
	l->items = grown;
	l->items[l->count++] = r;
	return 0;
}

int samples_add(struct samples *s, const struct sample_place *at, const struct metric *m)
{
	struct sample_test *t = samples_test(s, at->test);
	struct sample_metric *metric = t != NULL ? metric_of(s, t, m) : NULL;

	if (metric == NULL)
		return -ENOMEM;
	return add_reading(&metric->lists[at->side][at->phase],
	                   (struct sample_reading){ .value = m->value, .pair = at->pair });
}

int samples_end(struct samples *s, const struct sample_place *at, const struct result *r)
{
	struct sample_test *t = samples_test(s, at->test);
	struct sample_ends *e;

	if (t == NULL)
		return -ENOMEM;
	e = &t->ends[at->side];
	if (!verdict_did_run(r->verdict)) {
		e->skipped++;
		return 0;
	}
	if (e->unexpected == 0) {
		e->verdict = r->verdict;
		e->evidence = r->as_expected || r->evidence == NULL ? "" : samples_keep(s, r->evidence);
	}
	e->count++;
	e->unexpected += !r->as_expected;
	t->wall_ns += (double)r->wall_ns;
	t->steal_ns += (double)r->steal_ns;
	t->cpu_stall_ns += (double)r->cpu_stall_ns;
	t->memory_stall_ns += (double)r->memory_stall_ns;
	return 0;
}

// A test may be over before anyone has looked at its memory.
static bool is_known(const struct result *r, const struct metric *m)
{
	return r->peak_rss_bytes > 0 || (strcmp(m->name, "memory") != 0 && strcmp(m->name, "waste") != 0);
}

// A result whose end was not the expected one says nothing about speed: a crash is no fast run.
int samples_add_result(struct samples *s, const struct sample_place *at, const struct result *r)
{
	struct arena arena = { 0 };
	struct metric *metrics;
	ssize_t count = 0;
	int rc = samples_end(s, at, r);

	if (rc == 0 && r->as_expected && verdict_did_run(r->verdict))
		count = metrics_of(&arena, r, &metrics);
	if (count < 0)
		rc = (int)count;
	for (ssize_t i = 0; rc == 0 && i < count; i++)
		if (is_known(r, &metrics[i]))
			rc = samples_add(s, at, &metrics[i]);
	arena_deinit(&arena);
	return rc;
}

// ---- whole runs -----------------------------------------------------------------------------------------------

static const char *machine_words(struct samples *s, const json_t *info)
{
	const json_t *m = json_object_get(info, "machine");
	const char *cpu = json_string_value(json_object_get(m, "cpu"));
	const char *kernel = json_string_value(json_object_get(m, "kernel"));
	const char *host = json_string_value(json_object_get(m, "hostname"));
	const long long cores = json_integer_value(json_object_get(m, "cores"));

	if (m == NULL)
		return "";
	return samples_keep(s, text_make(&s->arena, "%s%s%s, %lld cores, Linux %s", host != NULL ? host : "",
	                                 host != NULL ? ": " : "", cpu != NULL ? cpu : "CPU not known", cores,
	                                 kernel != NULL ? kernel : "not known"));
}

static void merge_fact(const char **fact, const char *now, bool *differs)
{
	*differs = *differs || (**fact != '\0' && *now != '\0' && strcmp(*fact, now) != 0);
	if (**fact == '\0')
		*fact = now;
}

static void note_damage(struct samples *s, const struct run *r)
{
	const char *dir = text_line(&s->arena, r->dir);

	if (r->journal.bad_lines > 0)
		buf_addf(&s->notes, "%s: %llu lines of the journal are damaged: what stood there is missing\n",
		         dir, (unsigned long long)r->journal.bad_lines);
	if (r->journal.torn_tail)
		buf_addf(&s->notes, "%s: the last line of the journal was cut off and is left out\n", dir);
	if (r->stop_reason == NULL || strcmp(r->stop_reason, "finished") != 0)
		buf_addf(&s->notes, "%s: the run did not finish (%s): %zu of %zu tests have ended\n", dir,
		         r->stop_reason != NULL ? text_line(&s->arena, r->stop_reason) : "it was killed", r->count,
		         r->planned);
}

void samples_add_source(struct samples *s, enum sample_side side, const struct run *r)
{
	struct sample_source *source = &s->sources[side];
	const char *suite = json_string_value(json_object_get(r->header, "suite_hash"));

	if (source->runs++ == 0)
		source->dir = samples_keep(s, r->dir);
	source->bad_lines += (size_t)r->journal.bad_lines;
	source->incomplete =
	        source->incomplete || r->stop_reason == NULL || strcmp(r->stop_reason, "finished") != 0;
	merge_fact(&source->machine, machine_words(s, r->info), &s->other_machine);
	merge_fact(&source->suite, suite != NULL ? samples_keep(s, suite) : "", &s->other_suite);
	if (side == SAMPLE_HEAD)
		s->cores =
		        (double)json_integer_value(json_object_get(json_object_get(r->info, "machine"), "cores"));
	note_damage(s, r);
}

static void compare_sources(struct samples *s)
{
	const char *machine = s->sources[SAMPLE_BASE].machine, *suite = s->sources[SAMPLE_BASE].suite;

	merge_fact(&machine, s->sources[SAMPLE_HEAD].machine, &s->other_machine);
	merge_fact(&suite, s->sources[SAMPLE_HEAD].suite, &s->other_suite);
}

// "ID#3" of a run with --repeat is another invocation of ID.
static char *without_repeat(const struct run *r, const char *id)
{
	const char *hash = strrchr(id, '#');
	size_t digits = hash != NULL ? strspn(hash + 1, "0123456789") : 0;
	char *base;

	if (json_integer_value(json_object_get(r->info, "repeat")) < 2 || hash == NULL || digits == 0 ||
	    hash[1 + digits] != '\0')
		return strdup(id);
	base = strndup(id, (size_t)(hash - id));
	return base;
}

int samples_add_run(struct samples *s, enum sample_side side, const struct run *r)
{
	int rc = 0;

	samples_add_source(s, side, r);
	for (size_t i = 0; rc == 0 && i < r->count; i++) {
		char *id = without_repeat(r, r->results[i].id);
		struct sample_test *t = id != NULL ? samples_test(s, id) : NULL;
		struct sample_place at = { .test = id, .side = side };

		if (t != NULL) {
			at.pair = t->ends[side].count + 1;
			rc = samples_add_result(s, &at, &r->results[i]);
		} else {
			rc = -ENOMEM;
		}
		free(id);
	}
	compare_sources(s);
	return rc;
}

bool samples_has_pairs(const struct run *r)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->results[i].of != NULL && r->results[i].side != NULL)
			return true;
	return json_is_object(json_object_get(r->info, "pairs"));
}

// False: no invocation that counts (a warmup, or a later version's).
static bool place_of(const struct result *r, struct sample_place *at)
{
	bool known = false;

	*at = (struct sample_place){ .test = r->of, .pair = r->pair };
	if (r->of == NULL || r->side == NULL || r->phase == NULL)
		return false;
	for (unsigned i = 0; i < SAMPLE_SIDES; i++)
		if (strcmp(r->side, sample_side_name((enum sample_side)i)) == 0) {
			at->side = (enum sample_side)i;
			known = true;
		}
	for (unsigned i = 0; known && i < SAMPLE_PHASES; i++)
		if (strcmp(r->phase, sample_phase_name((enum sample_phase)i)) == 0) {
			at->phase = (enum sample_phase)i;
			return true;
		}
	return false;
}

// What was counted under callgrind, which says nothing of the test's time; why not is a note.
int samples_add_count(struct samples *s, const struct run *run, const struct result *r, const char *test,
                      enum sample_side side)
{
	const struct sample_place at = { .test = test, .side = side, .pair = r->pair };
	struct metric m = { "instructions", "count", METRIC_LOWER, 0 };
	const int rc = instructions_of(run, r, &m.value);

	if (rc == 0)
		return samples_add(s, &at, &m);
	if (rc == -ENOMEM)
		return rc;
	buf_addf(&s->notes, "%s: its instructions on the %s side are not known: %s\n", text_line(&s->arena, r->of),
	         r->side, rc == -EMLINK ? "it has several threads" : "callgrind did not say");
	return 0;
}

// Of a pass of its own, whose time and memory say nothing of the test's.
static int add_aside(struct samples *s, const struct run *run, const struct result *r)
{
	struct sample_place at = { .test = r->of, .pair = r->pair };

	if (r->of == NULL || r->side == NULL || r->phase == NULL)
		return 0;
	at.side = strcmp(r->side, sample_side_name(SAMPLE_BASE)) == 0 ? SAMPLE_BASE : SAMPLE_HEAD;
	if (strcmp(r->phase, "count") == 0)
		return samples_add_count(s, run, r, r->of, at.side);
	return strcmp(r->phase, "calls") == 0 ? samples_add_calls(s, &at, r) : 0;
}

int samples_add_pairs(struct samples *s, const struct run *r)
{
	int rc = 0;

	s->paired = true;
	if (samples_has_variants(r))
		return samples_add_variants(s, r);
	s->two_stages = json_integer_value(json_object_get(json_object_get(r->info, "pairs"), "confirm")) > 0;
	samples_add_source(s, SAMPLE_BASE, r);
	s->sources[SAMPLE_HEAD] = s->sources[SAMPLE_BASE];
	s->cores = (double)json_integer_value(json_object_get(json_object_get(r->info, "machine"), "cores"));
	for (size_t i = 0; rc == 0 && i < r->count; i++) {
		struct sample_place at;

		rc = place_of(&r->results[i], &at) ? samples_add_result(s, &at, &r->results[i])
		                                   : add_aside(s, r, &r->results[i]);
	}
	return rc;
}

// ---- order ----------------------------------------------------------------------------------------------------

static int by_pair(const void *a, const void *b)
{
	const struct sample_reading *x = a, *y = b;

	return (x->pair > y->pair) - (x->pair < y->pair);
}

static int by_name(const void *a, const void *b)
{
	const struct sample_metric *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static int by_id(const void *a, const void *b)
{
	const struct sample_test *x = a, *y = b;

	return strverscmp(x->id, y->id);
}

void samples_sort(struct samples *s)
{
	if (s->count > 0)
		qsort(s->tests, s->count, sizeof *s->tests, by_id);
	for (size_t i = 0; i < s->count; i++) {
		struct sample_test *t = &s->tests[i];

		s->other_tests =
		        s->other_tests || (t->ends[SAMPLE_BASE].count + t->ends[SAMPLE_BASE].skipped == 0) !=
		                                  (t->ends[SAMPLE_HEAD].count + t->ends[SAMPLE_HEAD].skipped == 0);
		if (t->count > 0)
			qsort(t->metrics, t->count, sizeof *t->metrics, by_name);
		for (size_t k = 0; k < t->count; k++)
			for (size_t n = 0; n < SAMPLE_SIDES * (size_t)SAMPLE_PHASES; n++) {
				struct sample_list *l = &t->metrics[k].lists[n / SAMPLE_PHASES][n % SAMPLE_PHASES];

				if (l->count > 0)
					qsort(l->items, l->count, sizeof *l->items, by_pair);
			}
	}
	json_object_clear(s->index); // positions have changed
}
