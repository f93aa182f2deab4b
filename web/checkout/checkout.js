/** What is held, until it is booked, given back, or over. */

import { drawPlaces } from "../parts/places.js";
import { mark as markLive } from "../parts/live.js";
import { ask, hex, inWords, randomHex, salesPaused, ServerClock } from "../shared/api.js";
import { notice, say, showPaused } from "../shared/frame.js";
import { Memory, showOf } from "../shared/kept.js";
import { verdict } from "../shared/verdict.js";
import { clock as asClock, find, known, t } from "../shared/words.js";

const SOON_MS = 30_000;
/** Our clock only tells us when to ask; the server decides when it is over. */
const ASK_AFTER_MS = 1_500;
const LOOK_EVERY_MS = 5_000;
/** Whoever comes back from a bank looks at nothing else. */
const LOOK_WHILE_PAYING_MS = 1_500;
/** What a repeat cannot mend: the reservation is no longer held. */
const GONE = new Set(["hold_expired", "hold_released", "reservation_not_found", "show_closed", "show_cancelled", "booking_cancelled"]);

const id = location.pathname.split("/")[2];
const show = showOf(id);
const memory = new Memory(show);
const clock = new ServerClock();
/** @type {import("../types/api.d.ts").ReservationAnswer | null} as the server last told it */
let reservation = null;
let required = false, warned = false, over = false, working = false, asking = false;

const held = () => memory.kept.held?.[id];
const rulesOf = ask("GET", `/api/events/${show}`);

/** @param {boolean} busy */
function work(busy) {
  working = busy;
  for (const name of ["book", "extend", "give-sure", "soon-extend"]) find(name).disabled = busy;
  find("book").setAttribute("aria-busy", String(busy));
}

/** Nothing more can be done here. @param {string} words @param {string} kind */
function end(words, kind) {
  over = true;
  memory.keepHeld(id, undefined);
  for (const dialog of ["soon", "giving"]) if (find(dialog).open) find(dialog).close();
  find("loading").hidden = find("ready").hidden = true;
  find("elsewhere").hidden = false;
  find("title").textContent = t("checkout.over");
  notice(words, kind);
  say(words);
  find("title").focus();
}

/** @param {string} booking */
function booked(booking) {
  const token = held()?.token;
  over = true;
  if (token) memory.keepBooked(booking, token);
  memory.keepHeld(id, undefined);
  location.replace(`/bookings/${booking}`);
}

/** @param {any} told */
function draw(told) {
  const first = reservation === null;
  reservation = told;
  if (told.status === "booked") return booked(told.booking);
  if (!["held", "paying"].includes(told.status)) return end(t(told.status === "expired" ? "checkout.expired" : "checkout.released"), "warning");
  drawPlaces(find("places"), told);
  const why = held()?.why?.rule;
  find("why").hidden = !why || !known(`why.${why}`);
  if (!find("why").hidden) find("why-words").textContent = t(`why.${why}`);
  const paying = told.status === "paying";
  find("contact").hidden = find("extend").hidden = find("give-back").hidden = paying;
  find("time-title").textContent = t(paying ? "checkout.paying_for" : "checkout.yours_for");
  const payAt = held()?.payAt;
  find("pay").hidden = !paying || !payAt;
  if (payAt) find("pay").href = payAt;
  if (paying) notice(t("checkout.paying"), "info");
  else if (payAt) declined();
  find("loading").hidden = true;
  find("ready").hidden = false;
  if (first) say(t("checkout.left", { time: asClock(left()) }));
  tick();
}

/** A payment was begun here and is none any more: nothing was taken, and nothing is lost. */
function declined() {
  const kept = held();
  // The provider knows the payment by its key: the next one is another.
  if (kept) memory.keepHeld(id, { ...kept, payAt: undefined, key: randomHex(16) });
  notice(t("checkout.declined"), "error");
  say(t("checkout.declined"));
}

/** @returns {number} ms */
function left() {
  return reservation ? Date.parse(reservation.expires_at) - clock.now() : 0;
}

async function look() {
  const token = held()?.token;
  if (!token) return end(t("checkout.not_here"), "warning");
  const answer = await ask("GET", `/api/reservations/${id}`, { token });
  showPaused(salesPaused(answer));
  markLive(answer.ok ? "polling" : "reconnecting");
  if (over) return;
  if (answer.ok) {
    draw(answer.body);
  } else if (GONE.has(answer.body.code) || answer.status === 404) {
    end(t("checkout.expired"), "warning");
  } else {
    notice(inWords(answer), "error");
  }
}

