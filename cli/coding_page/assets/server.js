// Requests that survive what happens in between: what is to be stored is kept in this tab until the
// server has confirmed it, and sent again until then. The server knows a request that comes twice.

const KEPT = `tidings:${location.pathname}`;
const FIRST_WAIT = 300;
const LONGEST_WAIT = 2000;
const PATIENCE = 15000;

const AWAY = "The server does not answer.";
const UNKNOWN_LINK = "The server does not know this link (any more): ask for a new one.";
const KEPT_HERE = "Your last answer is kept in this tab and is sent as soon as it can be stored.";

let showTrouble = () => {};

/** Calls *show* with what is wrong, and with "" when all is well again. */
export function onTrouble(show) {
  showTrouble = show;
}

/** Returns the JSON at *path*, however long it takes. */
export function load(path) {
  return insist(path, { method: "GET" }, "");
}

/** Stores *content* by a POST to *path* and returns the state after it, however long it takes. */
export async function store(path, content) {
  const request = { path, content: { ...content, request: makeId() } };
  sessionStorage.setItem(KEPT, JSON.stringify(request));
  return send(request);
}

/** Sends what this tab could not store before it was closed or loaded anew; null if all was. */
export async function sendKept() {
  const kept = sessionStorage.getItem(KEPT);
  return kept === null ? null : send(JSON.parse(kept));
}

async function send(request) {
  const options = {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(request.content),
  };
  const state = await insist(request.path, options, KEPT_HERE);
  sessionStorage.removeItem(KEPT);
  return state;
}

async function insist(path, options, ending) {
  for (let wait = FIRST_WAIT; ; wait = Math.min(2 * wait, LONGEST_WAIT)) {
    let problem = AWAY;
    try {
      const response = await fetch(path, { ...options, signal: AbortSignal.timeout(PATIENCE) });
      if (response.ok || response.status === 422) {
        const state = await response.json();
        showTrouble("");
        return state;
      }
      problem = await explain(response);
    } catch {
      // No connection, or one that broke before the answer was whole: the same request again.
    }
    showTrouble(`${problem} ${ending}`.trim());
    await pause(wait);
  }
}

async function explain(response) {
  if (response.status === 404) return UNKNOWN_LINK;
  try {
    return (await response.json()).problem;
  } catch {
    return `The server cannot answer now (${response.status}).`;
  }
}

/** Waits, but no longer than until the machine is connected again. */
function pause(milliseconds) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    addEventListener("online", () => { clearTimeout(timer); resolve(); }, { once: true });
  });
}

function makeId() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
