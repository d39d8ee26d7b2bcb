// stressgen h2: what is wrong on its command line and in the files that it names is told in one line.
#include "h2_support.h"
#include "harness.h"

#include <stdio.h>
#include <string.h>

// "stressgen h2 ARGS" says that in one line, ends with 2, and does not name the file that it writes by itself.
static void refused(const char *args, const char *words)
{
	struct h2_output o;
	h2_sh(&o, "cd '%s' && " SG_BUILD_DIR "/bin/stressgen h2 --color never %s", harness_tmpdir(), args);
	if (o.code != 2 || !strstr(o.err, words) || strchr(o.err, '\n') != strrchr(o.err, '\n') ||
	    strstr(o.err, "load.h2"))
		fail_msg("%s: %d\n%s%s", args, o.code, o.out, o.err);
	h2_output_deinit(&o);
}

CASE("h2 cli: bad input is one line and exit 2, with the file's line")
{
	static const struct {
		const char *args, *words;
	} rows[] = {
		{ "http://127.0.0.1:1/ --h1", "--h1: only HTTP/2 is spoken here" },
		{ "http://127.0.0.1:1/ -N 5", "-N: give each request its time by --request-timeout" },
		{ "http://127.0.0.1:1/ -w32", "-w: 32 is out of range; it may be 1 to 31" },
		{ "http://127.0.0.1:1/ -W15", "-W: 15 is out of range; it may be 16 to 31" },
		{ "http://127.0.0.1:1/ -p http/1.1", "-p: 'http/1.1' is not one of h2c" },
		{ "http://127.0.0.1:1/ --timing-script-file=x", "by --rate: 100-1k/30s (a ramp)" },
		{ "http://127.0.0.1:99999/",
		  "'99999' is no port of '127.0.0.1:99999'; write a number from 1 to 65535" },
		{ "http://[::1]:x/", "'x' is no port of" },
		{ "http://127.0.0.1:1/ -i not-there", "not-there: cannot be read: No such file" },
		{ "-i forms", "forms: of which server? Write: stressgen h2 http://HOST:PORT/ -i forms" },
		{ "http://127.0.0.1:1/ -i forms -H 'a: b'",
		  "--header: the (request ...) forms of --input-file say that" },
		{ "http://127.0.0.1:1/ -i place",
		  "/place:2:20: '%{x}' is no place; known are n, random:LOW-HIGH" },
		{ "http://127.0.0.1:1/ -i field", "/field:1:14: unknown field 'pth'" },
		{ "http://127.0.0.1:1/ -i other",
		  "/other:2:1: a file of requests has (request NAME ...) forms alone" },
		{ "http://127.0.0.1:1/ -i line", "line:3: 'http:/b' is no URL; write http://HOST:PORT/PATH" },
		{ "-i path", "path:1: of which server is '/a'?" },
		{ "http://127.0.0.1:1/ -i empty", "empty: there is no URL in it" },
		{ "'http://127.0.0.1:1/%{hex}'", "'%{hex}' is not right; write %{hex:N}" },
		{ "http://127.0.0.1:1/ --weights 1,2", "--weights: there are more of them than URLs" },
		{ "http://127.0.0.1:1/ http://127.0.0.1:1/ --weights 1", "--weights: one for each URL" },
		{ "http://127.0.0.1:1/ --rate 5 --rps 5", "--rate and --rps say the same" },
		{ "http://127.0.0.1:1/ -d forms --body x", "--data and --body both say the body" },
		{ "http://127.0.0.1:1/ --expect-sha256 12", "a SHA-256 is 64 hexadecimal digits" },
		{ "http://127.0.0.1:1/ --expect-header x", "--expect-header: 'x' is not 'name: value'" },
		{ "http://127.0.0.1:1/ --expect-messages 1", "--expect-messages is of gRPC calls" },
		{ "http://127.0.0.1:1/ --tls 1.2", "--tls is for https URLs; this one is http://127.0.0.1:1" },
		{ "http://127.0.0.1:1/ --cacert /x.pem",
		  "--cacert is for https URLs; this one is http://127.0.0.1:1" },
		{ "http://127.0.0.1:1/ --grpc-message a",
		  "--grpc-message: '/' is no call; write http://HOST:PORT/PACKAGE.SERVICE/METHOD" },
		{ "http://127.0.0.1:1/a/b --grpc-message @nothing", "--grpc-message: nothing: No such file" },
		{ "http://127.0.0.1:1/a/b --grpc-message hex:0", "pairs of hexadecimal digits" },
		{ "https://127.0.0.1:1/ --cacert forms", "forms" },
		{ "https://127.0.0.1:1/ -k --ciphers none",
		  "TLS: 'none' names no cipher of TLS 1.2 that OpenSSL has" },
		{ "https://127.0.0.1:1/ -k --tls13-ciphers x",
		  "TLS: 'x' names no cipher of TLS 1.3 that OpenSSL has" },
		{ "https://127.0.0.1:1/ -k --groups x", "TLS: 'x' names no groups that OpenSSL has" },
		{ "https://127.0.0.1:1/ -k --key forms", "TLS: a certificate and its key go together" },
		{ "https://127.0.0.1:1/ -k --cert forms --key forms", "forms is no certificate in PEM" },
		{ "http://127.0.0.1:1/ --log-file /tmp", "that is a directory; write e.g. '/tmp/requests.tsv'" },
		{ "http://127.0.0.1:1/ --groups X25519",
		  "--groups is for https URLs; this one is http://127.0.0.1:1" },
		{ "http://127.0.0.1:1/ -f 16383", "-f: 16383 is out of range; it may be 16.0 KiB" },
		{ "http://127.0.0.1:1/ --alpn-list=h2,http/1.1", "--alpn-list: only HTTP/2 is spoken here" },
		{ "http://127.0.0.1:1/ --sni x", "--sni: TLS asks for the URL's host; --connect-to" },
		{ "http://me:pw@127.0.0.1:1/", "write -H 'authorization: Basic ...'" },
		{ "'http://127.0.0.1:1/a b'", "printable ASCII alone, no blanks; what else there is" },
		{ "http://127.0.0.1:1/ -X 'G ET'", "--method: 'G ET' is no method" },
		{ "http://127.0.0.1:1/a/b --grpc-message x -X PUT", "--method: a gRPC call is a POST" },
		{ "http://127.0.0.1:1/a/b --grpc-message x -d forms", "--data: a gRPC call is a POST" },
		{ "http://127.0.0.1:1/ --connect-to :80", "':80' names no host; write HOST:PORT" },
		{ "http://127.0.0.1:1/ --find-max-rate 'p99<5ms' --rate 1-2/1s",
		  "--find-max-rate begins at one rate: --rate 500, not '1-2/1s'" },
	};
	h2_file("forms", "(request a)");
	h2_file("place", "(request a\n  (path \"/\") (body \"%{x}\"))");
	h2_file("field", "(request a  (pth \"/\"))");
	h2_file("other", "(request a)\n(scenario b)");
	h2_file("line", "/a\n\nhttp:/b\n");
	h2_file("path", "/a\n");
	h2_file("empty", "\n# nothing\n");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		refused(rows[i].args, rows[i].words);
	struct h2_output left;
	h2_sh(&left, "ls -d '%s'/stressgen-runs", harness_tmpdir());
	assert_int_equal(left.code, 2); // what was refused leaves nothing behind
	h2_output_deinit(&left);
}

CASE("h2 cli: what is wrong on the command line is one line, and names nothing that the person has not written")
{
	static const struct {
		const char *args, *says;
	} rows[] = {
		{ "http://127.0.0.1:1/%{foo}", "stressgen: '%{foo}' is no place; known are n, random:LOW-HIGH" },
		{ "http://127.0.0.1:1/ --rate 10 --coalesce 1ms -D 1s",
		  "stressgen: an open loop's requests begin" },
		{ "http://127.0.0.1:1/ --arrivals poisson", "give --rate or --rps too" },
		{ "http://127.0.0.1:1/ --frames /no-such-directory/f.txt",
		  "--frames /no-such-directory/f.txt: /no-such-directory/: No such file or directory" },
		{ "http://127.0.0.1:1/ --frames /tmp", "that is a directory; write e.g. '/tmp/{name}.txt'" },
		{ "http://127.0.0.1:99999/", "'99999' is no port of" },
		{ "http://127.0.0.1:1/ --expect-sha256 zz", "stressgen: a SHA-256 is 64 hexadecimal digits" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		refused(rows[i].args, rows[i].says);
}
