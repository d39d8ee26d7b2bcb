// Files: whole reads, whole writes, atomic replacement, directories.
#ifndef SG_IO_H
#define SG_IO_H

#include "buf.h"
#include "err.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// A descriptor 0, 1 or 2 that the caller closed would be given to a pipe, a socket or the journal, and our words
// would go there. To be called first in main: stdin is empty then, stderr goes nowhere, and what is for stdout
// cannot be written. 0 or -errno.
int io_open_standard_streams(void);
// write() until all is written or an error comes: 0 or -errno (a short write at a full disk is -ENOSPC).
int io_write_all(int fd, const void *data, size_t len);
// Adds the file to `out`; refuses more than `limit` bytes with -EFBIG. Fills `e` with the path and reason.
int io_read_file(const char *path, size_t limit, struct buf *out, struct err *e);
// Writes beside `path` and renames over it, so that readers see the old file or the new one whole. What is no
// regular file (/dev/null, a pipe, a link) is written to as it is.
int io_replace_file(const char *path, const void *data, size_t len, struct err *e);
// Makes sure beforehand that io_replace_file will find its place: opens the file beside `path`, and leaves it
// there for it. -EISDIR and the like with `e` filled.
int io_replace_begin(const char *path, struct err *e);
void io_replace_abandon(const char *path); // takes that file away again, if it is there still
// mkdir -p with mode 0777 & ~umask.
int io_make_dirs(const char *path, struct err *e);
// Removes a tree without following links, directories without rights to them too; 0 if it is not there. One
// descriptor a level: -EMFILE for a tree deeper than those we may open.
int io_remove_tree(const char *path);
// "DIR/NAME" from malloc; NULL without memory.
char *io_join(const char *dir, const char *name);
// A test id as one file name: bytes outside [A-Za-z0-9._@+-] as %XX, bounded to 200 bytes with a hash where
// it is cut. A leading dot is encoded too. From malloc.
char *io_encode_name(const char *id);
// FNV-1a, 64 bits (Fowler, Noll, Vo): tells names apart; nothing hostile depends on it.
uint64_t io_name_hash(const char *text);

#endif
