// Judging: one function for each kind of evidence, in the order in which they count.
#include "judge.h"

#include "harvest.h"
#include "leak.h"
#include "units.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

// A finding: the first source that has one decides.
struct finding {
	enum verdict verdict;
	bool clean;
	struct buf words;
};

void judge_signal_words(int sig, struct buf *out)
{
	const char *name = sigabbrev_np(sig);
	const char *words = sigdescr_np(sig);

	if (name == NULL) {
		buf_addf(out, "signal %d", sig);
		return;
	}
	buf_addf(out, "SIG%s", name);
	if (words != NULL)
		buf_addf(out, " (%s)", words);
}

static void add_bytes(struct buf *out, uint64_t bytes)
{
	char text[32];

	buf_adds(out, units_bytes(text, sizeof text, bytes));
}

static void add_duration(struct buf *out, uint64_t ns)
{
	char text[32];

	buf_adds(out, units_duration(text, sizeof text, ns));
}

// ---- the sources, in order ----

#define MANY_HITS 1000U

// Near its limit a group without swap throws out and reads again the very pages of its programs, and nothing of it
// is killed: it only looks like a hang.
static void add_memory(const struct facts *f, struct finding *out)
{
	if (f->oom_kills > 0)
		buf_addf(&out->words, "; before, the kernel killed %" PRIu64 " process%s of it for memory",
		         f->oom_kills, f->oom_kills == 1 ? "" : "es");
	if (f->memory_hits < MANY_HITS)
		return;
	buf_addf(&out->words, "; it met its memory limit of ");
	add_bytes(&out->words, f->memory_limit);
	buf_addf(&out->words, " %" PRIu64 " times, which may be what kept it (%s)", f->memory_hits, f->memory_by);
}

#define ENGINE_FAILED 125 // podman-run(1), docker-run(1)

static bool by_runner(const struct facts *f, struct finding *out)
{
	if (f->not_started != NULL) {
		out->verdict = VERDICT_FAILED;
		buf_adds(&out->words, f->not_started);
		return true;
	}
	if (f->stopped_by != NULL) {
		out->verdict = VERDICT_INTERRUPTED;
		buf_addf(&out->words, "the run was stopped by %s while it ran", f->stopped_by);
		return true;
	}
	if (f->timed_out) {
		out->verdict = VERDICT_TIMEOUT;
		buf_adds(&out->words, "ran longer than its ");
		add_duration(&out->words, f->timeout_ns);
		buf_adds(&out->words, f->killed ? "; it took SIGKILL to end it" : "; it ended after SIGTERM");
		if (f->measure->running_case[0] != '\0')
			buf_addf(&out->words, "; case '%s' was running", f->measure->running_case);
		add_memory(f, out);
		return true;
	}
	return false;
}

static bool by_cgroup(const struct facts *f, struct finding *out)
{
	if (f->oom_kills > 0) {
		out->verdict = VERDICT_OUT_OF_MEMORY;
		buf_adds(&out->words, "exceeded its memory limit of ");
		add_bytes(&out->words, f->memory_limit);
		buf_addf(&out->words, ": the kernel killed %" PRIu64 " process%s of it (%s)", f->oom_kills,
		         f->oom_kills == 1 ? "" : "es", f->memory_by);
		return true;
	}
	if (f->forks_denied > 0) {
		out->verdict = VERDICT_FAILED;
		buf_addf(&out->words, "tried to have more than %" PRIu64 " processes: %" PRIu64 " fork%s denied",
		         f->processes_limit, f->forks_denied, f->forks_denied == 1 ? " was" : "s were");
		return true;
	}
	return false;
}

