// Looks at a run's page: whether every figure is that of report.json (the variable `report`, from report.js).
'use strict';

const tests = new Map(report.tests.map((t) => [t.id, t]));

function mainSeries(t) {
  const series = t.series || [];
  const s = series.find((one) => one.name === 'total') || series[0];
  return s && s.count > 0 ? s : null;
}

function testOf(row) {
  const t = tests.get(row.dataset.test);
  expect(t, `a row of an unknown test: ${row.dataset.test}`);
  return t;
}

// ---- figures ----

function checkTests(page) {
  const rows = page.querySelectorAll('#tests tr[data-test]');
  expect(rows.length === report.tests.length, `${rows.length} rows for ${report.tests.length} tests`);
  for (const row of rows) {
    const t = testOf(row);
    const s = mainSeries(t);
    const expected = [];
    if (t.wall_ns > 0) expected.push(t.wall_ns, t.user_ns + t.sys_ns);
    if (s) expected.push(s.percentiles_ns.p50, s.percentiles_ns.p99, s.max_ns);
    if (t.peak_rss_bytes > 0) expected.push(t.peak_rss_bytes);
    expect(String(figures(row)) === String(expected), `${t.id}: ${figures(row)} instead of ${expected}`);
    expect(row.cells[0].textContent.includes(t.verdict), `${t.id}: not ${t.verdict}`);
  }
}

function checkMatrices(page) {
  let cells = 0;
  for (const table of page.querySelectorAll('#verdicts table')) {
    const kind = table.tHead.rows[0].cells[0].textContent;
    const targets = [...table.tHead.rows[0].cells].slice(1).map((c) => c.textContent);
    for (const row of table.tBodies[0].rows)
      [...row.cells].slice(1).forEach((cell, i) => {
        const t = tests.get(`${kind}/${row.cells[0].textContent}.${targets[i]}`);
        const data = cell.querySelector('data');
        cells++;
        if (!t) expect(cell.textContent === '–', `a cell for a test that is not there`);
        else if (data)
          expect(Number(data.value) === mainSeries(t).percentiles_ns.p50, `${t.id}: another median in the matrix`);
        else expect(cell.textContent.includes(t.verdict), `${t.id}: not ${t.verdict} in the matrix`);
      });
  }
  return cells;
}

function checkSlabs(page) {
  for (const row of page.querySelectorAll('#slabs tr[data-test]')) {
    const t = testOf(row);
    if (row.closest('figure')) continue;
    const pool = t.pools.find((p) => p.name === row.cells[0].textContent);
    const [percent, high, capacity] = figures(row);
    const [bar, outline] = [...row.querySelectorAll('rect')].map((r) => Number(r.getAttribute('width')));
    expect(high === pool.high_water * pool.unit_bytes, `${t.id}: high water ${high}`);
    expect(capacity === pool.capacity * pool.unit_bytes, `${t.id}: capacity ${capacity}`);
    expect(near(percent, (100 * pool.high_water) / pool.capacity, 1e-9), `${t.id}: ${percent} % full`);
    expect(near(bar / outline, pool.high_water / pool.capacity, 1e-3), `${t.id}: the bar shows ${bar / outline}`);
  }
}

// Each row of a chart's data is what report.json has there.
function checkRows(page) {
  for (const figure of page.querySelectorAll('#slabs figure, #leaks figure')) {
    const rows = [...figure.querySelectorAll('tr[data-test]')];
    const t = testOf(rows[0]);
    const table = figure.closest('#leaks') ? t.live : t.pools.find((p) => p.fill && p.fill.length === rows.length).fill;
    expect(rows.length === table.length, `${t.id}: ${rows.length} rows of ${table.length}`);
    rows.forEach((row, i) => {
      const [x, y] = figures(row);
      expect(x === table[i][0] && y === table[i][1], `${t.id}: row ${i} is ${x}, ${y}`);
    });
  }
}

