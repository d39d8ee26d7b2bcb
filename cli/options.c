// The one table of options, and the one of commands.
#include "cli.h"
#include "fuzz_options.h"
#include "server_options.h"

#define RUNS (BIT(JOB) | BIT(RUN) | BIT(REPLAY) | BIT(H2) | BIT(H2_CLIENTS) | BIT(AB))
#define GENS (BIT(JOB) | BIT(GEN))
#define TRIES (RUNS | BIT(SHRINK) | BIT(CLIFF))
#define WRITES (GENS | BIT(SHRINK) | BIT(CLIFF))
#define SELECTS ((RUNS & ~BIT(H2)) | BIT(LIST)) // a load is one test

#define TEXT(name, short_name, value, commands, config, help)                                                     \
	{                                                                                                         \
		name, short_name, OPT_TEXT, value, NULL, 0, 0, NULL, commands, config, help                       \
	}
#define TEXT_OR(name, value, def, commands, config, help)                                                         \
	{                                                                                                         \
		name, 0, OPT_TEXT, value, def, 0, 0, NULL, commands, config, help                                 \
	}
#define LIST(name, short_name, value, commands, config, help)                                                     \
	{                                                                                                         \
		name, short_name, OPT_LIST, value, NULL, 0, 0, NULL, commands, config, help                       \
	}
#define FLAG(name, short_name, def, commands, config, help)                                                       \
	{                                                                                                         \
		name, short_name, OPT_FLAG, NULL, def, 0, 1, NULL, commands, config, help                         \
	}
#define CHOICE(name, value, def, choices, commands, config, help)                                                 \
	{                                                                                                         \
		name, 0, OPT_CHOICE, value, def, 0, 0, choices, commands, config, help                            \
	}
#define TIME(name, def, min, max, commands, help)                                                                 \
	{                                                                                                         \
		name, 0, OPT_DURATION, "TIME", def, min, max, NULL, commands, true, help                          \
	}
#define SIZE(name, def, min, max, commands, help)                                                                 \
	{                                                                                                         \
		name, 0, OPT_BYTES, "SIZE", def, min, max, NULL, commands, true, help                             \
	}
#define COUNT(name, def, min, max, commands, help)                                                                \
	{                                                                                                         \
		name, 0, OPT_U64, "N", def, min, max, NULL, commands, true, help                                  \
	}

#define PERCENT(name, def, min, max, commands, help)                                                              \
	{                                                                                                         \
		name, 0, OPT_PERCENT, "PERCENT", def, min, max, NULL, commands, true, help                        \
	}

#define MANY(name, short_name, def, min, max, commands, help)                                                     \
	{                                                                                                         \
		name, short_name, OPT_COUNT, "N", def, min, max, NULL, commands, true, help                       \
	}

#define FORMAT_NAME(function, name, part) "," name

#define MS UINT64_C(1000000)
#define S (UINT64_C(1000) * MS)

