// stressgen-serve: one service, from its start to its end.
//
//   stressgen-serve SERVE READY LOAD WARMUP-NS SETTLE-NS GRACE-NS STRESSGEN
#include "serve.h"

#include "clock.h"
#include "units.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOOK_US 20000U
#define ARGUMENTS 8

struct serving {
	struct service service;
	char *serve, *ready, *load; // {port} is replaced in them
	const char *self;
	uint64_t warmup_ns, settle_ns, grace_ns;
	regex_t pattern;
	unsigned port; // that READY names; 0: it is a pattern
};

static char *with_port(const char *text, unsigned port)
{
	struct buf out = { 0 };

	for (const char *at; (at = strstr(text, "{port}")) != NULL; text = at + strlen("{port}")) {
		buf_add(&out, text, (size_t)(at - text));
		buf_addf(&out, "%u", port);
	}
	buf_adds(&out, text);
	return buf_take(&out);
}

static int fail(const char *what, const char *why)
{
	printf("@@ check %s bad %s\n", what, why);
	return 1;
}

static bool is_ready(const struct serving *s)
{
	return s->port > 0 ? service_listens(s->port)
	                   : regexec(&s->pattern, buf_text(&s->service.said), 0, NULL, 0) == 0;
}

// The time limit is the test's.
static int wait_until_ready(struct serving *s)
{
	const uint64_t begun = clock_now_ns();

	while (!is_ready(s)) {
		service_look(&s->service);
		if (s->service.ended)
			return fail("service", "it ended before it was ready");
		usleep(LOOK_US);
	}
	printf("@@ gauge service-ready %" PRIu64 " ns\n", clock_now_ns() - begun);
	return 0;
}

// Until the load is over, or until `for_ns` (0: no limit) have passed.
static int run_load_once(struct serving *s, bool heard, uint64_t for_ns)
{
	const uint64_t begun = clock_now_ns();
	struct load load;
	bool ok = true;
	int rc = load_start(&load, s->load, s->self, heard);

	if (rc < 0)
		return fail("load", strerror(-rc));
	while (!load_is_over(&load, &ok)) {
		service_look(&s->service);
		if (s->service.ended || (for_ns > 0 && clock_now_ns() - begun >= for_ns)) {
			load_kill(&load);
			break;
		}
		usleep(LOOK_US);
	}
	rc = load_finish(&load, heard && ok);
	if (s->service.ended)
		return fail("service", "it ended under load");
	if (heard && !ok)
		return fail("load", "it did not end with exit status 0");
	return rc < 0 ? fail("load", "what it measured cannot be read") : 0;
}

static int warm_up(struct serving *s)
{
	const uint64_t begun = clock_now_ns();
	int rc = 0;

	while (rc == 0 && clock_now_ns() - begun < s->warmup_ns)
		rc = run_load_once(s, false, s->warmup_ns - (clock_now_ns() - begun));
	return rc;
}

static int settle(struct serving *s)
{
	const uint64_t begun = clock_now_ns();

	while (clock_now_ns() - begun < s->settle_ns) {
		service_look(&s->service);
		if (s->service.ended)
			return fail("service", "it ended after the load");
		usleep(LOOK_US);
	}
	printf("@@ gauge service-memory-after %" PRIu64 " bytes\n", service_memory(&s->service));
	return 0;
}

static int stop(struct serving *s)
{
	uint64_t took_ns = 0;
	const bool in_time = service_stop(&s->service, s->grace_ns, &took_ns);
	const int status = s->service.status;
	char words[96], grace[32];

	printf("@@ gauge service-stop %" PRIu64 " ns\n", took_ns);
	if (!in_time) {
		snprintf(words, sizeof words, "it had not ended %s after SIGTERM and was killed",
		         units_duration(grace, sizeof grace, s->grace_ns));
		return fail("service-stop", words);
	}
	if (WIFSIGNALED(status) && WTERMSIG(status) != SIGTERM) {
		snprintf(words, sizeof words, "it died of signal %d at SIGTERM", WTERMSIG(status));
		return fail("service-stop", words);
	}
	return 0;
}

static int perform(struct serving *s)
{
	int rc = service_start(&s->service, s->serve);

	if (rc < 0)
		return fail("service", strerror(-rc));
	rc = wait_until_ready(s);
	if (rc == 0)
		rc = warm_up(s);
	s->service.peak_bytes = 0;
	if (rc == 0)
		rc = run_load_once(s, true, 0);
	if (rc == 0) {
		printf("@@ gauge service-memory %" PRIu64 " bytes\n", s->service.peak_bytes);
		rc = settle(s);
	}
	if (rc == 0)
		return stop(s);
	service_stop(&s->service, s->grace_ns, &(uint64_t){ 0 });
	return rc;
}

static int prepare(struct serving *s, char **argv)
{
	const unsigned port = service_free_port();
	uint64_t number;

	s->serve = with_port(argv[1], port);
	s->ready = with_port(argv[2], port);
	s->load = with_port(argv[3], port);
	s->self = argv[7];
	if (s->serve == NULL || s->ready == NULL || s->load == NULL ||
	    units_parse_u64(argv[4], &s->warmup_ns) < 0 || units_parse_u64(argv[5], &s->settle_ns) < 0 ||
	    units_parse_u64(argv[6], &s->grace_ns) < 0)
		return -EINVAL;
	if (units_parse_u64(s->ready, &number) == 0 && number > 0 && number <= 65535)
		s->port = (unsigned)number;
	else if (regcomp(&s->pattern, s->ready, REG_EXTENDED | REG_NOSUB | REG_NEWLINE) != 0)
		return -EINVAL;
	return 0;
}

int main(int argc, char **argv)
{
	struct serving s = { .service = { .out = -1 } };
	int rc;

	if (argc != ARGUMENTS || prepare(&s, argv) < 0) {
		fputs("stressgen-serve is started by stressgen run --serve\n", stderr);
		return 2;
	}
	rc = perform(&s);
	if (rc == 0)
		puts("@@ done");
	if (s.port == 0)
		regfree(&s.pattern);
	buf_deinit(&s.service.said);
	free(s.serve);
	free(s.ready);
	free(s.load);
	return rc;
}