function checkGrowth(page) {
  for (const figure of page.querySelectorAll('#growth figure')) {
    const rows = [...figure.querySelectorAll('tr[data-test]')];
    const dots = [...figure.querySelectorAll('circle')].map((c) => [Number(c.getAttribute('cx')), Number(c.getAttribute('cy'))]);
    const points = rows.map((row) => {
      const t = testOf(row);
      const [size, p50] = figures(row);
      expect(size === t.size && p50 === mainSeries(t).percentiles_ns.p50, `${t.id}: ${size}, ${p50}`);
      return [size, p50];
    });
    expect(dots.length === rows.length && rows.length >= 3, `${dots.length} dots for ${rows.length} rows`);
    const x = logAxis(figure, 'x');
    const y = logAxis(figure, 'y');
    points.forEach((p, i) =>
      expect(near(dots[i][0], x(p[0]), 0.6) && near(dots[i][1], y(p[1]), 0.6), 'a dot is not in its place'));
  }
}

function checkLatencies(page) {
  for (const figure of page.querySelectorAll('#http2 figure, #kernels figure')) {
    const sums = new Map();
    for (const row of figure.querySelectorAll('tr[data-test]')) {
      const t = testOf(row);
      const values = figures(row);
      if (values.length === 2) {
        const series = row.dataset.series ? t.series.find((s) => s.name === row.dataset.series) : mainSeries(t);
        const known = series.percentiles_ns[`p${values[0]}`];
        if (known !== undefined) expect(values[1] === known, `${t.id}: p${values[0]} is ${values[1]}`);
      } else sums.set(t, (sums.get(t) || 0) + values[0]);
    }
    for (const [t, sum] of sums) expect(sum === mainSeries(t).count, `${t.id}: ${sum} values in the histogram`);
  }
}

// Every arrow ends where its row's figures are on the logarithmic axes, and starts where they were.
function checkAllocators(page) {
  let arrows = 0;
  for (const figure of page.querySelectorAll('#allocators figure')) {
    const [a, b] = figure.querySelector('figcaption').firstChild.data.trim().split(' → ');
    const groups = [...figure.querySelectorAll('svg > g')];
    const rows = [...figure.querySelectorAll('tr[data-test]')];
    expect(groups.length === rows.length, `${groups.length} arrows for ${rows.length} rows`);
    const x = logAxis(figure, 'x');
    const y = logAxis(figure, 'y');
    rows.forEach((row, i) => {
      const to = testOf(row);
      const from = tests.get(to.id.replace(`.${b}`, `.${a}`));
      const expected = [from, to].map((t) => mainSeries(t).percentiles_ns.p50).concat(from.peak_rss_bytes, to.peak_rss_bytes);
      expect(String(figures(row)) === String(expected), `${to.id}: ${figures(row)} instead of ${expected}`);
      const dot = groups[i].querySelector('circle');
      const head = groups[i].querySelector('path:last-child');
      const at = (dot ? [dot.getAttribute('cx'), dot.getAttribute('cy')] : head.getAttribute('d').match(/[\d.]+/g)).map(Number);
      expect(near(at[0], x(expected[1]), 0.6) && near(at[1], y(expected[3]), 0.6), `${to.id}: the arrow ends at ${at.slice(0, 2)}, not at ${x(expected[1])}, ${y(expected[3])}`);
      arrows++;
    });
  }
  return arrows;
}

function checkTargets(page) {
  for (const row of page.querySelectorAll('#targets tbody tr')) {
    const name = row.cells[0].textContent;
    const all = report.tests.filter((t) => t.target === name);
    const base = (t) => tests.get(t.id.replace(`.${name}`, `.${report.tests[0].target}`));
    const mean = (list) => (list.length ? Math.exp(list.reduce((sum, x) => sum + Math.log(x), 0) / list.length) : NaN);
    const paired = all.filter((t) => t.as_expected && mainSeries(t) && base(t) && base(t).as_expected && mainSeries(base(t)));
    const time = mean(paired.map((t) => mainSeries(t).percentiles_ns.p50 / mainSeries(base(t)).percentiles_ns.p50));
    const [passed, failed, , ratio, , count] = figures(row);
    expect(passed + failed === all.length, `${name}: ${passed} + ${failed} of ${all.length}`);
    expect(failed === all.filter((t) => !t.as_expected).length, `${name}: ${failed} failed`);
    expect(near(ratio, time, 1e-9) && count === paired.length, `${name}: ${ratio} instead of ${time}`);
  }
}

