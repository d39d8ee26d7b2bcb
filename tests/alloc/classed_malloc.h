// A small malloc for programs that have the interposer built in: what the interposer finds where it looks for "the
// next one". It can be taken for any of those that the interposer tells apart.
#ifndef SG_CLASSED_MALLOC_H
#define SG_CLASSED_MALLOC_H

// In place of dlsym in the interposer's sources. CLASSED_MALLOC in the environment says whom it is like: "chunk"
// (glibc), "page" (tcmalloc), "counts" (jemalloc), "call" (anybody else's). Sanitizers are not found. The
// operators of "page" and "counts" call nobody; the others', as libstdc++'s, malloc and free.
void *classed_dlsym(void *handle, const char *name);

#endif
