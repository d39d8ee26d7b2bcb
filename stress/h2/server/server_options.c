// The server as a command.
#include "server_options.h"

#include "hostile.h"
#include "verdict.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

// Many connections need many descriptors: up to what this process may have.
void h2_raise_file_limit(void)
{
	struct rlimit r;
	if (getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur < r.rlim_max) {
		r.rlim_cur = r.rlim_max;
		setrlimit(RLIMIT_NOFILE, &r);
	}
}

static struct h2_server_limits limits_of(const struct opt_set *o)
{
	return (struct h2_server_limits){
		.max_streams = (uint32_t)opt_number(o, "max-streams"),
		.max_connections = (uint32_t)opt_number(o, "max-connections"),
		.max_header_bytes = opt_number(o, "max-header-list"),
		.max_body_bytes = opt_number(o, "max-body"),
		.max_held_bytes = opt_number(o, "max-held"),
		.window_bytes = (uint32_t)opt_number(o, "window"),
		.idle_timeout_ns = opt_number(o, "idle-timeout"),
		.handshake_timeout_ns = opt_number(o, "handshake-timeout"),
		.request_timeout_ns = opt_number(o, "request-timeout"),
		.stall_timeout_ns = opt_number(o, "stall-timeout"),
		.goaway_after = opt_number(o, "goaway-after"),
	};
}

#define HOSTILE "share/stressgen/scenarios/hostile"
#define MOST_HOSTILE 256U

// There is none of that name in `dir`: the nearest.
static int no_hostile(const char *name, const char *dir, struct err *e)
{
	char names[MOST_HOSTILE][64];
	const char *words[MOST_HOSTILE];
	size_t count = 0;
	DIR *d = opendir(dir);
	for (struct dirent *entry; d && count < MOST_HOSTILE && (entry = readdir(d));) {
		const char *dot = strrchr(entry->d_name, '.');
		if (!dot || strcmp(dot, ".hostile") != 0)
			continue;
		snprintf(names[count], sizeof(names[0]), "%.*s", (int)(dot - entry->d_name), entry->d_name);
		words[count] = names[count];
		count++;
	}
	if (d)
		closedir(d);
	const char *near = opt_nearest(name, words, count);
	if (near)
		return err_set(e, EINVAL, "--misbehave: no hostile server '%.100s'; did you mean '%s'?", name,
		               near);
	return err_set(e, EINVAL, "--misbehave: no hostile server '%.100s'; see %s, or give a file.hostile", name,
	               *dir ? dir : HOSTILE);
}

// Beside the directory of this program, or of one of its parents.
static int find_hostile(const char *name, char *path, size_t size, struct err *e)
{
	char self[PATH_MAX], dir[PATH_MAX + sizeof(HOSTILE)], found[PATH_MAX + sizeof(HOSTILE)] = "";
	const ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (access(name, R_OK) == 0 && strchr(name, '.')) {
		snprintf(path, size, "%s", name);
		return 0;
	}
	self[n > 0 ? n : 0] = '\0';
	for (char *slash; (slash = strrchr(self, '/'));) {
		*slash = '\0';
		snprintf(dir, sizeof(dir), "%s/" HOSTILE, self);
		if ((size_t)snprintf(path, size, "%s/%s.hostile", dir, name) < size && access(path, R_OK) == 0)
			return 0;
		if (access(dir, X_OK) == 0)
			memcpy(found, dir, sizeof(dir));
	}
	return no_hostile(name, found, e);
}

static int load_hostile(const struct opt_set *o, struct h2_hostile *h, struct err *e)
{
	char path[PATH_MAX];
	const char *name = opt_text(o, "misbehave");
	int rc = name ? find_hostile(name, path, sizeof(path), e) : 0;
	return rc == 0 && name ? h2_hostile_load(path, h, e) : rc;
}

static int code_of(int rc)
{
	if (rc == 0)
		return SG_EXIT_OK;
	if (rc == -EADDRINUSE || rc == -EADDRNOTAVAIL || rc == -EACCES) // where it was to listen
		return SG_EXIT_MISSING;
	return rc == -EINVAL || rc == -E2BIG || rc == -ENOENT || rc == -EISDIR ? SG_EXIT_USAGE : SG_EXIT_TESTS;
}

// What is said of TLS by who does not ask for it would be passed over.
static int check_tls(const struct opt_set *o, struct err *e)
{
	static const char *const of_tls[] = { "cert", "key", "write-cert" };
	for (size_t i = 0; i < sizeof(of_tls) / sizeof(of_tls[0]) && !opt_flag(o, "https"); i++)
		if (opt_given(o, of_tls[i]))
			return err_set(e, EINVAL, "--%s is for a server with TLS; give --https too", of_tls[i]);
	if (opt_given(o, "cert") != opt_given(o, "key"))
		return err_set(e, EINVAL,
		               "--cert and --key go together; give both, or neither for a certificate of its own");
	return 0;
}

// Descriptors that nobody opened, and a server that nobody could reach.
static int check_ends(const struct opt_set *o, struct err *e)
{
	static const char *const descriptors[] = { "ready-fd", "life-fd" };
	for (size_t i = 0; i < sizeof(descriptors) / sizeof(descriptors[0]); i++)
		if (opt_given(o, descriptors[i]) && fcntl((int)opt_number(o, descriptors[i]), F_GETFD) < 0)
			return err_set(e, EINVAL, "--%s %d: no such descriptor is open", descriptors[i],
			               (int)opt_number(o, descriptors[i]));
	if (opt_text(o, "bind")[0] == '\0' && !opt_given(o, "unix"))
		return err_set(e, EINVAL, "--bind names no address; write e.g. 127.0.0.1, or give --unix too");
	return 0;
}

int h2_server_command(const struct opt_set *o, struct err *e)
{
	const bool with_parent = opt_given(o, "life-fd");
	if (with_parent) // the descriptor tells the rest: this is for a parent that leaves it open elsewhere
		prctl(PR_SET_PDEATHSIG, SIGTERM);
	const char *frames = opt_text(o, "frames");
	struct h2_hostile hostile = { 0 };
	int rc = check_tls(o, e);
	rc = rc == 0 ? check_ends(o, e) : rc;
	rc = rc == 0 ? load_hostile(o, &hostile, e) : rc;
	struct h2_server_config config = {
		.bind = opt_text(o, "bind"),
		.path = opt_text(o, "unix"),
		.tls = opt_flag(o, "https"),
		.certificate = opt_text(o, "cert"),
		.key = opt_text(o, "key"),
		.write_certificate = opt_text(o, "write-cert"),
		.port = (uint16_t)opt_number(o, "port"),
		.ready_fd = (int)opt_number(o, "ready-fd"),
		.life_fd = with_parent ? (int)opt_number(o, "life-fd") : -1,
		.drain_ns = opt_number(o, "drain"),
		.is_mute = !opt_flag(o, "reflect"),
		.file = opt_text(o, "serve"),
		.limits = limits_of(o),
		.hostile = hostile.doc ? &hostile : NULL,
		.engine = hostile.doc ? &h2_hostile_server : h2_server_engine_named(opt_text(o, "h2-engine")),
	};
	signal(SIGPIPE, SIG_IGN);
	h2_raise_file_limit();
	if (rc == 0 && frames && h2_tap_open(frames, &config.tap, e) < 0)
		rc = -EINVAL;
	if (rc == 0) {
		rc = h2_server_run(&config, e);
		const int lost = h2_tap_close(config.tap, e);
		rc = rc < 0 ? rc : lost;
	}
	h2_hostile_deinit(&hostile);
	return code_of(rc);
}
