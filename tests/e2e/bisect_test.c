// stressgen bisect, on a repository made here: a C program that becomes larger, or executes more, at a known
// commit.
#include "e2e.h"
#include "harness.h"
#include "io.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define COMMITS 9
#define CULPRIT 7
#define BROKEN 5 // does not compile

static void run(const char *dir, const char *line)
{
	char command[2000];

	snprintf(command, sizeof command, "cd '%s' && { %s; } >>git.log 2>&1", dir, line);
	assert_int_equal(system(command), 0);
}

// One commit for each of 1 to COMMITS, tagged c1, c2, ...: from CULPRIT on twice the rounds and twice the memory.
static const char *make_repository(int least_mib)
{
	const char *dir = harness_tmpdir();
	char text[2000], commit[400];

	run(dir,
	    "git init -q repo && git -C repo config user.name t && git -C repo config user.email t@example.org");
	for (int i = 1; i <= COMMITS; i++) {
		const int rounds = i < CULPRIT ? 200000 : 400000, mib = i < CULPRIT ? least_mib : 2 * least_mib;

		snprintf(text, sizeof text,
		         "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n/* version %d */\n%s\n"
		         "int main(void)\n{\n\tvolatile unsigned x = 1;\n\tchar *p = malloc(%dUL << 20);\n"
		         "\tfor (int i = 0; i < %d; i++)\n\t\tx = x * 16807;\n\tif (!p)\n\t\treturn 1;\n"
		         "\tputs(\"@@ gauge work 5 bytes\");\n"
		         "\tmemset(p, (int)x, %dUL << 20);\n\treturn p[x %% 100] == 12345;\n}\n",
		         i, i == BROKEN ? "#error broken" : "", mib, rounds, mib);
		e2e_write(dir, "repo/prog.c", text, false);
		snprintf(commit, sizeof commit,
		         "git -C repo add prog.c && git -C repo commit -q -m 'change %d' && git -C repo tag c%d",
		         i, i);
		run(dir, commit);
	}
	return dir;
}

static bool is_there(const char *program)
{
	char line[200];

	snprintf(line, sizeof line, "command -v %s >/dev/null 2>&1", program);
	return system(line) == 0;
}

#define BISECT "bisect", "--good", "c1", "--bad", "c9", "--build", "cc -O0 -o prog prog.c"

CASE("bisect: the commit that doubled the memory is found past one that does not build, and the tree is untouched")
{
	const char *dir;
	char *repo;
	struct outcome o;

	if (!is_there("git") || !is_there("cc"))
		skip();
	dir = make_repository(60);
	repo = io_join(dir, "repo");
	o = E2E(repo, BISECT, "--metric", "memory", "--pairs", "6", "--", "./prog");
	assert_string_equal(o.exit_code == 0 ? "" : buf_text(&o.err), "");
	assert_contains(buf_text(&o.out), "first bad commit: ");
	assert_contains(buf_text(&o.out), "change 7");
	assert_contains(buf_text(&o.out), "memory +");
	assert_contains(buf_text(&o.err), "skipped: it cannot be tested");
	run(dir,
	    "test -z \"$(git -C repo status --porcelain)\" && test \"$(git -C repo worktree list | wc -l)\" = 1 && "
	    "test ! -e repo/.git/BISECT_START && git -C repo diff --quiet c9 HEAD");
	free(repo);
	outcome_deinit(&o);
}

CASE("bisect: the commit that doubled the instructions is found where valgrind counts them")
{
	const char *dir;
	char *repo;
	struct outcome o;

	if (!is_there("git") || !is_there("cc") || !is_there("valgrind"))
		skip();
	dir = make_repository(1);
	repo = io_join(dir, "repo");
	o = E2E(repo, BISECT, "--count-instructions", "--pairs", "2", "--", "./prog");
	assert_string_equal(o.exit_code == 0 ? "" : buf_text(&o.err), "");
	assert_contains(buf_text(&o.out), "change 7");
	assert_contains(buf_text(&o.out), "instructions +");
	free(repo);
	outcome_deinit(&o);
}

// Waits until the bisection in the background has printed that; false when it ends without.
static bool wait_for(const char *word, pid_t pid)
{
	char *path = io_join(harness_tmpdir(), "background.log");
	bool seen = false, ended = false;

	while (!seen && !ended) {
		struct buf log = { 0 };

		ended = waitpid(pid, NULL, WNOHANG) != 0;
		if (io_read_file(path, 1U << 20, &log, NULL) >= 0)
			seen = strstr(buf_text(&log), word) != NULL;
		buf_deinit(&log);
		usleep(50000);
	}
	free(path);
	return seen && !ended;
}

CASE("bisect: one that was interrupted goes on with --resume, and does not look again at what it knows")
{
	const char *dir;
	char *repo;
	struct outcome other, o, again;
	int status = 0;
	pid_t pid;

	if (!is_there("git") || !is_there("cc"))
		skip();
	dir = make_repository(60);
	repo = io_join(dir, "repo");
	pid = E2E_START(repo, BISECT, "--metric", "memory", "--pairs", "6", "--", "./prog");
	if (!wait_for(": good: memory", pid))
		fail_msg("it ended before it was interrupted");
	kill(pid, SIGINT);
	waitpid(pid, &status, 0);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 130);
	run(dir, "test -e repo/.git/stressgen-bisect.json && test \"$(git -C repo worktree list | wc -l)\" = 1");

	other = E2E(repo, BISECT, "--resume", "--metric", "time", "--", "./prog");
	assert_int_equal(other.exit_code, 2);
	assert_contains(buf_text(&other.err), "compares something else");
	o = E2E(repo, BISECT, "--resume", "--metric", "memory", "--pairs", "6", "--", "./prog");
	assert_string_equal(o.exit_code == 0 ? "" : buf_text(&o.err), "");
	assert_contains(buf_text(&o.out), "change 7");
	assert_contains(buf_text(&o.err), "known from before");
	run(dir, "test ! -e repo/.git/stressgen-bisect.json && test \"$(git -C repo worktree list | wc -l)\" = 1");
	again = E2E(repo, BISECT, "--resume", "--metric", "memory", "--", "./prog");
	assert_int_equal(again.exit_code, 2);
	assert_contains(buf_text(&again.err), "there is no bisection to resume");
	free(repo);
	outcome_deinit(&other);
	outcome_deinit(&o);
	outcome_deinit(&again);
}

CASE("bisect: two revisions that do not differ are said to, exit 1, and bad words are refused, exit 2")
{
	const char *dir;
	char *repo;
	struct outcome same, none, unknown;

	if (!is_there("git") || !is_there("cc"))
		skip();
	dir = make_repository(60);
	repo = io_join(dir, "repo");
	same = E2E(repo, "bisect", "--good", "c1", "--bad", "c3", "--build", "cc -O0 -o prog prog.c", "--metric",
	           "work", "--pairs", "6", "--", "./prog");
	none = E2E(repo, "bisect", "--good", "c1");
	unknown = E2E(repo, "bisect", "--good", "nowhere", "--bad", "c3", "--", "./prog");
	assert_int_equal(same.exit_code, 1);
	assert_contains(buf_text(&same.err), "no difference is seen between good and bad");
	assert_int_equal(none.exit_code, 2);
	assert_contains(buf_text(&none.err), "write: stressgen bisect --good REV");
	assert_int_equal(unknown.exit_code, 2);
	assert_contains(buf_text(&unknown.err), "nowhere");
	free(repo);
	outcome_deinit(&same);
	outcome_deinit(&none);
	outcome_deinit(&unknown);
}
