// How far the coders are and how far they agree, looked at every few seconds.

import { load, onTrouble } from "./server.js";

const part = (id) => document.getElementById(id);
const PERIOD = 4000;

function cell(tag, content) {
  const made = document.createElement(tag);
  made.append(content);
  return made;
}

function row(title, ...contents) {
  const made = document.createElement("tr");
  const head = cell("th", title);
  head.scope = "row";
  made.append(head, ...contents.map((content) => cell("td", content)));
  return made;
}

function bar(done, total, coder) {
  const made = document.createElement("progress");
  made.max = Math.max(total, 1);
  made.value = done;
  made.setAttribute("aria-label", `share that ${coder} has coded`);
  return made;
}

function decimal(number) {
  return number.toFixed(2).replace(/^(-?)0\./, "$1.").replace("-", "\u2212");
}

function show({ coders, agreement, differing, decided }) {
  part("coders").replaceChildren(...coders.map(({ coder, done, total }) =>
    row(coder, done, total, bar(done, total, coder))));
  part("agreement").replaceChildren(...agreement.map(({ variable, units, alpha }) => alpha
    ? row(variable, units, decimal(alpha[0]), `${decimal(alpha[1])} to ${decimal(alpha[2])}`)
    : row(variable, units, "–", "–")));
  const texts = differing === 1 ? "text" : "texts";
  part("differing").textContent = differing
    ? `The coders differ on ${differing} ${texts}; ${decided} of them are decided.`
    : "The coders differ on no text so far.";
  part("decide").hidden = !differing;
}

async function watch() {
  if (!document.hidden) show(await load("progress"));
  setTimeout(watch, PERIOD);
}

onTrouble((problem) => {
  part("trouble").hidden = !problem;
  part("trouble").textContent = problem;
});
watch();
