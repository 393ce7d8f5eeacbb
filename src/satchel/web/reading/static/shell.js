// What all readers have around the book: panels that open and close, and the place in it, if it is to be kept.

const digits = new Intl.NumberFormat(`${document.documentElement.lang}-u-nu-${document.body.dataset.digits}`, { style: "percent" });
export const percent = (share) => digits.format(share);
export const base = document.body.dataset.base;
export const words = () => document.querySelector("#words").dataset;

export const panels = () => {
  const openers = [...document.querySelectorAll("[data-opens]")];
  const show = (name) => {
    for (const opener of openers) {
      const isOpen = opener.dataset.opens === name;
      opener.setAttribute("aria-expanded", String(isOpen));
      document.getElementById(opener.dataset.opens).hidden = !isOpen;
    }
  };
  for (const opener of openers)
    opener.addEventListener("click", () => show(opener.getAttribute("aria-expanded") === "true" ? null : opener.dataset.opens));
  document.addEventListener("keydown", (event) => {
    const open = openers.find((opener) => opener.getAttribute("aria-expanded") === "true");
    if (event.key === "Escape" && open) { show(null); open.focus(); }
  });
  return { close: () => show(null) };
};

// Where one was in this book: only where its reader has asked for it, and never at another's door.
export const place = () => {
  const box = document.querySelector("[data-keep]");
  const key = `place:${base}`;
  const kept = box ? localStorage.getItem(key) : null;
  let last = kept;
  if (box) {
    box.checked = kept !== null;
    box.addEventListener("change", () => box.checked ? localStorage.setItem(key, last ?? "") : localStorage.removeItem(key));
  }
  return {
    kept,
    at: (where) => {
      last = String(where);
      if (box?.checked) localStorage.setItem(key, last);
    },
  };
};

// The keys that turn pages. `turn(1)`: to what follows; `isMirrored`: pages go from right to left.
export const turningKeys = (turn, isMirrored) => (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.target.closest?.("input, select, textarea, button, summary, audio")) return;
  const towards = { ArrowRight: isMirrored() ? -1 : 1, ArrowLeft: isMirrored() ? 1 : -1, PageDown: 1, PageUp: -1, " ": event.shiftKey ? -1 : 1 }[event.key];
  if (towards) { event.preventDefault(); turn(towards); }
};
