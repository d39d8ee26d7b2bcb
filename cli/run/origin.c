// Where a run comes from: when it began, and the revision of what it measures.
#include "clock.h"
#include "pipeline.h"
#include "tool.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

// A large tree takes git a while, and no run waits for it longer.
#define GIT_LIMIT_NS (2 * SG_NS_PER_S)

// Git's commit of the current directory, "-dirty" behind it where files differ from it; NULL: there is none. To be
// freed.
static char *commit_here(void)
{
	char *git = paths_which("git");
	char *argv[] = { git,       "--no-optional-locks", "describe",    "--always",
		         "--dirty", "--abbrev=40",         "--exclude=*", NULL };
	struct buf out = { 0 };
	char *commit = NULL;
	int status = 0;

	if (git != NULL && tool_run(argv, GIT_LIMIT_NS, true, &out, &status) == 0 && WIFEXITED(status) &&
	    WEXITSTATUS(status) == 0 && out.len > 1)
		commit = strndup(buf_text(&out), strcspn(buf_text(&out), "\n"));
	buf_deinit(&out);
	free(git);
	return commit;
}

void origin_recall(struct pipeline *j, const json_t *info)
{
	static const char *const keys[] = { "began", "revision" };

	json_decref(j->origin);
	j->origin = json_object();
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		if (json_object_get(info, keys[i]) != NULL)
			json_object_set(j->origin, keys[i], json_object_get(info, keys[i]));
}

void origin_take(struct pipeline *j)
{
	const char *given = opt_text(&j->app->opts, "revision");
	char *commit = NULL;
	char now[32];

	if (j->origin != NULL)
		return;
	if (given == NULL)
		given = commit = commit_here();
	clock_wall_text(now, sizeof now);
	j->origin = json_pack("{s:s, s:s*}", "began", now, "revision", given);
	free(commit);
}
