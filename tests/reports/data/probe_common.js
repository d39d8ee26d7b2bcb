// What every probe of a page shares: it looks at the page in a frame beside it and leaves its findings in
// <pre id="findings">.
'use strict';

const problems = [];
let checks = 0;

function expect(ok, text) {
  checks++;
  if (!ok) problems.push(text);
}

function near(a, b, tolerance) {
  return Math.abs(a - b) <= tolerance;
}

function figures(row) {
  return [...row.querySelectorAll('data')].map((d) => Number(d.value));
}

// ---- widths ----

function checkWidth(page, width) {
  const root = page.documentElement;
  expect(root.scrollWidth <= width, `${width} px: the page is ${root.scrollWidth} px wide`);
  for (const svg of page.querySelectorAll('figure svg'))
    expect(svg.getBoundingClientRect().right <= width, `${width} px: a chart reaches beyond the page`);
}

// ---- contrast ----

function channels(colour) {
  const m = colour.match(/[\d.]+/g).map(Number);
  return { rgb: m.slice(0, 3), alpha: m.length > 3 ? m[3] : 1 };
}

function luminance(rgb) {
  const [r, g, b] = rgb.map((c) => {
    const v = c / 255;
    return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function background(element, view) {
  for (let e = element; e; e = e.parentElement) {
    const c = channels(view.getComputedStyle(e).backgroundColor);
    if (c.alpha === 1) return c.rgb;
  }
  return [255, 255, 255];
}

function checkContrast(page, view) {
  const seen = new Set();
  for (const e of page.querySelectorAll('body *')) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim() !== '');
    if (!own || e.closest('title, desc') || e.getClientRects().length === 0) continue;
    const style = view.getComputedStyle(e);
    const isSvg = e instanceof view.SVGElement;
    const ink = channels(isSvg ? style.fill : style.color);
    const paper = background(e, view);
    const key = `${ink.rgb} ${paper}`;
    if (seen.has(key)) continue;
    seen.add(key);
    const [a, b] = [luminance(ink.rgb), luminance(paper)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    expect(ratio >= 4.5, `contrast ${ratio.toFixed(2)} in <${e.tagName} class="${e.getAttribute('class')}">`);
  }
}

// ---- axes ----

// What a chart's axis says of a value: pixels, from the labels at two of its ticks. `axis` is 'x' or 'y'.
const units = { ns: 1, 'µs': 1e3, ms: 1e6, s: 1e9, B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };

function logAxis(figure, axis) {
  const anchor = axis === 'x' ? 'middle' : 'end';
  const ticks = [...figure.querySelectorAll(`svg > text[text-anchor=${anchor}]`)].map((text) => {
    const [number, unit] = text.textContent.replace(/,/g, '').split(' ');
    return [Math.log(Number(number) * (unit ? units[unit] : 1)), Number(text.getAttribute(axis)) - (axis === 'y' ? 4 : 0)];
  });
  const [first, last] = [ticks[0], ticks[ticks.length - 1]];
  expect(ticks.length >= 2 && ticks.every((t) => t.every(Number.isFinite)), `${axis}: ticks that say nothing`);
  return (value) => first[1] + ((last[1] - first[1]) * (Math.log(value) - first[0])) / (last[0] - first[0]);
}

// ---- the whole ----

// Opens all folds, checks the page at several widths and its contrast, then calls `look` with document and window.
function probe(look) {
  window.addEventListener('load', () => {
    const frame = document.getElementById('page');
    const page = frame.contentDocument;
    for (const details of page.querySelectorAll('details')) details.open = true;
    for (const width of [375, 768, 1440]) {
      frame.style.width = `${width}px`;
      checkWidth(page, width);
    }
    checkContrast(page, frame.contentWindow);
    look(page, frame.contentWindow);
    const dark = matchMedia('(prefers-color-scheme: dark)').matches;
    document.getElementById('findings').textContent = JSON.stringify({ dark, checks, problems: problems.slice(0, 20) });
  });
}
