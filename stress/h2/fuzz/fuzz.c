// The mutating mode: performing cases, judging them, and what is done about one that breaks the server.
#include "fuzz.h"

#include "clock.h"
#include "engine.h"
#include "fuzz_parts.h"
#include "fuzz_shrink.h"
#include "io.h"
#include "load.h"
#include "units.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#define DIED_NS (2 * SG_NS_PER_S)      // for a crash to show as the end of the process
#define SETTLE_NS (500 * SG_NS_PER_MS) // for memory to be given back
#define WARM_UP 20U                    // healthy clients before memory is looked at
#define FINDING_BYTES (256U * 1024U)   // of a scenario that is shown
#define REPLAY_NS (2 * SG_NS_PER_S)    // of the load in the scenario that is written
#define CASE_ROOM (64U * 1024U)

// ---- one load -----------------------------------------------------------------------------------------------

// Performs the case, and a healthy client beside it. `words` says why that client was not served; "" when it was.
static int perform(struct fuzz *f, const struct fuzz_case *c, struct h2_assault_result *seen, char words[320],
                   struct err *e)
{
	const struct fuzz_text t = { .path = f->config->path,
		                     .words = "",
		                     .wait_ns = f->config->wait_ns,
		                     .deadline_ns = f->config->time_ns };
	struct buf text = { 0 };
	struct scenario s = { 0 };
	struct h2_load_result r = { 0 };
	fuzz_case_text(c, &t, &text);
	int rc = text.failed ? err_set(e, ENOMEM, "out of memory")
	                     : scenario_parse("case", text.data, text.len, &s, e);
	const struct h2_load_config load = {
		.scenario = &s, .target = &f->server.target, .engine = &h2_session_client, .tap = f->config->tap
	};
	if (rc == 0)
		rc = h2_load_run(&load, &r, e);
	words[0] = '\0';
	if (rc == 0 && r.right == 0)
		snprintf(words, 320, "%s",
		         r.trouble[0]                       ? r.trouble
		         : r.count && r.tallies[0].first[0] ? r.tallies[0].first
		                                            : "no answer");
	if (seen)
		*seen = r.assault;
	h2_load_result_deinit(&r);
	scenario_deinit(&s);
	buf_deinit(&text);
	return rc;
}

// A healthy client by itself.
static int probe(struct fuzz *f, char words[320], struct err *e)
{
	static const struct fuzz_case none;
	return perform(f, &none, NULL, words, e);
}

// ---- judging ------------------------------------------------------------------------------------------------

static void note_reaction(struct fuzz_result *r, const struct h2_assault_result *seen)
{
	if (seen->goaway)
		r->goaways++;
	else if (seen->closed)
		r->closes++;
	else if (seen->resets > 0)
		r->resets++;
	else if (seen->alive)
		r->alive++;
	else
		r->silent++;
}

// Memory beyond what it was when the server was fresh, for good.
static bool has_grown(struct fuzz *f, char *words, size_t size)
{
	const uint64_t most = f->rss + f->config->growth_bytes, end = clock_now_ns() + SETTLE_NS;
	uint64_t now = fuzz_server_rss(&f->server);
	char from[32], to[32];
	while ((now > most || f->sought == FUZZ_GROWTH) && clock_now_ns() < end) {
		poll(NULL, 0, 50);
		now = fuzz_server_rss(&f->server);
	}
	if (f->rss == 0 || now <= most)
		return false;
	units_bytes(from, sizeof(from), f->rss);
	units_bytes(to, sizeof(to), now);
	snprintf(words, size, "keeps memory: it grew from %s to %s", from, to);
	return true;
}

// A client that is not served within its time twice in a row, by a server that lives. `failed`: it was not
// beside the case.
static int judge_service(struct fuzz *f, bool failed, struct fuzz_verdict *v, struct err *e)
{
	char why[320];
	for (unsigned tries = failed; tries < 2; tries++) {
		const uint64_t start = clock_now_ns();
		int rc = probe(f, why, e);
		if (rc < 0 || why[0] == '\0')
			return rc;
		// One that refuses may be dying; one that had all of that time is not.
		const bool at_once = clock_now_ns() - start < f->config->time_ns;
		if (fuzz_server_has_ended(&f->server, at_once ? DIED_NS : 0, v->words, sizeof(v->words))) {
			v->kind = FUZZ_CRASH;
			return 0;
		}
	}
	v->kind = FUZZ_UNSERVED;
	snprintf(v->words, sizeof(v->words), "no longer served a healthy client: %.200s", why);
	return 0;
}