async function extend() {
  const token = held()?.token;
  if (!token || working) return;
  work(true);
  const answer = await ask("PUT", `/api/reservations/${id}/extend`, { token, body: {} });
  work(false);
  if (find("soon").open) find("soon").close();
  showPaused(salesPaused(answer));
  if (answer.ok && answer.status !== 202) {
    const longer = !reservation || Date.parse(answer.body.expires_at) > Date.parse(reservation.expires_at);
    warned = warned && left() > SOON_MS ? false : warned;
    draw(answer.body);
    if (longer) warned = left() <= SOON_MS;
    notice(t(longer ? "checkout.extended" : "checkout.longest"), longer ? "good" : "warning");
  } else if (GONE.has(answer.body.code)) {
    end(t("checkout.expired"), "warning");
  } else {
    notice(inWords(answer), "error");
  }
}

async function giveBack() {
  const token = held()?.token;
  if (!token || working) return;
  work(true);
  const answer = await ask("DELETE", `/api/reservations/${id}`, { token });
  work(false);
  find("giving").close();
  if (answer.ok || GONE.has(answer.body.code)) end(t("checkout.released"), "info");
  else notice(inWords(answer), "error");
}

/** The same key for this reservation and contact: pressing twice, or again after a lost answer, books once. */
async function book() {
  const kept = held();
  if (!kept || working) return;
  const contact = { name: find("contact-name").value.trim(), email: find("contact-email").value.trim(),
    language: document.documentElement.lang };
  const bytes = new TextEncoder().encode(JSON.stringify(contact));
  const key = `${kept.key}-${hex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).slice(0, 8))}`;
  work(true);
  notice("");
  const pays = required && !!reservation && reservation.total_amount > 0;
  const answer = pays
    ? await verdict("POST", `/api/reservations/${id}/checkout`, { token: kept.token, key, body: { contact, return_to: location.pathname } })
    : await verdict("POST", "/api/bookings", { token: kept.token, key, body: { reservation: id, contact } });
  work(false);
  showPaused(salesPaused(answer));
  if (answer.ok && pays && answer.body.pay_at) {
    memory.keepHeld(id, { ...kept, payAt: answer.body.pay_at });
    location.assign(answer.body.pay_at);
  }
  else if (answer.ok && answer.body.booking) booked(answer.body.booking);
  else if (answer.body.code === "already_booked" || answer.body.code === "payment_under_way") look();
  else if (GONE.has(answer.body.code)) end(t("checkout.too_late"), "error");
  else notice(inWords(answer), "error");
}

function tick() {
  if (!reservation || over) return;
  const leftMs = left();
  const soon = leftMs <= SOON_MS;
  find("timer").textContent = find("soon-timer").textContent = asClock(leftMs);
  find("timer").classList.toggle("soon", soon);
  document.title = `${asClock(leftMs)} · ${t("checkout.title")}`;
  if (soon && leftMs > 0 && !warned && reservation.status === "held") {
    warned = true;
    find("soon").showModal();
    say(t("checkout.left", { time: asClock(leftMs) }));
  }
  if (!soon) warned = false;
  if (leftMs <= -ASK_AFTER_MS && !asking) {
    asking = true;
    setTimeout(async () => {
      await look();
      asking = false;
    }, 500);
  }
}

/** Again and again, until it is over. */
function lookOn() {
  setTimeout(async () => {
    if (!working && !document.hidden) await look();
    if (!over) lookOn();
  }, reservation?.status === "paying" ? LOOK_WHILE_PAYING_MS : LOOK_EVERY_MS);
}

find("back").href = `/shows/${show}`;
find("contact").addEventListener("submit", (/** @type {Event} */ event) => {
  event.preventDefault();
  book();
});
find("extend").addEventListener("click", extend);
find("soon-extend").addEventListener("click", extend);
find("soon-close").addEventListener("click", () => find("soon").close());
find("give-back").addEventListener("click", () => find("giving").showModal());
find("give-sure").addEventListener("click", giveBack);
find("give-not").addEventListener("click", () => find("giving").close());
addEventListener("online", look);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && !over) look();
});

const [event, room] = await Promise.all([rulesOf, ask("GET", `/room/${show}/status`)]);
if (room.ok) clock.heard(room.body.server_time);
if (event.ok) {
  clock.heard(event.body.created_at);
  required = event.body.rules.payment === "required";
  find("name").textContent = event.body.name;
  find("book").textContent = t(required ? "checkout.pay" : "checkout.book");
}
await look();
setInterval(tick, 250);
if (!over) lookOn();
