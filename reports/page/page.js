// The report page where scripts may run: tables that sort, and a search box. Everything can be read without them.
'use strict';
(() => {
  const main = document.querySelector('main');

  // ---- sorting: a click on a column's head; figures by value, words as people count ----
  const words = new Intl.Collator(undefined, { numeric: true });

  function key(row, column) {
    const cell = row.cells[column];
    const data = cell && cell.querySelector('data');
    return data ? Number(data.value) : cell ? cell.textContent.trim() : '';
  }

  function compare(a, b) {
    if (a === '' || b === '') return (a === '') - (b === '') || 0;
    if (typeof a === 'number' && typeof b === 'number') return a - b;
    if (typeof a === 'number') return -1;
    return typeof b === 'number' ? 1 : words.compare(a, b);
  }

  function sort(table, th) {
    const column = th.cellIndex;
    const figures = th.classList.contains('n');
    const falling = th.ariaSort ? th.ariaSort === 'ascending' : figures;
    const rows = [...table.tBodies[0].rows].map((row) => [key(row, column), row]);
    rows.sort((a, b) => (a[0] === '' || b[0] === '' ? compare(a[0], b[0]) : falling ? compare(b[0], a[0]) : compare(a[0], b[0])));
    for (const other of table.tHead.rows[0].cells) other.removeAttribute('aria-sort');
    th.ariaSort = falling ? 'descending' : 'ascending';
    table.tBodies[0].append(...rows.map((row) => row[1]));
  }

  for (const table of main.querySelectorAll('table')) {
    if (table.closest('figure') || table.tBodies[0].rows.length < 3) continue;
    for (const th of table.tHead.rows[0].cells) {
      if (th.textContent === '' || th.querySelector('svg')) continue;
      const button = document.createElement('button');
      button.type = 'button';
      button.append(...th.childNodes);
      button.addEventListener('click', () => sort(table, th));
      th.append(button);
    }
  }

  // ---- printing: what is folded is printed too (newer browsers do so by the style sheet) ----
  addEventListener('beforeprint', () => {
    for (const folded of main.querySelectorAll('details:not([open])')) {
      folded.open = true;
      folded.classList.add('unfolded');
    }
  });
  addEventListener('afterprint', () => {
    for (const details of main.querySelectorAll('details.unfolded')) {
      details.open = false;
      details.classList.remove('unfolded');
    }
  });

  // ---- searching: rows, cards and charts that have all the words ----
  const nav = document.querySelector('nav');
  if (!nav) return;
  const box = document.createElement('input');
  const found = document.createElement('output');
  box.type = 'search';
  box.placeholder = 'Find a test';
  box.setAttribute('aria-label', 'Find a test');
  nav.append(found, box);

  let items = null;

  function collect() {
    const rows = [...main.querySelectorAll('tr')].filter((row) => row.parentNode.tagName === 'TBODY' && !row.closest('figure'));
    const others = [...main.querySelectorAll('.card, .short, .chips li, figure')];
    return [...rows, ...others].map((element) => {
      const caption = element.querySelector('figcaption');
      return [element, (caption || element).textContent.toLowerCase()];
    });
  }

  function find() {
    const wanted = box.value.toLowerCase().split(/\s+/).filter((word) => word !== '');
    let tests = 0;
    items = items || collect();
    for (const [element, text] of items) {
      const hit = wanted.every((word) => text.includes(word));
      element.hidden = !hit;
      if (hit && element.closest('#tests, #changes, #metrics')) tests++;
    }
    for (const fold of main.querySelectorAll('#tests > details, details.more')) fold.open = wanted.length > 0 || fold.dataset.open === 'yes';
    found.textContent = wanted.length > 0 ? `${tests} found` : '';
  }

  box.addEventListener('input', find);
  addEventListener('keydown', (event) => {
    if (event.key !== '/' || event.target.closest('input') || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    box.focus();
  });
})();
