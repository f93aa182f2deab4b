/** A booking: the ticket, other seats, cancelling. */

import { drawPlaces } from "../parts/places.js";
import { drawQr } from "../parts/qr.js";
import { ask, inWords, ServerClock } from "../shared/api.js";
import { notice, say } from "../shared/frame.js";
import { Memory, showOf } from "../shared/kept.js";
import { count, element, find, moment, money, shortMoment, t } from "../shared/words.js";

const id = location.pathname.split("/")[2];
const show = showOf(id);
const memory = new Memory(show);
const clock = new ServerClock();
const STARS = [1, 2, 3, 4, 5];

/** A link by mail carries its token in the part of the address that no server sees; it is kept, and taken out of sight. */
function takeToken() {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (!token) return;
  memory.keepBooked(id, token);
  history.replaceState(null, "", location.pathname + location.search);
}

/** @returns {string[]} what may speak for this booking, the likeliest first: a turn, then what booked it or came by mail */
function tokens() {
  return [memory.kept.pass?.token, memory.kept.booked?.[id]?.token].filter((token) => token !== undefined);
}

/**
 * @param {string} method @param {string} path @param {string[]} with_ tokens to try @param {object} [body]
 * @returns {Promise<import("../shared/api.js").Answer>}
 */
async function askWithAny(method, path, with_, body) {
  /** @type {import("../shared/api.js").Answer} */
  let answer = { ok: false, status: 401, body: {}, retryAfterS: 1 };
  for (const token of with_) {
    answer = await ask(method, path, { token, body });
    if (![401, 403].includes(answer.status)) break;
  }
  return answer;
}

/** @param {any} booking @param {any} event @param {boolean} byPartner it is that partner who can change it */
function draw(booking, event, byPartner) {
  find("name").textContent = event.name;
  find("when").textContent = moment(event.starts_at);
  find("where").textContent = event.venue_name;
  document.title = `${event.name} · ${t("booking.title")}`;
  const cancelled = booking.status === "cancelled";
  find("state").textContent = t(cancelled ? "booking.cancelled" : "booking.booked");
  find("state").className = `state ${cancelled ? "error" : "good"}`;
  drawPlaces(find("places"), booking);
  find("number").textContent = booking.booking;
  find("qr").hidden = cancelled;
  drawQr(find("qr"), booking.booking);
  const until = Date.parse(event.starts_at) - event.rules.refund_until_s * 1000;
  const open = !cancelled && !byPartner && clock.now() < until;
  find("cancel").hidden = !open;
  find("changing").hidden = !open || booking.seats.length === 0;
  find("until").textContent = cancelled ? "" : byPartner ? t("booking.by_partner")
    : t(open ? "booking.until" : "booking.window_closed", { time: shortMoment(new Date(until).toISOString()) });
  find("rating").hidden = cancelled;
  markStars(memory.kept.rated?.[id]);
  find("give").replaceChildren(...booking.seats.map(giveField));
  const said = new URL(location.href).searchParams.get("difference");
  if (said !== null) tellDifference(Number(said), booking.currency);
  find("loading").hidden = true;
  find("ready").hidden = false;
}

/** @param {number} difference @param {string} currency */
function tellDifference(difference, currency) {
  const amount = money(Math.abs(difference), currency);
  notice(t(difference > 0 ? "booking.changed_more" : difference < 0 ? "booking.changed_less" : "booking.changed", { amount }), "good");
  history.replaceState(null, "", location.pathname);
}

/** @param {any} seat */
function giveField(seat) {
  const label = element("label", "", "check");
  const box = /** @type {HTMLInputElement} */ (element("input"));
  box.type = "checkbox";
  box.name = "give";
  box.value = seat.seat;
  label.append(box, ` ${seat.seat} · ${seat.category}`);
  return label;
}

async function load() {
  const [event, booking, link] = await Promise.all([
    ask("GET", `/api/events/${show}`),
    askWithAny("GET", `/api/bookings/${id}`, tokens()),
    askWithAny("GET", "/api/auth/validate", tokens().slice(-1)),
  ]);
  if (!event.ok) return fail(event);
  clock.heard(event.body.created_at);
  if (!booking.ok) return fail(booking);
  draw(booking.body, event.body, Boolean(link.body.account?.startsWith("key_")));
}

/** @param {import("../shared/api.js").Answer} answer */
function fail(answer) {
  find("loading").hidden = true;
  notice([401, 403].includes(answer.status) ? t("booking.not_here") : inWords(answer), "error");
}

async function cancel() {
  find("cancel-sure").disabled = true;
  const answer = await askWithAny("DELETE", `/api/bookings/${id}`, tokens());
  find("cancel-sure").disabled = false;
  find("cancelling").close();
  if (answer.ok) {
    notice(t("booking.cancelled_now"), "info");
    say(t("booking.cancelled_now"));
    await load();
  } else {
    notice([401, 403].includes(answer.status) ? t("booking.by_link") : inWords(answer), "error");
  }
}

/** @param {number} stars */
async function rate(stars) {
  const answer = await askWithAny("PUT", `/api/bookings/${id}/rating`, tokens(), { stars });
  if (!answer.ok) return notice([401, 403].includes(answer.status) ? t("booking.not_here") : inWords(answer), "error");
  memory.keepRated(id, stars);
  markStars(stars);
  say(t("booking.rated"));
}

/** @param {number | undefined} chosen as it was answered before */
function markStars(chosen) {
  for (const [at, star] of [...find("stars").children].entries()) star.setAttribute("aria-pressed", String(STARS[at] === chosen));
  find("rated").hidden = chosen === undefined;
}

/** @param {number} stars */
function starButton(stars) {
  const button = element("button", count(stars), "plain");
  button.setAttribute("type", "button");
  button.setAttribute("aria-label", t("booking.rate_of", { stars: count(stars) }));
  button.addEventListener("click", () => rate(stars));
  return button;
}

find("stars").append(...STARS.map(starButton));
find("print").addEventListener("click", () => print());
find("cancel").addEventListener("click", () => find("cancelling").showModal());
find("cancel-sure").addEventListener("click", cancel);
find("cancel-not").addEventListener("click", () => find("cancelling").close());
find("change").addEventListener("submit", (/** @type {Event} */ event) => {
  event.preventDefault();
  const give = new FormData(find("change")).getAll("give");
  if (!give.length) return notice(t("booking.change_none"), "warning");
  location.assign(`/shows/${show}?${new URLSearchParams([["change", id], ...give.map((seat) => ["give", String(seat)])])}`);
});
takeToken();
await load();
