// An EPUB, shown by foliate-js. Whatever the book says is shown, and nothing of it is run or fetched: the policy
// of the page sees to that, and what would only run against it is taken out before.

import "../foreign/foliate-js/view.js";
import { EPUB } from "../foreign/foliate-js/epub.js";
import { BlobReader, BlobWriter, TextWriter, ZipReader, configure } from "../foreign/foliate-js/vendor/zip.js";
import { base, panels, percent, place, turningKeys, words } from "./shell.js";

const ENTRIES_MAX = 10_000;
const ENTRY_BYTES_MAX = 64 << 20;
const SIZES = [60, 75, 87, 100, 115, 130, 150, 175, 200, 250, 300]; // per cent
const MARKUP = ["application/xhtml+xml", "text/html", "image/svg+xml"];
const ACTIVE = "script, base, iframe, frame, object, embed, applet, form, portal, meta[http-equiv], animate, set";
const FETCHING = ["src", "srcset", "poster", "data", "background", "ping", "action", "formaction", "xlink:href"];
const $ = (query) => document.querySelector(query);

const opened = async () => {
  configure({ useWebWorkers: false });
  const answer = await fetch(`${base}/content/0`);
  if (!answer.ok) throw new Error(`${answer.status}`);
  const entries = await new ZipReader(new BlobReader(await answer.blob())).getEntries();
  if (entries.length > ENTRIES_MAX) throw new Error("too many entries");
  const named = new Map(entries.map((entry) => [entry.filename, entry]));
  const load = (writer) => (name, type) => {
    const entry = named.get(name);
    if (entry?.uncompressedSize > ENTRY_BYTES_MAX) throw new Error("too large");
    return entry ? entry.getData(writer(type)) : null;
  };
  return new EPUB({
    loadText: load(() => new TextWriter()),
    loadBlob: load((type) => new BlobWriter(type)),
    getSize: (name) => named.get(name)?.uncompressedSize ?? 0,
    // Browsers have none for pages without TLS.
    sha1: async (text) => new Uint8Array(await (await fetch(`${base}/sha1?of=${encodeURIComponent(text)}`)).arrayBuffer()),
  }).init();
};

const isInside = (address) => /^(?:blob:|data:|#|$)/i.test(address.trim());

const tidy = (data, type) => {
  if (typeof data !== "string" || !MARKUP.includes(type)) return data;
  const parsed = new DOMParser().parseFromString(data, type);
  for (const active of parsed.querySelectorAll(ACTIVE)) active.remove();
  for (const link of parsed.querySelectorAll("link"))
    if (link.rel.trim().toLowerCase() !== "stylesheet" || !isInside(link.getAttribute("href") ?? "")) link.remove();
  for (const element of parsed.querySelectorAll("*"))
    for (const { name, value } of [...element.attributes])
      if (/^on/i.test(name) || (FETCHING.includes(name.toLowerCase()) && element.localName !== "a" && !isInside(value)))
        element.removeAttribute(name);
  return type === "text/html" ? parsed.documentElement.outerHTML : new XMLSerializer().serializeToString(parsed);
};

const styleOf = (size) => `
  html { font-size: ${size}% !important; color-scheme: light dark; }
  @media (prefers-color-scheme: dark) { html { color: #edf2f0; } a:link { color: #7fd1c7; } }
  img, svg, video { max-inline-size: 100%; }
  pre { white-space: pre-wrap !important; }
`;

const listed = (items, go) => {
  const list = document.createElement("ul");
  for (const item of items) {
    const line = list.appendChild(document.createElement("li"));
    const button = line.appendChild(document.createElement("button"));
    button.type = "button";
    button.className = "quiet";
    button.dir = "auto";
    button.textContent = item.label?.trim() || "·";
    button.disabled = !item.href;
    button.dataset.href = item.href ?? "";
    button.addEventListener("click", () => go(item.href));
    if (item.subitems?.length) line.append(listed(item.subitems, go));
  }
  return list;
};

const state = (text, isWaiting = false) => {
  $("#state").hidden = text === null;
  if (text !== null) $("#state > p").textContent = text;
  $("#state .choices").hidden = !isWaiting;
};

const show = async () => {
  const book = await opened();
  const view = document.createElement("foliate-view");
  const kept = place();
  const around = panels();
  let size = SIZES.indexOf(100);
  book.transformTarget.addEventListener("data", ({ detail }) => {
    detail.data = Promise.all([detail.data, detail.type]).then(([data, type]) => tidy(data, type), () => "");
  });
  $("#view").append(view);
  await view.open(book);
  const renderer = view.renderer;
  const isMirrored = () => book.dir === "rtl";
  const turn = (towards) => towards > 0 ? view.next() : view.prev();
  const keys = turningKeys(turn, isMirrored);
  const apply = () => renderer.setStyles?.(styleOf(SIZES[size]));

  view.addEventListener("load", ({ detail }) => detail.doc.addEventListener("keydown", keys));
  view.addEventListener("link", () => state(null));
  view.addEventListener("external-link", (event) => {
    event.preventDefault();
    state(words().out.replace("{address}", String(event.detail.href).slice(0, 200)));
  });
  view.addEventListener("relocate", ({ detail }) => {
    const share = detail.fraction ?? 0;
    $("#place").value = share;
    $("#place").setAttribute("aria-valuetext", percent(share));
    $("#far").textContent = percent(share);
    kept.at(detail.cfi);
    for (const line of document.querySelectorAll("#contents button"))
      line.toggleAttribute("aria-current", line.dataset.href !== "" && line.dataset.href === detail.tocItem?.href);
  });
  document.addEventListener("keydown", keys);
  if (!matchMedia("(prefers-reduced-motion: reduce)").matches) renderer.setAttribute("animated", "");
  renderer.setAttribute("max-inline-size", "720px");
  renderer.setAttribute("margin", "16px");
  renderer.setAttribute("gap", "6%");

  $("#contents").append(listed(book.toc ?? [], (href) => { around.close(); state(null); view.goTo(href); }));
  $("[data-opens=contents]").disabled = !book.toc?.length;
  $("#place").dir = isMirrored() ? "rtl" : "ltr";
  $("#place").addEventListener("change", (event) => view.goToFraction(Number(event.target.value)));
  for (const [side, ahead] of [["left", isMirrored()], ["right", !isMirrored()]]) {
    $(`#${side}`).setAttribute("aria-label", ahead ? words().after : words().before);
    $(`#${side}`).addEventListener("click", () => turn(ahead ? 1 : -1));
  }
  for (const button of document.querySelectorAll("[data-size]"))
    button.addEventListener("click", () => {
      size = Math.min(SIZES.length - 1, Math.max(0, size + Number(button.dataset.size)));
      apply();
    });
  $("[data-scrolled]").addEventListener("change", (event) =>
    renderer.setAttribute("flow", event.target.checked ? "scrolled" : "paginated"));
  apply();
  await view.init({ lastLocation: kept.kept || null, showTextStart: false });
  $("footer").hidden = false;
  state(null);
};

show().catch((problem) => {
  console.warn(problem);
  state(words().failed, true);
});
