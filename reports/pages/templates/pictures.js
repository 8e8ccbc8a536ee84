// Pictures that answer: the mark nearest to a pointer, a finger or the focus has a card with its numbers and headlines;
// its period is lit in all pictures; the legend hides series; a picture is copied as PNG. Without this script each mark
// is a link with a title.

const marksOf = new Map(); // by picture
const titles = new Map(); // by mark
const byPeriod = new Map();
const headlines = JSON.parse(document.getElementById("headlines")?.textContent ?? "{}");
const card = Object.assign(document.createElement("div"), { className: "card", hidden: true });
let shown = null;

const periodOf = (mark) => mark.dataset.row.split(".").find((part) => /^\d{4}(-W?\d\d){0,2}$/.test(part));
const isSeen = (mark) => !mark.closest(".off");

// The numbers are those of the exported row, and the headlines those of a subject in a period.
const linesOf = (mark) => {
  const [value, low, high, n] = mark.dataset.values.split(" ");
  const numbers = [`value ${value}`];
  if (low !== "-" && high !== "-") numbers.push(`interval ${low} to ${high}`);
  if (n !== "-") numbers.push(`n ${n}`);
  const query = new URLSearchParams(mark.getAttribute("href")?.split("#")[1]);
  const { subject, job, period, ...more } = Object.fromEntries(query);
  const found = Object.keys(more).length === 0 && headlines[subject ?? job]?.[period];
  return [numbers.join(", "), ...(found || [])];
};

const light = (mark, isLit) => {
  for (const other of byPeriod.get(periodOf(mark)) ?? []) other.classList.toggle("lit", isLit);
  mark.classList.toggle("near", isLit);
};

const hide = () => {
  if (shown) light(shown, false);
  shown = null;
  card.hidden = true;
};

const show = (mark, isTouched = false) => {
  if (mark === shown && !isTouched) return;
  hide();
  shown = mark;
  light(mark, true);
  const address = isTouched && mark.getAttribute("href"); // a finger opens the list from the card
  const heading = document.createElement(address ? "a" : "strong");
  if (address) heading.href = address;
  heading.textContent = titles.get(mark);
  const lines = linesOf(mark).map((textContent) => Object.assign(document.createElement("p"), { textContent }));
  card.replaceChildren(heading, ...lines);
  mark.closest("figure").append(card);
  card.hidden = false;
  const [at, figure] = [mark, card.offsetParent].map((one) => one.getBoundingClientRect());
  const left = at.left + at.width / 2 - figure.left - card.offsetWidth / 2;
  card.style.left = `${Math.max(0, Math.min(figure.width - card.offsetWidth, left))}px`;
  const isBelow = at.top < card.offsetHeight + 8;
  card.style.top = `${(isBelow ? at.bottom + 8 : at.top - card.offsetHeight - 8) - figure.top}px`;
};

// The mark that is hit, or the nearest: along the axis of dates or names first.
const find = (picture, { target, clientX: x, clientY: y }) => {
  const hit = target.closest("[data-row]");
  if (hit) return hit;
  const beyond = (box) => [Math.max(0, box.left - x, x - box.right), Math.max(0, box.top - y, y - box.bottom)];
  const isIn = (panel) => Math.max(...beyond(panel.getBoundingClientRect())) === 0;
  const panel = [...picture.querySelectorAll(".panel")].find(isIn);
  const along = panel?.dataset.along;
  let [best, least] = [null, along === "xy" ? 30 : Infinity];
  for (const mark of marksOf.get(picture)) {
    if (!panel?.contains(mark) || !isSeen(mark)) continue;
    const [beside, over] = beyond(mark.getBoundingClientRect());
    const far = along === "x" ? 1000 * beside + over : along === "y" ? 1000 * over + beside : Math.hypot(beside, over);
    if (far < least) [best, least] = [mark, far];
  }
  return best;
};

// Along its layer to the next mark; across to the mark of the next layer that is nearest.
const step = (mark, key) => {
  const isForward = key === "ArrowRight" || key === "ArrowDown";
  const isUpright = key === "ArrowUp" || key === "ArrowDown";
  const all = marksOf.get(mark.ownerSVGElement).filter(isSeen);
  const place = all.indexOf(mark);
  const next = isForward ? all.slice(place + 1) : all.slice(0, place).reverse();
  if (isUpright === (mark.closest(".panel").dataset.along === "y")) return next[0];
  const layer = next.find((other) => other.parentElement !== mark.parentElement)?.parentElement;
  const left = (one) => one.getBoundingClientRect().left;
  const off = (other) => Math.abs(left(other) - left(mark));
  return next.filter((other) => other.parentElement === layer).sort((a, b) => off(a) - off(b))[0];
};

