// Variants that ran in turn: each against the first, and all tests of a variant together.
#include "samples.h"

#include "text.h"

#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MOST_VARIANTS 26U // their sides are letters

static const json_t *variants_of(const struct run *r)
{
	return json_object_get(json_object_get(r->info, "pairs"), "variants");
}

bool samples_has_variants(const struct run *r)
{
	return json_array_size(variants_of(r)) >= 2;
}

// ---- figures --------------------------------------------------------------------------------------------------

static const char *head_id(struct samples *s, const char *id, size_t variant)
{
	return s->variant_count > 2 ? text_make(&s->arena, "%s [%s]", id, s->variants[variant]) : id;
}

bool samples_is_of_calls(const char *metric)
{
	static const char *const patterns[] = {
		"counter/interposer/*", "counter/jemalloc/*", "heap/*", "jemalloc/*", "waste", NULL
	};

	for (size_t i = 0; patterns[i] != NULL; i++)
		if (fnmatch(patterns[i], metric, 0) == 0)
			return true;
	return false;
}

int samples_add_calls(struct samples *s, const struct sample_place *at, const struct result *r)
{
	struct arena arena = { 0 };
	struct metric *metrics;
	ssize_t count = r->as_expected && verdict_did_run(r->verdict) ? metrics_of(&arena, r, &metrics) : 0;
	int rc = count < 0 ? (int)count : 0;

	s->calls = true;
	for (ssize_t i = 0; rc == 0 && i < count; i++)
		if (samples_is_of_calls(metrics[i].name))
			rc = samples_add(s, at, &metrics[i]);
	arena_deinit(&arena);
	return rc;
}

static int add_one(struct samples *s, const struct result *r, size_t of, size_t variant)
{
	const struct sample_place at = { .test = head_id(s, r->of, variant),
		                         .side = of == 0 ? SAMPLE_BASE : SAMPLE_HEAD,
		                         .pair = r->pair };
	int rc = 0;

	if (strcmp(r->phase, "screen") == 0)
		rc = samples_add_result(s, &at, r);
	else if (strcmp(r->phase, "calls") == 0)
		rc = samples_add_calls(s, &at, r);
	if (rc == 0 && json_object_get(s->index, at.test) != NULL)
		samples_test(s, at.test)->variant = (unsigned)variant;
	return rc;
}

// The first variant's result belongs to the comparison with each of the others.
static int add_to_all(struct samples *s, const struct run *run, const struct result *r)
{
	const size_t of = r->side != NULL && r->side[0] >= 'a' && r->side[1] == '\0' ? (size_t)(r->side[0] - 'a')
	                                                                             : s->variant_count;
	int rc = 0;

	if (r->of == NULL || r->phase == NULL || of >= s->variant_count)
		return 0;
	for (size_t i = 1; rc == 0 && i < s->variant_count; i++)
		if (of == 0 || of == i)
			rc = strcmp(r->phase, "count") == 0
			             ? samples_add_count(s, run, r, head_id(s, r->of, i),
			                                 of == 0 ? SAMPLE_BASE : SAMPLE_HEAD)
			             : add_one(s, r, of, i);
	return rc;
}

static int read_plan(struct samples *s, const struct run *r)
{
	const json_t *pairs = json_object_get(r->info, "pairs"), *list = variants_of(r);
	const char *service = json_string_value(json_object_get(json_object_get(pairs, "service"), "serve"));
	const char *stopped = json_string_value(json_object_get(pairs, "stopped"));

	s->variant_count = json_array_size(list) < MOST_VARIANTS ? json_array_size(list) : MOST_VARIANTS;
	s->variants = arena_alloc(&s->arena, s->variant_count * sizeof *s->variants);
	if (s->variants == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < s->variant_count; i++) {
		const char *name = json_string_value(json_object_get(json_array_get(list, i), "title"));

		const char *command = json_string_value(json_object_get(json_array_get(list, i), "command"));

		s->variants[i] = samples_keep(s, name != NULL ? name : "?");
		if (command != NULL && strcmp(command, s->variants[i]) != 0)
			buf_addf(&s->notes, "%s: %s\n", s->variants[i], samples_keep(s, command));
	}
	s->precision = json_number_value(json_object_get(pairs, "precision"));
	s->stopped = stopped != NULL ? samples_keep(s, stopped) : "";
	s->service = service != NULL ? samples_keep(s, service) : NULL;
	return 0;
}

// Said once: a reader who looks for instructions must not wonder.
static void note_hardware(struct samples *s, const struct run *r)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->results[i].no_hardware != NULL) {
			buf_addf(&s->notes, "no instructions, cycles and cache misses: %s\n",
			         samples_keep(s, r->results[i].no_hardware));
			return;
		}
}

