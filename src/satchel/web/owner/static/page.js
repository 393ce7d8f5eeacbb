// What a page can do only with a script: renew itself, and read files into Satchel. Spec: docs/spec/page.md.
const base = document.body.dataset.base;
const renews = "renews" in document.body.dataset;  // else it answers a form, or says what is not there
const STAYS_MS = 3000;
const PIECE_BYTES = 8 << 20;
const SMALL_BYTES = 256 << 10;
const TOGETHER_MAX = 500;
const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte", "petabyte"];
const ended = document.getElementById("ended");
const words = document.getElementById("words").dataset;

// --- what is shown is renewed when something changes (page 4.6) ---

let isRenewing = false, isStale = false, isOver = false, isLeaving = false;

async function renew() {
  if (isRenewing) { isStale = true; return; }
  isRenewing = true;
  try {
    do {
      isStale = false;
      const response = await fetch(location.href, { headers: { "x-satchel-renews": "1" } });
      if (isOver || isLeaving) return;
      if (!response.ok || response.redirected) { if (response.status === 404) location.assign(`${base}/`); return; }
      const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
      if (isOver || isLeaving) return;
      if (fresh.documentElement.lang !== document.documentElement.lang) { location.reload(); return; }
      for (const part of document.querySelectorAll("[data-live]")) {
        const other = fresh.getElementById(part.id);
        if (other) become(part, other);
      }
    } while (isStale && !isOver);
  } catch { /* the stream says when it has ended */ } finally { isRenewing = false; }
}

// Change what is there as little as can be: the focus, an open summary and what is being typed stay, also where something
// new comes before. What is somebody else's has another id, and takes no place of before: neither its focus nor what is
// dropped on it.
function become(here, there) {
  const awaited = new Set([...there.children].map(({ id }) => id).filter(Boolean));
  let old = here.firstChild;
  for (const fresh of there.childNodes) {
    awaited.delete(fresh.id);
    const same = fresh.id ? from(old, fresh.id) : null;
    while (same && old !== same) old = without(old);
    if (!old || (old.id && awaited.has(old.id))) { here.insertBefore(document.importNode(fresh, true), old); continue; }
    const next = old.nextSibling;
    if (!old.isEqualNode(fresh)) {
      if (old.nodeType === 1 && old.tagName === fresh.tagName && old.id === fresh.id) { take(old, fresh); become(old, fresh); }
      else old.replaceWith(document.importNode(fresh, true));
    }
    old = next;
  }
  while (old) old = without(old);
}

// The one of this id, from there on.
function from(old, id) {
  while (old && old.id !== id) old = old.nextSibling;
  return old;
}

function without(old) {
  const next = old.nextSibling;
  old.remove();
  return next;
}

function take(old, fresh) {
  const kept = old.tagName === "DETAILS" ? ["open"] : ["INPUT", "TEXTAREA"].includes(old.tagName) ? ["value", "checked"] : [];
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name) && !kept.includes(name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (!kept.includes(name) && old.getAttribute(name) !== value) old.setAttribute(name, value);
}

// When Satchel has ended, its port may be another person's: from then on nothing is asked or sent there. And nothing
// of the page can be read any more: it may be locked, or destroyed (T1, T3).
function end(sentence = ended) {
  if (isOver) return;
  isOver = true;
  document.title = "Satchel";
  for (const part of document.querySelectorAll("nav, .lock, main > *")) if (part !== sentence) part.remove();
  sentence.hidden = false;
}

// One stream for all windows is in a worker. It tells this one what it has missed whenever it is seen again, and a
// window that nobody sees asks for nothing. Without that worker nobody knows who is at the port.
function listen() {
  const path = `${base}/static/${document.body.dataset.worker}`, worker = new SharedWorker(path), { port } = worker;
  let isHeard = false, isSent = false;
  document.addEventListener("submit", () => { isSent = true; });  // it may be this window that opens it
  worker.onerror = () => end();
  port.onmessage = ({ data }) => {
    if (data === "over") { end(); return; }
    if (data === "opened") { if (!isSent) end(document.getElementById("opened") ?? ended); return; }
    if (!isHeard) navigator.locks.request(path, () => end());
    isHeard = true;
    const asks = data.split(" ")[1];  // also to a window that nobody sees: its title may be seen
    if (asks) document.title = asks === "0" ? "Satchel" : `(${asks}) Satchel`;
    if (renews && !document.hidden && !isLeaving) renew();
  };
  const come = () => { if (!document.hidden) port.postMessage("is here"); };
  port.postMessage("is here");
  addEventListener("pageshow", come);
  document.addEventListener("visibilitychange", come);
  // Who leaves for another page asks no more for this one: after a rename, for instance, there is none of this address.
  addEventListener("beforeunload", () => { isLeaving = true; setTimeout(() => { isLeaving = false; come(); }, STAYS_MS); });
  addEventListener("pagehide", () => port.postMessage("leaves"));
}

listen();

