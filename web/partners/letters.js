/** Dead letters: commands that nobody could read. Put on the log once more, or let be. */

import { count, element, find, shortMoment, t } from "../shared/words.js";
import { call, card, done, Filters, Pages, queryOf, word } from "./desk.js";
import { begin } from "./form.js";

/** @typedef {import("../types/api.d.ts").LetterShown} Letter */

const LETTERS = "/api/admin/dead-letters";
/** @type {Record<string, string>} */
const LOOKS = { open: "warning", replayed: "good", discarded: "" };

const letters = new Pages("letters", shown);
const filters = new Filters("letters-filters", openLetters);

export function openLetters() {
  const { status } = filters.read();
  return letters.open((after) => `${LETTERS}${queryOf({ status, after })}`);
}

/** @param {Letter} one */
function shown(one) {
  const item = card(word(one.code, "letter"), {
    state: [LOOKS[one.status] ?? "", word(one.status, "letter")],
    ids: one.letter,
    facts: [
      [t("letter.place"), t("letter.at", { partition: one.partition, offset: count(one.offset) })],
      [t("letter.bytes"), count(one.bytes_total)],
      [t("letter.settled"), one.settled_at ? `${shortMoment(one.settled_at)} · ${one.settled_by ?? ""}` : ""],
      [t("letter.request"), one.request ?? ""],
    ],
    acts: one.status === "open"
      ? [
          { label: t("letter.replay"), run: () => settle(one, "replay") },
          { label: t("letter.discard"), run: () => settle(one, "discard"), look: "danger" },
        ]
      : [],
  });
  const raw = element("details"), text = element("pre", readable(one.raw), "raw");
  text.dir = "ltr";
  raw.append(element("summary", t("letter.raw")), text);
  item.append(raw);
  return item;
}

/** @param {string} base64 @returns {string} text, with what is none as \xNN */
function readable(base64) {
  return [...atob(base64)].map((char) => (/[\x20-\x7e]/.test(char) ? char : `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`)).join("");
}

/** @param {Letter} one @param {"replay" | "discard"} act */
function settle(one, act) {
  begin({
    title: t(act === "replay" ? "letter.replay_of" : "letter.discard_of", { letter: one.letter }),
    words: t(act === "replay" ? "letter.replay_words" : "letter.discard_words"),
    go: t(act === "replay" ? "letter.replay" : "letter.discard"),
    danger: act === "discard",
    send: () => call("POST", `${LETTERS}/${one.letter}/${act}`),
    then: (body) => {
      done(t(act === "replay" ? "letter.is_replayed" : "letter.is_discarded", { letter: one.letter, request: body.data.request ?? "" }));
      letters.again();
    },
  });
}
