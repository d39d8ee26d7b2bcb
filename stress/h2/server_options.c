// The server as a command.
#include "server_options.h"

#include "verdict.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

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

int h2_server_command(const struct opt_set *o, struct err *e)
{
	const bool with_parent = opt_given(o, "life-fd");
	if (with_parent) // the descriptor tells the rest: this is for a parent that leaves it open elsewhere
		prctl(PR_SET_PDEATHSIG, SIGTERM);
	const char *frames = opt_text(o, "frames");
	struct h2_server_config config = {
		.bind = opt_text(o, "bind"),
		.port = (uint16_t)opt_number(o, "port"),
		.ready_fd = (int)opt_number(o, "ready-fd"),
		.life_fd = with_parent ? (int)opt_number(o, "life-fd") : -1,
		.drain_ns = opt_number(o, "drain"),
		.file = opt_text(o, "serve"),
		.limits = limits_of(o),
		.engine = h2_server_engine_named(opt_text(o, "h2-engine")),
	};
	signal(SIGPIPE, SIG_IGN);
	h2_raise_file_limit();
	int rc = frames ? h2_tap_open(frames, &config.tap, e) : 0;
	if (rc < 0)
		return SG_EXIT_USAGE;
	rc = h2_server_run(&config, e);
	const int lost = h2_tap_close(config.tap, e);
	rc = rc < 0 ? rc : lost;
	return rc == 0                                          ? SG_EXIT_OK
	       : rc == -EINVAL || rc == -E2BIG || rc == -ENOENT ? SG_EXIT_USAGE
	                                                        : SG_EXIT_TESTS;
}
