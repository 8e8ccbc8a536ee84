// One question at a time: an answer is stored, and the server says what is asked next.

import { load, onTrouble, sendKept, store } from "./server.js";

const part = (id) => document.getElementById(id);
const wide = matchMedia("(min-width: 64rem)");

// A tap within this time after a question has come was meant for the one before.
const TAP_GUARD = 350;
// Whoever waits longer for the server is told so.
const SLOW = 400;
// A scale with more steps is answered by its number alone.
const MOST_BUTTONS = 21;
const DRAFT = `tidings:draft:${location.pathname}`;
const decides = location.pathname.endsWith("/decide");

let question = null;
let chosen = new Set();
let busy = true;
let asksReason = false;
let shownAt = -TAP_GUARD;

function element(tag, text, className) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function show(state) {
  const item = question && question.item;
  // Before the first question there is none that a tap could be meant for.
  if (question) shownAt = performance.now();
  question = state.question;
  asksReason = false;

  part("progress").max = Math.max(state.total, 1);
  part("progress").value = state.done;
  const unit = decides ? "decided" : "coded";
  part("count").textContent = `${state.done} of ${state.total} ${unit}`;
  part("remark").textContent = state.remark;
  document.body.classList.toggle("ended", !question);
  if (question) showQuestion(item !== question.item);
  else showEnd(state);
  markVariable();
}

function showQuestion(isNewText) {
  const text = part("text");
  if (isNewText) {
    const paragraph = element("p", question.text);
    paragraph.dir = "auto";
    text.replaceChildren(paragraph);
    text.scrollTop = 0;
  }
  text.hidden = false;
  part("about").hidden = !question.keyword;
  part("about").textContent = question.keyword;
  part("question").textContent = question.question;
  part("earlier").replaceChildren(...question.earlier.flatMap(({ variable, code }) => [
    element("span", `${variable}: ${code}`),
  ]));
  chosen = readDraft();
  showGiven();
  showOptions();
  showReasons(false);
  if (isNewText || !part("text").contains(document.activeElement)) text.focus({ preventScroll: true });
}

function showEnd(state) {
  const nothing = decides ? "No codes differ so far." : "There is no text for you to code.";
  const all = decides ? "All that differs so far is decided." : `All ${state.total} texts are coded.`;
  part("question").textContent = state.total ? `${all} Thank you.` : nothing;
  part("text").hidden = true;
  part("about").hidden = true;
  part("earlier").replaceChildren();
  part("options").replaceChildren();
  part("given").hidden = true;
  part("reasons").hidden = true;
  part("cannot").hidden = true;
}

function showGiven() {
  part("given").hidden = !question.given.length;
  part("given").replaceChildren(...question.given.map((code, index) => {
    const card = element("p");
    card.append(element("span", `coder ${index + 1}`), element("strong", code));
    return card;
  }));
}

function showOptions() {
  const buttons = [];
  const isTyped = question.options.every((option) => !option.key);
  if (question.options.length <= MOST_BUTTONS || !isTyped) {
    buttons.push(...question.options.map(makeOption));
  }
  if (isTyped) buttons.unshift(makeInput());
  if (question.several) {
    const enter = element("button", undefined, "enter");
    enter.type = "button";
    enter.id = "enter";
    enter.append(element("kbd", "Enter"), element("span", "store", "code"));
    enter.addEventListener("click", (event) => tapped(event) && storeChosen());
    buttons.push(enter);
  }
  part("options").classList.toggle("steps", question.range[0] !== null);
  part("options").classList.toggle("many", question.options.length > 6);
  part("options").replaceChildren(...buttons);
}