static bool by_limit(const struct facts *f, const struct result *r, struct finding *out)
{
	const uint64_t cpu_ns = r->user_ns + r->sys_ns;

	if (f->memory_seen > 0) {
		out->verdict = VERDICT_OUT_OF_MEMORY;
		buf_adds(&out->words, "used ");
		add_bytes(&out->words, f->memory_seen);
		buf_adds(&out->words, " of memory, more than its limit of ");
		add_bytes(&out->words, f->memory_limit);
		buf_adds(&out->words, " (seen by sampling), and was killed");
		return true;
	}
	if (f->cpu_limit_s > 0 &&
	    (r->signal == SIGXCPU || (r->signal == SIGKILL && cpu_ns >= f->cpu_limit_s * UINT64_C(1000000000)))) {
		out->verdict = VERDICT_TIMEOUT;
		buf_addf(&out->words, "used its %" PRIu64 " s of CPU time (RLIMIT_CPU)", f->cpu_limit_s);
		return true;
	}
	if (r->signal == SIGXFSZ) {
		out->verdict = VERDICT_FAILED;
		buf_adds(&out->words, "wrote a file larger than its limit (RLIMIT_FSIZE)");
		return true;
	}
	return false;
}

static void add_amount(struct buf *out, const struct result_pool *p, uint64_t units)
{
	if (p->unit_bytes <= 1)
		add_bytes(out, units);
	else
		buf_addf(out, "%" PRIu64, units);
}

static void add_exhaustion(struct buf *out, const struct result_pool *p)
{
	buf_addf(out, "slab '%s' full: ", p->name);
	add_amount(out, p, p->high_water);
	if (p->capacity > 0) {
		buf_adds(out, " of ");
		add_amount(out, p, p->capacity);
	}
	if (p->unit_bytes > 1) {
		buf_adds(out, " objects of ");
		add_bytes(out, p->unit_bytes);
	}
	buf_adds(out, " used at the high-water mark");
	if (p->request_bytes > 0) {
		buf_adds(out, ", request of ");
		add_bytes(out, p->request_bytes);
		buf_adds(out, " denied");
	}
	if (p->depth > 0)
		buf_addf(out, " at depth %" PRIu64, p->depth);
	buf_adds(out, " (telemetry)");
}

static bool by_telemetry(const struct result *r, struct finding *out)
{
	const struct result_pool *p = harvest_first_exhausted(r);

	if (p == NULL)
		return false;
	out->verdict = VERDICT_SLAB_EXHAUSTED;
	out->clean = r->signal == 0;
	add_exhaustion(&out->words, p);
	return true;
}

static bool by_fault(const struct facts *f, struct finding *out)
{
	if (!f->has_fault || !kernel_fault_is_stack(&f->fault))
		return false;
	out->verdict = VERDICT_STACK_OVERFLOW;
	buf_addf(&out->words,
	         "segmentation fault at 0x%" PRIx64 ", next to the stack pointer 0x%" PRIx64 " (kernel log)",
	         f->fault.address, f->fault.sp);
	return true;
}

static bool by_pattern(const struct facts *f, const struct result *r, struct finding *out)
{
	static const struct {
		const char *class_name;
		enum verdict verdict;
	} classes[] = { { "stack", VERDICT_STACK_OVERFLOW },
		        { "cstack", VERDICT_STACK_OVERFLOW },
		        { "heap", VERDICT_OUT_OF_MEMORY },
		        { "slab", VERDICT_SLAB_EXHAUSTED },
		        { "assert", VERDICT_CRASHED } };
	char line[200];
	const struct pattern *p = judge_pattern(f, r, line, sizeof line);

	if (p == NULL)
		return false;
	for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++) {
		if (strcmp(p->class_name, classes[i].class_name) != 0)
			continue;
		out->verdict = classes[i].verdict;
		out->clean = r->signal == 0 && out->verdict != VERDICT_CRASHED;
		buf_addf(&out->words, "it said: %s", line);
		return true;
	}
	return false;
}

#define SKIP_STATUS 77 // of automake, meson and most suites of shell scripts

// A test whose header wants @Sentinel says all it has to say by sample lines: there 77 is a status as any other.
static bool says_by_lines(const struct facts *f)
{
	return f->test->meta.sentinel && test_meta_has(&f->test->meta, HKEY_SENTINEL);
}

