// clone3 by hand, for the machines that we know; elsewhere glibc's clone, which cannot name a group.
#include "clone.h"

#include <errno.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL
#endif

// The table of descriptors is the parent's as well, until the child has one of its own: a copy would hold all
// other tests' pipes open for as long as it takes the child to come to the closing of them.
#define FLAGS (CLONE_VM | CLONE_VFORK | CLONE_PIDFD | CLONE_FILES)

#if defined(__x86_64__)

// The child wakes up on the new stack, where none of this function's variables are: all that it needs is in
// registers, which the kernel copies. It calls `entry` and exits; the parent falls through to label 1.
static long raw_clone3(const struct clone_args *args, int (*entry)(void *), void *arg)
{
	register int (*entry_register)(void *) __asm__("r8") = entry;
	register void *arg_register __asm__("r9") = arg;
	long rc = SYS_clone3;

	__asm__ volatile("syscall\n\t"
	                 "testq %%rax, %%rax\n\t"
	                 "jnz 1f\n\t"
	                 "xorl %%ebp, %%ebp\n\t" // the outermost frame
	                 "movq %%r9, %%rdi\n\t"
	                 "callq *%%r8\n\t"
	                 "movl %%eax, %%edi\n\t"
	                 "movl %[exit], %%eax\n\t"
	                 "syscall\n\t"
	                 "hlt\n"
	                 "1:"
	                 : "+a"(rc)
	                 : "D"(args), "S"(sizeof *args), "r"(entry_register),
	                   "r"(arg_register), [exit] "i"(SYS_exit)
	                 : "rcx", "r11", "memory");
	return rc;
}

#elif defined(__aarch64__)

// As above: x2 and x3 go over to the child.
static long raw_clone3(const struct clone_args *args, int (*entry)(void *), void *arg)
{
	register long number __asm__("x8") = SYS_clone3;
	register long x0 __asm__("x0") = (long)args;
	register long x1 __asm__("x1") = sizeof *args;
	register int (*x2)(void *) __asm__("x2") = entry;
	register void *x3 __asm__("x3") = arg;

	__asm__ volatile("svc #0\n\t"
	                 "cbnz x0, 1f\n\t"
	                 "mov x29, #0\n\t"
	                 "mov x0, x3\n\t"
	                 "blr x2\n\t"
	                 "mov x8, %[exit]\n\t"
	                 "svc #0\n"
	                 "1:"
	                 : "+r"(x0)
	                 : "r"(number), "r"(x1), "r"(x2), "r"(x3), [exit] "i"(SYS_exit)
	                 : "memory");
	return x0;
}

#else

static long raw_clone3(const struct clone_args *args, int (*entry)(void *), void *arg)
{
	(void)args;
	(void)entry;
	(void)arg;
	return -ENOSYS;
}

#endif

pid_t clone_vfork(const struct clone_order *o, int *pidfd)
{
	struct clone_args args = { .flags = FLAGS,
		                   .pidfd = (uintptr_t)pidfd,
		                   .exit_signal = SIGCHLD,
		                   .stack = (uintptr_t)o->stack,
		                   .stack_size = o->stack_bytes };
	long rc;

	if (o->cgroup_fd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (unsigned)o->cgroup_fd;
	}
	rc = raw_clone3(&args, o->entry, o->arg);
	if (rc == -ENOSYS && o->cgroup_fd < 0) { // an old kernel, or a sandbox that lacks clone3
		rc = clone(o->entry, o->stack + o->stack_bytes, FLAGS | SIGCHLD, o->arg, pidfd);
		if (rc < 0)
			rc = -errno;
	}
	return (pid_t)rc;
}
