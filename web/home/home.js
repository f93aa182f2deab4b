/** The list of what is on sale. */

import { ask, inWords } from "../shared/api.js";
import { count, element, find, moment, money } from "../shared/words.js";

/** @type {string | null} */
let after = null;

async function load() {
  const answer = await ask("GET", `/api/events${after ? `?after=${encodeURIComponent(after)}` : ""}`);
  find("problem").hidden = answer.ok;
  if (!answer.ok) {
    find("problem").textContent = inWords(answer);
    find("state").textContent = "";
    return;
  }
  for (const event of answer.body.data) find("events").append(card(event));
  after = answer.body.next_cursor ?? null;
  find("more").hidden = !answer.body.has_more;
  find("state").textContent = find("events").children.length ? "" : "Nothing is on sale at the moment.";
}

/** @param {any} event */
function card(event) {
  const item = element("li");
  item.className = "card";
  const title = element("h2");
  const link = /** @type {HTMLAnchorElement} */ (element("a", event.name));
  link.href = `/room/${event.show}`;
  title.append(link);
  item.append(title, element("p", `${moment(event.starts_at)} · ${event.venue_name}`));
  const left = event.available_seats;
  const price = money(event.price_from, event.currency);
  const facts = [
    event.price_from === event.price_to ? price : `from ${price}`,
    event.on_sale ? (left === 0 ? "nothing left now" : left === undefined ? "on sale" : `${count(left)} left`) : "not on sale",
  ];
  const line = element("p", facts.join(" · "));
  line.className = "quiet";
  item.append(line);
  return item;
}

find("more").addEventListener("click", load);
await load();
