// The list of documents. What is chosen stands in the address behind "#", by the fields of `DocumentQuery`
// (reports/words/document_queries.py): the form is filled from there, and what it changes is written there.
// The index lies in the page; parts beside it (see document_list.py) hold texts, and are loaded when they are needed.

const ROWS_AT_A_TIME = 100;
const CONTEXT = 90; // characters on each side of a keyword
const [IS_REPEAT, IS_LEFT_OUT] = [1, 2];

const at = (id) => document.getElementById(id);
const form = at("choice");
const write = (number) => number.toLocaleString("en");
const make = (name, ...content) => {
  const made = document.createElement(name);
  made.append(...content);
  return made;
};
// Addresses are http and https alone, or null.
const link = (href, text, other) => (href ? Object.assign(make("a", text), { href, rel: "noopener noreferrer" }) : other);

const unpack = (packed) => {
  const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
};
const addUp = (differences) => {
  let sum = 0;
  return differences.map((difference) => (sum += difference));
};
const index = await unpack(at("document-index").textContent);
const { originFields: ORIGIN, heldFields: HELD } = index;
const days = addUp(index.days); // from 1970-01-01 on; 0 is none
const partOf = index.parts.flatMap(([name, file, job, length]) => new Array(length).fill({ name, file, job }));
partOf.forEach((part, row) => (part.start ??= row));

let query = {};
let chosen = []; // places in the index
let shown = []; // the chosen documents, or the lines of a concordance
let first = 0; // of those on the page
let round = 0; // of questions: an answer to an earlier one comes too late

// A part calls this with what it holds: rows, and the documents of names, phrases and words.
const arrivals = {};
window.documentPart = (name, packed) => arrivals[name](packed);
const load = (part) =>
  (part.loading ??= new Promise((resolve, reject) => {
    arrivals[part.name] = (packed) => resolve(unpack(packed));
    const script = Object.assign(make("script"), { src: part.file });
    script.onerror = () => reject(new Error(`${part.file} is missing: copy the whole folder of the report.`));
    document.head.append(script);
  }).then((values) => Object.assign(part, values)));
const loadParts = async (rows) => {
  const asked = round;
  const parts = [...new Set(rows.map((row) => partOf[row]))];
  for (const [place, part] of parts.entries()) {
    at("state").textContent = `Reading file ${place + 1} of ${parts.length}`;
    await load(part);
    if (asked !== round) return false;
  }
  at("state").textContent = "";
  return true;
};

const dayOf = (year, month, day) => Date.UTC(year, month - 1, day) / 86400000;
const dateOf = (day) => new Date(day * 86400000);
const iso = (day) => (day ? dateOf(day).toISOString().slice(0, 10) : "");
const say = (day, parts) => dateOf(day).toLocaleDateString("en-GB", { timeZone: "UTC", month: "long", year: "numeric", ...parts });
const sayDay = (day) => say(day, { day: "numeric" });
const spanOf = (period) => {
  const [from, to] = period.split("..");
  if (to) return [spanOf(from)[0], spanOf(to)[1]];
  const [year, month, day] = from.replace("W", "").split("-").map(Number);
  if (from.includes("W")) {
    const fourth = dayOf(year, 1, 4); // of January, which lies in the first week
    const monday = fourth - ((fourth + 3) % 7) + 7 * (month - 1);
    return [monday, monday + 6];
  }
  return [dayOf(year, month ?? 1, day ?? 1), day ? dayOf(year, month, day) : dayOf(year, (month ?? 12) + 1, 0)];
};
const describePeriod = (period) => {
  const [from, to] = spanOf(period);
  if (from === to) return `on ${sayDay(from)}`;
  if (/W|\.\./.test(period)) return `from ${sayDay(from)} to ${sayDay(to)}`;
  return `in ${period.includes("-") ? say(from) : period}`;
};
const describe = () => {
  const { subject, term = index.names[subject] ?? subject, other, name, phrase, word, search, code, job, period } = query;
  const ending = chosen.length === 1 ? "" : "s";
  const quote = (text) => text && `“${text}”`;
  const join = (words, between) => words.filter(Boolean).join(between);
  const subjects = join([term, index.names[other] ?? other].map(quote), " and ");
  const said = { mention: subjects, name: quote(name), hold: quote(phrase), use: quote(word), say: quote(search) };
  const verbs = Object.entries(said).map(([verb, words]) => words && `${verb}${ending ? "" : "s"} ${words}`);
  return join([
    write(chosen.length),
    `${index.noun}${ending}`,
    index.isPosts && job && `of ${index.jobs[job] ?? job}`,
    join(verbs, " and "),
    code && `coded ${quote(code)}`,
    !index.isPosts && !period && job && describePeriod(job),
    period && describePeriod(period),
    ...ORIGIN.map((field) => query[field] && `of the ${field} ${quote(query[field])}`),
    query.without_repeats && "without repeats",
  ], " ");
};