int fuzz_try(struct fuzz *f, const struct fuzz_case *c, struct fuzz_verdict *v, struct err *e)
{
	struct h2_assault_result seen;
	char beside[320];
	*v = (struct fuzz_verdict){ .kind = FUZZ_FINE };
	int rc = perform(f, c, &seen, beside, e);
	if (rc < 0)
		return rc;
	if (f->counting)
		note_reaction(f->result, &seen);
	if (fuzz_server_has_ended(&f->server, beside[0] || seen.closed ? 20 * SG_NS_PER_MS : 0, v->words,
	                          sizeof(v->words))) {
		v->kind = FUZZ_CRASH;
		return 0;
	}
	rc = judge_service(f, beside[0] != '\0', v, e);
	if (rc == 0 && v->kind == FUZZ_FINE && has_grown(f, v->words, sizeof(v->words)))
		v->kind = FUZZ_GROWTH;
	return rc;
}

int fuzz_fresh_server(struct fuzz *f, struct err *e)
{
	char why[320] = "";
	int rc = 0;
	fuzz_server_stop(&f->server);
	rc = fuzz_server_start(&f->server, &f->config->server, e);
	for (unsigned i = 0; rc == 0 && i < WARM_UP && why[0] == '\0'; i++)
		rc = probe(f, why, e);
	const bool answered = strncmp(why, "request ", 8) == 0; // but not as is right
	if (rc == 0 && why[0] != '\0')
		rc = err_set(e, answered ? EINVAL : ENOENT,
		             "the server does not serve a healthy client GET %s: %.200s%s", f->config->path, why,
		             answered ? "; --healthy-path names something that it answers with a status from 200 "
		                        "to 399"
		                      : "");
	f->rss = rc == 0 ? fuzz_server_rss(&f->server) : 0;
	return rc;
}

// ---- what broke ---------------------------------------------------------------------------------------------

static int write_scenario(struct fuzz *f, const struct fuzz_case *c, const struct fuzz_verdict *v, char **path,
                          struct err *e)
{
	struct buf text = { 0 }, words = { 0 };
	char name[96];
	for (const char *p = v->words; *p; p++)
		buf_addc(&words, *p == '"' || *p == '\\' || (unsigned char)*p < ' ' ? '\'' : *p);
	const struct fuzz_text t = { .path = f->config->path,
		                     .words = buf_text(&words),
		                     .wait_ns = f->config->wait_ns,
		                     .deadline_ns = f->config->time_ns,
		                     .duration_ns = REPLAY_NS };
	fuzz_case_text(c, &t, &text);
	snprintf(name, sizeof(name), "h2-fuzz-%" PRIu64 "-%" PRIu64 ".h2", c->seed, c->number);
	*path = io_join(f->config->dir, name);
	int rc = !*path || text.failed || words.failed ? err_set(e, ENOMEM, "out of memory")
	                                               : io_replace_file(*path, text.data, text.len, e);
	buf_deinit(&text);
	buf_deinit(&words);
	return rc;
}

// The scenario's own lines, indented; of a large one the first.
static void tell_scenario(const struct fuzz *f, const char *path)
{
	struct buf text = { 0 };
	struct err e = { 0 };
	if (io_read_file(path, FINDING_BYTES, &text, &e) < 0) {
		fprintf(f->config->out, "  its scenario is not shown: %s\n", e.text);
		return;
	}
	for (const char *line = buf_text(&text), *end; *line; line = end + (*end != '\0')) {
		end = line + strcspn(line, "\n");
		fprintf(f->config->out, "    %.*s\n", (int)(end - line), line);
	}
	buf_deinit(&text);
}

// How the small one is performed again: a server that we started is gone, and its port with it. What a fresh one
// takes needs the cases before it, too.
static void tell_again(const struct fuzz *f, const struct fuzz_case *c, bool again, const char *path)
{
	const struct fuzz_server_config *s = &f->config->server;
	const char *scheme = f->server.target.tls ? "https" : "http";
	FILE *out = f->config->out;
	if (!again && fuzz_server_is_ours(&f->server))
		fprintf(out,
		        "  again: the same command with --seed %" PRIu64 " --first-case %" PRIu64
		        " --cases %" PRIu64 "\n",
		        c->seed, f->since, c->number - f->since + 1);
	else if (s->program)
		fprintf(out, "  again: stressgen run %s\n", path);
	else if (!s->url && s->command)
		fprintf(out,
		        "  again: start the server, then stressgen run %s --h2-target %s://127.0.0.1:PORT%s\n",
		        path, scheme, f->config->path);
	else
		fprintf(out, "  again: stressgen run %s --h2-target %s://%s%s\n", path, scheme,
		        f->server.target.authority, f->config->path);
}

static void tell_break(struct fuzz *f, const struct fuzz_case *c, const struct fuzz_case *small,
                       const struct fuzz_verdict *v, bool again, const char *path)
{
	FILE *out = f->config->out;
	fprintf(out, "@@ check case-%" PRIu64 " bad the server %s\n", c->number, v->words);
	fprintf(out, "case %" PRIu64 ": the server %s\n", c->number, v->words);
	if (!fuzz_server_is_ours(&f->server))
		fprintf(out,
		        "  not made smaller: a server that stressgen does not start cannot be started again\n");
	else if (!again)
		fprintf(out, "  a fresh server takes the same frames: the cases before it have a part in it\n");
	fprintf(out, "  %" PRIu64 " frames of %" PRIu64 ": %s\n", fuzz_case_frames(small), fuzz_case_frames(c),
	        path);
	if (f->config->tells)
		tell_scenario(f, path);
	tell_again(f, c, again, path);
	fflush(out);
}

