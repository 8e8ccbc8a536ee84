// Pictures that answer: the mark nearest to a pointer, a finger or the focus has a card, its period is lit in all pictures,
// the legend hides series, and a picture is copied as PNG. Without this script each mark is a link with a title.

const titles = new Map();
const byPeriod = new Map();
const headlines = JSON.parse(document.getElementById("headlines")?.textContent ?? "{}");
const make = (tag, values) => Object.assign(document.createElement(tag), values);
const card = make("div", { className: "card", hidden: true });
let shown = null;

const all = (within, selector) => [...within.querySelectorAll(selector)].filter((one) => !one.closest(".off, defs"));
const boxOf = (one) => one.getBoundingClientRect();
const addressOf = (mark) => mark?.closest("a")?.getAttribute("href");
const periodOf = (mark) => mark.dataset.row.split(".").find((part) => /^\d{4}(-W?\d\d){0,2}$/.test(part));
const along = (one) => one.closest(".panel").dataset.along;

// The numbers are those of the exported row; headlines are of a subject in a period.
const linesOf = (mark) => {
  const [value, low = "-", high = "-", n = "-"] = mark.dataset.values.split(" ");
  const numbers = [`value ${value}`, high !== "-" && `interval ${low} to ${high}`, n !== "-" && `n ${n}`].filter(Boolean);
  const query = new URLSearchParams(addressOf(mark)?.split("#")[1]);
  const { subject, job, period, ...more } = Object.fromEntries(query);
  return [numbers.join(", "), ...((Object.keys(more).length === 0 && headlines[subject ?? job]?.[period]) || [])];
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
  const href = isTouched && addressOf(mark); // a finger opens the list from the card
  const heading = href ? make("a", { href }) : make("strong");
  heading.textContent = titles.get(mark);
  card.replaceChildren(heading, ...linesOf(mark).map((textContent) => make("p", { textContent })));
  mark.closest("figure").append(card);
  card.hidden = false;
  const [at, figure] = [mark, card.offsetParent].map(boxOf);
  const left = at.left + at.width / 2 - figure.left - card.offsetWidth / 2;
  card.style.left = `${Math.max(0, Math.min(figure.width - card.offsetWidth, left))}px`;
  const top = at.top - card.offsetHeight - 8;
  card.style.top = `${(top < 0 ? at.bottom + 8 : top) - figure.top}px`;
};

// The mark that is hit, or the nearest: along the axis of dates or names first.
const find = (picture, { target, clientX: x, clientY: y }) => {
  const hit = target.closest("[data-row]");
  const beyond = (box) => [Math.max(0, box.left - x, x - box.right), Math.max(0, box.top - y, y - box.bottom)];
  const panel = all(picture, ".panel").find((one) => Math.max(...beyond(boxOf(one))) === 0);
  if (hit || !panel) return hit;
  const [beside, over] = { x: [1000, 1], y: [1, 1000], xy: [1, 1] }[along(panel)];
  let [best, least] = [null, along(panel) === "xy" ? 30 : Infinity];
  for (const mark of all(panel, "[data-row]")) {
    const [right, down] = beyond(boxOf(mark));
    const far = Math.hypot(beside * right, over * down);
    if (far < least) [best, least] = [mark, far];
  }
  return best;
};

// Along its layer to the next link; across to the link of the next layer that is nearest.
const step = (link, key) => {
  const links = all(link.ownerSVGElement, "a");
  const place = links.indexOf(link);
  const isForward = key === "ArrowRight" || key === "ArrowDown";
  const next = isForward ? links.slice(place + 1) : links.slice(0, place).reverse();
  if (/Up|Down/.test(key) === (along(link) === "y")) return next[0];
  const layer = next.find((other) => other.parentElement !== link.parentElement)?.parentElement;
  const off = (other) => Math.abs(boxOf(other).left - boxOf(link).left);
  return next.filter((other) => other.parentElement === layer).sort((a, b) => off(a) - off(b))[0];
};

