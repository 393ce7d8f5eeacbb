// Sound goes by itself; a script adds how fast, that one part follows the other, and the place, if it is kept.

import { place } from "./shell.js";

const KEPT_EACH_S = 5;
const parts = [...document.querySelectorAll("audio")];
const speed = document.querySelector("[data-speed]");
const kept = place();

const rate = () => parts.forEach((part) => { part.playbackRate = Number(speed.value); });
speed.addEventListener("change", rate);
document.querySelector("[data-scripted]").hidden = false;

const [which, at] = (kept.kept ?? "").split(":").map(Number);
if (parts[which] && at > 0) {
  const begin = () => { parts[which].currentTime = at; };
  parts[which].preload = "metadata";
  if (parts[which].readyState > 0) begin();
  else parts[which].addEventListener("loadedmetadata", begin, { once: true });
}
parts.forEach((part, number) => {
  let told = -KEPT_EACH_S;
  part.addEventListener("play", () => {
    rate();
    parts.filter((other) => other !== part).forEach((other) => other.pause());
  });
  part.addEventListener("timeupdate", () => {
    if (Math.abs(part.currentTime - told) < KEPT_EACH_S) return;
    told = part.currentTime;
    kept.at(`${number}:${told.toFixed(1)}`);
  });
  part.addEventListener("ended", () => parts[number + 1]?.play());
});