static bool by_exit(const struct facts *f, const struct result *r, struct finding *out)
{
	if (r->signal != 0) {
		out->verdict = VERDICT_CRASHED;
		buf_adds(&out->words, "killed by ");
		judge_signal_words(r->signal, &out->words);
		if (f->has_fault)
			buf_addf(&out->words, " at address 0x%" PRIx64 " (kernel log)", f->fault.address);
		if (f->measure->running_case[0] != '\0')
			buf_addf(&out->words, " in case '%s'", f->measure->running_case);
		return true;
	}
	if (r->exit_code == 0)
		return false;
	out->verdict = VERDICT_FAILED;
	buf_addf(&out->words, "exit status %d", r->exit_code);
	if (r->exit_code == SKIP_STATUS && says_by_lines(f))
		buf_adds(&out->words, ", which skips no test that has @Sentinel: '@@ skip REASON' does");
	if (f->engine != NULL && r->exit_code == ENGINE_FAILED)
		buf_addf(&out->words, ": also what %s says when it cannot start the container", f->engine);
	if (r->exit_code > 128 && r->exit_code - 128 < NSIG) { // what a shell says of its child
		buf_adds(&out->words, ", which a shell uses for ");
		judge_signal_words(r->exit_code - 128, &out->words);
	}
	return true;
}

// A TAP program that gave up, or did not do as many cases as it had planned. "1..3" alone may be anybody's output.
static bool by_tap(const struct measure *m, const char *link, struct finding *out)
{
	if (m->tap.bailed && (m->tap.cases > 0 || m->tap.planned || m->tap.version)) {
		buf_addf(&out->words, "%sit gave up (TAP): %s", link,
		         m->tap.why[0] != '\0' ? m->tap.why : "Bail out!");
		return true;
	}
	if (!m->tap.planned || m->tap.plan == m->tap.cases || (m->tap.cases == 0 && !m->tap.version))
		return false;
	buf_addf(&out->words, "%sits TAP plan was of %" PRIu64 " case%s, it reported %" PRIu64, link, m->tap.plan,
	         m->tap.plan == 1 ? "" : "s", m->tap.cases);
	return true;
}

// What it reported itself. After an exit status these are further words, without one they decide.
static bool by_report(const struct facts *f, const struct result *r, struct finding *out)
{
	bool found = false;
	const char *link = out->words.len > 0 ? "; " : "";

	if (f->test->meta.sentinel && !r->done_seen) {
		buf_addf(&out->words, "%sno '@@ done': it did not get to its end", link);
		found = true;
	}
	if (r->checks_bad > 0) {
		buf_addf(&out->words, "%s%" PRIu64 " bad check%s, the first: %s", found ? "; " : link,
		         r->checks_bad, r->checks_bad == 1 ? "" : "s",
		         r->first_bad_check != NULL ? r->first_bad_check : "?");
		found = true;
	}
	if (f->measure->cases_failed > 0) {
		buf_addf(&out->words, "%s%" PRIu64 " failed case%s, the first: %s", found ? "; " : link,
		         f->measure->cases_failed, f->measure->cases_failed == 1 ? "" : "s",
		         f->measure->first_failed_case);
		found = true;
	}
	found = by_tap(f->measure, found ? "; " : link, out) || found;
	if (f->measure->skip_why[0] != '\0' && out->words.len > 0)
		buf_addf(&out->words, "; it had said that it skips itself: %s", f->measure->skip_why);
	if (found && out->verdict == VERDICT_PASSED)
		out->verdict = VERDICT_FAILED;
	return found;
}

// ---- what skips itself ----

static bool skips_by_status(const struct facts *f, const struct result *r)
{
	return r->signal == 0 && r->exit_code == SKIP_STATUS && !f->test->meta.survive && !says_by_lines(f);
}

// By TAP: "1..0 # SKIP why", or by a version that says it is TAP, and "1..0".
static bool skips_by_plan(const struct measure *m)
{
	return m->tap.planned && m->tap.plan == 0 && m->tap.cases == 0 && !m->tap.bailed &&
	       (m->tap.why[0] != '\0' || m->tap.version);
}

const char *judge_last_line(const char *tail, int *len)
{
	const char *text = tail != NULL ? tail : "";
	size_t end = strlen(text), from;

	while (end > 0 && strchr(" \t\r\n", text[end - 1]) != NULL)
		end--;
	for (from = end; from > 0 && text[from - 1] != '\n';)
		from--;
	*len = (int)(end - from);
	return text + from;
}

