"use strict";
// Searches and sorts the rows. Cells are read and shown as text only; nothing is made from what they contain.
(() => {
  const table = document.getElementById("people");
  if (!table) return;
  const body = table.tBodies[0];
  const rows = Array.from(body.rows);
  const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
  const places = new Map(rows.map((row, index) => [row, index]));
  const search = document.getElementById("search");
  const shown = document.getElementById("shown");
  const compare = new Intl.Collator(undefined, { numeric: true }).compare;

  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const row of rows) {
      row.hidden = !words.every((word) => texts.get(row).includes(word));
      if (!row.hidden) count += 1;
    }
    shown.textContent = words.length ? `${count} of ${rows.length} rows` : `${rows.length} rows`;
  };

  const sort = (column, heading) => {
    const down = heading.getAttribute("aria-sort") === "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    const text = (row) => row.cells[column].textContent;
    const order = (a, b) => (column ? compare(text(a), text(b)) : 0) || places.get(a) - places.get(b);
    rows.sort((a, b) => (down ? order(b, a) : order(a, b)));
    body.append(...rows);
  };

  Array.from(table.tHead.rows[0].cells).forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = heading.textContent;
    button.addEventListener("click", () => sort(column, heading));
    heading.replaceChildren(button);
  });

  const numbers = document.getElementById("numbers");
  numbers.addEventListener("click", async () => {
    const visible = Array.from(body.rows).filter((row) => !row.hidden);
    const text = visible.map((row) => row.dataset.number).join("\n");
    try {
      await navigator.clipboard.writeText(text);
      shown.textContent = `${visible.length} row numbers copied`;
    } catch {
      // A browser that keeps the clipboard from pages gets the numbers selected, ready for Ctrl+C.
      const box = document.createElement("textarea");
      box.readOnly = true;
      box.value = text;
      shown.replaceChildren(box);
      box.select();
    }
  });

  for (const button of document.querySelectorAll("button[data-search]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      search.value = button.dataset.search;
      filter();
      document.getElementById("rows").scrollIntoView();
      search.focus({ preventScroll: true });
    });
  }
  // On a phone the rows are shown as cards, and the roles keep them a table for a screen reader.
  table.setAttribute("role", "table");
  for (const row of table.rows) {
    row.setAttribute("role", "row");
    for (const cell of row.cells) {
      cell.setAttribute("role", cell.closest("thead") ? "columnheader" : cell.tagName === "TH" ? "rowheader" : "cell");
    }
  }
  search.addEventListener("input", filter);
  document.getElementById("tools").hidden = false;
  filter();
})();
