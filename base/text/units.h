// Durations and sizes, as people write them and as they like to read them.
#ifndef SG_UNITS_H
#define SG_UNITS_H

#include <stddef.h>
#include <stdint.h>

// "500ms", "30s", "10m", "8h", "2us", "7ns"; a bare number is seconds; decimals are allowed. 0 or -EINVAL,
// -ERANGE.
int units_parse_duration(const char *text, uint64_t *ns);
// "64M", "1.5GiB", "100k", "512" (bytes). Powers of 1024 whatever the spelling. 0 or -EINVAL, -ERANGE.
int units_parse_bytes(const char *text, uint64_t *bytes);
// How many of something: "250", "10k", "1.5M", "2G", by powers of 1000. 0 or -EINVAL, -ERANGE.
int units_parse_count(const char *text, uint64_t *value);
// Whole numbers only, no sign, no blanks. 0 or -EINVAL, -ERANGE.
int units_parse_u64(const char *text, uint64_t *value);
// A whole number of percent, "75" or "75%". 0 or -EINVAL, -ERANGE.
int units_parse_percent(const char *text, uint64_t *value);

// At most 15 characters, three significant digits: "7.90 ms", "144 ms", "2.05 s", "3 m 20 s". Returns `text`.
char *units_duration(char *text, size_t size, uint64_t ns);
// "512 B", "1.50 MiB". Returns `text`.
char *units_bytes(char *text, size_t size, uint64_t bytes);
// "1,234,567". Returns `text`.
char *units_count(char *text, size_t size, uint64_t n);

#endif