const struct opt cli_options[] = {
	// what to generate
	COUNT("depth", "10000", 1, 10000000, GENS | BIT(SHRINK),
	      "How deep the kernels that take their depth from here recurse."),
	COUNT("seed", NULL, 0, UINT64_C(9007199254740991), GENS | BIT(AB) | BIT(BISECT) | BIT(H2) | BIT(H2_FUZZ),
	      "Seed of everything random; drawn and printed when it is not given."),
	LIST("target", 't', "NAME,...", WRITES, true,
	     "Only these targets (stressgen targets lists them): names, dialects, or all, which is whatever is on this "
	     "machine. One that is missing ends with exit 3. Default: those that come with stressgen."),
	LIST("kernel", 'k', "NAME|FILE,...", WRITES, true,
	     "Only these kernels, by their names (stressgen list) or as files of your own."),
	COUNT("random", "0", 0, 1000000, GENS,
	      "That many random kernels from --seed, in place of the catalogue (docs/random.md)."),
	COUNT("malformed", "0", 0, 1000000, GENS,
	      "That many hostile programs for each target, which its reader must survive (docs/random.md)."),
	COUNT("size", "60", 1, 2000, GENS, "About how many nodes a random kernel has."),
	COUNT("sizes", NULL, 2, 32, GENS,
	      "So many sizes of each kernel that grows with one, geometrically spaced, in place of its own: for curves."),
	COUNT("refine", "1", 0, 4, BIT(JOB),
	      "With --sizes: so many further rounds with sizes between those where a curve bends."),
	FLAG("http2", 0, "yes", GENS | BIT(CLIFF), true,
	     "Include the HTTP/2 scenarios. cliff: look for the cliffs of an HTTP/2 server (--target embedded or URL,...)."),
	FLAG("http2-serve", 0, "yes", GENS, true,
	     "Include HTTP/2 servers in the languages that can serve, under load: the runtime's pauses beside the latencies. "
	     "Default: those of the targets, without --target those of this machine."),
	COUNT("http2-fuzz", "0", 0, 100000, GENS,
	      "That many tests that mutate frames from --seed against stressgen's own HTTP/2 server, and as many against one "
	      "in each language that can serve; what breaks is made small."),
	LIST("http2-param", 0, "NAME=VALUE,...", GENS, true,
	     "In the place of what an HTTP/2 scenario declares by (param NAME ...), in all that have it."),
	FLAG("workloads", 0, "yes", GENS, true,
	     "Include the native workloads of allocators (docs/allocators.md)."),
	TEXT("target-cmd", 0, "COMMAND", WRITES, true,
	     "Command that runs one program of --dialect, e.g. './mylisp {file}': a runtime of your own."),
	TEXT("dialect", 0, "NAME|FILE,...", WRITES | BIT(TARGETS), true,
	     "Write in these languages, whether their runtimes are here or not: names, all, or template files of your own "
	     "(docs/dialects.md)."),
	SIZE("heap-limit", NULL, UINT64_C(1) << 20, UINT64_C(1) << 40, GENS | BIT(CLIFF),
	     "Heap that each runtime is given, by its own flag; one without such a flag gets it as its memory limit."),
	SIZE("stack-limit", NULL, UINT64_C(64) << 10, UINT64_C(1) << 40, GENS | BIT(CLIFF),
	     "Stack that each runtime is given, by its own flag, else by the process's limit."),
	LIST("gc-mode", 0, "MODE", GENS, true,
	     "GC kernels in this mode too: near-full, bursts, gc-every-N (a full collection every N allocations), "
	     "all; comma-separated."),
	FLAG("coverage", 0, "no", GENS, true,
	     "Run each target by its coverage tool, where it has one (python3, node, perl); the data are in the test's "
	     "temporary directory, which the whole way keeps."),
	LIST("check", 0, "FILE", BIT(GEN), false,
	     "Only check this kernel file, and those behind it, and say what is wrong at file:line:column."),
	// how to run it
	SIZE("slab-capacity", NULL, 4096, UINT64_C(1) << 40, TRIES,
	     "Capacity of the fixed slab under the embedded Lua and the evaluator. Default: twice the highest peak "
	     "measured over the suite's kernels."),
	PERCENT("slab-mark", NULL, 1, 99, TRIES,
	        "How full a slab-gc slab under them gets before a collection. Default: 75%."),
	FLAG("leak-check", 0, "no", RUNS, true,
	     "Ask each test for what is live after a full collection at the end of each of its cycles; what grows has leaked."),
	TIME("soak", "0", 0, 0, RUNS,
	     "Run the suite over and over for so long, e.g. 8h, and say in the end whether memory, live bytes, fragmentation, "
	     "descriptors or time drifted. 0: once."),
	SIZE("jemalloc-cap", NULL, UINT64_C(1) << 20, UINT64_C(1) << 40, RUNS,
	     "What a jemalloc in a test's process, preloaded or linked, may take from the system, e.g. 64M: shows what a "
	     "program does when its slabs run out."),
	FLAG("parallel", 0, "no", RUNS, true,
	     "Run several tests at a time; those with @Serial or the same @Resource are kept apart."),
	COUNT("max-workers", NULL, 1, 256, RUNS,
	      "How many tests at a time with --parallel. Default: the number of cores less one, at least 2."),
	FLAG("container-sequential", 0, "no", RUNS, true,
	     "One after another, each test in a container of its own: no network but loopback, files read only."),
	FLAG("container-seq", 0, "no", RUNS, true, "The same."),
	FLAG("container-parallel", 0, "no", RUNS, true, "The same, several at a time."),
	TEXT("container-root", 0, "DIR", RUNS, true,
	     "Root directory of the containers, as debootstrap makes one. Default: the machine's own files."),
	TEXT("container-engine", 0, "COMMAND", RUNS, true,
	     "Containers by podman, docker, or a command like theirs, with options if need be "
	     "('podman --cgroup-manager cgroupfs'). Default: bubblewrap; with --container-image podman, else docker."),
	TEXT("container-image", 0, "IMAGE", RUNS, true, "The engine's image; it is never pulled."),
	TEXT("wrap", 0, "COMMAND", RUNS, true, "Command in front of each test's, e.g. 'valgrind -q'."),
	FLAG("keep", 0, "no", RUNS, false,
	     "Keep each test's temporary directory, as tests/ID/ATTEMPT/tmp in the run."),
	FLAG("clean-home", 0, "no", RUNS, true, "HOME is the test's temporary directory."),
	COUNT("batch", "0", 0, 1000000, RUNS,
	      "Let so many tests settle before the next one starts; 0: no batches."),
	TEXT("between", 0, "COMMAND", RUNS, true,
	     "Shell command that resets state between two tests, or between batches. When it fails the run ends with "
	     "exit 6."),
	FLAG("self-protect", 0, "no", RUNS, true,
	     "Stop the run (exit 42, --resume goes on) when others than its tests take too much of the machine. A threshold "
	     "on the command line turns it on, too."),
	PERCENT("cpu-threshold", "80", 1, 100, RUNS, "Percent of the CPU that is too much for --self-protect."),
	PERCENT("cpu-limit", NULL, 1, 100, RUNS, "The same."),
	PERCENT("mem-threshold", "90", 1, 100, RUNS, "Percent of the memory that is too much for it."),
	PERCENT("mem-limit", NULL, 1, 100, RUNS, "The same."),
	PERCENT("disk-threshold", "95", 1, 100, RUNS,
	        "How full, in percent, the disk that the run is written to may be."),
	TIME("protect-after", "10s", 0, 0, RUNS, "For how long without a break before it stops."),
	TIME("suite-timeout", "0", 0, 0, RUNS,
	     "Time limit of the whole run; what is left is run by --resume. 0: none."),
	TIME("parallel-timeout", "0", 0, 0, RUNS, "The same for --parallel only."),
	TEXT("quarantine", 0, "FILE", RUNS, true,
	     "Known failures that do not fail the run, one a line: TEST TARGET UNTIL REASON."),
	COUNT("retry", "0", 0, 100, RUNS,
	      "Times to try a test again whose header says nothing; a pass after a failure is flaky."),
	TIME("timeout", "60s", 1 * MS, 0, TRIES | BIT(BISECT), "Time limit of a test whose header gives none."),
	TIME("grace", "2s", 0, 600 * S, TRIES, "Time between SIGTERM and SIGKILL."),
	SIZE("memory", NULL, UINT64_C(1) << 20, 0, TRIES | BIT(BISECT),
	     "Memory limit of a test whose header gives none. Default: 75 % of what is available."),
	COUNT("cpu-time", "0", 0, 1000000, RUNS,
	      "CPU seconds of a process of a test whose header gives none; 0: no limit."),
	COUNT("files", "0", 0, 1000000, RUNS, "Open files likewise."),
	COUNT("procs", NULL, 0, 1000000, RUNS,
	      "Processes likewise. Default: 4096 where a cgroup can hold it, so that no test takes the machine with it."),
	TEXT("io", 0, "RATE", RUNS, true, "Reading and writing likewise: 10MB/s, 500/s (operations), or both."),
	FLAG("no-limits", 0, "no", RUNS, true, "No limit at all, not even those in headers."),
	FLAG("safe-mode", 0, "no", RUNS, true,
	     "One after another, --self-protect, a clean HOME, and at most 512 processes and 4096 open files."),
	TEXT("profile", 0, "NAME", BIT_ALL, false, "Options of the config file's section [profile NAME]."),
	SIZE("output-limit", "1M", 4096, UINT64_C(1) << 30, RUNS,
	     "Bytes kept of each test's stdout and stderr, half from the head and half from the tail."),
	TIME("sample-every", "100ms", 1 * MS, 60 * S, RUNS,
	     "How often CPU, memory, descriptors and threads are read."),
	{ "fail-fast", 0, OPT_U64, "[N]", "0", 0, 1000000, NULL, RUNS, true,
	  "Stop after that many unexpected verdicts, without a number after the first; 0 goes on." },
	LIST("alloc", 0, "NAME|PATH.so", RUNS | BIT(CLIFF), true,
	     "Put all tests on this malloc, by preloading it: glibc, jemalloc, mimalloc, tcmalloc, tbb (stressgen targets "
	     "lists those here), or a library; options behind a colon, 'jemalloc:dirty_decay_ms:0', 'glibc:arena_max=1'. "
	     "One that is missing ends with exit 3. ab: once for each malloc that is compared."),
	FLAG("strict-growth", 0, "no", RUNS | BIT(REPORT), true,
	     "Exit 1 when a kernel's time, memory or collections grow faster with its size than the kernel says."),
	SIZE("trace-limit", "1G", UINT64_C(1) << 20, UINT64_C(1) << 40, BIT(RECORD),
	     "Room for what each process calls while it is recorded; at the end of it recording stops, and the program goes on."),
	FLAG("preload", 0, "yes", RUNS, true,
	     "Preload the allocator instrumentation into programs that are not ours."),
	CHOICE("instrument", "HOW", "sampled", "counters,live,sampled,every", RUNS, true,
	       "What it does: counts calls; live bytes too; times and samples some calls too; times every call, which "
	       "disturbs what it measures."),
	TEXT("fail-alloc", 0, "SPEC", RUNS, true,
	     "Make requests for memory fail in programs that are not ours: nth:N (the N-th), cap:SIZE (beyond so much), "
	     "prob:P[,SEED], stacks (the first from each call stack). With a command, every[:N] and every-stack[:N] run it "
	     "again for each request, or call stack, up to N, and tell where it crashes instead of reporting an error."),
	LIST("only", 0, "ID", RUNS | BIT(LIST), false,
	     "Only tests with this id, or whose id matches this pattern (*, ?, [...]); may be repeated."),
	LIST("filter", 'f', "EXPR", SELECTS, false,
	     "Only tests that the expression fits, e.g. 'kind(gc) & tag(smoke) - target(python3)'; may be repeated. Names: "
	     "id, path, kind, level, tag, target, dialect, kernel, resource, priority, status (in the last run), slow, "
	     "skipped, planned, serial."),
	TEXT("kind", 0, "KIND,...", SELECTS, false, "Only these kinds: gc, recursion, http2, alloc, other."),
	TEXT("level", 0, "LEVEL,...", SELECTS, false, "Only these levels: unit, integration, system."),
	TEXT("tag", 0, "TAG,...", SELECTS, false, "Only tests with one of these tags."),
	TEXT("path", 0, "GLOB,...", SELECTS, false, "Only files whose path in the suite fits."),
	TEXT("priority", 0, "P0,...", SELECTS, false,
	     "Only these priorities; P0 always runs before P1, and so on."),
	FLAG("slow", 0, "no", SELECTS, true, "Tests marked @Slow too."),
	FLAG("only-slow", 0, "no", SELECTS, false, "Only those."),
	FLAG("last-failed", 0, "no", SELECTS, false, "Only tests whose last end was not as expected."),
	FLAG("only-skipped", 0, "no", SELECTS, false,
	     "Only tests that are marked @Skip or were skipped last time, and these do run."),
	FLAG("run-skipped", 0, "no", SELECTS, false, "Run tests marked @Skip as if they were not."),
	FLAG("planned-only", 0, "no", SELECTS, false, "Only tests marked @Planned."),
	TEXT("last", 0, "RUN", SELECTS, false,
	     "Which run was the last one. Default: the one whose tests run again, else stressgen-runs/latest."),
	COUNT("shuffle", NULL, 0, UINT64_C(9007199254740991), SELECTS,
	      "Run in an order drawn from this seed (priorities and dependencies stay first)."),
	COUNT("repeat", "1", 1, 100000, SELECTS | BIT(H2),
	      "Run each test so often; the ids are ID, ID#2, ID#3, ..."),
	TIME("budget", "0", 0, 0, SELECTS | BIT(BISECT),
	     "Only what fits into this time, by priority and the times of the last run, else of the history. ab: after so "
	     "long it ends, 10m unless it is given."),
	TIME("within", "2m", 0, 0, BIT(SHRINK), "How long to look for a smaller test; 0: until there is none."),
	TEXT("param", 0, "NAME", BIT(CLIFF), false,
	     "Which parameter to search. Default: depth where the kernel has one, else its first. With --http2 "
	     "several with commas between them, or all."),
	TEXT("limit", 0, "time=T,memory=SIZE", BIT(CLIFF), true,
	     "What is too much for one trial: --timeout (here 10s unless it is given) and --memory in one."),
	COUNT("tries", "3", 1, 100, BIT(CLIFF), "How often each side of the boundary must end alike."),
	FLAG("remedies", 0, "no", BIT(CLIFF), false,
	     "Compare what helps a slab that is too small (a bigger one, collecting on pressure, more slabs, an arena for "
	     "each level, escape analysis) and other allocators, on the evaluator and the embedded Lua: cliff, time, memory "
	     "and waste of each."),
	FLAG("all", 0, "no", BIT(CLIFF), false, "All kernels of the catalogue that grow with a parameter."),
	FLAG("resume", 0, "no", RUNS | BIT(BISECT), false,
	     "Go on with the run that is named, or in --output (default: the latest one): tests that ended are not run again. bisect: go "
	     "on with what was begun in this repository, by the same command."),
	FLAG("force", 0, "no", RUNS, false, "Resume although the suite has changed."),
	// load on an HTTP/2 server
	MANY("connections", 'c', "1", 1, 10000, BIT(H2), "Connections at a time."),
	MANY("streams", 'm', "1", 1, 100000, BIT(H2), "Requests under way at a time on each connection."),
	MANY("requests", 'n', "1", 1, UINT64_C(1) << 40, BIT(H2),
	     "Requests in all; with --duration too, whichever ends first."),
	{ "duration", 'D', OPT_DURATION, "TIME", "0", 0, 24 * 3600 * S, NULL, BIT(H2), true,
	  "Make requests for so long, in place of a number of them. 0: by number." },
	TIME("warm-up", "0", 0, 24 * 3600 * S, BIT(H2),
	     "Before the duration: requests that are judged but are in no figure."),
	MANY("threads", 't', "1", 1, 64, BIT(H2), "Threads that share the connections, each with its own loop."),
	TEXT("rate", 0, "RATE", BIT(H2), true,
	     "An open loop: requests begin when they are due, and their latency counts from then. 500 (a second), 1k; "
	     "100-1k/30s rises within half a minute; 100/10s,200/10s goes in steps."),
	TEXT("find-max-rate", 0, "GOAL", BIT(H2), true,
	     "Search the highest rate at which this holds, 'p99<5ms,errors<0.1%': by trials of --duration each (2s), from "
	     "--rate (100) on. Terms: p50 to p99.999, max, mean, errors."),
	CHOICE("arrivals", "HOW", "constant", "constant,poisson", BIT(H2), true,
	       "How the requests of --rate are spaced."),
	MANY("requests-per-connection", 0, NULL, 1, INT32_MAX, BIT(H2),
	     "Requests before a connection is closed and another takes its place."),
	TIME("idle", "0", 0, 24 * 3600 * S, BIT(H2), "How long such a connection stays open before it is closed."),
	MANY("churn", 0, NULL, 1, 100000, BIT(H2), "Connections a second, of all, that are replaced by new ones."),
	TIME("request-timeout", "0", 0, 24 * 3600 * S, BIT(H2),
	     "A request that is not answered by then is reset and wrong. 0: none but the load's own end."),
	TIME("coalesce", "0", 0, 10 * MS, BIT(H2),
	     "For throughput: answers are looked at once in that time, all at once; 100us spares both sides wake-ups, and "
	     "makes latencies that much longer. 0: as soon as they are there."),
	FLAG("spin", 0, "no", BIT(H2), true,
	     "For latency: look for answers all the time, without sleeping; each thread takes a whole core."),
	{ "lifetime", 'T', OPT_DURATION, "TIME", "0", 0, 24 * 3600 * S, NULL, BIT(H2), true,
	  "A connection so old is replaced by a new one, once nothing is under way on it." },
	MANY("connection-rate", 'r', NULL, 1, 100000, BIT(H2),
	     "Connections that are opened in each --rate-period, up to --connections. Default: all at once."),
	TIME("rate-period", "1s", 1 * MS, 3600 * S, BIT(H2), "The period of --connection-rate."),
	MANY("rps", 0, NULL, 1, 10000000, BIT(H2),
	     "The open loop of --rate, in requests a second of each connection, as h2load counts them."),
	TEXT("input-file", 'i', "FILE|-", BIT(H2), true,
	     "The requests: a URL (or a path of the first URL) a line, or (request NAME ...) forms as in a scenario, with "
	     "methods, headers, bodies, gRPC messages, weights and checks of their own (docs/http2.md)."),
	TEXT("base-uri", 'B', "URL|unix:/PATH", BIT(H2), true,
	     "Load this server, whatever the other URLs say: of those only the path is taken. unix:/PATH: connect there."),
	TEXT("weights", 0, "N,...", BIT(H2), true,
	     "How often each URL is requested in one round, in their order. Default: each once."),
	{ "no-tls-proto", 'p', OPT_CHOICE, "NAME", "h2c", 0, 0, "h2c", BIT(H2), false,
	  "What http URLs are spoken to in: HTTP/2 with prior knowledge alone." },
	LIST("header", 'H', "NAME: VALUE", BIT(H2), true,
	     "A header of each request; may be repeated. 'host' sets the authority, ':method' the method."),
	TEXT("method", 'X', "METHOD", BIT(H2), true, "The method. Default: GET, with --data POST."),
	TEXT("data", 'd', "FILE", BIT(H2), true, "The body of each request."),
	TEXT("body", 0, "TEXT", BIT(H2), true,
	     "The body of each request as a text; in it, in URLs and in headers %{n}, %{random:1-9}, %{uuid}, %{hex:8}, "
	     "%{pick:a,b} are other in each request (docs/http2.md)."),
	LIST("trailer", 0, "NAME: VALUE", BIT(H2), true, "A trailer behind each request's body; may be repeated."),
	LIST("grpc-message", 0, "TEXT|hex:BYTES|@FILE", BIT(H2), true,
	     "The URLs are gRPC calls, http://HOST/PACKAGE.SERVICE/METHOD, with this message, of one line (@FILE: any bytes); "
	     "may be repeated, for a stream."),
	FLAG("insecure", 'k', "no", BIT(H2), true, "Take any certificate."),
	TEXT("cacert", 0, "FILE", BIT(H2), true,
	     "The authorities that the server's certificate may be signed by, in PEM. Default: the system's."),
	CHOICE("tls", "VERSION", "any", "any,1.2,1.3", BIT(H2), true, "The version of TLS for https URLs."),
	TEXT("ciphers", 0, "LIST", BIT(H2), true,
	     "The ciphers that are offered for TLS 1.2, as OpenSSL writes them: ECDHE+AESGCM. Default: OpenSSL's."),
	TEXT("tls13-ciphers", 0, "LIST", BIT(H2), true, "Those for TLS 1.3: TLS_AES_128_GCM_SHA256:..."),
	TEXT("groups", 0, "LIST", BIT(H2), true, "The groups of TLS's key exchange: X25519:P-256."),
	TEXT("cert", 0, "FILE", BIT(H2), true,
	     "Our own certificate with its chain, PEM, for servers that want one of their clients."),
	TEXT("key", 0, "FILE", BIT(H2), true, "Its key, PEM."),
	FLAG("tls-resumption", 0, "yes", BIT(H2), true,
	     "Resume a session of an earlier connection where the server gave a ticket."),
	TEXT("connect-to", 0, "HOST:PORT|unix:/PATH", BIT(H2), true, "Connect there, whatever the URL's host is."),
	MANY("window-bits", 'w', "30", 1, 31, BIT(H2),
	     "The flow-control window of each stream is 2^N - 1 bytes; small ones make the server wait."),
	MANY("connection-window-bits", 'W', "30", 16, 31, BIT(H2), "The window of each connection likewise."),
	{ "max-frame-size", 'f', OPT_BYTES, "SIZE", "16k", 16384, 16777215, NULL, BIT(H2), true,
	  "The longest frame that is taken, told to the server by SETTINGS." },
	SIZE("header-table-size", "4k", 0, 1U << 20, BIT(H2), "HPACK's table for what the server sends. 0: none."),
	SIZE("encoder-header-table-size", "4k", 0, 1U << 20, BIT(H2),
	     "HPACK's table for what is sent to the server, if it allows that much. 0: none."),
	TEXT_OR("expect-status", "N|ok", "ok", BIT(H2), true,
	        "The status of a right response; ok is any from 200 to 399."),
	LIST("expect-header", 0, "NAME: VALUE", BIT(H2), true, "A header of a right response; may be repeated."),
	LIST("expect-trailer", 0, "NAME: VALUE", BIT(H2), true, "A trailer likewise."),
	MANY("expect-length", 0, NULL, 0, UINT64_C(1) << 40, BIT(H2),
	     "The length of a right response's body, in bytes."),
	TEXT("expect-sha256", 0, "HEX", BIT(H2), true,
	     "The SHA-256 of a right response's body, as sha256sum prints it."),
	COUNT("expect-grpc-status", NULL, 0, 16, BIT(H2), "The status of a right gRPC response. Default: 0."),
	TEXT("expect-messages", 0, "N|any", BIT(H2), true,
	     "How many messages a right gRPC response has. Default: one, if its status is to be 0."),
	// the history
	TEXT_OR("db", "FILE", "stressgen.db", BIT(HISTORY) | BIT(COMPARE) | SELECTS, true,
	        "The history's database."),
	TEXT("anchor", 0, "RUN", BIT(HISTORY), false,
	     "history add: the run of a frozen build, made beside this one; what is judged is the ratio to it."),
	TEXT("label", 0, "NAME", BIT(HISTORY), true,
	     "Entries of one label are one history, e.g. of a branch. Default: the newest entry's; add: none."),
	TEXT("revision", 0, "TEXT", BIT(HISTORY) | RUNS, true,
	     "The revision that is measured, for run.json and the history. Default: git's commit of the current "
	     "directory, -dirty behind it where files differ from it; history add: what run.json says."),
	COUNT("nights", "90", 0, 1000000, BIT(HISTORY), "At most so many of the newest entries; 0: all."),
	TEXT("test", 0, "PATTERN", BIT(HISTORY), false, "Only tests whose id matches (*, ?, [...])."),
	TEXT("metric", 0, "PATTERN", BIT(HISTORY) | BIT(BISECT), false,
	     "Only metrics whose name matches, or ends in /PATTERN: time, memory, p99, 'slab/*'. bisect: the one that is looked "
	     "at; time, or instructions where those are counted."),
	FLAG("all-machines", 0, "no", BIT(HISTORY), false, "Entries of other machines than the newest one's too."),
	FLAG("accept", 0, "no", BIT(HISTORY), false,
	     "history annotate: the change that this entry has is meant; the baseline moves to it."),
	COUNT("keep-last", NULL, 0, UINT64_C(1) << 40, BIT(HISTORY),
	      "history prune: so many of the newest entries stay."),
	TEXT("before", 0, "DATE", BIT(HISTORY), false, "history prune: entries from before 2026-11-21, say, go."),
	TIME("wait", "30s", 0, 600 * S, BIT(HISTORY) | BIT(COMPARE),
	     "How long another process may hold the database locked."),
	// bisect
	TEXT("good", 0, "REV", BIT(BISECT), false, "A revision that is still as it should be."),
	TEXT("bad", 0, "REV", BIT(BISECT), false, "A later one that is not."),
	TEXT("build", 0, "COMMAND", BIT(BISECT), false,
	     "Builds a revision, in its worktree; a commit that does not build is skipped."),
	// services
	TEXT("serve", 0, "COMMAND", BIT(RUN) | BIT(AB), false,
	     "A service in the place of tests: started, waited for (--ready), warmed up, loaded (--load), left alone, ended by "
	     "SIGTERM within --grace. {port} here, in --ready and in --load is a port that is free."),
	TEXT("ready", 0, "PORT|REGEX", BIT(RUN) | BIT(AB), false,
	     "When it is ready: once that port takes connections, or once it has printed something that fits."),
	TEXT("load", 0, "'h2 ...'|COMMAND", BIT(RUN) | BIT(AB), false,
	     "What loads it: stressgen h2 with these arguments, or a command that prints sample lines."),
	{ "warmup", 0, OPT_DURATION, "TIME", "10s", 0, 3600 * S, NULL, BIT(RUN) | BIT(AB), false,
	  "For how long it is loaded before anything counts." },
	{ "settle", 0, OPT_DURATION, "TIME", "10s", 0, 3600 * S, NULL, BIT(RUN) | BIT(AB), false,
	  "For how long it is left alone before its memory afterwards is read." },
	// comparing
	LIST("base", 0, "RUN,...", BIT(COMPARE), false,
	     "Runs of the base side, in the place of the first argument."),
	LIST("head", 0, "RUN,...", BIT(COMPARE), false, "Runs of the head side, in the place of the second."),
	TEXT("against", 0, "BASE", BIT(RUN), true,
	     "Run each test in pairs with BASE and compare: a program in the place of each test's own, or with {file} in it "
	     "the whole command; alloc:NAME: the same program on another malloc (docs/statistics.md)."),
	TEXT("a", 0, "COMMAND", BIT(AB), false,
	     "The first of two commands to compare: a program in the place of each test's own, or with {file} in it, or "
	     "without a suite, the whole command."),
	TEXT("b", 0, "COMMAND", BIT(AB), false, "The second one."),
	LIST("env", 0, "NAME=VALUE", BIT(AB), false,
	     "A variable of the environment that tells a variant apart; given once, it is compared with being without it."),
	LIST("cap", 0, "SIZE", BIT(AB), false,
	     "A memory limit that tells a variant apart; given once, it is compared with no such limit."),
	TEXT_OR("precision", "P%", "1%", BIT(AB) | BIT(BISECT), true,
	        "How narrow the intervals of time and peak memory shall be before ab stops: so much to either side."),
	COUNT("pairs", "20", 1, 200, BIT(RUN) | BIT(AB) | BIT(BISECT),
	      "Pairs of the screen; 16 are the least that can be judged. ab: at most so many of each variant, 200 unless "
	      "it is given."),
	COUNT("confirm", "30", 0, 200, BIT(RUN),
	      "Fresh pairs for what the screen finds; 0: none, judge by the screen."),
	FLAG("control", 0, "yes", BIT(RUN), true,
	     "Run BASE a second time in each pair, to see what the machine invents."),
	FLAG("count-instructions", 0, "no", BIT(RUN) | BIT(AB) | BIT(BISECT), true,
	     "With --against, and ab: count each test's instructions too, once on each side, under valgrind's callgrind."),
	LIST("threshold", 0, "METRIC=P%", BIT(RUN) | BIT(COMPARE) | BIT(HISTORY), true,
	     "What is called a change of this metric: a name, its last part or a pattern (time=5%, p99=5%, 'slab/*=1%'); may be "
	     "repeated. Default: 3 %, or 10 % where base and head did not run in pairs; history: 3 %, wider where nights scatter."),
	FLAG("counters", 0, "no", BIT(RUN) | BIT(COMPARE), true,
	     "List the counters that changed too (calls, blocks and bytes of the allocator), not only how many."),
	TEXT("accepted", 0, "FILE", BIT(RUN) | BIT(AB) | BIT(COMPARE), true,
	     "Regressions that are accepted, one a line: TEST METRIC UNTIL REASON."),
	LIST("fail-on", 0, "WHAT,...", BIT(RUN) | BIT(AB) | BIT(COMPARE), true,
	     "What makes the exit code 1: regressed, verdict, undecided, changed, missing, none. Default: "
	     "regressed,verdict; ab: verdict."),
	// HTTP/2
	CHOICE("h2-engine", "NAME", "wire", "session,wire", BIT(H2_SERVER) | BIT(H2) | BIT(H2_FUZZ), true,
	       "What speaks HTTP/2: session (nghttp2's, the reference) or wire (frames of our own: several times faster)."),
	TEXT("h2-target", 0, "URL", BIT(JOB) | BIT(RUN), true,
	     "Load and attack this server on this machine, in place of our own, with requests for the URL's path. The whole way "
	     "is then HTTP/2 scenarios alone, unless --kernel or --target says otherwise."),
	FLAG("h2-insecure", 0, "no", BIT(JOB) | BIT(RUN) | BIT(CLIFF), true,
	     "Take any certificate of --h2-target, or of the https target of cliff --http2."),
	TEXT("h2-cacert", 0, "FILE", BIT(JOB) | BIT(RUN) | BIT(CLIFF), true,
	     "The authorities that its certificate may be signed by, in PEM. Default: the system's."),
	COUNT("h2-pid", NULL, 1, 4194304, BIT(JOB) | BIT(RUN),
	      "The process of --h2-target, whose CPU time and memory an attack is charged with, and its descendants; else "
	      "it is found by the port."),
	H2_SERVER_OPTIONS(BIT(H2_SERVER)),
	H2_FUZZ_OPTIONS(BIT(H2_FUZZ)),
	H2_FRAMES_OPTION(BIT(H2_FUZZ) | BIT(H2_SERVER) | BIT(H2) | BIT(JOB) | BIT(RUN)),
	H2_LOG_OPTION(BIT(H2)),
	// where to and how it looks
	TEXT("output", 'o', "DIR",
	     BIT(JOB) | BIT(RUN) | BIT(AB) | BIT(GEN) | BIT(SHRINK) | BIT(CLIFF) | BIT(REPORT) | BIT(COMPARE) |
	             BIT(HISTORY) | BIT(RECORD) | BIT(REPLAY) | BIT(H2) | BIT(H2_CLIENTS) | BIT(H2_FUZZ),
	     false,
	     "The run's directory (gen, shrink: the suite's; h2-fuzz: of its scenarios; cliff: of its files; report, compare, history trend: the file). Default: a new one in "
	     "stressgen-runs/."),
	CHOICE("format", "FORMAT", "text", "text" SG_FORMATS(FORMAT_NAME),
	       BIT(REPORT) | BIT(COMPARE) | BIT(HISTORY) | BIT(CLIFF) | RUNS, false,
	       "What to print (report, compare: or to write; compare: text, json, junit, html or md; history export: csv or json; history trend: text or html)."),
	TEXT("events", 0, "FILE|-", RUNS, true,
	     "Write what happens as it happens, one JSON record a line; with - on stdout, and the summary on stderr."),
	CHOICE("worst", "WHAT", "memory", "memory,cpu,time,fds,threads,procs", BIT(TOP), false, "Most of what."),
	COUNT("count", "10", 1, 1000000, BIT(TOP), "How many."),
	FLAG("json", 0, "no", BIT(TARGETS) | BIT(TOP), false, "As JSON, for other programs."),
	CHOICE("progress", "HOW", "auto", "auto,bar,lines,none", RUNS, true,
	       "A live line, a line a test, or nothing; auto chooses by whether stderr is a terminal."),
	TIME("slow-after", "60s", 0, 0, RUNS,
	     "A running test is said to be slow after so long, and each time that has doubled; 0: never."),
	CHOICE("color", "WHEN", "auto", "auto,always,never", BIT_ALL, true,
	       "Colour; NO_COLOR in the environment counts as never."),
	FLAG("verbose", 'v', "no", RUNS, true, "The last lines that each test printed, failed or not."),
	FLAG("dry-run", 0, "no", RUNS, false, "Print what would run, in its order, and run nothing."),
	FLAG("list", 0, "no", RUNS, false, "The same."),
	FLAG("show-tags", 0, "no", SELECTS, false,
	     "Print the tags of what is selected, and how many tests have each."),
	FLAG("quiet", 'q', "no", TRIES | BIT(GEN) | BIT(HISTORY), true, "Only the summary and what went wrong."),
	FLAG("yes", 'y', "no", BIT_ALL, false,
	     "Do not ask: h2 loads another machine, ./stressgen installs missing packages."),
	TEXT("config", 0, "FILE", BIT_ALL, false,
	     "Read this config file instead of searching for stressgen.conf."),
	FLAG("show-config", 0, "no", BIT_ALL, false, "Print each option's value and where it came from."),
	FLAG("help", 0, "no", BIT_ALL, false, "The full help, examples first; -h is the short one."),
	FLAG("version", 'V', "no", BIT_ALL, false, "Print the version."),
};

const size_t cli_option_count = sizeof cli_options / sizeof cli_options[0];

const struct subcommand cli_commands[COMMAND_COUNT] = {
#define X(id, name, run, args, help) { name, run, args, help },
	SG_COMMANDS(X)
#undef X
};
