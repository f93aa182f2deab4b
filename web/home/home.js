/** The list of what is on sale. */

import { ask, inWords, ServerClock } from "../shared/api.js";
import { notice } from "../shared/frame.js";
import { count, element, find, money, moment, shortMoment, t, until } from "../shared/words.js";

const AGAIN_EVERY_MS = 15_000;
const clock = new ServerClock();
/** @type {string | null} */
let after = null;
/** @type {Map<string, {event: import("../types/api.d.ts").EventLine, parts: ReturnType<typeof card>}>} */
const shown = new Map();

/** @param {boolean} further the next page, or all that is shown once more */
async function load(further) {
  const query = further && after ? `?after=${encodeURIComponent(after)}` : `?limit=${Math.max(20, shown.size)}`;
  const answer = await ask("GET", `/api/events${query}`);
  if (!answer.ok) return notice(inWords(answer), "error");
  notice("");
  clock.heard(answer.body.created_at);
  const place = find("events");
  if (place.hasAttribute("aria-busy")) {
    place.removeAttribute("aria-busy");
    place.replaceChildren();
  }
  for (const event of answer.body.data) {
    const known = shown.get(event.show);
    const parts = known?.parts ?? card(event);
    if (!known) place.append(parts.item);
    shown.set(event.show, { event, parts });
    draw(event, parts);
  }
  after = answer.body.next_cursor ?? null;
  find("more").hidden = !answer.body.has_more;
  find("empty").hidden = shown.size > 0;
}

/** @param {import("../types/api.d.ts").EventLine} event */
function card(event) {
  const item = element("article", "", "event card");
  const title = element("h2");
  const link = /** @type {HTMLAnchorElement} */ (element("a", event.name));
  link.href = `/room/${event.show}`;
  title.append(link);
  const when = element("time", moment(event.starts_at));
  when.setAttribute("datetime", event.starts_at);
  const where = element("p", "", "where");
  where.append(when, element("span", event.venue_name));
  const state = element("span"), left = element("span", "", "left number"), price = element("span", "", "price number");
  const line = element("p", "", "offer");
  line.append(price, state, left);
  item.append(title, where, line);
  return { item, state, left, price };
}

/** @param {any} event @param {ReturnType<typeof card>} parts */
function draw(event, parts) {
  const amount = money(event.price_from, event.currency);
  parts.price.textContent = event.price_from === event.price_to ? amount : t("home.from", { price: amount });
  const [words, kind] = state(event);
  parts.state.textContent = words;
  parts.state.className = `state ${kind}`;
  const left = event.available_seats;
  parts.left.textContent = event.on_sale && left ? t("left", { count: count(left) }) : "";
}

/** @param {any} event @returns {[string, string]} the words for its state, and how they look */
function state(event) {
  if (event.status === "cancelled") return [t("state.cancelled"), "error"];
  if (event.on_sale && event.available_seats === 0) {
    return event.held_seats ? [t("state.all_held"), "warning"] : [t("state.sold_out"), ""];
  }
  if (event.on_sale) return [t("state.on_sale"), "good"];
  const opensMs = event.opens_at ? Date.parse(event.opens_at) - clock.now() : 0;
  if (event.status !== "open" || opensMs <= 0) return [t("state.closed"), ""];
  const day = 24 * 3600 * 1000;
  return [opensMs < day ? t("state.opens_in", { time: until(opensMs) }) : t("state.opens_at", { time: shortMoment(event.opens_at) }), "info"];
}

find("more").addEventListener("click", () => load(true));
setInterval(() => {
  for (const { event, parts } of shown.values()) if (!event.on_sale && event.opens_at) draw(event, parts);
}, 1000);
setInterval(() => {
  if (!document.hidden) load(false);
}, AGAIN_EVERY_MS);
await load(false);
