// Looks at a comparison's page: whether its tables, intervals and arrows show the rows (the variable `report`).
'use strict';

const key = (test, metric) => `${test} ${metric}`;
const rows = new Map(report.map((r) => [key(r.test, r.metric), r]));

// Pixels of a ratio on a forest plot's axis, from the labels of its ticks.
function ratioAxis(table) {
  const ticks = [...table.querySelectorAll('th svg text')].map((text) => [
    Math.log(Number(text.textContent.slice(0, -1))),
    Number(text.getAttribute('x')),
  ]);
  const [first, last] = [ticks[0], ticks[ticks.length - 1]];
  expect(ticks.length >= 3, 'a forest without ticks');
  return (ratio) => first[1] + ((last[1] - first[1]) * (Math.log(ratio) - first[0])) / (last[0] - first[0]);
}

function checkForestRow(tr, x) {
  const r = rows.get(key(tr.dataset.test, tr.dataset.metric));
  const dot = tr.querySelector('circle');
  const line = tr.querySelector('path[stroke-width="2"]').getAttribute('d').match(/[\d.]+/g).map(Number);
  const word = r.accepted ? 'changed' : { regressed: 'worse', improved: 'better', undecided: 'could not tell' }[r.outcome];
  expect(figures(tr)[0] === r.ratio, `${r.test}: ${figures(tr)[0]} instead of ${r.ratio}`);
  expect(near(Number(dot.getAttribute('cx')), x(r.ratio), 0.5), `${r.test}: the dot is not at ${r.ratio}`);
  expect(near(line[0], x(r.low), 0.5) && near(line[2], x(r.high), 0.5), `${r.test}: the interval is not ${r.low} to ${r.high}`);
  expect(tr.cells[0].textContent.includes(word), `${r.test}: not "${word}" but "${tr.cells[0].textContent}"`);
  expect(r.accepted || r.outcome === 'undecided' || tr.cells[0].textContent.includes(r.ratio > 1 ? '▲' : '▼'), `${r.test}: no arrow`);
}

function checkForest(page, section, outcomes) {
  const table = page.querySelector(`#${section} table.forest`);
  const shown = [...table.tBodies[0].rows];
  const wanted = report.filter((r) => outcomes.includes(r.outcome));
  expect(shown.length === wanted.length, `${section}: ${shown.length} rows instead of ${wanted.length}`);
  const x = ratioAxis(table);
  for (const tr of shown) checkForestRow(tr, x);
}

function checkStrips(page) {
  for (const figure of page.querySelectorAll('#changes figure')) {
    const values = [...figure.querySelectorAll('tbody tr')].map((tr) => figures(tr)[0]);
    const dots = [...figure.querySelectorAll('circle')].map((c) => Number(c.getAttribute('cx')));
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const [left, right] = [dots[values.indexOf(low)], dots[values.indexOf(high)]];
    expect(values.length === 40 && dots.length === 40, `${values.length} invocations, ${dots.length} dots`);
    values.forEach((v, i) =>
      expect(near(dots[i], left + ((right - left) * (v - low)) / (high - low), 0.1), 'a dot of an invocation is not in its place'));
  }
}

function checkArrows(page) {
  const shown = [...page.querySelectorAll('#plane tbody tr')];
  expect(shown.length === report.length / 2, `${shown.length} arrows`);
  for (const tr of shown) {
    const time = rows.get(key(tr.dataset.test, 'latency/total/p50'));
    const memory = rows.get(key(tr.dataset.test, 'memory'));
    expect(String(figures(tr)) === String([time.base, time.head, memory.base, memory.head]), `${tr.dataset.test}: ${figures(tr)}`);
  }
}

probe((page) => {
  checkForest(page, 'changes', ['regressed', 'improved', 'changed']);
  checkForest(page, 'undecided', ['undecided']);
  checkStrips(page);
  checkArrows(page);
  const shown = [...page.querySelectorAll('#metrics tr[data-test]')];
  expect(shown.length === report.length, `${shown.length} metrics`);
  for (const tr of shown) {
    const r = rows.get(key(tr.dataset.test, tr.dataset.metric));
    expect(String(figures(tr).slice(0, 3)) === String([r.base, r.head, r.ratio]), `${r.test}: ${figures(tr)}`);
    expect(tr.cells[0].textContent.includes(r.outcome), `${r.test}: not ${r.outcome}`);
  }
});