function checkTimelines(page) {
  for (const figure of page.querySelectorAll('#resources figure')) {
    const rows = [...figure.querySelectorAll('tr[data-test]')];
    const t = testOf(rows[0]);
    expect(rows.length === t.points.length, `${t.id}: ${rows.length} points`);
    rows.forEach((row, i) => {
      const [ms, cpu, rss, , , procs] = t.points[i];
      expect(String(figures(row)) === String([ms, rss, cpu, procs]), `${t.id}: point ${i}`);
    });
  }
}

// Lines of what jemalloc held, and bars of its size classes.
function checkJemalloc(page) {
  const charts = page.querySelectorAll('#jemalloc figure');
  expect(charts.length === 3, `${charts.length} charts of jemalloc`);
  for (const figure of charts) {
    const rows = [...figure.querySelectorAll('tr[data-test]')];
    const j = testOf(rows[0]).jemallocs[0];
    const shown = rows.map(figures);
    if (figure.querySelector('rect')) {
      const widths = [...figure.querySelectorAll('rect')].map((r) => Number(r.getAttribute('width')));
      const most = (b) => Math.max(b.most_slabs || 0, b.slabs) * b.slab_bytes;
      const bins = [...j.bins].sort((a, b) => most(b) - most(a));
      const expected = bins.map((b) => [b.region_bytes, b.slabs, b.nonfull_slabs, b.slabs * b.slab_bytes, b.regions * b.region_bytes, most(b), b.slabs_made, b.slabs_reused, b.requests, b.fills, b.flushes, b.mutex_waits]);
      expect(String(shown) === String(expected), `size classes ${shown} instead of ${expected}`);
      const drawn = expected.filter((e) => e[3] > 0).sort((a, b) => b[3] - a[3]);
      drawn.forEach((e, i) =>
        expect(near(widths[2 * i] / widths[2 * i + 1], e[4] / e[3], 0.01), `the bar of size class ${e[0]} shows ${widths[2 * i] / widths[2 * i + 1]}`));
    } else {
      // Columns of looks: ms, allocated, active, metadata, ... ; or ms, caches, unused, metadata, given back, waits, waited.
      const columns = figure.textContent.includes('caches and purging') ? [0, 9, 10, 8, 11, 12, 13] : [0, 1, 2, 8, 3, 4, 5];
      const expected = j.looks.map((look) => columns.map((c) => look[c]));
      expect(String(shown) === String(expected), `jemalloc over time: ${shown} instead of ${expected}`);
    }
  }
}

// Caches, purging and waits, of which the page has a table behind the charts.
function checkJemallocWork(page) {
  const row = page.querySelector('#jemalloc h3 ~ .scroll tr[data-test], #jemalloc h3 ~ div tr[data-test]');
  const j = testOf(row).jemallocs[0];
  const sum = (list, name) => list.reduce((n, one) => n + one[name], 0);
  const expected = [j.cached_bytes, sum(j.bins, 'fills') + j.large_fills, sum(j.bins, 'flushes') + j.large_flushes, j.dirty_bytes,
    j.muzzy_bytes, j.dirty_purges + j.muzzy_purges, j.dirty_madvises + j.muzzy_madvises, j.dirty_purged_bytes,
    sum(j.mutexes, 'waits'), sum(j.mutexes, 'wait_ns'), Math.max(...j.mutexes.map((m) => m.longest_wait_ns))];
  expect(String(figures(row)) === String(expected), `jemalloc's caches ${figures(row)} instead of ${expected}`);
}

