// --h2-target: the HTTP/2 tests of a run load and attack a server that is there already.
#include "h2_elsewhere.h"

#include "io.h"
#include "scenario_foreign.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Where the path of "http://HOST:PORT/PATH" begins; its end where there is none.
static const char *path_of(const char *url)
{
	const char *host = strstr(url, "://");

	host = host != NULL ? host + 3 : url;
	return host + strcspn(host, "/");
}

static int resolve(const char *url, const char *origin, struct h2_target *target, struct err *e)
{
	struct err why = { 0 };

	if (h2_target_resolve(origin, NULL, target, &why) == -EPERM)
		return err_set(
		        e, EPERM,
		        "--h2-target %s: not this machine; a scenario goes elsewhere one by one: stressgen-h2 run "
		        "--h2-target URL --i-own-this-target HOST FILE",
		        url);
	return why.text[0] != '\0' ? err_set(e, EINVAL, "--h2-target: %s", why.text) : 0;
}

// What is said of --h2-target without one.
static int check_alone(const struct opt_set *o, struct err *e)
{
	if (opt_given(o, "h2-pid"))
		return err_set(e, EINVAL, "--h2-pid says which process is --h2-target's; give both");
	if (opt_given(o, "h2-insecure") || opt_given(o, "h2-cacert"))
		return err_set(e, EINVAL, "%s says which certificates of --h2-target are taken; give both",
		               opt_given(o, "h2-insecure") ? "--h2-insecure" : "--h2-cacert");
	return 0;
}

// Tests run in a directory that may be another.
static int pass_tls(const struct h2_tls_client_config *tls, struct err *e)
{
	char *path = tls->ca_file != NULL ? realpath(tls->ca_file, NULL) : NULL;
	int rc = 0;

	if (tls->ca_file != NULL && path == NULL)
		rc = err_set(e, errno, "--h2-cacert %s: %s", tls->ca_file, strerror(errno));
	else if ((path != NULL && setenv("STRESSGEN_H2_CACERT", path, 1) < 0) ||
	         (tls->insecure && setenv("STRESSGEN_H2_INSECURE", "yes", 1) < 0))
		rc = err_set(e, ENOMEM, "out of memory");
	free(path);
	return rc;
}

static int pass(const struct opt_set *o, const char *origin, const char *path, struct err *e)
{
	char pid[24];

	snprintf(pid, sizeof pid, "%llu", (unsigned long long)opt_number(o, "h2-pid"));
	if (setenv("STRESSGEN_H2_TARGET", origin, 1) < 0 || setenv("STRESSGEN_H2_PATH", path, 1) < 0 ||
	    (opt_given(o, "h2-pid") && setenv("STRESSGEN_H2_PID", pid, 1) < 0))
		return err_set(e, ENOMEM, "out of memory");
	return 0;
}

int h2_elsewhere_begin(const struct app *app, struct err *e)
{
	const struct opt_set *o = &app->opts;
	const char *url = opt_text(o, "h2-target"), *path = url != NULL ? path_of(url) : "";
	const char *asked = *path != '\0' ? path : "/";
	char *origin = url != NULL ? strndup(url, (size_t)(path - url)) : NULL;
	const struct h2_tls_client_config tls = { .insecure = opt_flag(o, "h2-insecure"),
		                                  .ca_file = opt_text(o, "h2-cacert") };
	struct h2_target target;
	int rc = url == NULL ? check_alone(o, e) : 0;

	if (url != NULL)
		rc = origin != NULL ? resolve(url, origin, &target, e) : err_set(e, ENOMEM, "out of memory");
	if (rc == 0 && url != NULL)
		rc = pass_tls(&tls, e);
	if (rc == 0 && url != NULL)
		rc = h2_foreign_check_pid((pid_t)opt_number(o, "h2-pid"), e);
	if (rc == 0 && url != NULL)
		rc = h2_foreign_try(&target, asked, &tls, false, e);
	if (rc == 0 && url != NULL)
		rc = pass(o, origin, asked, e);
	free(origin);
	return rc;
}

// Why another server cannot be asked what this test asks; NULL where it can. What is no scenario of ours is left
// to itself.
static const char *obstacle(const struct suite *suite, const struct suite_test *t)
{
	static const char command[] = "{stressgen:h2} run {file}";
	struct scenario s = { 0 };
	struct err e = { 0 };
	const char *why = NULL;
	char *path;

	if (t->meta.run == NULL || strncmp(t->meta.run, command, sizeof command - 1) != 0)
		return NULL;
	path = io_join(suite->dir, t->path);
	if (path != NULL && scenario_load(path, &s, &e) == 0)
		why = h2_foreign_obstacle(&s);
	scenario_deinit(&s);
	free(path);
	return why;
}

int h2_elsewhere_select(const struct app *app, const struct suite *suite, size_t *selection, size_t *selected,
                        struct err *e)
{
	const size_t all = *selected;
	const char *first = NULL; // obstacle

	if (opt_text(&app->opts, "h2-target") == NULL)
		return 0;
	*selected = 0;
	for (size_t i = 0; i < all; i++) {
		const char *why = obstacle(suite, &suite->tests[selection[i]]);

		first = first != NULL ? first : why;
		if (why == NULL)
			selection[(*selected)++] = selection[i];
	}
	if (*selected == 0)
		return err_set(e, ENOENT,
		               "none of the chosen scenarios can be asked of any server by --h2-target: %s; one "
		               "with a (target \"URL\") of its own makes its requests as they stand",
		               first != NULL ? first : "none is chosen");
	if (*selected < all)
		say(app, "%zu scenario%s left out: %s routes or limits of stressgen's own server", all - *selected,
		    all - *selected == 1 ? " is" : "s are", all - *selected == 1 ? "it needs" : "they need");
	return 0;
}
