// A worker that all windows of this browser share, with one stream for all of them: each of their own would hold one
// of the six connections that a browser opens to a host. Spec: docs/spec/page.md, 4.6.
const windows = new Set();
let asks = "";  // how many questions wait for the person, as said last
let ending = null;  // how it ended: "over", or "opened" of the page before the profile is open

function end(how) {
  news.close();
  ending ??= how;
  windows.forEach((port) => port.postMessage(ending));
}

const news = new EventSource("../live");
news.addEventListener("changed", ({ data }) => {
  asks = data;
  windows.forEach((port) => port.postMessage(`changed ${asks}`));
});
news.addEventListener("opened", () => end("opened"));
news.addEventListener("error", () => end("over"));

// Held as long as this worker lives: who waits for it learns when the browser has killed it.
const held = new Promise((done) => {
  navigator.locks.request(location.pathname + location.search, () => { done(); return new Promise(() => {}); });
});

addEventListener("connect", ({ ports: [port] }) => {
  port.onmessage = async ({ data }) => {
    if (data === "leaves") { windows.delete(port); return; }
    await held;
    windows.add(port);
    port.postMessage(ending ?? `changed ${asks}`);
  };
});
