// The one main() of all unit tests: runs the case named on the command line, or all of them.
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct harness_case *cases;
static char tmpdir[256];
static pid_t tmpdir_owner;

void harness_add(struct harness_case *c)
{
	c->next = cases;
	cases = c;
}

const char *harness_tmpdir(void)
{
	if (tmpdir[0] == '\0') {
		const char *base = getenv("TMPDIR");
		snprintf(tmpdir, sizeof tmpdir, "%s/stressgen-test-XXXXXX", base != NULL ? base : "/tmp");
		if (mkdtemp(tmpdir) == NULL) {
			perror(tmpdir);
			exit(2);
		}
		tmpdir_owner = getpid();
	}
	return tmpdir;
}

static void remove_tmpdir(void)
{
	char command[400];

	if (tmpdir[0] == '\0' || tmpdir_owner != getpid())
		return;
	snprintf(command, sizeof command, "/bin/rm -rf '%s'", tmpdir);
	if (system(command) != 0) // some cases have a PATH without rm
		fprintf(stderr, "could not remove %s\n", tmpdir);
}

void harness_skip(const char *why)
{
	printf("skipped: %s\n", why);
	fflush(stdout);
	remove_tmpdir();
	_exit(77);
}

static int run_case(const struct harness_case *c)
{
	const struct CMUnitTest tests[] = { { c->name, c->run, NULL, NULL, NULL } };

	return _cmocka_run_group_tests(c->name, tests, 1, NULL, NULL);
}

int main(int argc, char **argv)
{
	int failed = 0;
	int ran = 0;

	for (const struct harness_case *c = cases; c != NULL; c = c->next) {
		if (argc > 1 && strcmp(argv[1], c->name) != 0)
			continue;
		ran++;
		failed += run_case(c) != 0;
	}
	if (ran == 0) {
		fprintf(stderr, "no case named '%s'\n", argc > 1 ? argv[1] : "");
		return 2;
	}
	if (failed == 0)
		remove_tmpdir();
	return failed != 0;
}