// By the index alone: a test for each different origin and for each different set of mentions.
const findByIndex = () => {
  const { job, subject, term, other, code } = query;
  const coded = code && new Set(addUp(index.codes[code] ?? []));
  const fitsOrigin = index.origins.map((origin) =>
    ORIGIN.every((field, place) => !query[field] || query[field] === (origin[place] || "not known")),
  );
  const fitsMentions = index.mentions.map(([flags, ...places]) => {
    // Names, phrases and words are counted before the run's selection leaves documents out.
    if (flags & IS_LEFT_OUT && !HELD.some((field) => query[field])) return false;
    if (flags & IS_REPEAT && query.without_repeats) return false;
    const terms = places.map((place) => index.terms[place]);
    const mentions = (wanted, wantedTerm = "") =>
      terms.some(([place, term]) => [undefined, index.subjects[place]].includes(wanted) && ["", term].includes(wantedTerm));
    return index.isPosts || (code && !subject && !term) || (mentions(subject, term) && (!other || mentions(other)));
  });
  return [...days.keys()].filter((row) =>
    fitsMentions[index.documentMentions[row]] &&
    fitsOrigin[index.documentOrigins[row]] &&
    (!job || job === partOf[row].job) &&
    (!coded || coded.has(row)),
  );
};
const isOfSubject = ([subject]) => index.isPosts || !query.subject || index.subjects[subject] === query.subject;

// A label of a picture may say more: "Quist (as Mara Quist 12)".
const fits = (field) => {
  const wanted = query[field].toLowerCase().replace(field === "name" ? / \((as|also) .*\)$/ : "", "");
  return ([, spellings]) => spellings.includes(wanted);
};

// By what the parts hold; null if another question came meanwhile.
const findInParts = async (rows) => {
  const fields = HELD.filter((field) => query[field]);
  const search = query.search?.toLowerCase() ?? "";
  if (!fields.length && !search) return rows;
  if (!(await loadParts(rows))) return null;
  const holders = (part, field) => {
    const holding = part[field].filter(isOfSubject).filter(fits(field));
    return new Set(holding.flatMap(([, , places]) => addUp(places)));
  };
  const sets = new Map();
  return rows.filter((row) => {
    const part = partOf[row];
    if (!sets.has(part)) sets.set(part, fields.map((field) => holders(part, field)));
    part.texts ??= part.rows.map(([, text]) => text.toLowerCase());
    const place = row - part.start;
    return part.texts[place].includes(search) && sets.get(part).every((set) => set.has(place));
  });
};

const answer = async () => {
  const asked = ++round;
  query = Object.fromEntries([...new URLSearchParams(location.hash.slice(1))].filter(([, value]) => value));
  if (query.period && spanOf(query.period).some(Number.isNaN)) delete query.period;
  for (const control of form.elements) {
    if (control.type === "checkbox") control.checked = query[control.name];
    else control.value = query[control.name] ?? "";
  }
  const [from, to] = query.period ? spanOf(query.period) : [0, Infinity];
  const fitting = findByIndex();
  // What is asked for comes first, what the strip shows beside it later.
  const found = await findInParts(fitting.filter((row) => days[row] >= from && days[row] <= to));
  if (!found) return;
  chosen = query.sort === "newest" ? found.reverse() : found;
  at("chosen").textContent = describe();
  countChoices();
  await showFrom(0);
  const everywhere = asked === round && (await findInParts(fitting));
  if (!everywhere) return;
  drawStrip(everywhere, from, to);
  const read = [...new Set(partOf)].filter((part) => part.rows);
  const unknown = HELD.filter((field) => query[field] && !read.some((part) => part[field].some(fits(field))));
  at("state").textContent = unknown.map((field) => `“${query[field]}” is no ${field} that was counted here.`).join(" ");
};