function checkAllocations(page) {
  const byTest = [...page.querySelectorAll('#allocations tr[data-test]')].filter((row) => !row.closest('details'));
  for (const row of byTest) {
    const list = testOf(row).counters.filter((one) => one.role === 'interposer');
    const all = (name) => list.reduce((n, one) => n + Number(one.values[name] || 0), 0);
    const worst = Math.max(...list.map((one) => Number(one.values.peak_bytes || 0)));
    const requests = ['malloc', 'calloc', 'realloc', 'memalign'].reduce((n, f) => n + all(`${f}_calls`), 0);
    const expected = [list.length, list.filter((one) => one.note).length, worst, all('peak_bytes'), all('live_bytes'), all('requested_bytes'),
      requests, all('free_calls')];
    expect(String(figures(row)) === String(expected), `allocations by test ${figures(row)} instead of ${expected}`);
  }
  const rows = [...page.querySelectorAll('#allocations details tr[data-test]')];
  expect(rows.length > 0, 'no allocations');
  for (const row of rows) {
    const t = testOf(row);
    const c = t.counters.find((one) => one.program === row.cells[1].textContent);
    const v = c.values;
    const calls = ['malloc', 'calloc', 'realloc', 'memalign'].reduce((n, f) => n + Number(v[`${f}_calls`] || 0), 0);
    const expected = c.note ? [] : [v.peak_bytes, v.live_bytes, v.requested_bytes, calls, v.free_calls].map(Number);
    expect(String(figures(row)) === String(expected), `${t.id}: allocations ${figures(row)} instead of ${expected}`);
    if (c.note) expect(row.textContent.includes(c.note), `${t.id}: the note is missing`);
  }
}

// ---- what the page's script does ----

function visible(elements) {
  return [...elements].filter((e) => !e.hidden);
}

function search(page, view, text) {
  page.querySelector('nav input').value = text;
  page.querySelector('nav input').dispatchEvent(new view.Event('input'));
}

function checkSearch(page, view) {
  const t = report.tests.find((one) => one.verdict === 'crashed');
  search(page, view, `${t.name} ${t.target}`);
  const rows = visible(page.querySelectorAll('#tests tr[data-test]'));
  expect(rows.length === 1 && rows[0].dataset.test === t.id, `${rows.length} rows found for ${t.id}`);
  expect(visible(page.querySelectorAll('.card')).length === 1, 'the search leaves other cards');
  expect(page.querySelector('nav output').textContent === '1 found', page.querySelector('nav output').textContent);
  search(page, view, '');
  expect(visible(page.querySelectorAll('#tests tr[data-test]')).length === report.tests.length, 'rows stay hidden');
}

function checkSort(page) {
  const table = page.querySelector('#tests table');
  const th = table.tHead.rows[0].cells[3];
  const times = () => [...table.tBodies[0].rows].map((row) => row.cells[3].querySelector('data')).filter(Boolean).map((d) => Number(d.value));
  for (const order of ['descending', 'ascending']) {
    th.querySelector('button').click();
    const sorted = times().sort((a, b) => (order === 'ascending' ? a - b : b - a));
    expect(th.getAttribute('aria-sort') === order, `${th.getAttribute('aria-sort')} instead of ${order}`);
    expect(String(times()) === String(sorted), `times are not ${order}`);
  }
  expect(table.tBodies[0].rows.length === report.tests.length, 'sorting lost rows');
}

probe((page, view) => {
  checkTests(page);
  expect(checkMatrices(page) > 0, 'no matrix');
  checkSlabs(page);
  checkRows(page);
  checkJemalloc(page);
  checkJemallocWork(page);
  checkAllocations(page);
  checkTargets(page);
  expect(checkAllocators(page) > 10, 'no arrows');
  checkGrowth(page);
  checkLatencies(page);
  checkTimelines(page);
  checkSort(page);
  checkSearch(page, view);
});
