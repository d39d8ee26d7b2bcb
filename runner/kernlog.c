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

int kernlog_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0 && lseek(fd, 0, SEEK_END) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

bool kernlog_parse_fault(const char *record, pid_t pid, struct kernel_fault *out)
{
	const char *text = strchr(record, ';');
	const char *fault = text != NULL ? strstr(text, "]: segfault at ") : NULL;
	const char *number = fault;

	if (fault == NULL)
		return false;
	while (number > text && number[-1] != '[')
		number--;
	if (strtol(number, NULL, 10) != pid)
		return false;
	return sscanf(fault, "]: segfault at %" SCNx64 " ip %" SCNx64 " sp %" SCNx64, &out->address, &out->ip,
	              &out->sp) == 3;
}

bool kernlog_find_fault(int fd, pid_t pid, struct kernel_fault *out)
{
	char record[RECORD_BYTES + 1];
	bool found = false;

	while (fd >= 0) {
		ssize_t n = read(fd, record, RECORD_BYTES);

		if (n < 0 &&
		    (errno == EPIPE || errno == EINTR)) // EPIPE: records were overwritten before we read them
			continue;
		if (n <= 0)
			break;
		record[n] = '\0';
		found = kernlog_parse_fault(record, pid, out) || found;
	}
	return found;
}

bool kernel_fault_is_stack(const struct kernel_fault *f)
{
	return f->sp > BELOW_SP && f->address >= f->sp - BELOW_SP && f->address < f->sp + ABOVE_SP;
}