const answer = (picture) => {
  let isTouch = false;
  const on = (name, listener) => picture.addEventListener(name, listener);
  on("pointerdown", (event) => (isTouch = event.pointerType === "touch"));
  on("pointermove", (event) => {
    if (event.pointerType === "touch") return;
    const mark = find(picture, event);
    picture.classList.toggle("leads", Boolean(addressOf(mark)));
    mark ? show(mark) : hide();
  });
  on("pointerleave", (event) => event.pointerType !== "touch" && hide());
  on("click", (event) => {
    if (event.detail === 0 || event.target.closest(".meaning")) return; // of keys, or of the legend
    const mark = find(picture, event);
    if (isTouch) event.preventDefault();
    if (isTouch && mark) show(mark, true);
    if (!isTouch && addressOf(mark) && !event.target.closest("a")) window.location.href = addressOf(mark);
  });
  on("focusin", ({ target }) => target.localName === "a" && !isTouch && show(target.querySelector("[data-row]")));
  on("focusout", () => isTouch || hide());
  on("keydown", (event) => {
    isTouch = false;
    if (event.key === "Escape") hide();
    if (!event.key.startsWith("Arrow") || event.target.localName !== "a") return;
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
  const layers = all(picture, ".layer").filter((layer) => layer.dataset.series === meaning.dataset.series);
  if (!layers.length) return;
  const turn = () => {
    const isOn = meaning.getAttribute("aria-pressed") !== "true";
    meaning.setAttribute("aria-pressed", isOn);
    layers.forEach((layer) => layer.classList.toggle("off", !isOn));
  };
  picture.setAttribute("role", "group"); // what is an image hides its buttons
  meaning.setAttribute("role", "button");
  meaning.setAttribute("tabindex", 0);
  turn();
  meaning.addEventListener("click", turn);
  meaning.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    turn();
  });
};

// Our SVG has three shapes, which a canvas draws as the page shows them, light or dark.
const draw = (picture) => {
  const { width, height } = picture.viewBox.baseVal;
  const canvas = make("canvas", { width: 3 * width, height: 3 * height });
  const paper = canvas.getContext("2d");
  for (const shape of all(picture, "path, circle, text")) {
    const look = getComputedStyle(shape);
    const number = (name) => Number(shape.getAttribute(name));
    const hatch = look.fill.startsWith("url") && picture.querySelector("pattern path");
    paper.setTransform(3, 0, 0, 3, 0, 0);
    paper.globalAlpha = look.opacity * look.fillOpacity;
    paper.filter = getComputedStyle(shape.closest(".shades") ?? shape).filter;
    paper.fillStyle = hatch ? getComputedStyle(hatch).fill : look.fill;
    if (shape.localName === "text") {
      paper.font = `${look.fontWeight} ${number("font-size")}px ${look.fontFamily}`;
      paper.textAlign = { middle: "center", end: "right" }[look.textAnchor] ?? "left";
      paper.translate(number("x"), number("y"));
      if (shape.hasAttribute("transform")) paper.rotate(-Math.PI / 2);
      if (number("textLength")) paper.scale(number("textLength") / paper.measureText(shape.textContent).width, 1);
      paper.fillText(shape.textContent, 0, 0);
      continue;
    }
    const path = new Path2D(shape.getAttribute("d") ?? "");
    if (number("r")) path.arc(number("cx"), number("cy"), number("r"), 0, 7);
    paper.strokeStyle = look.stroke;
    paper.lineWidth = parseFloat(look.strokeWidth);
    paper.setLineDash(look.strokeDasharray.match(/[\d.]+/g) ?? []);
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
  } catch { // a browser that forbids it saves the picture
    make("a", { href: URL.createObjectURL(png), download: `${picture.dataset.name}.png` }).click();
    button.textContent = "Saved";
  }
};

document.addEventListener("pointerdown", ({ target }) => target.closest("figure") || hide());
for (const picture of document.querySelectorAll("figure > svg")) {
  for (const mark of all(picture, "[data-row]")) {
    const title = mark.querySelector("title"); // which the card says in the browser's place
    titles.set(mark, title?.textContent ?? "");
    title?.remove();
    const period = periodOf(mark);
    if (period) byPeriod.set(period, (byPeriod.get(period) ?? new Set()).add(mark));
  }
  all(picture, "a").forEach((link, place) => {
    link.setAttribute("aria-label", all(link, "[data-row]").map((mark) => titles.get(mark)).slice(0, 5).join("; "));
    link.setAttribute("tabindex", place ? -1 : 0);
  });
  answer(picture);
  all(picture, ".meaning").forEach((meaning) => addSwitch(picture, meaning));
  const button = make("button", { type: "button", className: "copy", textContent: "Copy as PNG" });
  button.addEventListener("click", () => copy(picture, button));
  picture.parentElement.querySelector("figcaption").append(" ", button);
}
