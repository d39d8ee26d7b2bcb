// hist_check.js FILE: each line of FILE is a JSON object {code, digits, total, percentiles: [[p, value]...], hgrm}; what
// hdr-histogram-js makes of `code` must be the same. Prints the first difference and exits with 1.
"use strict";
const hdr = require("hdr-histogram-js");
const lines = require("fs").readFileSync(process.argv[2], "utf8").trim().split("\n");

function differ(i, what, theirs, ours) {
  console.log(`line ${i + 1}: ${what}: hdr-histogram-js has ${theirs}, we have ${ours}`);
  process.exit(1);
}

lines.forEach((line, i) => {
  const ours = JSON.parse(line);
  const h = hdr.decodeFromCompressedBase64(ours.code, 64);
  if (h.numberOfSignificantValueDigits !== ours.digits)
    differ(i, "digits", h.numberOfSignificantValueDigits, ours.digits);
  if (h.totalCount !== ours.total)
    differ(i, "total", h.totalCount, ours.total);
  for (const [p, value] of ours.percentiles)
    if (h.getValueAtPercentile(p) !== value)
      differ(i, `percentile ${p}`, h.getValueAtPercentile(p), value);
  const theirs = h.outputPercentileDistribution(5, 1000).split("\n");
  ours.hgrm.split("\n").forEach((row, k) => {
    if (row !== theirs[k])
      differ(i, `.hgrm row ${k + 1}`, JSON.stringify(theirs[k]), JSON.stringify(row));
  });
  if (theirs.length !== ours.hgrm.split("\n").length)
    differ(i, ".hgrm rows", theirs.length, ours.hgrm.split("\n").length);
});
console.log(`${lines.length} histograms are the same`);
