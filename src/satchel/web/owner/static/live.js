// A worker that all windows of this browser share, with one stream for all of them: each of their own would hold one
// of the six connections that a browser opens to a host. Spec: docs/spec/page.md, 4.6.
const windows = new Set();
let isOver = false;

function end() {
  news.close();
  isOver = true;
  windows.forEach((port) => port.postMessage("over"));
}

const news = new EventSource("../live");
news.addEventListener("changed", () => windows.forEach((port) => port.postMessage("changed")));
news.addEventListener("error", end);

// Held as long as this worker lives: who waits for it learns when the browser has killed it.
const held = new Promise((done) => {
  navigator.locks.request(location.pathname, () => { done(); return new Promise(() => {}); });
});

addEventListener("connect", ({ ports: [port] }) => {
  port.onmessage = async ({ data }) => {
    if (data === "leaves") { windows.delete(port); return; }
    await held;
    windows.add(port);
    port.postMessage(isOver ? "over" : "changed");
  };
});