// Each section that could be chosen says how many of the documents it has.
const countChoices = () => {
  ORIGIN.forEach((field, place) => {
    const counts = {};
    for (const row of chosen) {
      const value = originOf(row)[place] || "not known";
      counts[value] = (counts[value] ?? 0) + 1;
    }
    for (const option of form.elements[field]?.options ?? []) {
      if (option.value) option.label = query[field] ? option.text : `${option.text} (${write(counts[option.value] ?? 0)})`;
    }
  });
};

const documentOf = (row) => partOf[row].rows[row - partOf[row].start];
const originOf = (row) => index.origins[index.documentOrigins[row]];
// Of the subject, if one is chosen: subject, polarity in hundredths, beginning and end of each mark in the text.
const mentionsOf = (row) => documentOf(row)[2].filter(isOfSubject);
const scoresOf = (row) => mentionsOf(row).map(([, score]) => score).filter(Number.isInteger);
// Where a text has what a reader looks for, else the keyword.
const marksOf = (row) => {
  const text = documentOf(row)[1].toLowerCase();
  const wanted = ["search", ...HELD].map((field) => query[field]?.toLowerCase()).find((words) => words && text.includes(words));
  const marks = [];
  for (let start = -1; wanted && (start = text.indexOf(wanted, start + 1)) >= 0; ) marks.push([start, start + wanted.length]);
  for (const [, , ...ends] of wanted ? [] : mentionsOf(row)) while (ends.length) marks.push(ends.splice(0, 2));
  marks.sort(([a], [b]) => a - b);
  return marks.filter(([start], place) => !place || start >= marks[place - 1][1]);
};

const listDocument = (row) => {
  const [address, text] = documentOf(row);
  const line = Object.assign(make("p"), { dir: "auto" });
  let last = 0;
  for (const [start, end] of marksOf(row)) {
    line.append(text.slice(last, start), make("mark", text.slice(start, end)));
    last = end;
  }
  line.append(text.slice(last));
  const facts = make("small", originOf(row).slice(0, 3).filter(Boolean).join(" · "), " ", link(address, "source", ""));
  const scores = scoresOf(row).map((score) => `${score > 0 ? "+" : ""}${(score / 100).toFixed(2)}`.replace("-", "−"));
  return make("li", make("time", iso(days[row])), make("div", line, facts), make("small", scores.join(" ")));
};

const wordsOf = (text) => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
const findLines = (row) =>
  marksOf(row).map(([start, end]) => {
    const [address, text] = documentOf(row);
    const [left, right] = [text.slice(Math.max(0, start - CONTEXT), start), text.slice(end, end + CONTEXT)];
    const words = query.sort === "left" ? wordsOf(left).reverse() : wordsOf(right);
    return { day: iso(days[row]), address, left, node: text.slice(start, end), right, words: words.join(" ") };
  });
const listLine = ({ day, address, left, node, right }) =>
  make("li", make("time", link(address, day, day)), make("div", make("span", left)), make("mark", node), make("div", right));

const showFrom = async (start) => {
  const isInLines = index.hasTexts && ["left", "right"].includes(query.sort);
  if (!(await loadParts(isInLines ? chosen : chosen.slice(start, start + ROWS_AT_A_TIME)))) return;
  if (!isInLines) shown = chosen;
  else if (!start) shown = chosen.flatMap(findLines).sort((a, b) => (a.words < b.words ? -1 : Number(a.words > b.words)));
  first = start;
  const last = Math.min(first + ROWS_AT_A_TIME, shown.length);
  at("rows").className = isInLines ? "concordance" : "documents";
  at("rows").replaceChildren(...shown.slice(first, last).map(isInLines ? listLine : listDocument));
  at("pager").hidden = shown.length <= ROWS_AT_A_TIME;
  at("place").textContent = `rows ${write(first + 1)} to ${write(last)} of ${write(shown.length)}`;
  at("previous").disabled = !first;
  at("next").disabled = last === shown.length;
};
const turn = (rows) => {
  at("chosen").scrollIntoView();
  return showFrom(first + rows);
};

