// Node's http2 as a server of trailers and of gRPC's frames, for the client's tests: prints "port N", serves until
// SIGTERM. /trailers answers with trailers that tell the request's; every other path is gRPC's: its messages back,
// wrong in the way that the path's last word says.
'use strict';
const http2 = require('http2');

const HEAD = { ':status': 200, 'content-type': 'application/grpc+proto' };

function answer(stream, wrong, body) {
  const status = wrong === 'Status' ? '13' : '0';
  if (wrong === 'Cut') body = body.subarray(0, body.length - 1);
  if (wrong === 'Compressed') body[0] = 1;
  if (wrong === 'Twice') body = Buffer.concat([body, body]);
  stream.respond(wrong === 'Type' ? { ...HEAD, 'content-type': 'application/grpc-web' } : HEAD,
                 { waitForTrailers: wrong !== 'None' });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': status, 'grpc-message': 'as asked' }));
  stream.end(body);
}

const server = http2.createServer();
server.on('stream', (stream, headers) => {
  const parts = [];
  let trailers = {};
  stream.on('trailers', (t) => { trailers = t; });
  stream.on('data', (d) => parts.push(d));
  stream.on('error', () => {});
  stream.on('end', () => {
    if (headers[':path'] === '/trailers') {
      stream.respond({ ':status': 200 }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-seen': trailers['x-sum'] || 'none' }));
      stream.end('ok');
    } else if (headers['te'] !== 'trailers' || headers['content-type'] !== 'application/grpc') {
      stream.respond({ ':status': 415 });
      stream.end();
    } else {
      answer(stream, headers[':path'].split('/').pop(), Buffer.concat(parts));
    }
  });
});
server.listen(0, '127.0.0.1', () => console.log(`port ${server.address().port}`));
process.on('SIGTERM', () => process.exit(0));
