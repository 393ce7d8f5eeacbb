// A PDF, shown by pdf.js in a worker: a page as a picture, and over it its words. Nothing of it is run: no
// scripts, no forms, no WebAssembly; and only what is looked at is fetched.

import { GlobalWorkerOptions, TextLayer, getDocument } from "../foreign/pdfjs-dist/legacy/build/pdf.min.mjs";
import { base, panels, place, turningKeys, words } from "./shell.js";

const THEIRS = `${location.origin}${base}/foreign/pdfjs-dist`;
const ZOOMS = [0.5, 0.75, 1, 1.25, 1.5, 2, 3, 4];
const PIXELS_MAX = 16 << 20; // phones have no more for one canvas
const MARGIN = 8;
const $ = (query) => document.querySelector(query);

GlobalWorkerOptions.workerSrc = `${THEIRS}/legacy/build/pdf.worker.min.mjs`;

const show = async () => {
  const pages = await getDocument({
    url: `${base}/content/0`,
    cMapUrl: `${THEIRS}/cmaps/`,
    standardFontDataUrl: `${THEIRS}/standard_fonts/`,
    wasmUrl: `${THEIRS}/wasm/`,
    useWasm: false,
    enableXfa: false,
    isEvalSupported: false,
    disableAutoFetch: true,
    disableStream: true,
    rangeChunkSize: 256 << 10,
    verbosity: 0,
  }).promise;
  const kept = place();
  let number = 0;
  let zoom = ZOOMS.indexOf(1);
  let drawing = null;
  let last = Promise.resolve();

  const draw = async () => {
    drawing?.cancel();
    const page = await pages.getPage(number);
    const plain = page.getViewport({ scale: 1 });
    const room = $("#view").clientWidth - 2 * MARGIN;
    const scale = (room / plain.width) * ZOOMS[zoom];
    const viewport = page.getViewport({ scale });
    const finer = Math.min(devicePixelRatio, Math.sqrt(PIXELS_MAX / (viewport.width * viewport.height)));
    const canvas = document.createElement("canvas");
    canvas.id = "canvas";
    canvas.setAttribute("aria-hidden", "true");
    canvas.width = Math.floor(viewport.width * finer);
    canvas.height = Math.floor(viewport.height * finer);
    canvas.style.inlineSize = `${viewport.width}px`;
    canvas.style.blockSize = `${viewport.height}px`;
    const task = drawing = page.render({ canvas, viewport, transform: [finer, 0, 0, finer, 0, 0] });
    await task.promise;
    $("#canvas").replaceWith(canvas);
    const text = $("#text");
    text.replaceChildren();
    text.style.setProperty("--total-scale-factor", String(scale));
    text.style.setProperty("--scale-factor", String(scale));
    await new TextLayer({ textContentSource: page.streamTextContent(), container: text, viewport }).render();
  };
  const drawn = () => {
    last = last.then(draw).catch((problem) => {
      if (problem?.name !== "RenderingCancelledException") throw problem;
    });
    return last;
  };
  const go = async (to) => {
    const wanted = Math.min(pages.numPages, Math.max(1, Math.trunc(to) || 1));
    $("#page").value = wanted;
    if (wanted === number) return;
    number = wanted;
    $("#before").disabled = number === 1;
    $("#after").disabled = number === pages.numPages;
    $("#view").scrollTo(0, 0);
    kept.at(number);
    await drawn();
  };
  panels();
  $("#before").addEventListener("click", () => go(number - 1));
  $("#after").addEventListener("click", () => go(number + 1));
  $("#page").max = pages.numPages;
  $("#pages").textContent = `/ ${pages.numPages}`;
  $("#page").addEventListener("change", (event) => go(Number(event.target.value)));
  for (const button of document.querySelectorAll("[data-zoom]"))
    button.addEventListener("click", () => {
      zoom = Math.min(ZOOMS.length - 1, Math.max(0, zoom + Number(button.dataset.zoom)));
      drawn();
    });
  let width = innerWidth;
  addEventListener("resize", () => {
    if (innerWidth !== width) { width = innerWidth; drawn(); } // on phones bars come and go
  });
  document.addEventListener("keydown", turningKeys((towards) => go(number + towards), () => false));
  $("footer").hidden = false;
  await go(Number(new URLSearchParams(location.search).get("page") || kept.kept || 1));
  $("#state").hidden = true;
};

show().catch((problem) => {
  console.warn(problem);
  $("#state").hidden = false;
  $("#state > p").textContent = words().failed;
});
