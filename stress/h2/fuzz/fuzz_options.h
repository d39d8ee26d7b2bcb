// The mutating mode as a command: `stressgen h2-fuzz` and `stressgen-h2 fuzz`.
#ifndef SG_H2_FUZZ_OPTIONS_H
#define SG_H2_FUZZ_OPTIONS_H

#include "err.h"
#include "opt.h"

#define H2_FUZZ_ARGS "URL | --embedded | -- COMMAND {port}"

// Rows of a table of options, for the commands of `bits`. "h2-engine" (of the embedded server), "seed", "output"
// and "frames" are rows of the table's own.
#define H2_FUZZ_OPTIONS(bits)                                                                                     \
	H2_FUZZ_ROW(bits, "embedded", OPT_FLAG, NULL, NULL, 0, 0, "Mutate against our own server."),              \
	        H2_FUZZ_ROW(bits, "cases", OPT_U64, "N", "1000", 1, 1000000000, "How many sequences of frames."), \
	        H2_FUZZ_ROW(bits, "first-case", OPT_U64, "N", "0", 0, 1000000000,                                 \
	                    "The number of the first one: one that broke a server is made again by it."),         \
	        H2_FUZZ_ROW(bits, "most-breaks", OPT_U64, "N", "3", 1, 1000, "End after so many that broke it."), \
	        H2_FUZZ_ROW(bits, "healthy-path", OPT_TEXT, "PATH", "/", 0, 0,                                    \
	                    "What the healthy client asks for; a status from 200 to 399 is right."),              \
	        H2_FUZZ_ROW(bits, "reaction-time", OPT_DURATION, "TIME", "200ms", 1000000, 60000000000,           \
	                    "How long to wait for a server that does not react to a case."),                      \
	        H2_FUZZ_ROW(bits, "healthy-time", OPT_DURATION, "TIME", "5s", 10000000, 600000000000,             \
	                    "A healthy client that is not served within that, twice, has found a hang."),         \
	        H2_FUZZ_ROW(bits, "growth", OPT_BYTES, "SIZE", "64M", 65536, 1099511627776,                       \
	                    "Memory that one case may cost the server for good.")

#define H2_FUZZ_ROW(bits, row_name, row_type, row_value, row_def, row_min, row_max, row_help)                     \
	{                                                                                                         \
		.name = (row_name), .type = (row_type), .value = (row_value), .def = (row_def), .min = (row_min), \
		.max = (row_max), .commands = (bits), .help = (row_help)                                          \
	}

// Mutates as the options say. `program` is stressgen-h2's path, for the embedded server. An exit code, with `e`
// filled unless it is 0 or 1.
int h2_fuzz_command(const struct opt_set *o, const char *program, struct err *e);

#endif