// What is typed beside a choice is that choice.
document.addEventListener("input", ({ target }) => {
  const own = target.closest(".inner")?.parentElement.querySelector("[type=radio][value=own]");
  if (own && target.value) own.checked = true;
});

// --- reading files into Satchel, and giving them (page 4.2) ---

class Refused extends Error {
  constructor(sentence, have) { super(sentence); this.have = have; }
}

async function ask(path, options) {
  if (isOver) throw new Refused("");
  const response = await fetch(`${base}${path}`, options);
  if (!response.ok) {
    const told = await response.json().catch(() => ({}));
    throw new Refused([told.what, told.safe, told.do].filter(Boolean).join(" "), told.have);
  }
  return response.json();
}

// All that was chosen; `tell(bytes)`: so many more are there. What was chosen before goes on where it was, and what was
// chosen twice is one. Small files come together: a request for each, and a sync, would take minutes for a folder of many.
async function read(group, chosen, tell, signal) {
  const newest = chosen.reduce((last, { file }) => Math.max(last, file?.lastModified ?? 0), 0) || Date.now();
  const time = (file) => (file?.lastModified ?? newest) * 1e6;  // no browser tells that of a folder
  const seen = new Set();
  for (let first = 0; first < chosen.length; first += TOGETHER_MAX) {
    const some = chosen.slice(first, first + TOGETHER_MAX);
    const files = some.map(({ file, path }) => ({ path, size: file?.size ?? null, mtime_ns: time(file) }));
    const headers = { "content-type": "application/json" };
    const { uploads } = await ask("/uploads", { method: "POST", headers, body: JSON.stringify({ group, files }), signal });
    let small = [], bytes = 0;
    for (const [place, { id, have }] of uploads.entries()) {
      const { file } = some[place];
      if (seen.has(id)) { tell(file?.size ?? 0); continue; }
      seen.add(id);
      tell(have);
      if (!file || have === file.size) continue;
      if (file.size > SMALL_BYTES) { await readLarge(id, file, have, tell, signal); continue; }
      if (bytes + file.size > PIECE_BYTES) { await readSmall(small, tell, signal); small = []; bytes = 0; }
      small.push({ id, file });
      bytes += file.size;
    }
    await readSmall(small, tell, signal);
  }
}

async function readSmall(small, tell, signal) {
  if (!small.length) return;
  const body = new Blob([small.map(({ id }) => id).join(""), ...small.map(({ file }) => file)]);
  const { whole } = await ask(`/uploads?count=${small.length}`, { method: "PUT", body, signal });
  if (whole < small.length) throw new Refused("");
  for (const { file } of small) tell(file.size);
}

async function readLarge(id, file, have, tell, signal) {
  for (let at = have; at < file.size;) {
    const options = { method: "PUT", body: file.slice(at, at + PIECE_BYTES), signal };
    // Before a reload another connection may have brought more than was known.
    const told = await ask(`/uploads/${id}?at=${at}`, options).catch((problem) => {
      if (problem.have === undefined) throw problem;
      return problem;
    });
    if (told.have === at) throw new Refused("");
    tell(told.have - at);
    at = told.have;
  }
}

// What was dropped, folders with all that is in them. Of an empty one there is no file.
async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return [...transfer.files].map((file) => ({ file, path: [file.name] }));
  const found = [];
  for (const entry of entries) await look(entry, [], found);
  return found;
}

async function look(entry, above, found) {
  const path = [...above, entry.name];
  if (entry.isFile) {
    found.push({ file: await new Promise((done, failed) => entry.file(done, failed)), path });
    return;
  }
  const reader = entry.createReader();
  for (let isEmpty = true; ; isEmpty = false) {
    const some = await new Promise((done, failed) => reader.readEntries(done, failed));
    if (!some.length) {
      if (isEmpty) found.push({ path });
      return;
    }
    for (const inner of some) await look(inner, path, found);
  }
}

const shown = (value, how) => new Intl.NumberFormat(document.documentElement.lang, { numberingSystem: words.digits, ...how }).format(value);

// As sizes are everywhere on the page.
function shownSize(bytes) {
  let value = bytes, power = 0;
  while (value >= 999.5 && power < UNITS.length - 1) { value /= 1000; power += 1; }
  const maximumFractionDigits = power && value < 99.95 ? 1 : 0;
  const how = { style: "unit", unit: UNITS[power], unitDisplay: power ? "short" : "long", maximumFractionDigits };
  return shown(value, how).replaceAll(" ", "\u00a0");
}

const picked = (input) => [...input.files].map((file) => ({ file, path: (file.webkitRelativePath || file.name).split("/") }));

function submit(target, fields) {
  const form = document.createElement("form");
  Object.assign(form, { method: "post", action: target, hidden: true });
  for (const [name, value] of fields) {
    const input = document.createElement("input");
    Object.assign(input, { type: "hidden", name, value });
    form.append(input);
  }
  document.body.append(form);
  form.submit();
}

// As `submit`, and this window stays: another drop may be under way in it.
async function post(target, fields) {
  if (isOver) throw new Refused("");
  const response = await fetch(target, { method: "POST", body: new URLSearchParams(fields) });
  if (!response.ok) throw new Refused("");
}

