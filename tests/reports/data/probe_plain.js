// Looks at a page whose styles and scripts were blocked: charts, tables and folds must still show what they show.
'use strict';

window.addEventListener('load', () => {
  const frame = document.getElementById('page');
  const page = frame.contentDocument;
  const view = frame.contentWindow;
  const blue = 'rgb(0, 114, 178)';
  const inks = [blue, 'rgb(213, 94, 0)', 'rgb(0, 0, 0)'];

  expect(view.getComputedStyle(page.body).maxWidth === 'none', 'the style sheet was not blocked');
  expect(page.querySelector('nav input') === null, 'the script was not blocked');
  for (const details of page.querySelectorAll('details')) details.open = true;
  for (const shape of page.querySelectorAll('svg rect, svg circle, svg path, svg text')) {
    const style = view.getComputedStyle(shape);
    const box = shape.getBBox();
    expect(inks.includes(style.fill) || inks.includes(style.stroke), `<${shape.tagName}> has no colour`);
    expect(box.width + box.height > 0, `<${shape.tagName}> has no size`);
  }
  for (const svg of page.querySelectorAll('svg')) expect(svg.getBoundingClientRect().width > 50, 'a chart has no width');
  for (const table of page.querySelectorAll('table')) expect(table.getBoundingClientRect().height > 20, 'a table has no height');
  expect(page.querySelectorAll('#tests tr[data-test]').length === report.tests.length, 'tests are missing');
  document.getElementById('findings').textContent = JSON.stringify({ dark: false, checks, problems: problems.slice(0, 20) });
});