int samples_add_variants(struct samples *s, const struct run *r)
{
	int rc = read_plan(s, r);

	s->intervals = true;
	note_hardware(s, r);
	samples_add_source(s, SAMPLE_BASE, r);
	s->sources[SAMPLE_HEAD] = s->sources[SAMPLE_BASE];
	s->cores = (double)json_integer_value(json_object_get(json_object_get(r->info, "machine"), "cores"));
	for (size_t i = 0; rc == 0 && i < r->count; i++)
		rc = add_to_all(s, r, &r->results[i]);
	rc = rc == 0 ? samples_add_courses(s, r) : rc;
	return rc == 0 ? samples_add_overall(s) : rc;
}

// ---- all tests together ---------------------------------------------------------------------------------------

// What is worth a mean over tests, and what of each test it is the mean of.
static const struct {
	const char *name, *pattern;
} wholes[] = { { "time", "time" },
	       { "cpu", "cpu" },
	       { "memory", "memory" },
	       { "faults/minor", "faults/minor" },
	       { "latency/p50", "latency/*/p50" },
	       { "latency/p99", "latency/*/p99" },
	       { "latency/p99.9", "latency/*/p99.9" } };

struct sum { // of one pair, over the tests that have both sides of it
	double base, head;
	size_t count;
};

static const struct sample_reading *reading_of(const struct sample_list *l, unsigned pair)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->items[i].pair == pair)
			return &l->items[i];
	return NULL;
}

static void add_to_sums(const struct sample_metric *m, struct sum *sums, size_t room)
{
	const struct sample_list *base = &m->lists[SAMPLE_BASE][SAMPLE_SCREEN];
	const struct sample_list *head = &m->lists[SAMPLE_HEAD][SAMPLE_SCREEN];

	for (size_t i = 0; i < base->count; i++) {
		const struct sample_reading *other = reading_of(head, base->items[i].pair);

		if (other == NULL || base->items[i].pair >= room || !(base->items[i].value > 0) ||
		    !(other->value > 0))
			continue;
		sums[other->pair].base += log(base->items[i].value);
		sums[other->pair].head += log(other->value);
		sums[other->pair].count++;
	}
}

static unsigned last_pair(const struct samples *s)
{
	unsigned last = 0;

	for (size_t i = 0; i < s->count; i++)
		for (size_t k = 0; k < s->tests[i].count; k++) {
			const struct sample_list *l = &s->tests[i].metrics[k].lists[SAMPLE_BASE][SAMPLE_SCREEN];

			for (size_t n = 0; n < l->count; n++)
				last = l->items[n].pair > last ? l->items[n].pair : last;
		}
	return last;
}

static int add_mean(struct samples *s, const char *id, const struct metric *m, const struct sum *sums, size_t room)
{
	int rc = 0;

	for (size_t pair = 0; rc == 0 && pair < room; pair++) {
		struct sample_place at = { .test = id, .side = SAMPLE_BASE, .pair = (unsigned)pair };
		struct metric mean = *m;

		if (sums[pair].count == 0)
			continue;
		mean.value = exp(sums[pair].base / (double)sums[pair].count);
		rc = samples_add(s, &at, &mean);
		at.side = SAMPLE_HEAD;
		mean.value = exp(sums[pair].head / (double)sums[pair].count);
		rc = rc == 0 ? samples_add(s, &at, &mean) : rc;
	}
	return rc;
}

// One metric of one variant over its tests. Only what several tests (or series) have gets a mean.
static int add_whole(struct samples *s, const char *id, unsigned variant, size_t which, struct sum *sums,
                     size_t room)
{
	struct metric m = { .name = wholes[which].name };
	size_t found = 0;

	memset(sums, 0, room * sizeof *sums);
	for (size_t i = 0; i < s->count; i++)
		for (size_t k = 0; s->tests[i].variant == variant && !s->tests[i].overall && k < s->tests[i].count;
		     k++) {
			const struct sample_metric *from = &s->tests[i].metrics[k];

			if (fnmatch(wholes[which].pattern, from->name, 0) != 0)
				continue;
			add_to_sums(from, sums, room);
			m.unit = from->unit;
			m.better = from->better;
			found++;
		}
	return found > 1 ? add_mean(s, id, &m, sums, room) : 0;
}

static size_t count_tests(const struct samples *s, unsigned variant)
{
	size_t n = 0;

	for (size_t i = 0; i < s->count; i++)
		n += s->tests[i].variant == variant;
	return n;
}

int samples_add_overall(struct samples *s)
{
	const size_t room = (size_t)last_pair(s) + 1;
	struct sum *sums = calloc(room, sizeof *sums);
	int rc = sums == NULL ? -ENOMEM : 0;

	for (unsigned v = 1; rc == 0 && v < s->variant_count; v++) {
		const size_t tests = count_tests(s, v);
		const char *id = head_id(s, text_make(&s->arena, "all %zu tests", tests), v);

		for (size_t i = 0; rc == 0 && tests > 1 && i < sizeof wholes / sizeof wholes[0]; i++)
			rc = add_whole(s, id, v, i, sums, room);
		if (rc == 0 && json_object_get(s->index, id) != NULL) {
			struct sample_test *t = samples_test(s, id);

			t->variant = v;
			t->overall = true;
		}
	}
	free(sums);
	return rc;
}
