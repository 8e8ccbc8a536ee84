"use strict";
// The list of documents. What is chosen stands in the address behind "#", by the fields of `DocumentQuery`
// (reports/words/document_queries.py): a reader's change is written there, and the page shows what stands there.
// The index lies in the page; texts lie in parts beside it, loaded when they are needed.
{
  const ROWS_AT_A_TIME = 100;
  const MOST_LINES = 50000; // of a concordance, which sorts all of its lines
  const CONTEXT = 90; // characters beside the keyword
  const DAY = 86400000;
  const [IS_REPEAT, IS_LEFT_OUT] = [1, 2];
  const ORIGIN = ["outlet", "section", "kind", "desk"];
  const HELD = ["name", "phrase", "word"];
  const NOT_KNOWN = "not known";
  const MONTHS = "January February March April May June July August September October November December".split(" ");
  const at = (id) => document.getElementById(id);
  const count = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
  const element = (name, text, className) => {
    const made = document.createElement(name);
    made.textContent = text;
    if (className) made.className = className;
    return made;
  };

  const unpack = async (packed) => {
    const letters = atob(packed);
    const bytes = new Uint8Array(letters.length);
    for (let i = 0; i < letters.length; i++) bytes[i] = letters.charCodeAt(i);
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return JSON.parse(await new Response(stream).text());
  };
  const addUp = (differences) => {
    let sum = 0;
    return Int32Array.from(differences, (difference) => (sum += difference));
  };

  let index; // of all documents
  let order; // of the rows that are chosen: places in the index
  let first = 0; // of those that are shown
  let query = {};
  let round = 0; // an answer to an earlier query comes too late

  // A part calls documentPart with what it holds.
  const arrivals = new Map();
  window.documentPart = (name, packed) => arrivals.get(name)?.(packed);
  const load = (part) => {
    part.loading ??= new Promise((resolve, reject) => {
      arrivals.set(part.name, (packed) => resolve(unpack(packed)));
      const script = document.createElement("script");
      script.src = part.file;
      script.onerror = () => reject(new Error(`${part.file} is missing: copy the whole folder of the report.`));
      document.head.append(script);
    }).then((values) => Object.assign(part, values));
    return part.loading;
  };
  const partAt = (row) => {
    let [low, high] = [0, index.parts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (index.parts[middle].start <= row) low = middle;
      else high = middle - 1;
    }
    return index.parts[low];
  };
  const partsOf = (rows) => [...new Set(Array.from(rows, partAt))];
  const loadAll = async (parts, mine) => {
    let done = 0;
    for (const part of parts) {
      if (!part.rows) at("state").textContent = `Reading ${++done} of ${count(parts.length, "part")} …`;
      await load(part);
      if (mine !== round) return false;
    }
    at("state").textContent = "";
    return true;
  };

  // Days are numbers from 1970-01-01 on, in UTC; 0 is none.
  const dayOf = (year, month, day) => Date.UTC(year, month - 1, day) / DAY;
  const isoOf = (day) => new Date(day * DAY).toISOString().slice(0, 10);
  const say = (day) => {
    const date = new Date(day * DAY);
    return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}`;
  };
  const spanOf = (period) => {
    if (period.includes("..")) {
      const [from, to] = period.split("..");
      return [spanOf(from)[0], spanOf(to)[1]];
    }
    const [year, month, day] = period.split("-").map(Number);
    if (period.includes("W")) {
      const monday = dayOf(year, 1, 4) - ((new Date(dayOf(year, 1, 4) * DAY).getUTCDay() + 6) % 7);
      const start = monday + 7 * (Number(period.split("W")[1]) - 1);
      return [start, start + 6];
    }
    if (day) return [dayOf(year, month, day), dayOf(year, month, day)];
    if (month) return [dayOf(year, month, 1), dayOf(year, month + 1, 1) - 1];
    return [dayOf(year, 1, 1), dayOf(year + 1, 1, 1) - 1];
  };
  const nameSpan = (from, to) => {
    const day = isoOf(from);
    for (const period of [day.slice(0, 4), day.slice(0, 7), day]) {
      const [start, end] = spanOf(period);
      if (start === from && end === to) return period;
    }
    return `${day}..${isoOf(to)}`;
  };
  const describePeriod = (period) => {
    const [from, to] = spanOf(period);
    if (from === to) return `on ${say(from)}`;
    if (period.includes("W")) return `in the week from ${say(from)}`;
    const year = period.slice(0, 4);
    if (period.includes("..")) return `from ${say(from)} to ${say(to)}`;
    return period.includes("-") ? `in ${MONTHS[Number(period.slice(5)) - 1]} ${year}` : `in ${year}`;
  };

  const titleOf = (job) => (index.jobs.find(([name]) => name === job) ?? [job, job])[1];
  const describe = (number) => {
    const { subject, term, other, name, phrase, word, search, code } = query;
    const verb = (one, many) => (number === 1 ? one : many);
    const said = [];
    if ((subject ?? term) && !index.posts) {
      const second = other ? ` and “${other}”` : "";
      said.push(`${verb("mentions", "mention")} “${term ?? subject}”${second}`);
    }
    if (name) said.push(`${verb("names", "name")} “${name}”`);
    if (phrase) said.push(`${verb("holds", "hold")} “${phrase}”`);
    if (word) said.push(`${verb("has", "have")} the word “${word}”`);
    if (search) said.push(`${verb("has", "have")} “${search}” in ${verb("its", "their")} text`);
    if (code) said.push(`${verb("is", "are")} coded “${code.replace(":", "”: “")}”`);
    const sentence = [count(number, index.posts ? "post" : "document"), said.join(" and ")];
    if (query.job && (index.posts || !query.period)) sentence.push(index.posts ? `of ${titleOf(query.job)}` : `in ${describePeriod(query.job).slice(3)}`);
    if (query.period) sentence.push(describePeriod(query.period));
    for (const field of ORIGIN) if (query[field]) sentence.push(`with ${field} “${query[field]}”`);
    if (query.without_repeats) sentence.push("without repeats");
    return sentence.filter(Boolean).join(" ").replace(/ (?=without repeats)/, ", ");
  };

  // Choose by the index alone: a test for each different origin and each different set of mentions.
  const findByIndex = () => {
    const { posts, documentOrigins, documentMentions, parts } = index;
    const isHeld = HELD.some((field) => query[field]);
    const fitsOrigin = index.origins.map((origin) =>
      ORIGIN.every((field, place) => !query[field] || (origin[place] || NOT_KNOWN) === query[field]));
    const mentions = (terms, subject, term) =>
      terms.some((place) => {
        const [ofSubject, ofTerm] = index.terms[place];
        return (!subject || index.subjects[ofSubject] === subject) && (!term || ofTerm === term);
      });
    const fitsMentions = index.mentions.map(([flags, ...terms]) => {
      // Names, phrases and words are counted in all documents, whatever the run leaves out.
      if (flags & IS_LEFT_OUT && !isHeld) return false;
      if (flags & IS_REPEAT && query.without_repeats) return false;
      if (posts) return true;
      if (!query.subject && !query.term) return terms.length > 0 || Boolean(query.code);
      return mentions(terms, query.subject, query.term) && (!query.other || mentions(terms, query.other));
    });
    const coded = query.code ? new Set(addUp(index.codes[query.code] ?? [])) : null;
    const job = query.job ?? (posts ? query.subject : undefined);
    const found = [];
    for (const part of parts) {
      if (job && !index.jobs[part.job].includes(job)) continue;
      for (let row = part.start; row < part.start + part.length; row++) {
        if (!fitsOrigin[documentOrigins[row]] || !fitsMentions[documentMentions[row]]) continue;
        if (!coded || coded.has(row)) found.push(row);
      }
    }
    return found;
  };

  const fold = (text) => text.toLowerCase().replace(/\s+/g, " ").trim();
  const holders = (part, field, wanted) => {
    const subject = query.subject ? index.subjects.indexOf(query.subject) : -1;
    const spelling = field === "phrase" ? wanted : fold(wanted.replace(/ \((?:as|also) .*\)$/, ""));
    const rows = new Set();
    for (const [ofSubject, spellings, differences] of part[field]) {
      if ((subject < 0 || index.posts || ofSubject === subject) && spellings.includes(spelling)) {
        for (const row of addUp(differences)) rows.add(row);
      }
    }
    return rows;
  };
  const findInTexts = (rows) => {
    const fields = HELD.filter((field) => query[field]);
    const search = query.search ? fold(query.search) : "";
    if (!fields.length && !search) return rows;
    let [part, held] = [null, []];
    return rows.filter((row) => {
      const own = partAt(row);
      if (own !== part) [part, held] = [own, fields.map((field) => holders(own, field, query[field]))];
      const place = row - part.start;
      part.folded ??= part.rows.map(([, text]) => text.toLowerCase());
      return held.every((those) => those.has(place)) && part.folded[place].includes(search);
    });
  };

  const show = async () => {
    const mine = ++round;
    first = 0;
    readAddress();
    const fitting = findByIndex();
    const { days } = index;
    const [from, to] = query.period ? spanOf(query.period) : [-Infinity, Infinity];
    const isInside = (row) => !query.period || (days[row] && days[row] >= from && days[row] <= to);
    const needsTexts = query.search || HELD.some((field) => query[field]);
    let inside = fitting.filter(isInside);
    if (needsTexts && !(await loadAll(partsOf(inside), mine))) return;
    inside = findInTexts(inside);
    if (query.sort === "newest") inside.reverse();
    order = inside;
    at("chosen").textContent = describe(order.length);
    await draw();
    if (mine !== round) return;
    let rest = fitting.filter((row) => !isInside(row));
    if (needsTexts && rest.length && !(await loadAll(partsOf(rest), mine))) return;
    drawStrip(order, findInTexts(rest));
  };

  const link = (address, text) => {
    const made = element(address ? "a" : "bdi", text);
    if (address) {
      made.href = address; // http and https alone: the others are null in the data
      made.rel = "noopener noreferrer";
    }
    return made;
  };
  const signed = (score) => (score === null ? "" : `${score < 0 ? "−" : score > 0 ? "+" : ""}${(Math.abs(score) / 100).toFixed(2)}`);
  const dayText = (row) => (index.days[row] ? isoOf(index.days[row]) : "no date");
  const originOf = (row) => index.origins[index.documentOrigins[row]];
  const rowOf = (row) => {
    const part = partAt(row);
    return part.rows[row - part.start];
  };
  const mentionsOf = (row) => {
    const subject = index.posts ? -1 : index.subjects.indexOf(query.subject);
    const mentions = rowOf(row)[2];
    return subject < 0 ? mentions : mentions.filter(([ofSubject]) => ofSubject === subject);
  };
  // A text as pieces, those that are marked in <mark>; each place comes once.
  const markedText = (text, spans) => {
    const holder = element("bdi", "");
    let end = 0;
    for (const [start, length] of spans.sort((a, b) => a[0] - b[0])) {
      if (start < end) continue;
      holder.append(text.slice(end, start), element("mark", text.slice(start, start + length)));
      end = start + length;
    }
    holder.append(text.slice(end));
    return holder;
  };
  const marksOf = (row) => {
    const spans = [];
    for (const [, , start, , ...marks] of mentionsOf(row)) {
      for (let i = 0; i < marks.length; i += 2) spans.push([start + marks[i], marks[i + 1]]);
    }
    return spans;
  };
  // What a reader looks for, where the text has it; else the keyword.
  const nodesOf = (row) => {
    const text = rowOf(row)[1];
    for (const field of ["search", ...HELD]) {
      const wanted = query[field] && query[field].toLowerCase();
      const spans = [];
      if (wanted) {
        const folded = text.toLowerCase();
        for (let i = folded.indexOf(wanted); i >= 0; i = folded.indexOf(wanted, i + wanted.length)) spans.push([i, wanted.length]);
      }
      if (spans.length) return spans;
    }
    return marksOf(row);
  };

  const listItem = (row) => {
    const [address, text, mentions] = [...rowOf(row).slice(0, 2), mentionsOf(row)];
    const item = document.createElement("li");
    item.append(element("time", dayText(row)));
    const body = element("div", "");
    const line = element("p", "");
    line.dir = "auto";
    line.append(text ? markedText(text, [...nodesOf(row), ...marksOf(row)]) : link(address, address ?? "no address"));
    const facts = element("p", "", "facts");
    const [outlet, section, kind] = originOf(row);
    facts.append([outlet, section, kind].filter(Boolean).join(" · "));
    if (address && text) facts.append(outlet || section || kind ? " · " : "", link(address, "source"));
    const scores = new Map(mentions.map(([, score, start]) => [`${start} ${score}`, score]));
    const scored = [...scores.values()].filter((score) => score !== null).map(signed);
    body.append(line, facts);
    item.append(body, element("span", scored.join("  "), "score"));
    return item;
  };

  const wordsOf = (text) => text.toLowerCase().match(/[\p{L}\p{N}'’]+/gu) ?? [];
  const makeLines = (rows) => {
    const lines = [];
    for (const row of rows.slice(0, MOST_LINES)) {
      const text = rowOf(row)[1];
      for (const [start, length] of nodesOf(row)) {
        const [left, right] = [text.slice(Math.max(0, start - CONTEXT), start), text.slice(start + length, start + length + CONTEXT)];
        const words = query.sort === "left" ? wordsOf(left).reverse() : wordsOf(right);
        lines.push({ row, left, node: text.slice(start, start + length), right, key: words.join(" ") });
      }
    }
    return lines.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  };
  const lineItem = ({ row, left, node, right }) => {
    const item = element("li", "", "line");
    const [before, after] = [element("span", "", "left"), element("span", right, "right")];
    before.append(element("bdi", left));
    const day = element("time", "");
    day.append(link(rowOf(row)[0], dayText(row)));
    item.append(day, before, element("mark", node), after);
    return item;
  };

  let lines = null;
  const isConcordance = () => index.texts && ["left", "right"].includes(query.sort);
  const draw = async () => {
    const mine = round;
    const asLines = isConcordance();
    if (!(await loadAll(partsOf(asLines ? order.slice(0, MOST_LINES) : order.slice(first, first + ROWS_AT_A_TIME)), mine))) return;
    lines = asLines ? (first ? lines : makeLines(order)) : null;
    const all = lines ?? order;
    const shown = all.slice(first, first + ROWS_AT_A_TIME);
    at("rows").className = asLines ? "concordance" : "documents";
    at("rows").replaceChildren(...shown.map(asLines ? lineItem : listItem));
    at("rows").hidden = !shown.length;
    const pager = at("pager");
    pager.hidden = all.length <= ROWS_AT_A_TIME;
    const number = (value) => value.toLocaleString("en");
    pager.querySelector("span").textContent = `rows ${number(first + 1)} to ${number(first + shown.length)} of ${number(all.length)}`;
    const [previous, next] = pager.querySelectorAll("button");
    previous.disabled = !first;
    next.disabled = first + shown.length === all.length;
    at("save").disabled = !order.length;
  };

  // The strip has a bar for each day, week or month of the run.
  let bins = { first: 0, size: 1, number: 1 };
  const placeOf = (day) => Math.floor((day - bins.first) / bins.size);
  const pathOf = (counts, most) => {
    let path = "";
    counts.forEach((value, place) => {
      if (value) path += `M${place} 40v${-Math.max(1, (40 * value) / most)}h.85v${Math.max(1, (40 * value) / most)}z`;
    });
    return path;
  };
  const drawStrip = (inside, outside) => {
    const counts = [inside, outside].map((rows) => {
      const bars = new Array(bins.number).fill(0);
      for (const row of rows) if (index.days[row]) bars[placeOf(index.days[row])] += 1;
      return bars;
    });
    const together = counts[0].map((value, place) => value + counts[1][place]);
    const most = Math.max(1, ...together);
    const [others, bars] = at("bars").querySelectorAll("path");
    others.setAttribute("d", pathOf(together, most));
    bars.setAttribute("d", pathOf(counts[0], most));
    const unit = { 1: "day", 7: "week" }[bins.size] ?? `${bins.size} days`;
    at("most").textContent = `most in a ${unit}: ${most.toLocaleString("en")}`.replace(/in a (\d)/, "in $1");
    const [from, to] = query.period ? spanOf(query.period) : [bins.first, bins.first + bins.number * bins.size - 1];
    moveBrush(placeOf(from), placeOf(to));
  };
  const clamp = (place) => Math.min(bins.number - 1, Math.max(0, place));
  const moveBrush = (from, to) => {
    const [start, end] = [clamp(Math.min(from, to)), clamp(Math.max(from, to))];
    [at("from").value, at("to").value] = [start, end];
    const days = [bins.first + start * bins.size, bins.first + (end + 1) * bins.size - 1];
    at("from").setAttribute("aria-valuetext", say(days[0]));
    at("to").setAttribute("aria-valuetext", say(days[1]));
    const brush = at("brush");
    brush.setAttribute("x", start);
    brush.setAttribute("width", end - start + 1);
    brush.setAttribute("visibility", start || end < bins.number - 1 ? "visible" : "hidden");
    return days;
  };
  const keepBrush = (from, to) => {
    const [start, end] = moveBrush(from, to);
    const isAll = clamp(Math.min(from, to)) === 0 && clamp(Math.max(from, to)) === bins.number - 1;
    change({ period: isAll ? undefined : nameSpan(start, end), job: index.posts ? query.job : undefined });
  };
  const startStrip = () => {
    const dated = index.days.filter(Boolean);
    const [start, end] = dated.length ? [dated.reduce((a, b) => Math.min(a, b)), dated.reduce((a, b) => Math.max(a, b))] : [0, 0];
    const length = end - start + 1;
    bins.size = length <= 800 ? 1 : length <= 5600 ? 7 : 30;
    bins.first = bins.size === 7 ? start - ((new Date(start * DAY).getUTCDay() + 6) % 7) : start;
    bins.number = placeOf(end) + 1;
    at("bars").setAttribute("viewBox", `0 0 ${bins.number} 40`);
    at("first-day").textContent = say(start);
    at("last-day").textContent = say(end);
    for (const id of ["from", "to"]) {
      at(id).max = bins.number - 1;
      at(id).addEventListener("input", () => moveBrush(Number(at("from").value), Number(at("to").value)));
      at(id).addEventListener("change", () => keepBrush(Number(at("from").value), Number(at("to").value)));
    }
    const bars = at("bars");
    let begun = null;
    const placeUnder = (event) => {
      const box = bars.getBoundingClientRect();
      return clamp(Math.floor(((event.clientX - box.left) / box.width) * bins.number));
    };
    bars.addEventListener("pointerdown", (event) => {
      begun = placeUnder(event);
      bars.setPointerCapture(event.pointerId);
      moveBrush(begun, begun);
    });
    bars.addEventListener("pointermove", (event) => begun !== null && moveBrush(begun, placeUnder(event)));
    bars.addEventListener("pointerup", (event) => {
      if (begun !== null) keepBrush(begun, placeUnder(event));
      begun = null;
    });
    bars.addEventListener("pointercancel", () => (begun = null));
  };

  // The address and the controls.
  const CONTROLS = ["job", "subject", ...ORIGIN, "code", "sort"];
  const readAddress = () => {
    query = Object.fromEntries([...new URLSearchParams(location.hash.slice(1))].filter(([, value]) => value));
    try {
      if (query.period && spanOf(query.period).some(Number.isNaN)) delete query.period;
    } catch {
      delete query.period;
    }
    for (const field of CONTROLS) at(field).value = query[field] ?? "";
    at("without_repeats").checked = Boolean(query.without_repeats);
    const what = ["search", ...HELD].find((field) => query[field]) ?? at("what").value;
    if (document.activeElement !== at("holding")) [at("what").value, at("holding").value] = [what, query[what] ?? ""];
    const chips = ["job", "term", "other", "period", ...HELD].filter((field) =>
      query[field] && (field !== at("what").value) && !(field === "job" && index.posts));
    at("chips").replaceChildren(...chips.map((field) => {
      const chip = element("button", `${field}: ${query[field]} ×`);
      chip.type = "button";
      chip.setAttribute("aria-label", `Take away ${field}: ${query[field]}`);
      chip.addEventListener("click", () => change({ [field]: undefined }));
      return chip;
    }));
  };
  const change = (changes, { replace = false } = {}) => {
    const given = Object.entries({ ...query, ...changes }).filter(([, value]) => value);
    const hash = `#${given.map(([field, value]) => `${field}=${encodeURIComponent(value)}`).join("&")}`;
    if (hash === (location.hash || "#")) return show();
    return replace ? location.replace(hash) : (location.hash = hash);
  };
  const fill = (id, values) => {
    for (const [value, title] of values) at(id).add(new Option(title, value));
    at(id).closest("label").hidden = values.length < (id === "code" ? 1 : 2);
  };
  const startControls = () => {
    fill("job", index.posts ? index.jobs : []);
    fill("subject", index.subjects.map((subject) => [subject, subject]));
    fill("code", Object.keys(index.codes).map((code) => [code, code]));
    ORIGIN.forEach((field, place) => {
      const names = new Set(index.origins.map((origin) => origin[place] || NOT_KNOWN));
      fill(field, [...names].sort().map((name) => [name, name]));
    });
    for (const id of CONTROLS) at(id).addEventListener("change", () => change({ [id]: at(id).value }));
    at("without_repeats").addEventListener("change", (event) => change({ without_repeats: event.target.checked ? 1 : undefined }));
    at("what").addEventListener("change", () => at("holding").value && hold(false));
    const hold = (replace) => {
      const nothing = Object.fromEntries(["search", ...HELD].map((field) => [field, undefined]));
      change({ ...nothing, [at("what").value]: at("holding").value.trim() }, { replace });
    };
    at("holding").addEventListener("change", () => hold(false));
    at("everything").addEventListener("click", () => (location.hash = ""));
    at("form").addEventListener("submit", (event) => event.preventDefault());
    at("pager").querySelectorAll("button").forEach((button) => button.addEventListener("click", async () => {
      first = Math.max(0, first + Number(button.dataset.step) * ROWS_AT_A_TIME);
      await draw();
      at("chosen").scrollIntoView();
    }));
    at("save").addEventListener("click", save);
    window.addEventListener("hashchange", () => attempt(show));
  };

  // As the exports: what a spreadsheet would take for a formula gets an apostrophe.
  const cell = (value) => {
    const text = String(value ?? "");
    const safe = /^[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]/.test(text) && typeof value !== "number" ? `'${text}` : text;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  const save = async () => {
    if (!(await loadAll(partsOf(order), round))) return;
    const table = [["day", ...ORIGIN, "subjects", "polarity", "address", "text"]];
    for (const row of order) {
      const [address, text] = rowOf(row);
      const mentions = mentionsOf(row);
      const scores = mentions.map(([, score]) => score).filter((score) => score !== null);
      const mean = scores.length ? Number((scores.reduce((a, b) => a + b, 0) / scores.length / 100).toFixed(4)) : null;
      const subjects = [...new Set(mentions.map(([subject]) => index.subjects[subject]))].join("|");
      table.push([index.days[row] ? isoOf(index.days[row]) : null, ...originOf(row), subjects, mean, address, text]);
    }
    const csv = `\ufeff${table.map((cells) => cells.map(cell).join(",")).join("\r\n")}\r\n`;
    const saved = document.createElement("a");
    saved.href = URL.createObjectURL(new Blob([csv], { type: "text/csv" }));
    saved.download = "documents.csv";
    saved.click();
    setTimeout(() => URL.revokeObjectURL(saved.href), 60000);
  };

  const attempt = async (work) => {
    try {
      await work();
    } catch (error) {
      at("state").textContent = error.message;
    }
  };
  attempt(async () => {
    if (!("DecompressionStream" in window)) throw new Error("This browser is too old for the list: take one from 2023 or later.");
    index = await unpack(at("document-index").textContent);
    index.days = addUp(index.days);
    let start = 0;
    index.parts = index.parts.map(([name, file, job, length]) => ({ name, file, job, length, start: (start += length) - length }));
    at("list").hidden = false;
    startControls();
    startStrip();
    await show();
  });
}
