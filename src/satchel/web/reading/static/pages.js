// Pages that are pictures: keys and swipes turn them as the links do.

import { base, place, turningKeys } from "./shell.js";

const SWIPE_PX = 60;
const isMirrored = document.querySelector(".leaf").dir === "rtl";
const kept = place();
const here = location.pathname.slice(`${base}/pages/`.length);
const turn = (towards) => document.querySelector(towards > 0 ? "a[rel=next]" : "a[rel=prev]")?.click();

if (location.hash === "#begin" && Number(kept.kept) > 1) location.replace(`${base}/pages/${Number(kept.kept)}`);
else kept.at(here);
document.addEventListener("keydown", turningKeys(turn, () => isMirrored));

let begun = null;
addEventListener("touchstart", (event) => { begun = event.touches.length === 1 ? event.touches[0] : null; }, { passive: true });
addEventListener("touchend", (event) => {
  const end = event.changedTouches[0];
  if (!begun || (visualViewport?.scale ?? 1) > 1.05) return;
  const [x, y] = [end.clientX - begun.clientX, end.clientY - begun.clientY];
  if (Math.abs(x) > SWIPE_PX && Math.abs(x) > 2 * Math.abs(y)) turn((x < 0) === !isMirrored ? 1 : -1);
}, { passive: true });
