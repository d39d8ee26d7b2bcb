// Segfault messages in /dev/kmsg: "6,812,5000,-;prog[123]: segfault at ADDR ip IP sp SP error 6 in ...".
#include "kernlog.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RECORD_BYTES 8192U

// A function with a large frame moves the stack pointer first and touches memory later: below it by as much as a
// call pushes, or above it within the frame, where the stack would be mapped if it had not run out.
#define BELOW_SP (64U * 1024U)
#define ABOVE_SP (1024U * 1024U)

void kernlog_open(struct kernlog *log)
{
	*log = (struct kernlog){ .fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC) };
	if (log->fd >= 0 && lseek(log->fd, 0, SEEK_END) < 0)
		kernlog_close(log);
}

void kernlog_close(struct kernlog *log)
{
	if (log->fd >= 0)
		close(log->fd);
	log->fd = -1;
}

// "NAME[PID]: segfault at ADDRESS ip IP sp SP ..."
static bool parse_fault(const char *text, struct kernel_fault *out)
{
	const char *fault = strstr(text, "]: segfault at ");
	const char *number = fault;

	if (fault == NULL)
		return false;
	while (number > text && number[-1] != '[')
		number--;
	out->pid = (pid_t)strtol(number, NULL, 10);
	return sscanf(fault, "]: segfault at %" SCNx64 " ip %" SCNx64 " sp %" SCNx64, &out->address, &out->ip,
	              &out->sp) == 3;
}

// "oom-kill:constraint=CONSTRAINT_MEMCG,...,oom_memcg=PATH,task_memcg=..."
static bool parse_oom(const char *text, char path[KERNLOG_GROUP])
{
	static const char key[] = ",oom_memcg=";
	const char *at = strncmp(text, "oom-kill:", 9) == 0 ? strstr(text, key) : NULL;

	if (at == NULL)
		return false;
	at += sizeof key - 1;
	snprintf(path, KERNLOG_GROUP, "%.*s", (int)strcspn(at, ",\n"), at);
	return true;
}

void kernlog_take(struct kernlog *log, const char *record)
{
	const char *text = strchr(record, ';');

	if (text == NULL)
		return;
	if (parse_fault(text + 1, &log->faults[log->fault_count % KERNLOG_KEPT]))
		log->fault_count++;
	else if (parse_oom(text + 1, log->groups[log->group_count % KERNLOG_KEPT]))
		log->group_count++;
}

static void read_on(struct kernlog *log)
{
	char record[RECORD_BYTES + 1];

	while (log->fd >= 0) {
		ssize_t n = read(log->fd, record, RECORD_BYTES);

		if (n < 0 &&
		    (errno == EPIPE || errno == EINTR)) // EPIPE: records were overwritten before we read them
			continue;
		if (n <= 0)
			break;
		record[n] = '\0';
		kernlog_take(log, record);
	}
}

bool kernlog_find_fault(struct kernlog *log, pid_t pid, struct kernel_fault *out)
{
	read_on(log);
	for (unsigned i = log->fault_count; i > 0 && log->fault_count - i < KERNLOG_KEPT; i--) {
		const struct kernel_fault *f = &log->faults[(i - 1) % KERNLOG_KEPT];

		if (f->pid == pid) {
			*out = *f;
			return true;
		}
	}
	return false;
}

bool kernlog_find_oom(struct kernlog *log, const char *name)
{
	read_on(log);
	for (unsigned i = log->group_count; i > 0 && log->group_count - i < KERNLOG_KEPT; i--)
		if (strstr(log->groups[(i - 1) % KERNLOG_KEPT], name) != NULL)
			return true;
	return false;
}

bool kernel_fault_is_stack(const struct kernel_fault *f)
{
	return f->sp > BELOW_SP && f->address >= f->sp - BELOW_SP && f->address < f->sp + ABOVE_SP;
}
