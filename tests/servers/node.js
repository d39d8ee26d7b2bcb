// An HTTP/2 server (h2c, 127.0.0.1) whose handlers work as programs do: they allocate, wait for timers, and stream
// events. `stressgen-h2 run --server-command 'node node.js' SCENARIO` loads it; the pauses of its garbage collector
// come with its end.
//
//   node node.js [PORT]      0, the default: a port that is free; it is printed
//
//   /bytes/N    N bytes of the pattern        /alloc/N   makes N objects, keeps the last 200,000 of all
//   /timer/MS   answers after MS milliseconds /events/N  N server-sent events, one every 10 ms
//   POST, PUT   the request's body
"use strict";
const http2 = require("http2");
const { PerformanceObserver } = require("perf_hooks");

const PATTERN = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxy";
const KEPT = 200000;

const pauses = [];
const watch = new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) pauses.push(Math.round(entry.duration * 1e6));
});
watch.observe({ entryTypes: ["gc"] });

const ring = new Array(KEPT).fill(null);
let place = 0;

function allocate(count) {
  for (let i = 0; i < count; i++) {
    ring[place] = { number: i, text: "object " + i, before: ring[(place + KEPT - 1) % KEPT] };
    ring[place].before = i % 100 === 0 ? null : ring[place].before;
    place = (place + 1) % KEPT;
  }
  return `${count} objects\n`;
}

function events(stream, count) {
  let sent = 0;
  stream.respond({ ":status": 200, "content-type": "text/event-stream" });
  const timer = setInterval(() => {
    stream.write(`data: ${sent}\n\n`);
    if (++sent < count) return;
    clearInterval(timer);
    stream.end();
  }, 10);
  stream.on("close", () => clearInterval(timer));
}

function answer(stream, status, body) {
  if (stream.destroyed || stream.closed) return;
  stream.respond({ ":status": status });
  stream.end(body);
}

const routes = {
  bytes: (stream, n) => answer(stream, 200, PATTERN.repeat(Math.ceil(n / PATTERN.length)).slice(0, n)),
  alloc: (stream, n) => answer(stream, 200, allocate(n)),
  timer: (stream, n) => setTimeout(() => answer(stream, 200, "late\n"), n),
  events,
};

const sessions = new Set();
const server = http2.createServer();
server.on("session", (session) => {
  sessions.add(session);
  session.on("close", () => sessions.delete(session));
  session.on("error", () => {});
});
server.on("sessionError", () => {});
server.on("stream", (stream, headers) => {
  stream.on("error", () => {});
  if (headers[":method"] === "POST" || headers[":method"] === "PUT") {
    stream.respond({ ":status": 200 });
    stream.pipe(stream);
    return;
  }
  const [, name, number] = headers[":path"].split("/");
  const n = Number(number);
  if (name === "") answer(stream, 200, "node\n");
  else if (Object.hasOwn(routes, name) && n >= 0 && n <= 64 * 1024 * 1024) routes[name](stream, n);
  else answer(stream, 404, "");
});
server.listen(Number(process.argv[2] || 0), "127.0.0.1", () => console.log(`port ${server.address().port}`));

// The graceful end: what was accepted is answered. The last observations come in a later turn of the loop.
process.on("SIGTERM", () => {
  server.close(() =>
    setTimeout(() => {
      process.stdout.write(pauses.map((ns) => `@@ gc ${ns}\n`).join(""));
    }, 20),
  );
  for (const session of sessions) session.close();
});