const answer = (picture) => {
  let isTouch = false;
  const own = marksOf.get(picture);
  picture.addEventListener("pointerdown", (event) => (isTouch = event.pointerType === "touch"));
  picture.addEventListener("pointermove", (event) => {
    if (event.pointerType === "touch") return;
    const mark = find(picture, event);
    picture.classList.toggle("leads", Boolean(mark?.hasAttribute("href")));
    mark ? show(mark) : hide();
  });
  picture.addEventListener("pointerleave", (event) => event.pointerType !== "touch" && hide());
  picture.addEventListener("click", (event) => {
    if (event.detail === 0 || event.target.closest(".meaning")) return; // of keys, or of the legend
    const mark = find(picture, event);
    if (mark && isTouch) {
      event.preventDefault();
      show(mark, true);
    } else if (mark?.hasAttribute("href") && !mark.contains(event.target)) {
      window.location.href = mark.getAttribute("href");
    }
  });
  picture.addEventListener("focusin", (event) => own.includes(event.target) && !isTouch && show(event.target));
  picture.addEventListener("focusout", hide);
  picture.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hide();
    if (!event.key.startsWith("Arrow") || !own.includes(event.target)) return;
    event.preventDefault();
    const next = step(event.target, event.key);
    if (!next) return;
    event.target.setAttribute("tabindex", -1);
    next.setAttribute("tabindex", 0);
    next.focus();
  });
};

// A series is hidden in all panels of its picture.
const addSwitch = (picture, meaning) => {
  const { series } = meaning.dataset;
  const layers = [...picture.querySelectorAll(".layer")].filter((layer) => layer.dataset.series === series);
  if (!layers.length) return;
  const press = (isOn) => {
    meaning.setAttribute("aria-pressed", isOn);
    layers.forEach((layer) => layer.classList.toggle("off", !isOn));
  };
  const turn = () => press(meaning.getAttribute("aria-pressed") === "false");
  meaning.setAttribute("role", "button");
  meaning.setAttribute("tabindex", 0);
  press(true);
  meaning.addEventListener("click", turn);
  meaning.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    turn();
  });
};

// Our SVG has three shapes; a canvas draws each as the page shows it, light or dark.
const draw = (picture) => {
  const { width, height } = picture.viewBox.baseVal;
  const canvas = Object.assign(document.createElement("canvas"), { width: 3 * width, height: 3 * height });
  const paper = canvas.getContext("2d");
  for (const shape of picture.querySelectorAll("path, circle, text")) {
    if (shape.closest("defs, .off")) continue;
    const [look, hatch] = [shape, picture.querySelector("pattern path")].map((one) => one && getComputedStyle(one));
    const [x, y, cx, cy, r, size, length] = ["x", "y", "cx", "cy", "r", "font-size", "textLength"].map((name) => Number(shape.getAttribute(name)));
    paper.setTransform(3, 0, 0, 3, 0, 0);
    paper.globalAlpha = look.opacity;
    paper.filter = shape.closest(".shades") ? getComputedStyle(shape.closest(".shades")).filter : "none";
    paper.fillStyle = look.fill.startsWith("url") ? hatch.fill : look.fill;
    if (shape.localName === "text") {
      paper.font = `${look.fontWeight} ${size}px ${look.fontFamily}`;
      paper.textAlign = { middle: "center", end: "right" }[look.textAnchor] ?? "left";
      paper.translate(x, y);
      if (shape.hasAttribute("transform")) paper.rotate(-Math.PI / 2);
      if (length) paper.scale(length / paper.measureText(shape.textContent).width, 1);
      paper.fillText(shape.textContent, 0, 0);
      continue;
    }
    const path = new Path2D(shape.getAttribute("d") ?? "");
    if (r) path.arc(cx, cy, r, 0, 7);
    paper.strokeStyle = look.stroke;
    paper.lineWidth = parseFloat(look.strokeWidth);
    paper.setLineDash(look.strokeDasharray === "none" ? [] : look.strokeDasharray.split(",").map(parseFloat));
    if (look.fill !== "none") paper.fill(path);
    if (look.stroke !== "none") paper.stroke(path);
  }
  return canvas;
};

const copy = async (picture, button) => {
  const png = await new Promise((resolve) => draw(picture).toBlob(resolve));
  try {
    await navigator.clipboard.write([new ClipboardItem({ "image/png": png })]);
    button.textContent = "Copied";
  } catch { // where a page may not write to the clipboard, the picture is saved
    const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(png) });
    link.download = `${picture.dataset.name}.png`;
    link.click();
    button.textContent = "Saved";
  }
};

for (const picture of document.querySelectorAll("figure > svg")) {
  const own = [...picture.querySelectorAll("[data-row]")];
  marksOf.set(picture, own);
  own.forEach((mark, place) => {
    const title = mark.querySelector("title"); // the card says it, so that the browser need not say it again
    titles.set(mark, title?.textContent ?? "");
    title?.remove();
    if (mark.localName === "a") mark.setAttribute("aria-label", titles.get(mark));
    if (mark.localName === "a") mark.setAttribute("tabindex", place ? -1 : 0);
    const period = periodOf(mark);
    byPeriod.set(period, byPeriod.get(period) ?? []);
    byPeriod.get(period).push(mark);
  });
  byPeriod.delete(undefined);
  answer(picture);
  for (const meaning of picture.querySelectorAll(".meaning")) addSwitch(picture, meaning);
  const button = Object.assign(document.createElement("button"), { type: "button", className: "copy", textContent: "Copy as PNG" });
  button.addEventListener("click", () => copy(picture, button));
  picture.parentElement.querySelector("figcaption").append(" ", button);
}
