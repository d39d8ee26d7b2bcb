// Reading what libstressjemalloc.so has left, without trust.
#include "jemalloc_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

int jemalloc_file_read(const char *path, struct jemalloc_file *out, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	ssize_t n;

	if (fd < 0)
		return err_set(e, errno, "%s: cannot be read: %s", path, strerror(errno));
	n = pread(fd, out, sizeof *out, (off_t)sizeof(struct tele_file));
	close(fd);
	if (n != (ssize_t)sizeof *out || memcmp(out->magic, SG_JEMALLOC_MAGIC, sizeof out->magic) != 0 ||
	    out->version != SG_JEMALLOC_VERSION || out->bytes != sizeof *out)
		return err_set(e, EINVAL, "%s: holds no jemalloc's figures of version %u", path,
		               SG_JEMALLOC_VERSION);
	out->allocator[sizeof out->allocator - 1] = '\0';
	out->absent[sizeof out->absent - 1] = '\0';
	if (out->mutex_count > SG_JEMALLOC_MUTEXES)
		out->mutex_count = SG_JEMALLOC_MUTEXES;
	for (uint64_t i = 0; i < out->mutex_count; i++)
		out->mutexes[i].name[sizeof out->mutexes[i].name - 1] = '\0';
	if (out->bin_count > SG_JEMALLOC_BINS)
		out->bin_count = SG_JEMALLOC_BINS;
	if (out->look_count > SG_JEMALLOC_LOOKS)
		out->look_count = SG_JEMALLOC_LOOKS;
	return 0;
}
