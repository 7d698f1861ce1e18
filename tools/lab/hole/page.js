'use strict';
(function () {
  const root = document.documentElement;
  const table = document.querySelector('table');
  const rows = Array.from(table.tBodies[0].rows);
  const search = document.getElementById('search');
  const which = document.getElementById('which');
  const shown = document.getElementById('shown');
  root.classList.add('js');

  function choose() {
    const text = search.value.trim().toLowerCase();
    let count = 0;
    for (const row of rows) {
      const fits = row.dataset.name.includes(text) &&
        (which.value === 'all' || row.dataset.is.split(' ').includes(which.value));
      row.hidden = !fits;
      count += fits;
    }
    shown.textContent = count + ' of ' + rows.length + ' tests';
  }

  function openAll(open) {
    for (const row of rows)
      if (!row.hidden)
        for (const d of row.querySelectorAll('details'))
          d.open = open;
  }

  /* Arrow keys move between the cells, as in any table that can be walked. */
  function move(event) {
    const cell = event.target.closest && event.target.tagName === 'SUMMARY' && event.target.closest('td');
    const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
    const step = steps[event.key];
    if (!cell || !step)
      return;
    const visible = rows.filter(r => !r.hidden);
    const row = visible[visible.indexOf(cell.parentElement) + step[0]];
    const to = row && row.cells[cell.cellIndex + step[1]];
    const summary = to && to.querySelector('summary');
    if (summary) {
      summary.focus();
      event.preventDefault();
    }
  }

  search.addEventListener('input', choose);
  which.addEventListener('change', choose);
  document.getElementById('open').addEventListener('click', () => openAll(true));
  document.getElementById('close').addEventListener('click', () => openAll(false));
  table.addEventListener('keydown', move);
  choose();
}());