// Read all of it into Satchel, then `hand` it over. `place` has somewhere to say how it goes. Raises nothing.
async function give(target, chosen, fields, place, hand) {
  const [said, sent, cancel] = ["[data-said]", "[data-sent]", "[data-cancel]"].map((one) => place.querySelector(one));
  const { failed, cancelled } = { ...words, ...place.dataset };  // a form may say it in its own words
  const cancelling = new AbortController();
  said.textContent = words.reading;
  sent.hidden = false;
  sent.max = chosen.reduce((sum, one) => sum + (one.file?.size ?? 0), 0) || 1;
  sent.value = 0;
  cancel.hidden = !chosen.length;
  cancel.onclick = () => cancelling.abort();
  try {
    const group = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    await read(group, chosen, (bytes) => { sent.value += bytes; }, cancelling.signal);
    cancel.hidden = true;
    await hand(target, [...(chosen.length ? [["upload", group]] : []), ...fields]);
    return true;
  } catch (problem) {
    const { aborted } = cancelling.signal;
    if (aborted) sent.hidden = true;
    said.textContent = aborted ? cancelled : problem instanceof Refused && problem.message ? problem.message : failed;
    return false;
  } finally { cancel.hidden = true; }
}

for (const form of document.querySelectorAll("form[data-give]")) {
  const [said, list] = ["[data-said]", "[data-chosen]"].map((one) => form.querySelector(one));
  const button = form.querySelector("[type=submit]");
  let chosen = [];
  button.disabled = false;

  form.choose = (files) => {
    chosen.push(...files);
    list.replaceChildren(...rows());
    list.hidden = !chosen.length;
    said.textContent = "";
  };

  // A folder is one row, however much is in it, and so is a file that was chosen by itself.
  function rows() {
    const found = new Map();
    for (const one of chosen) {
      const key = one.file && one.path.length === 1 ? one : one.path[0];
      if (found.has(key)) found.get(key).push(one); else found.set(key, [one]);
    }
    return [...found].map(([key, inside]) => row(inside, typeof key === "string"));
  }

  function row(inside, isFolder) {
    const [line, what, name, about, remove] = ["li", "div", "bdi", "div", "button"].map((tag) => document.createElement(tag));
    name.dir = "auto";
    name.textContent = inside[0].path[0];
    what.append(name);
    Object.assign(remove, { type: "button", className: "quiet", textContent: words.remove });
    remove.addEventListener("click", () => {
      const removed = new Set(inside);
      chosen = chosen.filter((one) => !removed.has(one));
      form.choose([]);
    });
    if (isFolder) {
      const files = inside.flatMap(({ file }) => file ?? []);
      about.className = "small";
      const size = document.createElement("bdi");
      size.textContent = shownSize(files.reduce((sum, file) => sum + file.size, 0));
      about.append(words.files.replace("{number}", shown(files.length)), " · ", size);
      what.append(about);
    }
    line.append(what, remove);
    return line;
  }

  for (const input of form.querySelectorAll("[data-files]")) {
    input.parentElement.hidden = input.hasAttribute("webkitdirectory") && !("webkitdirectory" in input);
    const take = () => { form.choose(picked(input)); input.value = ""; };
    input.addEventListener("change", take);
    if (input.files.length) take();  // chosen before this script was there
  }
  form.addEventListener("paste", (event) => {
    form.choose([...event.clipboardData.files].map((file) => ({ file, path: [file.name] })));
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const text = form.elements.text?.value ?? "";
    if (!chosen.length && !text.trim()) { said.textContent = form.dataset.nothing ?? words.nothing; return; }
    button.disabled = true;
    button.disabled = await give(form.action, [...chosen], [...new FormData(form)], form, submit);
    if (!button.disabled) button.focus();  // it was on the button that cancels, and that one is gone
  });
}

// Something that was dropped cannot be read: nobody is given the rest as if it were all.
function fail(place) {
  place.querySelector("[data-said]").textContent = place.querySelector("[data-failed]")?.dataset.failed ?? words.failed;
  place.querySelector("[data-sent]").hidden = true;
}

// A drop on a form is chosen there; on a person it goes to that person, after what was dropped before.
let drops = Promise.resolve();
for (const kind of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, async (event) => {
    event.preventDefault();  // else the browser would leave the page and show the file
    const place = event.target.closest?.("[data-drop]"), target = place?.dataset.drop;
    document.querySelectorAll(".dragged").forEach((one) => one.classList.remove("dragged"));
    if (!place || kind === "dragleave" || isOver) return;
    if (kind === "dragover") { place.classList.add("dragged"); return; }
    const form = place.querySelector("form[data-give]"), reading = document.getElementById("reading");
    const files = await dropped(event.dataTransfer).catch(() => null);
    if (form) { if (files) form.choose(files); else fail(form); return; }
    drops = drops.then(async () => {
      reading.hidden = false;
      if (!files) fail(reading);
      else reading.hidden = await give(target, files, [], reading, post);
    });
  });
}
