// A worker: reads the code in a frame of the camera, beside the page, which stays quick meanwhile.
import { decodeQR } from "./foreign/qr/decode.js";

addEventListener("message", ({ data: { width, height, pixels } }) => {
  let text = null;
  try {
    text = decodeQR({ width, height, data: pixels });
  } catch { /* there is none, or none that can be read */ }
  postMessage(text);
});
