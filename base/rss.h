// This process's physical memory.
#ifndef SG_RSS_H
#define SG_RSS_H

#include <stdint.h>

// The most that it had since it was executed, or since its peak was set back (VmHWM of /proc/self/status), in
// bytes. 0 where the kernel does not say it. Allocates nothing.
uint64_t rss_own_peak(void);

#endif
