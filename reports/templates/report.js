"use strict";
// Tables that one can sort and filter. Without this script the page shows everything, in the order of the export.

for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const heads = Array.from(table.tHead.rows[0].cells);
  const rows = Array.from(body.rows);

  const keyOf = (row, column) => {
    const cell = row.cells[column];
    return cell.dataset.key ?? cell.textContent.trim();
  };
  const compare = (numeric) => (a, b) => {
    if (a === "" || b === "") return (a === "") - (b === ""); // rows without a value come last
    return numeric ? Number(a) - Number(b) : a < b ? -1 : a > b ? 1 : 0;
  };

  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const descending = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", descending ? "descending" : "ascending");
      const order = compare(head.classList.contains("n"));
      const sorted = rows
        .map((row, place) => ({ row, place, key: keyOf(row, column) }))
        .sort((a, b) => {
          const difference = order(a.key, b.key);
          const bothHaveValues = a.key !== "" && b.key !== "";
          return (descending && bothHaveValues ? -difference : difference) || a.place - b.place;
        });
      body.append(...sorted.map((entry) => entry.row));
    });
  });

  const form = document.querySelector(`[data-filters="${table.id}"]`);
  if (!form) continue;
  form.hidden = false;
  const output = form.querySelector("output");
  const controls = Array.from(form.querySelectorAll("input, select"));
  const filter = () => {
    let matches = 0;
    for (const row of rows) {
      const fits = controls.every((control) => {
        const query = control.value.trim().toLowerCase();
        if (!query) return true;
        if (control.dataset.column === undefined) return row.textContent.toLowerCase().includes(query);
        return keyOf(row, Number(control.dataset.column)).toLowerCase() === query;
      });
      row.hidden = !fits;
      matches += fits ? 1 : 0;
    }
    output.textContent = `${matches.toLocaleString("en")} of ${rows.length.toLocaleString("en")} shown`;
  };
  controls.forEach((control) => control.addEventListener("input", filter));
  filter();
}

const contents = document.querySelector("nav.contents details");
if (contents) contents.open = window.matchMedia("(min-width: 60rem)").matches;
