// http2-serve/garbage: each request makes lists of 100 elements, one after another, and drops each at once, beside pairs that live.
// Written by stressgen test from gc/list-churn.kernel with seed 42.

'use strict';

const http2 = require('http2');
const { PerformanceObserver } = require('perf_hooks');

const lists = 20;
const length = 100;
const ballast = 20000;
let mode_ballast;

function sg_mode_kernel() {
  let i = 0;
  let elements = 0;
  while (i < lists) {
    i = i + 1;
    elements = elements + sg_count_items(sg_build(length));
  }
  return elements;
}

function sg_mode_make_ballast(length_2) {
  let i = 0;
  let pairs = null;
  while (i < length_2) {
    pairs = { head: i, tail: pairs };
    i = i + 1;
  }
  return pairs;
}

function sg_build(n) {
  let i = n;
  let items = null;
  while (i > 0) {
    items = { head: i, tail: items };
    i = i - 1;
  }
  return items;
}

function sg_count_items(items) {
  let left = items;
  let n = 0;
  while (left !== null) {
    left = left.tail;
    n = n + 1;
  }
  return n;
}

mode_ballast = sg_mode_make_ballast(ballast);

// What each request does; 2000 is right.
function measure() {
  let result_2 = sg_mode_kernel();
  if (mode_ballast === null) {
    return 0;
  }
  return result_2;
}

// Told at the end only, so that telling is no part of what is measured.
const pauses = [];
const observer = new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    pauses.push(Math.round(entry.duration * 1e6));
  }
});
observer.observe({ entryTypes: ['gc'] });

function answer(stream) {
  if (stream.destroyed || stream.closed) {
    return;
  }
  const body = measure() + '\n';
  stream.respond({ ':status': 200, 'content-type': 'text/plain' });
  stream.end(body);
}

// So many events, one every so many milliseconds.
function events(stream, count, every) {
  let sent = 0;
  stream.respond({ ':status': 200, 'content-type': 'text/event-stream' });
  const timer = setInterval(() => {
    stream.write('data: ' + measure() + '\n\n');
    sent += 1;
    if (sent >= count) {
      clearInterval(timer);
      stream.end();
    }
  }, every);
  stream.on('close', () => clearInterval(timer));
}

function handle(stream, headers) {
  const route = (headers[':path'] || '').split('/'); // CONNECT has none
  stream.on('error', () => {});
  if (headers[':method'] === 'POST') {
    stream.respond({ ':status': 200 });
    stream.pipe(stream);
  } else if (route[1] === 'work') {
    answer(stream);
  } else if (route[1] === 'timer') {
    setTimeout(() => answer(stream), Number(route[2]));
  } else if (route[1] === 'events') {
    events(stream, Number(route[2]), Number(route[3]));
  } else {
    stream.respond({ ':status': 404 }, { endStream: true });
  }
}

const sessions = new Set();
const server = http2.createServer();
server.on('session', (session) => {
  sessions.add(session);
  session.on('close', () => sessions.delete(session));
  session.on('error', () => {});
});
server.on('sessionError', () => {});
server.on('stream', handle);
server.listen(Number(process.argv[2] || 0), '127.0.0.1', () => console.log('port ' + server.address().port));

// What was accepted is answered; the last collections are heard of in a later turn of the loop.
process.on('SIGTERM', () => {
  server.close(() => setTimeout(() => {
    process.stdout.write(pauses.map((pause) => '@@ gc ' + pause + '\n').join('') +
                         '@@ gauge collections ' + pauses.length + ' count\n' +
                         '@@ gauge heap_used ' + process.memoryUsage().heapUsed + ' bytes\n');
  }, 20));
  for (const session of sessions) {
    session.close();
  }
});
