// Config files: searched from the working directory upwards, then in $XDG_CONFIG_HOME/stressgen/.
#include "cli.h"
#include "io.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONFIG_NAME "stressgen.conf"
#define CONFIG_LIMIT (1U << 20)

struct reading {
	config_reader read;
	void *arg;
	struct err *e;
};

static int read_file(const struct reading *r, const char *path)
{
	struct buf text = { 0 };
	int rc = io_read_file(path, CONFIG_LIMIT, &text, r->e);

	if (rc >= 0)
		rc = r->read(r->arg, path, buf_text(&text), r->e);
	buf_deinit(&text);
	return rc < 0 ? rc : 0;
}

// The nearest file of the working directory and its parents.
static int read_nearest(const struct reading *r)
{
	char dir[PATH_MAX];
	char path[PATH_MAX + 64];

	if (getcwd(dir, sizeof dir) == NULL)
		return 0;
	for (;;) {
		char *slash = strrchr(dir, '/');

		snprintf(path, sizeof path, "%s/" CONFIG_NAME, dir);
		if (access(path, F_OK) == 0)
			return read_file(r, path);
		if (slash == NULL || dir[0] == '\0')
			return 0;
		*slash = '\0';
	}
}

static int read_own(const struct reading *r)
{
	const char *xdg = getenv("XDG_CONFIG_HOME");
	const char *home = getenv("HOME");
	char path[PATH_MAX + 64];

	if (xdg != NULL && *xdg != '\0')
		snprintf(path, sizeof path, "%s/stressgen/" CONFIG_NAME, xdg);
	else
		snprintf(path, sizeof path, "%s/.config/stressgen/" CONFIG_NAME, home != NULL ? home : "");
	return access(path, F_OK) == 0 ? read_file(r, path) : 0;
}

int config_each(const struct opt_set *s, config_reader read, void *arg, struct err *e)
{
	const struct reading r = { read, arg, e };
	const char *file = opt_text(s, "config");
	int rc;

	if (file != NULL)
		return read_file(&r, file);
	rc = read_nearest(&r);
	return rc < 0 ? rc : read_own(&r);
}

static int apply(void *arg, const char *path, const char *text, struct err *e)
{
	return opt_config(arg, path, text, NULL, e);
}

struct profile {
	struct opt_set *opts;
	const char *name;
	bool found;
};

// Whether a line "[profile NAME]" is in the text.
static bool has_profile(const char *text, const char *name)
{
	char line[128];
	const char *at = text;
	size_t len = (size_t)snprintf(line, sizeof line, "[profile %s]", name);

	while ((at = strstr(at, line)) != NULL) {
		if (at == text || at[-1] == '\n')
			return true;
		at += len;
	}
	return false;
}

static int apply_profile(void *arg, const char *path, const char *text, struct err *e)
{
	struct profile *p = arg;
	char section[128];

	if (!has_profile(text, p->name))
		return 0;
	p->found = true;
	snprintf(section, sizeof section, "profile %s", p->name);
	return opt_config(p->opts, path, text, section, e);
}

// Its options come behind the command line and the environment, and in front of what stands outside of sections.
static int use_profile(struct opt_set *s, struct err *e)
{
	struct profile p = { s, opt_text(s, "profile"), false };
	int r;

	if (p.name == NULL)
		return 0;
	r = config_each(s, apply_profile, &p, e);
	if (r == 0 && !p.found)
		r = err_set(e, EINVAL, "--profile %s: no config file has a section [profile %s]", p.name, p.name);
	return r;
}

int config_apply(struct opt_set *s, struct err *e)
{
	int r = opt_environment(s, e);

	if (r == 0)
		r = use_profile(s, e);
	if (r == 0)
		r = config_each(s, apply, s, e);
	return r < 0 ? r : opt_defaults(s, e);
}

void config_show(const struct opt_set *s, struct buf *out)
{
	for (size_t i = 0; i < s->count; i++) {
		const struct opt *o = &s->table[i];
		const struct opt_value *v = &s->values[i];

		if (!o->config)
			continue;
		buf_addf(out, "%-14s = %-24s # %s\n", o->name, v->text != NULL ? v->text : "",
		         v->text != NULL ? v->source : "not set");
	}
}
