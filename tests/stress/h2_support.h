// For the tests of HTTP/2: commands, our server, and servers that do what a test tells them.
#ifndef SG_TEST_H2_SUPPORT_H
#define SG_TEST_H2_SUPPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define H2_PROGRAM SG_BUILD_DIR "/libexec/stressgen/stressgen-h2"

struct h2_output {
	int code;        // exit code; 128 + signal
	char *out, *err; // NUL-terminated, owned
};

// Runs a command line with the shell and captures what it says. Fails the case when it cannot.
__attribute__((format(printf, 2, 3))) void h2_sh(struct h2_output *o, const char *format, ...);
void h2_output_deinit(struct h2_output *o);
// Skips the case where the program is not on this machine.
void h2_need(const char *program);
// Writes a file into the case's temporary directory; the path is borrowed until the next call.
const char *h2_file(const char *name, const char *text);

// A gauge of the one test of the run in the case's temporary directory, "run"; -1 where there is none.
double run_gauge(const char *name);
// A percentile of its latencies, in ns.
uint64_t run_percentile(double percent);

struct h2_process {
	pid_t pid;
	int out; // its stdout
	unsigned port;
};

// Fails the test where `words` are not in `text`, or `text` is not one line.
void h2_expect_in(const char *text, const char *words);
void h2_expect_one_line(const char *text);

// "stressgen-h2 server ARGS", once it is ready.
void h2_server(struct h2_process *p, const char *args);
// SIGTERM and its end; what it said after "port N" comes into `text`. Returns the exit code.
int h2_server_stop(struct h2_process *p, char *text, size_t size);
// The same for one that is ending already.
int h2_server_wait(struct h2_process *p, char *text, size_t size);

// A server in a process of its own. `serve` has one connection after another; `count` is how many came before.
void h2_fake(struct h2_process *p, void (*serve)(int fd, unsigned count));
void h2_fake_stop(struct h2_process *p);

// One HTTP/2 frame, for fakes and raw clients.
struct h2_raw {
	uint32_t len, id;
	uint8_t type, flags;
	uint8_t payload[20000];
};

enum { RAW_DATA, RAW_HEADERS, RAW_PRIORITY, RAW_RST, RAW_SETTINGS, RAW_PUSH, RAW_PING, RAW_GOAWAY, RAW_WINDOW };
enum { RAW_END_STREAM = 1, RAW_ACK = 1, RAW_END_HEADERS = 4 };

void raw_send(int fd, uint8_t type, uint8_t flags, uint32_t id, const void *payload, size_t len);
bool raw_read(int fd, struct h2_raw *f); // false at the end
bool raw_read_preface(int fd);           // the client's 24 bytes
// Reads on until a request has come whole (END_STREAM); its stream's id, or 0 at the end.
uint32_t raw_next_request(int fd);
int raw_connect(unsigned port);
// The first frame of `type` (and not an ACK) that comes; false at the end.
bool raw_await(int fd, uint8_t type, struct h2_raw *f);

#define RAW_SEND(fd, type, flags, id, ...)                                                                        \
	do {                                                                                                      \
		const uint8_t raw_bytes_[] = { __VA_ARGS__ };                                                     \
		raw_send(fd, type, flags, id, raw_bytes_, sizeof(raw_bytes_));                                    \
	} while (0)

#endif
