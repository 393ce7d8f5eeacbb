// Reads feeds with parsers of other projects. Standard input: a JSON array of {"form": "1" or "2", "kind": "feed" or
// "entry", "text": ...}; standard output: what each parser made of each. argv[2]: the folder node_modules.
import {createRequire} from "node:module";
import {join} from "node:path";

const require = createRequire(join(process.argv[2], "here.js"));
const opds = join(process.argv[2], "r2-opds-js/dist/es8-es2017/src/opds");
const {initGlobalConverters_OPDS} = require(join(opds, "init-globals.js"));
const {initGlobalConverters_GENERIC} = require("r2-shared-js/dist/es8-es2017/src/init-globals.js");
const {convertOpds1ToOpds2, convertOpds1ToOpds2_EntryToPublication} = require(join(opds, "converter.js"));
const {OPDS} = require(join(opds, "opds1/opds.js"));
const {Entry} = require(join(opds, "opds1/opds-entry.js"));
const {OPDSFeed} = require(join(opds, "opds2/opds2.js"));
const {OPDSPublication} = require(join(opds, "opds2/opds2-publication.js"));
const {TaJsonDeserialize, TaJsonSerialize} = require("r2-lcp-js/dist/es8-es2017/src/serializable.js");
const {XML} = require("r2-utils-js/dist/es8-es2017/src/_utils/xml-js-mapper/index.js");
const {DOMParser} = require("@xmldom/xmldom");

initGlobalConverters_OPDS();
initGlobalConverters_GENERIC();

// As Thorium does (Readium's own desktop reader).
function thorium({form, kind, text}) {
  if (form === "1") {
    const document = new DOMParser().parseFromString(text, "application/xml");
    return kind === "feed"
      ? convertOpds1ToOpds2(XML.deserialize(document, OPDS))
      : convertOpds1ToOpds2_EntryToPublication(XML.deserialize(document, Entry));
  }
  return TaJsonDeserialize(JSON.parse(text), kind === "feed" ? OPDSFeed : OPDSPublication);
}

async function other({form, kind, text}) {
  if (form !== "1" || kind !== "feed") return null;
  for (const place of Object.keys(require.cache)) {
    if (place.includes("opds-feed-parser")) delete require.cache[place]; // its one parser may read a single feed
  }
  const OPDSParser = require("opds-feed-parser").default;
  const feed = await new OPDSParser().parse(text);
  return {
    kind: feed.constructor.name,
    title: feed.title,
    entries: feed.entries.map((one) => ({
      title: one.title,
      authors: (one.authors || []).map((author) => author.name),
      links: one.links.map((link) => ({kind: link.constructor.name, rel: link.rel, href: link.href, type: link.type})),
    })),
    facets: feed.links.filter((link) => link.constructor.name === "OPDSFacetLink").map((link) => link.facetGroup),
  };
}

let text = "";
for await (const piece of process.stdin) text += piece;
console.log = console.error; // what parsers say beside
const told = [];
for (const feed of JSON.parse(text)) {
  told.push({thorium: TaJsonSerialize(thorium(feed)), other: await other(feed)});
}
process.stdout.write(JSON.stringify(told));
