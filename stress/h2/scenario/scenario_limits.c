// Limits of scenarios: read, and held against what came of it.
#include "scenario_limits.h"

#include "attack.h"
#include "lines.h"
#include "scenario_parts.h"
#include "units.h"

#include <inttypes.h>
#include <string.h>

#define KEPT_DEFAULT (16U << 20)        // an allocator's own
#define FRESH_DEFAULT (SG_NS_PER_S / 2) // a busy machine does as much by itself
#define FRESH_TIMES_DEFAULT 5U
#define MAX_RATE 10000000U // frames/s
#define MAX_FRAMES (UINT64_C(1) << 40)
#define MAX_TIMES 1000000U

void h2_limits_default(struct h2_limits *l)
{
	*l = (struct h2_limits){ .kept_bytes = KEPT_DEFAULT,
		                 .fresh_ns = FRESH_DEFAULT,
		                 .fresh_times = FRESH_TIMES_DEFAULT };
}

// ---- reading ------------------------------------------------------------------------------------------------

static int read_fields(struct h2_reader *r, const struct sexp *list, struct h2_limits *l)
{
	static const char *const of_harm[] = { "memory",        "memory-kept", "cpu",
		                               "cpu-per-frame", "fresh",       "fresh-times" };
	for (size_t i = 0; i < sizeof(of_harm) / sizeof(of_harm[0]); i++)
		l->wants_harm |= sexp_field(list, of_harm[i]) != NULL;
	int rc = h2_get_count(r, list, "rate", MAX_RATE, &l->rate);
	rc = rc < 0 ? rc : h2_get_count(r, list, "frames", MAX_FRAMES, &l->frames);
	rc = rc < 0 ? rc : h2_get_bytes(r, list, "bytes", &l->bytes);
	rc = rc < 0 ? rc : h2_get_duration(r, list, "time", &l->time_ns);
	rc = rc < 0 ? rc : h2_get_bytes(r, list, "memory", &l->memory_bytes);
	rc = rc < 0 ? rc : h2_get_bytes(r, list, "memory-kept", &l->kept_bytes);
	rc = rc < 0 ? rc : h2_get_duration(r, list, "cpu", &l->cpu_ns);
	rc = rc < 0 ? rc : h2_get_duration(r, list, "cpu-per-frame", &l->cpu_frame_ns);
	rc = rc < 0 ? rc : h2_get_duration(r, list, "fresh", &l->fresh_ns);
	rc = rc < 0 ? rc : h2_get_count(r, list, "fresh-times", MAX_TIMES, &l->fresh_times);
	return rc < 0 ? rc : h2_get_duration(r, list, "p99", &l->p99_ns);
}

// What only frames of the scenario's own have.
static int check_script_fields(struct h2_reader *r, const struct sexp *list, const struct h2_attack *a)
{
	static const char *const of_scripts[] = { "rate", "frames", "bytes", "time", "cpu-per-frame" };
	for (size_t i = 0; !a && i < sizeof(of_scripts) / sizeof(of_scripts[0]); i++)
		if (sexp_field(list, of_scripts[i]))
			return FAIL(
			        r, sexp_field(list, of_scripts[i]),
			        "(%s ...) limits frames of the scenario's own; there is no (attack ...) and no "
			        "(frames ...)",
			        of_scripts[i]);
	return 0;
}

static int check_volume(struct h2_reader *r, const struct sexp *list, const struct h2_attack *a,
                        const struct h2_limits *l)
{
	const uint64_t frames = h2_attack_frames(a), bytes = h2_script_volume(&a->script);
	if (l->frames && frames > l->frames)
		return FAIL(r, sexp_field(list, "frames"),
		            "the scenario sends %" PRIu64 " frames; send less, or raise the limit", frames);
	if (l->bytes && bytes > l->bytes)
		return FAIL(r, sexp_field(list, "bytes"),
		            "the scenario sends %" PRIu64 " bytes; send less, or raise the limit", bytes);
	if (l->rate && a->unread)
		return FAIL(r, sexp_field(list, "rate"), "(unread) sends without a pause; leave the rate out");
	if (l->rate && frames / l->rate >= a->time_ns / SG_NS_PER_S)
		return FAIL(r, sexp_field(list, "rate"),
		            "%" PRIu64 " frames take longer at that rate than the server has time (%" PRIu64
		            " s); give it more by (time ...), or raise the rate",
		            frames, a->time_ns / SG_NS_PER_S);
	if (l->time_ns > a->time_ns)
		return FAIL(r, sexp_field(list, "time"),
		            "nobody waits so long for a reaction: the (time ...) of the frames themselves ends "
		            "before");
	return 0;
}

