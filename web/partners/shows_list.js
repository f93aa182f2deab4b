/** Which shows there are, for whoever has to choose one. */

import { inWords } from "../shared/api.js";
import { shortMoment } from "../shared/words.js";
import { call, inAddress, queryOf } from "./desk.js";

/** @typedef {import("../types/api.d.ts").EventLine} Show */

const PAGE = 100, PAGES_MAX = 5;
/** @type {Map<string, Show>} by id, as they were read last */
export const shows = new Map();

/** All of them are read, up to some hundred. @returns {Promise<string>} what went wrong, in words; empty: nothing */
export async function readShows() {
  for (let page = 0, after = ""; page < PAGES_MAX; page += 1) {
    const answer = await call("GET", `/api/events${queryOf({ limit: PAGE, after })}`);
    if (!answer.ok) return inWords(answer);
    for (const show of answer.body.data) shows.set(show.show, show);
    if (!answer.body.has_more) break;
    after = answer.body.next_cursor;
  }
  return "";
}

/**
 * A field offers them; the one that the address names is chosen, else the next one that has not begun.
 * @param {HTMLSelectElement} field @param {string} [all] words for all of them, where that can be chosen
 */
export function offer(field, all) {
  const found = [...shows.values()], asked = inAddress(field.name);
  const next = found.find((show) => Date.parse(show.starts_at) > Date.now()) ?? found[found.length - 1];
  const chosen = asked || (all === undefined ? (next?.show ?? "") : "");
  field.replaceChildren(...(all === undefined ? [] : [new Option(all, "")]), ...found.map((show) => new Option(`${show.name} · ${shortMoment(show.starts_at)}`, show.show)));
  // One that is not among them, as it is very old, can be named in the address all the same.
  if (chosen && !shows.has(chosen)) field.append(new Option(chosen, chosen));
  field.value = chosen;
}
