// Preloading a library that was made for glibc where programs of another libc run as well.
#ifndef SG_GLIBC_ONLY_H
#define SG_GLIBC_ONLY_H

// What to put in front of a library's absolute path in LD_PRELOAD, so that glibc's loader loads it as ever and
// musl's, which would refuse to start the program over one missing symbol, finds no such file and goes on without
// it: a directory by way of "$LIB", which only glibc's loader replaces (ld.so(8), "Dynamic string tokens"). "":
// there is no such way on this machine. The string lives for ever.
const char *glibc_only_prefix(void);

#endif