function makeOption(option) {
  const button = element("button");
  button.type = "button";
  button.dataset.code = option.code;
  if (option.key && option.key !== option.code) button.append(element("kbd", option.key));
  if (["yes", "no"].includes(option.code)) button.append(element("kbd", option.code[0]));
  button.append(element("span", option.code, "code"));
  if (option.meaning) button.append(element("span", option.meaning, "meaning"));
  if (question.several && option.code !== "none") {
    button.setAttribute("aria-pressed", chosen.has(option.code));
  }
  button.addEventListener("click", (event) => tapped(event) && choose(option.code));
  return button;
}

function makeInput() {
  const [lowest, highest] = question.range;
  const label = element("label", `A whole number from ${lowest} to ${highest}, then Enter `, "typed");
  const input = element("input");
  input.id = "number";
  input.type = "text";
  input.inputMode = "numeric";
  input.autocomplete = "off";
  input.size = 6;
  label.append(input);
  const button = element("button", undefined, "enter");
  button.type = "button";
  button.append(element("kbd", "Enter"), element("span", "store", "code"));
  button.addEventListener("click", (event) => tapped(event) && storeNumber());
  const row = element("p", undefined, "typing");
  row.append(label, button);
  return row;
}

function tapped(event) {
  return event.detail === 0 || performance.now() - shownAt > TAP_GUARD;
}

function choose(code) {
  if (!question.several || code === "none") {
    answer({ code }, code);
    return;
  }
  if (chosen.has(code)) chosen.delete(code);
  else chosen.add(code);
  sessionStorage.setItem(DRAFT, JSON.stringify([question.item, question.variable, [...chosen]]));
  const button = part("options").querySelector(`[data-code="${CSS.escape(code)}"]`);
  button.setAttribute("aria-pressed", chosen.has(code));
}

function readDraft() {
  const [item, variable, codes] = JSON.parse(sessionStorage.getItem(DRAFT)) || [];
  const isOfThis = item === question.item && variable === question.variable;
  return new Set(isOfThis && question.several ? codes : []);
}

function storeChosen() {
  if (!chosen.size) {
    part("remark").textContent = "Choose what applies, or 0 if none does.";
    return;
  }
  answer({ code: [...chosen].join("|") }, [...chosen].join(", "));
}

function storeNumber() {
  const written = part("number").value.trim();
  const steps = question.options.map((option) => option.code);
  const code = steps.find((step) => step === written.replace(/^\+|^(-?)0+(?=\d)/, "$1"));
  if (code === undefined) {
    part("remark").textContent = `Write a whole number from ${steps[0]} to ${steps.at(-1)}.`;
    return;
  }
  answer({ code }, code);
}

function showReasons(shown) {
  asksReason = shown;
  part("reasons").hidden = !shown;
  part("options").hidden = shown;
  part("cannot").hidden = shown;
  part("question").textContent = shown ? "Why can it not be coded?" : question.question;
}

function answer(given, words) {
  const { item, variable } = question;
  work(async () => {
    const state = await store("answer", { item, variable, ...given });
    sessionStorage.removeItem(DRAFT);
    part("last").textContent = state.remark || state.problem ? "" : `${variable}: ${words}`;
    return state;
  });
}

/** Takes the last answer back; where a reason is asked for, that alone. */
function undo() {
  if (asksReason) {
    showReasons(false);
    return;
  }
  const { item = null, variable = null } = question || {};
  work(async () => {
    const state = await store("undo", { item, variable });
    part("last").textContent = state.remark || state.problem ? "" : `undone: ${state.question.variable}`;
    return state;
  });
}

/** Does *task*, whose end is the next state; keys pressed meanwhile do nothing. */
async function work(task) {
  if (busy) return;
  busy = true;
  document.body.classList.add("busy");
  const timer = setTimeout(() => document.body.classList.add("slow"), SLOW);
  try {
    let state = await task();
    if (state.problem) state = { ...(await load("state")), remark: state.problem };
    show(state);
  } finally {
    clearTimeout(timer);
    document.body.classList.remove("busy", "slow");
    busy = false;
  }
}

function isCodebookOpen() {
  return part("codebook").checkVisibility();
}

