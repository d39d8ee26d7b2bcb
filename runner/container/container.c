// See bwrap(1).
#include "container.h"

#include "io.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROGRAM "bwrap"
#define INIT_PATH "/dev/.stressgen-init" // in the container: /dev is its own

// Namespaces without which one test could see or reach another. The network has a loopback of its own.
static const char *const always[] = { "--die-with-parent",
	                              "--unshare-pid",
	                              "--unshare-ipc",
	                              "--unshare-uts",
	                              "--unshare-net",
	                              "--unshare-cgroup-try",
	                              NULL };

static bool try_one(const char *root)
{
	char command[600];
	int status;

	snprintf(command, sizeof command,
	         PROGRAM " --die-with-parent --unshare-pid --unshare-net --ro-bind '%s' / true "
	                 ">/dev/null 2>&1",
	         root != NULL ? root : "/");
	status = system(command);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int container_check(const char *root, struct err *e)
{
	char *program = command_find(PROGRAM);

	if (program == NULL)
		return err_set(e, ENOENT,
		               "containers need bubblewrap, and there is no " PROGRAM
		               " in PATH; try: apt-get install bubblewrap");
	free(program);
	if (root != NULL && (root[0] != '/' || strchr(root, '\'') != NULL || access(root, R_OK | X_OK) < 0))
		return err_set(e, EINVAL, "--container-root %s: an absolute path of a directory was expected",
		               root);
	if (!try_one(root))
		return err_set(e, EPERM, "bubblewrap cannot make a container here: namespaces are not granted%s",
		               root != NULL ? ", or the root directory has no programs" : "");
	return 0;
}

static int add(struct command *c, const char *word)
{
	char **grown = reallocarray(c->argv, c->argc + 2, sizeof *grown);

	if (grown == NULL)
		return -ENOMEM;
	c->argv = grown;
	c->argv[c->argc] = strdup(word);
	if (c->argv[c->argc] == NULL)
		return -ENOMEM;
	c->argv[++c->argc] = NULL;
	return 0;
}

static int add_mount(struct command *c, const char *how, const char *from, const char *to)
{
	int rc = add(c, how);

	if (rc == 0)
		rc = add(c, from);
	return rc == 0 ? add(c, to) : rc;
}

// Each entry of the root directory at its place in an empty one, so that there is room for what is mounted beside.
static int add_root(struct command *c, const char *root)
{
	DIR *dir = opendir(root);
	int rc = dir == NULL ? -errno : add(c, "--tmpfs");

	if (rc == 0)
		rc = add(c, "/");
	for (struct dirent *d; rc == 0 && dir != NULL && (d = readdir(dir)) != NULL;) {
		char *from, *to;

		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0 ||
		    strcmp(d->d_name, "proc") == 0 || strcmp(d->d_name, "dev") == 0 ||
		    strcmp(d->d_name, "tmp") == 0)
			continue;
		from = io_join(root, d->d_name);
		to = io_join("", d->d_name);
		rc = from == NULL || to == NULL ? -ENOMEM : add_mount(c, "--ro-bind", from, to);
		free(from);
		free(to);
	}
	if (dir != NULL)
		closedir(dir);
	return rc;
}

// bubblewrap's own first process tells of nothing that is left.
static int add_init(struct command *c, const struct container_places *p)
{
	char *record = p->init != NULL ? io_join(p->telemetry_dir, SG_CONTAINER_RECORD) : NULL;
	const char *const words[] = { "--as-pid-1", "--", INIT_PATH, "--alone", record };
	int rc = 0;

	if (p->init == NULL)
		return add(c, "--");
	rc = record == NULL ? -ENOMEM : add_mount(c, "--ro-bind", p->init, INIT_PATH);
	for (size_t i = 0; rc == 0 && i < sizeof words / sizeof words[0]; i++)
		rc = add(c, words[i]);
	free(record);
	return rc;
}

int container_prefix(const struct container_places *p, struct command *out)
{
	const char *const inside[] = {
		"--dev",
		"/dev",
		"--proc",
		"/proc",
		"--tmpfs",
		"/tmp",
		// what lies below those, again
		"--ro-bind",
		p->suite_dir,
		p->suite_dir,
		"--ro-bind",
		p->working_dir,
		p->working_dir,
		"--bind",
		p->temp_dir,
		p->temp_dir,
		"--bind",
		p->telemetry_dir,
		p->telemetry_dir,
		"--chdir",
		p->working_dir,
	};
	int rc = add(out, PROGRAM);

	for (size_t i = 0; rc == 0 && always[i] != NULL; i++)
		rc = add(out, always[i]);
	if (rc == 0)
		rc = p->root != NULL ? add_root(out, p->root) : add_mount(out, "--ro-bind", "/", "/");
	for (size_t i = 0; rc == 0 && i < sizeof inside / sizeof inside[0]; i++)
		rc = add(out, inside[i]);
	return rc == 0 ? add_init(out, p) : rc;
}