int h2_limits_read(const struct sexp_doc *doc, const struct sexp *list, const struct h2_attack *attack,
                   struct h2_limits *l, struct err *e)
{
	static const char *const fields[] = { "rate",   "frames",      "bytes", "time",
		                              "memory", "memory-kept", "cpu",   "cpu-per-frame",
		                              "fresh",  "fresh-times", "p99",   NULL };
	struct h2_reader r = { doc, e };
	h2_limits_default(l);
	if (!list)
		return 0;
	int rc = sexp_check_fields(doc, list, 1, fields, e);
	if (rc == 0)
		rc = read_fields(&r, list, l);
	if (rc == 0)
		rc = check_script_fields(&r, list, attack);
	if (rc == 0 && attack)
		rc = check_volume(&r, list, attack, l);
	if (rc == 0 && attack && !attack->peaceful && attack->lonely && l->wants_harm)
		rc = FAIL(&r, list, "(lonely) leaves out what fresh, memory and cpu are measured by");
	return rc;
}

// ---- judged -------------------------------------------------------------------------------------------------

struct verdict {
	struct buf kept, broken; // "cpu 12 ms of 5 s", ...
};

// Notes one limit, where there is one. `words` says what it is of.
static void note(struct verdict *v, const char *words, uint64_t limit, uint64_t spent,
                 char *(*units)(char *, size_t, uint64_t))
{
	char is[32], most[32];
	struct buf *to = spent > limit ? &v->broken : &v->kept;
	if (limit == 0)
		return;
	units(is, sizeof(is), spent);
	units(most, sizeof(most), limit);
	buf_addf(to, "%s%s %s of at most %s", to->len > 0 ? ", " : "", words, is, most);
}

static void note_time(struct verdict *v, const struct h2_limits *l, const struct h2_spent *s)
{
	char most[32];

	if (l->time_ns && s->attacked && s->reaction_ns == 0)
		buf_addf(&v->broken, "no reaction in %s", units_duration(most, sizeof most, l->time_ns));
	else if (s->attacked)
		note(v, "reaction in", l->time_ns, s->reaction_ns, units_duration);
}

static void note_server(struct verdict *v, const struct h2_limits *l, const struct h2_spent *s)
{
	const bool any = l->memory_bytes || l->cpu_ns || l->cpu_frame_ns;
	if (any && !s->has_server) {
		buf_addf(&v->kept, "%smemory and CPU not known: the server's process was not found (--h2-pid)",
		         v->kept.len > 0 ? ", " : "");
		return;
	}
	note(v, "memory", l->memory_bytes, s->memory_bytes, units_bytes);
	note(v, s->with_load ? "CPU (the load's too)" : "CPU", l->cpu_ns, s->cpu_ns, units_duration);
	if (s->frames > 0)
		note(v, "CPU a frame", l->cpu_frame_ns, s->cpu_ns / s->frames, units_duration);
}

bool h2_limits_judge(const struct h2_limits *l, const struct h2_spent *spent, struct buf *out)
{
	struct verdict v = { 0 };
	note_time(&v, l, spent);
	note_server(&v, l, spent);
	note(&v, "p99", l->p99_ns, spent->p99_ns, units_duration);
	const bool ok = v.broken.len == 0;
	if (v.broken.len + v.kept.len > 0)
		h2_check(out, "limits", ok, "%s", buf_text(ok ? &v.kept : &v.broken));
	out->failed |= v.broken.failed || v.kept.failed;
	buf_deinit(&v.kept);
	buf_deinit(&v.broken);
	return ok;
}
