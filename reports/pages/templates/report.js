"use strict";
// Tables that one can sort. Without this script the page shows what stands in its HTML, in the order of the export.

const compare = (numeric) => (a, b) => {
  if (a === "" || b === "") return (a === "") - (b === ""); // rows without a value come last
  return numeric ? Number(a) - Number(b) : a < b ? -1 : a > b ? 1 : 0;
};

for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const heads = Array.from(table.tHead.rows[0].cells);
  const rows = Array.from(body.rows);
  const keys = new Map(rows.map((row) => [row, Array.from(row.cells, (cell) => cell.dataset.key ?? cell.textContent.trim())]));

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
      const sorted = rows.slice().sort((a, b) => { // a stable sort: equals stay in the order of the export
        const [left, right] = [keys.get(a)[column], keys.get(b)[column]];
        const difference = order(left, right);
        return descending && left !== "" && right !== "" ? -difference : difference;
      });
      body.append(...sorted);
    });
  });
}

// Of the pairs of subjects the chosen one is shown. Who chooses the same subject twice gets its first other.
for (const chooser of document.querySelectorAll("[data-pairs]")) {
  const selects = Array.from(chooser.querySelectorAll("select"));
  const pairs = Array.from(document.querySelectorAll(".pair-of"));
  const names = (pair) => [pair.dataset.first, pair.dataset.second];
  const show = (chosen) => {
    for (const pair of pairs) {
      pair.hidden = pair !== chosen;
      pair.open = pair === chosen;
    }
  };
  const choose = (changed) => {
    const wanted = selects.map((select) => select.value);
    const fits = pairs.filter((pair) => names(pair).includes(changed.value));
    const chosen = fits.find((pair) => wanted[0] !== wanted[1] && wanted.every((name) => names(pair).includes(name))) ?? fits[0];
    const other = selects.find((select) => select !== changed);
    other.value = names(chosen).find((name) => name !== changed.value);
    show(chosen);
  };
  chooser.hidden = false;
  [selects[0].value, selects[1].value] = names(pairs[0]);
  show(pairs[0]);
  selects.forEach((select) => select.addEventListener("input", () => choose(select)));
}

// The contents fold away on a phone. A page in a frame learns its width after its script has run.
const contents = document.querySelector("nav.contents details");
const wide = window.matchMedia("(min-width: 60rem)");
const foldContents = () => { if (contents) contents.open = wide.matches; };
foldContents();
wide.addEventListener("change", foldContents);

// A table that is wider than a phone is stacked there: each row is a block, with the heads of its
// columns in it. Tables whose cells span columns scroll.
const phone = window.matchMedia("(max-width: 40rem)");
for (const table of document.querySelectorAll(".table table")) {
  const heads = [...table.querySelectorAll("thead tr:only-child th")].map((head) => head.textContent.trim());
  if (!heads.length || table.querySelector("[colspan]")) continue;
  const box = table.parentElement;
  let width = 0;
  const arrange = () => {
    if (box.clientWidth === width) return;
    width = box.clientWidth;
    box.classList.remove("stacked");
    if (!phone.matches || box.scrollWidth - width < 2) return;
    for (const row of table.tBodies[0].rows) {
      [...row.cells].forEach((cell, column) => {
        cell.dataset.head = heads[column] ?? "";
        cell.classList.toggle("long", cell.textContent.length > (cell.tagName === "TH" ? 9 : 24));
      });
    }
    box.classList.add("stacked");
  };
  new ResizeObserver(arrange).observe(box);
}

// A box that is wider than its place says that it scrolls, and its shadow goes at the end.
for (const box of document.querySelectorAll(".table")) {
  const hint = document.createElement("p");
  hint.className = "hint";
  hint.textContent = "scroll \u2192";
  hint.ariaHidden = "true"; // who hears the page hears all of the box
  box.after(hint);
  const look = () => {
    const beyond = box.scrollWidth - box.clientWidth;
    hint.hidden = beyond < 2;
    box.classList.toggle("scrolls", beyond >= 2);
    box.classList.toggle("end", Math.abs(box.scrollLeft) > beyond - 2);
  };
  box.addEventListener("scroll", look, { passive: true });
  new ResizeObserver(look).observe(box);
}
