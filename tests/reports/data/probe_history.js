// Looks at a history's page: whether tables and courses show the figures that were put in (the variable `report`:
// {entries, regressed: {TEST: {METRIC: {began, by, ratios}}}}, from report.js).
'use strict';

// Pixels of a value on a course's vertical axis, whose labels are ratios on a linear scale.
function ratioAxis(figure) {
  const ticks = [...figure.querySelectorAll('svg > text[text-anchor=end]')]
    .filter((text) => text.textContent.endsWith('×'))
    .map((text) => [Number(text.textContent.slice(0, -1)), Number(text.getAttribute('y')) - 4]);
  const [first, last] = [ticks[0], ticks[ticks.length - 1]];
  expect(ticks.length >= 2, 'an axis without ticks');
  return (value) => first[1] + ((last[1] - first[1]) * (value - first[0])) / (last[0] - first[0]);
}

function checkCourse(figure, wanted) {
  const shown = [...figure.querySelectorAll('tbody tr')].map((row) => figures(row)[0]);
  const dots = [...figure.querySelectorAll('svg > circle')].map((c) => Number(c.getAttribute('cy')));
  const y = ratioAxis(figure);
  expect(shown.length === wanted.ratios.length && dots.length === shown.length, `${shown.length} rows, ${dots.length} dots`);
  wanted.ratios.forEach((ratio, i) => {
    expect(near(shown[i], ratio, 1e-6 * ratio), `entry ${i}: ${shown[i]} instead of ${ratio}`);
    expect(near(dots[i], y(ratio), 0.6), `entry ${i}: the dot is at ${dots[i]}, not at ${y(ratio)}`);
  });
  expect(figure.querySelector('svg').textContent.includes(`▲ ${wanted.by}`), `no change point of ${wanted.by}`);
}

probe((page) => {
  const rows = [...page.querySelectorAll('#changes tr[data-test]')];
  let regressed = 0;
  for (const [test, metrics] of Object.entries(report.regressed))
    for (const [metric, wanted] of Object.entries(metrics)) {
      const row = rows.find((r) => r.dataset.test === test && r.cells[2].textContent === metric);
      const figure = [...page.querySelectorAll('#changes figure')].find((f) =>
        f.querySelector('figcaption').textContent.startsWith(`${test} ${metric},`));
      regressed++;
      expect(row && row.textContent.includes('regressed') && row.textContent.includes(wanted.by), `${test} ${metric}: not in the table`);
      expect(row && row.textContent.includes(wanted.began), `${test} ${metric}: did not begin on ${wanted.began}`);
      expect(figure, `${test} ${metric}: no chart`);
      if (figure) checkCourse(figure, wanted);
    }
  expect(rows.length === regressed, `${rows.length} changes instead of ${regressed}`);
  expect(page.querySelectorAll('#entries tbody tr').length === report.entries, 'entries are missing');
  for (const test of report.tests) {
    const row = [...page.querySelectorAll('#tests tr[data-test]')].find((r) => r.dataset.test === test.id);
    expect(row && row.cells[1].textContent === test.verdict, `${test.id}: not ${test.verdict}`);
    expect(row && figures(row)[0] === test.unexpected, `${test.id}: not ${test.unexpected} unexpected`);
    expect(row && row.querySelectorAll('td:nth-child(4) rect').length === Math.min(30, test.ran), `${test.id}: another strip`);
  }
});
