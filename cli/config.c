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

static int apply_file(struct opt_set *s, const char *path, struct err *e)
{
	struct buf text = { 0 };
	int r = io_read_file(path, CONFIG_LIMIT, &text, e);

	if (r >= 0)
		r = opt_config(s, path, buf_text(&text), NULL, e);
	buf_deinit(&text);
	return r < 0 ? r : 0;
}

// The nearest file of the working directory and its parents; the person's own one comes behind it.
static int apply_found(struct opt_set *s, struct err *e)
{
	char dir[PATH_MAX];
	char path[PATH_MAX + 64];
	const char *xdg = getenv("XDG_CONFIG_HOME");
	const char *home = getenv("HOME");
	int r;

	if (getcwd(dir, sizeof dir) != NULL) {
		for (;;) {
			char *slash = strrchr(dir, '/');
			snprintf(path, sizeof path, "%s/" CONFIG_NAME, dir);
			if (access(path, F_OK) == 0) {
				r = apply_file(s, path, e);
				if (r < 0)
					return r;
				break;
			}
			if (slash == NULL || dir[0] == '\0')
				break;
			*slash = '\0';
		}
	}
	if (xdg != NULL && *xdg != '\0')
		snprintf(path, sizeof path, "%s/stressgen/" CONFIG_NAME, xdg);
	else
		snprintf(path, sizeof path, "%s/.config/stressgen/" CONFIG_NAME, home != NULL ? home : "");
	return access(path, F_OK) == 0 ? apply_file(s, path, e) : 0;
}

int config_apply(struct opt_set *s, struct err *e)
{
	const char *file = opt_text(s, "config");
	int r = opt_environment(s, e);

	if (r < 0)
		return r;
	r = file != NULL ? apply_file(s, file, e) : apply_found(s, e);
	if (r < 0)
		return r;
	return opt_defaults(s, e);
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
