// A run that nobody sees, in a temporary directory: what it finds out is for a run that is to be.
#include "pipeline.h"

#include "io.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int aside_run(struct aside *a, struct runner_config *config, struct err *e)
{
	const char *temp = getenv("TMPDIR");
	struct runner_summary summary;
	int rc;

	snprintf(a->dir, sizeof a->dir, "%s/stressgen-aside-XXXXXX",
	         temp != NULL && *temp != '\0' ? temp : "/tmp");
	if (mkdtemp(a->dir) == NULL) {
		rc = err_set(e, errno, "%s: %s", a->dir, strerror(errno));
		a->dir[0] = '\0';
		return rc;
	}
	config->run_dir = a->dir;
	rc = runner_run(config, &summary, e);
	if (rc == 0 && summary.stop_signal != 0)
		rc = err_set(e, EINTR, "stopped before the run itself began");
	return rc < 0 ? rc : run_load(a->dir, &a->run, e);
}

void aside_deinit(struct aside *a)
{
	run_deinit(&a->run);
	if (a->dir[0] != '\0')
		io_remove_tree(a->dir);
}