// "SKIP: no network" is how scripts say it before they end with 77.
static void add_last_line(const char *tail, struct buf *out)
{
	int len;
	const char *line = judge_last_line(tail, &len);

	if (len > 0)
		buf_addf(out, "; its last line: %.*s", len, line);
}

// It says so by itself, ended as one that skips itself does, and reported nothing bad before.
static bool by_skip(const struct facts *f, const struct result *r, struct finding *out)
{
	const struct measure *m = f->measure;
	const bool by_status = skips_by_status(f, r);

	if (r->signal != 0 || (r->exit_code != 0 && !by_status) || r->checks_bad > 0 || m->cases_failed > 0 ||
	    m->tap.bailed || !(by_status || m->skip_why[0] != '\0' || skips_by_plan(m)))
		return false;
	out->verdict = VERDICT_SKIPPED;
	if (m->skip_why[0] != '\0') {
		buf_addf(&out->words, "it skipped itself: %s", m->skip_why);
	} else if (skips_by_plan(m)) {
		buf_addf(&out->words, "it skipped itself: %s",
		         m->tap.why[0] != '\0' ? m->tap.why : "its TAP plan is of no case");
	} else {
		buf_addf(&out->words, "it skipped itself by exit status %d", SKIP_STATUS);
		add_last_line(r->tail, &out->words);
	}
	return true;
}

// ---- what ended well ----

// NULL when none has a capacity.
static const struct result_pool *tightest_pool(const struct result *r)
{
	const struct result_pool *tightest = NULL;

	for (size_t i = 0; i < r->pool_count; i++)
		if (r->pools[i].capacity > 0 &&
		    (tightest == NULL || result_pool_headroom(&r->pools[i]) < result_pool_headroom(tightest)))
			tightest = &r->pools[i];
	return tightest;
}

static bool by_headroom(const struct facts *f, const struct result *r, struct finding *out)
{
	const unsigned wanted = f->test->meta.headroom_percent;
	const struct result_pool *p = tightest_pool(r);

	if (wanted == 0 || (p != NULL && result_pool_headroom(p) >= (double)wanted))
		return false;
	out->verdict = VERDICT_FAILED;
	if (p == NULL)
		buf_addf(&out->words,
		         "@Headroom wants %u %%, and no slab or heap of a known capacity has reported: nothing to "
		         "measure it by",
		         wanted);
	else
		buf_addf(&out->words, "slab '%s' had %.1f %% free at its high-water mark; @Headroom wants %u %%",
		         p->name, result_pool_headroom(p), wanted);
	return true;
}

static bool by_leftovers(const struct facts *f, const struct result *r, struct finding *out)
{
	if (r->leftovers.count == 0 && !f->pipes_held)
		return false;
	out->verdict = VERDICT_LEAKED;
	if (r->leftovers.count == 0) {
		buf_adds(&out->words, "its output was still held open by a process that could not be found");
		return true;
	}
	buf_addf(&out->words, "exit status 0, but left %zu process%s behind: %s%s", r->leftovers.count,
	         r->leftovers.count == 1 ? "" : "es", r->leftovers.items[0],
	         r->leftovers.count > 1 ? ", ..." : "");
	return true;
}

// The call sites are in the result, where an interposer has sampled them.
static bool by_live_bytes(const struct result *r, struct finding *out)
{
	struct buf words = { 0 };
	const bool leaks = leak_found(&r->live, &words);

	if (leaks) {
		out->verdict = VERDICT_LEAKED;
		buf_addf(&out->words, "exit status 0, but %s", buf_text(&words));
	}
	buf_deinit(&words);
	return leaks;
}

static void describe_pass(const struct result *r, struct finding *out)
{
	const struct result_pool *p = harvest_first_exhausted(r);

	buf_adds(&out->words, "exit status 0");
	if (r->checks_ok > 0)
		buf_addf(&out->words, ", %" PRIu64 " good check%s", r->checks_ok, r->checks_ok == 1 ? "" : "s");
	if (p == NULL)
		return;
	buf_adds(&out->words, "; on the way ");
	add_exhaustion(&out->words, p);
	buf_adds(&out->words, ", from which it recovered");
}

