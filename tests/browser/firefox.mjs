// Firefox on a host, by WebDriver BiDi: one JSON request on each line of standard input, one answer on each
// line of standard output. Started by firefox.py: node firefox.mjs MODULES COMMAND SETTINGS

import {createRequire} from "node:module";
import {createInterface} from "node:readline";
import {pathToFileURL} from "node:url";

const [modules, command, settings] = process.argv.slice(2);
const {origin, besides, width, height, locale, dark, camera, wait_ms, latecomers_ms} = JSON.parse(settings);
const require = createRequire(`${modules}/`);
const {default: puppeteer} = await import(pathToFileURL(require.resolve("puppeteer-core")));

const browser = await puppeteer.launch({
  browser: "firefox",
  executablePath: command,
  headless: true,
  defaultViewport: null,
  extraPrefsFirefox: {
    // Or it asks its maker: for settings (heeded only with the variable set), whether there is an Internet, and
    // what to show in a new tab.
    "services.settings.server": "data:,",
    "network.captive-portal-service.enabled": false,
    "network.connectivity-service.enabled": false,
    "browser.newtab.preload": false,
    "browser.newtabpage.activity-stream.unifiedAds.endpoint": "data:,",
    "browser.topsites.contile.enabled": false,
    "intl.accept_languages": locale,
    "media.navigator.streams.fake": camera !== null,
    "permissions.default.camera": camera ? 1 : 2, // allowed, or refused
    "layout.css.prefers-color-scheme.content-override": dark ? 0 : 1,
  },
});
const [page] = await browser.pages(); // the one in front: others are drawn seldom, and clicks wait for that
await page.bringToFront();
await page.setViewport({width, height}).catch((error) => {
  // Firefox 140 has its size then, and no orientation to be told.
  if (!String(error).includes("setScreenOrientationOverride")) throw error;
});
page.setDefaultTimeout(wait_ms);

const faults = [];
const fault = (kind, text) => faults.push({kind, text});
page.on("request", (request) => {
  const url = request.url();
  const within = /^(about|data):/.test(url) || besides.includes(url);
  if (!within && new URL(url.replace(/^blob:/, "")).origin !== origin) fault("FOREIGN", url);
});
page.on("console", (message) => {
  if (["error", "assert"].includes(message.type())) fault("CONSOLE", message.text());
});
page.on("pageerror", (error) => {
  fault(String(error).startsWith("Error: Content-Security-Policy:") ? "POLICY" : "EXCEPTION", String(error));
});
// In the page's own world: puppeteer has no other before a page's first script.
await page.evaluateOnNewDocument(() => {
  window.laboratoryViolations = [];
  document.addEventListener("securitypolicyviolation", (event) => window.laboratoryViolations.push(
    `${event.effectiveDirective} in ${event.documentURI} blocked ${event.blockedURI} ${event.sample}`));
});

const beside = [];
const found = (selector) => page.waitForSelector(selector);
const carryOut = {
  open: async ({url}) => {
    await violations();
    await page.goto(new URL(url, origin).href);
  },
  click: async ({selector}) => await (await found(selector)).click(),
  type: async ({selector, text}) => await (await found(selector)).type(text),
  press: async ({key}) => await page.keyboard.press(key),
  upload: async ({selector, paths}) => await (await found(selector)).uploadFile(...paths),
  text: async ({selector}) => await (await found(selector)).evaluate((element) => element.innerText),
  evaluate: async ({expression}) => await page.evaluate(expression),
  beside: async ({url}) => {
    beside.push(await browser.newPage());
    await beside.at(-1).goto(new URL(url, origin).href);
    await page.bringToFront();
  },
  everywhere: async ({expression}) => Promise.all([page, ...beside].map((one) => one.evaluate(expression))),
  screenshot: async ({path}) => await page.screenshot({path, fullPage: true}) && path,
  take: async () => {
    await new Promise((resolve) => setTimeout(resolve, latecomers_ms));
    await violations();
    return faults.splice(0);
  },
  close: async () => await browser.close(),
};

async function violations() {
  for (const text of await page.evaluate(() => window.laboratoryViolations?.splice(0) ?? [])) fault("POLICY", text);
}

const say = (answer) => process.stdout.write(`${JSON.stringify(answer)}\n`);
say({event: "ready", version: await browser.version()});
for await (const line of createInterface({input: process.stdin})) {
  const request = JSON.parse(line);
  try {
    say({event: "answer", value: (await carryOut[request.do](request)) ?? null});
  } catch (error) {
    say({event: "answer", failed: String(error)});
  }
}