// The strip has a bar for each day, and a slider for either end.
const [earliest, latest] = index.span;
const strip = at("strip");
const sliders = [at("from"), at("to")];
const clamp = (day) => Math.min(latest, Math.max(earliest, day));
const brush = (...ends) => {
  const days = ends.map(clamp).sort((a, b) => a - b);
  sliders.forEach((slider, place) => {
    slider.value = days[place];
    slider.setAttribute("aria-valuetext", sayDay(days[place]));
  });
  at("brush").setAttribute("x", days[0] - earliest);
  at("brush").setAttribute("width", days[1] - days[0] + 1);
  return days[0] === earliest && days[1] === latest ? "" : [...new Set(days.map(iso))].join("..");
};
const drawStrip = (rows, from, to) => {
  const counts = new Array(latest - earliest + 1).fill(0);
  for (const row of rows) if (days[row]) counts[days[row] - earliest] += 1;
  const most = counts.reduce((a, b) => Math.max(a, b), 1);
  at("bars").setAttribute("d", counts.map((count, day) => (count ? `M${day} 1v${-count / most}h.9V1z` : "")).join(""));
  const first = counts.indexOf(most);
  at("most").textContent = first < 0 ? "" : `at most ${write(most)} a day, first on ${sayDay(earliest + first)}`;
  brush(from, to);
};
const choosePeriod = (...ends) => {
  form.elements.period.value = brush(...ends);
  form.dispatchEvent(new Event("change"));
};
const dayBelow = ({ offsetX }) => clamp(earliest + Math.floor((offsetX / strip.clientWidth) * (latest - earliest + 1)));
let begun = earliest;
strip.addEventListener("pointerdown", (event) => {
  strip.setPointerCapture(event.pointerId);
  begun = dayBelow(event);
});
strip.addEventListener("pointermove", (event) => event.buttons && brush(begun, dayBelow(event)));
strip.addEventListener("pointerup", (event) => choosePeriod(begun, dayBelow(event)));
for (const slider of sliders) {
  slider.addEventListener("change", () => choosePeriod(...sliders.map(({ value }) => Number(value))));
}

// As in the exports, what a spreadsheet would take for a formula gets an apostrophe.
const cell = (value) => {
  if (typeof value !== "string") return value;
  return `"${/^[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]/.test(value) ? "'" : ""}${value.replaceAll('"', '""')}"`;
};
const save = async () => {
  if (!(await loadParts(chosen))) return;
  const lines = chosen.map((row) => {
    const [address, text] = documentOf(row);
    const scores = scoresOf(row);
    const mean = scores.length ? scores.reduce((sum, score) => sum + score, 0) / scores.length / 100 : "";
    const subjects = new Set(mentionsOf(row).map(([subject]) => index.subjects[subject]));
    return [iso(days[row]), ...originOf(row), [...subjects].join("|"), mean, address, text];
  });
  lines.unshift(["day", ...ORIGIN, "subjects", "polarity", "address", "text"]);
  const csv = lines.map((cells) => `${cells.map(cell).join(",")}\r\n`);
  const href = URL.createObjectURL(new Blob(["\ufeff", ...csv], { type: "text/csv" }));
  Object.assign(make("a"), { href, download: `${["documents", ...Object.values(query)].join("-").replace(/[^\p{L}\p{N}.-]+/gu, "-")}.csv` }).click();
};

form.addEventListener("change", () => {
  location.hash = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
});
form.addEventListener("submit", (event) => event.preventDefault());
at("previous").addEventListener("click", () => turn(-ROWS_AT_A_TIME));
at("next").addEventListener("click", () => turn(ROWS_AT_A_TIME));
at("save").addEventListener("click", save);
window.addEventListener("hashchange", answer);
window.addEventListener("unhandledrejection", ({ reason }) => (at("state").textContent = reason.message));
at("list").hidden = false;
answer();