static void find(const struct facts *f, const struct result *r, struct finding *out)
{
	const bool started = f->not_started == NULL;

	out->verdict = VERDICT_PASSED;
	if (by_runner(f, out))
		return;
	// Exit status 0 and nothing bad reported: passed, whatever happened on the way; a kill of ours cannot hide
	// in it, since it leaves a signal.
	if (started && r->exit_code == 0 && f->memory_seen == 0 && (by_skip(f, r, out) || !by_report(f, r, out))) {
		if (out->verdict != VERDICT_SKIPPED && !by_headroom(f, r, out) && !by_leftovers(f, r, out) &&
		    !by_live_bytes(r, out))
			describe_pass(r, out);
		return;
	}
	buf_clear(&out->words);
	out->verdict = VERDICT_PASSED;
	if (by_cgroup(f, out) || by_limit(f, r, out) || by_telemetry(r, out) || by_fault(f, out) ||
	    by_pattern(f, r, out) || by_skip(f, r, out))
		return;
	by_exit(f, r, out);
	if (r->signal == 0)
		by_report(f, r, out);
}

// The sum of what the interposer counted by that name; false where it did not count it.
static bool interposer_sum(const struct result *r, const char *name, uint64_t *sum)
{
	bool found = false;

	*sum = 0;
	for (size_t i = 0; i < r->counters_count; i++) {
		const struct result_counters *c = &r->counters[i];

		for (size_t k = 0; k < c->count && strcmp(c->role, "interposer") == 0; k++)
			if (strcmp(c->items[k].name, name) == 0) {
				*sum += strtoull(c->items[k].value, NULL, 10);
				found = true;
			}
	}
	return found;
}

// Allocations that failed while the interposer watched. They decide nothing: many a program asks for too much and
// takes the refusal well; but who reads of a failure wants to know, and who made them fail, whether that worked.
static void add_failed_allocations(const struct result *r, struct finding *found)
{
	uint64_t failed, injected;

	interposer_sum(r, "failures", &failed);
	if (interposer_sum(r, "injected_failures", &injected)) {
		if (injected == 0)
			buf_adds(&found->words, "; no request was made to fail");
		else
			buf_addf(&found->words, "; %" PRIu64 " request%s made to fail", injected,
			         injected == 1 ? " was" : "s were");
		failed -= injected < failed ? injected : failed;
	}
	if (found->verdict != VERDICT_PASSED && failed > 0)
		buf_addf(&found->words, "; %" PRIu64 " allocation%s had failed (interposer)", failed,
		         failed == 1 ? "" : "s");
}

// Whether it took what it was given without harm: it said no by its exit status, or that it ran out.
static bool has_survived(const struct facts *f, const struct result *r, const struct finding *found)
{
	bool by_status = found->verdict == VERDICT_FAILED && r->signal == 0 && r->exit_code >= 0 &&
	                 (r->exit_code <= 128 || r->exit_code - 128 >= NSIG); // else a shell's word for a signal

	return f->not_started == NULL && f->oom_kills == 0 && f->memory_seen == 0 && (by_status || found->clean);
}

bool judge_as_expected(enum verdict v, enum verdict expected)
{
	return v == expected || v == VERDICT_FLAKY || v == VERDICT_SKIPPED || v == VERDICT_PLANNED;
}

int judge(const struct facts *f, struct result *r)
{
	struct finding found = { 0 };

	find(f, r, &found);
	if (f->test->meta.survive && found.verdict != VERDICT_PASSED && has_survived(f, r, &found)) {
		buf_addf(&found.words, "; that is %s, and survived, as @Expect allows",
		         verdict_name(found.verdict));
		found.verdict = VERDICT_PASSED;
	}
	add_failed_allocations(r, &found);
	if (f->measure != NULL && f->measure->lost > 0)
		buf_addf(&found.words, "; %" PRIu64 " samples found no room and are lost", f->measure->lost);
	if (f->interrupted_why != NULL)
		buf_addf(&found.words, "; %s", f->interrupted_why);
	r->verdict = found.verdict;
	r->clean = found.clean;
	r->as_expected = judge_as_expected(r->verdict, r->expected);
	free(r->evidence);
	r->evidence = result_utf8(buf_text(&found.words), found.words.len);
	buf_deinit(&found.words);
	return r->evidence == NULL ? -ENOMEM : 0;
}