// Makes the case small, or the one before it where a fresh server takes this one: what breaks may show late.
static int make_small(struct fuzz *f, struct fuzz_case *small, enum fuzz_kind kind, bool *again, struct err *e)
{
	int rc = fuzz_shrink(f, small, kind, again, e);
	if (rc < 0 || *again || small->number == f->config->first)
		return rc;
	struct fuzz_case *before = calloc(1, sizeof(*before));
	rc = before ? fuzz_case_make(before, small->seed, small->number - 1) : -ENOMEM;
	rc = rc == 0 ? fuzz_shrink(f, before, kind, again, e) : err_set(e, ENOMEM, "out of memory");
	if (rc == 0 && *again) {
		fuzz_case_deinit(small);
		*small = *before;
	} else if (before) {
		fuzz_case_deinit(before);
	}
	free(before);
	return rc;
}

// Made small, where the server can be started again; written; told.
static int handle_break(struct fuzz *f, const struct fuzz_case *c, const struct fuzz_verdict *v, struct err *e)
{
	const bool ours = fuzz_server_is_ours(&f->server);
	struct fuzz_case *small = calloc(1, sizeof(*small));
	char *path = NULL;
	bool again = false;
	int rc = small ? fuzz_case_copy(small, c, NULL) : -ENOMEM;
	f->counting = false;
	f->result->breaks++;
	if (rc < 0)
		err_set(e, ENOMEM, "out of memory");
	if (rc == 0 && ours)
		rc = make_small(f, small, v->kind, &again, e);
	if (rc == 0)
		rc = write_scenario(f, small, v, &path, e);
	if (rc == 0)
		tell_break(f, c, small, v, again, path);
	if (rc == 0 && ours)
		rc = fuzz_fresh_server(f, e);
	f->counting = true;
	f->since = c->number + 1;
	if (small)
		fuzz_case_deinit(small);
	free(small);
	free(path);
	return rc;
}

// ---- the whole ----------------------------------------------------------------------------------------------

static int one_case(struct fuzz *f, uint64_t number, bool *over, struct err *e)
{
	struct fuzz_case *c = calloc(1, sizeof(*c));
	struct fuzz_verdict v;
	int rc = c ? fuzz_case_make(c, f->config->seed, number) : -ENOMEM;
	if (rc < 0) {
		err_set(e, ENOMEM, "out of memory");
		goto out;
	}
	rc = fuzz_try(f, c, &v, e);
	f->result->cases++;
	f->result->frames += fuzz_case_frames(c);
	if (rc == 0 && v.kind != FUZZ_FINE) {
		rc = handle_break(f, c, &v, e);
		*over = f->result->breaks >= f->config->most_breaks || !fuzz_server_is_ours(&f->server);
	}
out:
	if (c)
		fuzz_case_deinit(c);
	free(c);
	return rc;
}

static void tell_result(const struct fuzz_config *c, const struct fuzz_result *r)
{
	FILE *out = c->out;
	fprintf(out, "@@ gauge cases %" PRIu64 " cases\n@@ gauge frames %" PRIu64 " frames\n", r->cases,
	        r->frames);
	if (r->breaks == 0)
		fprintf(out, "@@ check served ok a healthy client was served after each of %" PRIu64 " cases\n",
		        r->cases);
	fprintf(out,
	        "%" PRIu64 " cases of seed %" PRIu64 ", %" PRIu64 " frames: %" PRIu64 " GOAWAY, %" PRIu64
	        " closed, %" PRIu64 " reset, %" PRIu64 " taken, %" PRIu64 " without a reaction; %" PRIu64
	        " broke the server%s\n",
	        r->cases, c->seed, r->frames, r->goaways, r->closes, r->resets, r->alive, r->silent, r->breaks,
	        r->cases < c->count && r->breaks >= c->most_breaks ? ", and it ended there (--most-breaks)" : "");
	fprintf(out, "@@ done\n");
	fflush(out);
}

int fuzz_run(const struct fuzz_config *c, struct fuzz_result *r, struct err *e)
{
	struct fuzz f = { .config = c, .result = r, .counting = true, .since = c->first };
	bool over = false;
	*r = (struct fuzz_result){ 0 };
	f.server.config = &c->server;
	int rc = fuzz_fresh_server(&f, e);
	for (uint64_t i = 0; rc == 0 && i < c->count && !over; i++)
		rc = one_case(&f, c->first + i, &over, e);
	fuzz_server_stop(&f.server);
	if (rc == 0)
		tell_result(c, r);
	return rc;
}
