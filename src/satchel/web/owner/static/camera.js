// Takes the picture on the other screen by the camera, on the page that pairs. Spec: docs/spec/page.md, 6.
// What the camera sees goes to a worker of this page (reader.js) and nowhere else: nothing of it is sent or kept.
const OURS = /^SATCHEL:[A-Z2-7]{1,170}$/i;  // pairing 3.3: the rest is for who reads it
const PIXELS_MAX = 1280;  // of the longer side
const PAUSE_MS = 100;
const WANTED = { audio: false, video: { facingMode: "environment", width: { ideal: PIXELS_MAX }, height: { ideal: 720 } } };
const WHY = { NotAllowedError: "refused", SecurityError: "refused", NotFoundError: "none" };

const place = document.getElementById("camera"), ended = document.getElementById("ended");
const [button, video, said] = ["button", "video", "[data-said]"].map((one) => place.querySelector(one));
const form = place.parentElement.querySelector("form");
let running = null;

const say = (which) => { said.textContent = place.dataset[which] ?? ""; };

// The button is there where there is a camera that this page may have.
async function offer() {
  if (running) return;
  const devices = await navigator.mediaDevices.enumerateDevices().catch(() => []);
  const permission = await navigator.permissions?.query({ name: "camera" }).catch(() => null);
  const isThere = devices.some((one) => one.kind === "videoinput"), isRefused = permission?.state === "denied";
  if (permission) permission.onchange = offer;
  place.hidden = !isThere || !ended.hidden;
  button.hidden = isRefused;
  say(isRefused ? "refused" : "");
}

async function begin() {
  button.disabled = true;
  const reader = new Worker(new URL("reader.js", import.meta.url), { type: "module" });
  let mine = null, isBroken = false;
  reader.addEventListener("error", () => { isBroken = true; fail(mine); });
  try {
    const stream = await navigator.mediaDevices.getUserMedia(WANTED), [track] = stream.getVideoTracks();
    running = mine = { track, reader, canvas: document.createElement("canvas") };
    if (document.hidden || !ended.hidden) { end(); return; }
    if (isBroken) { fail(mine); return; }
    track.addEventListener("ended", () => fail(mine));
    reader.addEventListener("message", ({ data }) => hear(mine, data));
    video.classList.toggle("mirrored", track.getSettings().facingMode !== "environment");
    video.srcObject = stream;
    video.hidden = false;
    button.textContent = place.dataset.stop;
    say("hint");
    await video.play();
    look(mine);
  } catch (problem) {
    reader.terminate();
    if (mine !== running) return;  // it was stopped meanwhile
    end();
    say(WHY[problem.name] ?? "busy");
    button.hidden = WHY[problem.name] === "refused";
    form.elements.code.focus();
  } finally {
    button.disabled = false;
  }
}

function fail(mine) {
  if (!mine || mine !== running) return;
  end();
  say("busy");
}

function end() {
  if (!running) return;
  const { track, reader, canvas } = running;
  running = null;
  track.stop();
  reader.terminate();
  canvas.width = canvas.height = 0;
  video.srcObject = null;
  video.hidden = true;
  button.textContent = place.dataset.start;
  say("");
}

// One frame at a time: the next one when the last has been read.
function look(mine) {
  if (mine !== running) return;
  const { videoWidth, videoHeight } = video, { canvas, reader } = mine;
  const scale = Math.min(1, PIXELS_MAX / Math.max(videoWidth, videoHeight));
  const width = Math.round(videoWidth * scale), height = Math.round(videoHeight * scale);
  Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(video, 0, 0, width, height);
  const pixels = context.getImageData(0, 0, width, height).data;
  reader.postMessage({ width, height, pixels }, [pixels.buffer]);
}

// Whatever stands in a picture: it is compared, and never shown, opened or followed.
function hear(mine, text) {
  if (mine !== running) return;
  if (text !== null && OURS.test(text)) {
    end();
    form.elements.code.value = text;
    form.requestSubmit();
    return;
  }
  if (text !== null) say("other");
  setTimeout(look, PAUSE_MS, mine);
}

if (navigator.mediaDevices?.getUserMedia) {
  button.addEventListener("click", () => running ? end() : begin());
  navigator.mediaDevices.addEventListener("devicechange", offer);
  addEventListener("pagehide", end);
  document.addEventListener("visibilitychange", () => { if (document.hidden) end(); });
  document.addEventListener("submit", end);  // Lock, for one
  new MutationObserver(() => { end(); offer(); }).observe(ended, { attributes: true });
  offer();
}