function toggleCodebook(open) {
  document.body.classList.toggle("codebook-open", open);
  document.body.classList.toggle("codebook-hidden", !open);
  noteCodebook();
  if (open && !wide.matches) {
    part("codebook").scrollTop = 0;
    part("codebook").focus({ preventScroll: true });
  } else part("text").focus({ preventScroll: true });
}

/** Says whether the codebook is shown, and keeps what it covers on a phone out of reach. */
function noteCodebook() {
  const open = isCodebookOpen();
  part("toggle").setAttribute("aria-expanded", open);
  part("main").inert = open && !wide.matches;
}

function markVariable() {
  for (const section of part("codebook").querySelectorAll("[data-variable]")) {
    const isAsked = question !== null && section.dataset.variable === question.variable;
    section.classList.toggle("asked", isAsked);
    if (isAsked && wide.matches) section.scrollIntoView({ block: "nearest" });
  }
}

/** Returns the key of *event*; on a keyboard of other letters, the Latin one in its place. */
function readKey(event) {
  if (event.key.length > 1 || /^[ -~]$/.test(event.key)) return event.key;
  return event.code.startsWith("Key") ? event.code.slice(3).toLowerCase() : event.key;
}

function findCode(key) {
  const { options } = question;
  const exact = options.find((option) => option.key === key);
  if (exact) return exact.code;
  const lower = key.toLowerCase();
  const other = options.find((option) => option.key === lower)
    || options.find(({ code }) => ["yes", "no"].includes(code) && code[0] === lower);
  return other && other.code;
}

/** Does what *key* means, and returns whether it means anything. */
function press(key, target) {
  const lower = key.toLowerCase();
  if (key === part("toggle").dataset.key) toggleCodebook(!isCodebookOpen());
  else if (key === "Escape" && isCodebookOpen() && !wide.matches) toggleCodebook(false);
  else if (part("main").inert || busy) return false;
  else if (lower === part("undo").dataset.key) undo();
  else if (!question) return false;
  else if (asksReason) return pressReason(key, lower);
  else if (lower === part("cannot").dataset.key) showReasons(true);
  else if (key === "Enter" && question.several) storeChosen();
  else if (key === "Enter" && target.id === "number") storeNumber();
  else if (target.id !== "number" && findCode(key) !== undefined) choose(findCode(key));
  else if (target.id !== "number" && part("number") && /^[-+\d]$/.test(key)) {
    part("number").focus();
    return false;
  } else {
    if (/^[!-~]$/.test(key) && target.id !== "number") {
      part("remark").textContent = `No answer has the key ${key}.`;
    }
    return false;
  }
  return true;
}

function pressReason(key, lower) {
  const reason = part("reasons").querySelector(`[data-key="${CSS.escape(key)}"]`);
  if (reason) answerReason(reason);
  else if (key === "Escape" || lower === part("cannot").dataset.key) showReasons(false);
  else return false;
  return true;
}

function answerReason(button) {
  const { reason } = button.dataset;
  answer({ reason }, `cannot be coded (${reason})`);
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.isComposing) return;
  if (press(readKey(event), event.target)) event.preventDefault();
});
part("undo").addEventListener("click", undo);
part("toggle").addEventListener("click", () => toggleCodebook(!isCodebookOpen()));
part("close").addEventListener("click", () => toggleCodebook(false));
part("cannot").addEventListener("click", (event) => tapped(event) && showReasons(true));
part("back").addEventListener("click", () => showReasons(false));
for (const button of part("reasons").querySelectorAll("[data-reason]")) {
  button.addEventListener("click", (event) => tapped(event) && !busy && answerReason(button));
}
wide.addEventListener("change", noteCodebook);

onTrouble((problem) => {
  part("trouble").hidden = !problem;
  if (part("trouble").textContent !== problem) part("trouble").textContent = problem;
});
noteCodebook();
busy = false;
work(async () => (await sendKept()) || load("state"));
