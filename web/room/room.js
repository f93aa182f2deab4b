/** The page of one waiting room: joining, waiting, the turn. */

import { ask, inWords, ServerClock } from "../shared/api.js";
import { notice, say, showPaused } from "../shared/frame.js";
import { Memory } from "../shared/kept.js";
import { mark } from "../parts/live.js";
import { count, element, find, language, moment, money, roughlyBetween, t, until } from "../shared/words.js";
import { Bell } from "./bell.js";
import { Line } from "./line.js";
import { drawLines, wanted } from "./lines.js";
import { takeMoved } from "./moving.js";

const VIEWS = ["join", "waiting", "turn"];
/** Said aloud when so many or fewer are ahead, once each. */
const MILESTONES = [10_000, 1_000, 100, 10];

const show = document.body.dataset.show ?? "";
const memory = new Memory(show);
const clock = new ServerClock();
const bell = new Bell();
/** @type {Set<string>} tiers of which nothing is left */
const gone = new Set();
let view = "", first = 0, milestone = Infinity, following = false, tiersShown = "";
/** @type {string | null} what the room had to say when something was refused, or over; null: nothing was */
let saidBefore = null;

/** @param {string} name */
function go(name) {
  if (view === name) return;
  const before = view;
  view = name;
  saidBefore = null;
  for (const other of VIEWS) find(other).hidden = other !== name;
  if (before) find(`${name}-title`).focus();
}

/** @param {number} value @returns {string} */
const atMost = (value) => count(Math.max(0, value));

function draw() {
  const { status } = line;
  const { ticket, pass } = memory.kept;
  find("name").textContent = status.name;
  const joinable = ["idle", "prequeue", "open", "paused"].includes(status.phase);
  find("join-now").disabled = !joinable;
  drawLines(status.lines);
  showPaused(status.phase === "paused");
  const said = message(status);
  if (!pass && said !== saidBefore) {
    saidBefore = null;
    notice(said, status.message?.severity);
  }
  drawOpening();
  drawTiers();
  if (pass) return go("turn");
  if (!ticket) return go("join");
  go("waiting");
  const ahead = line.ahead();
  const placed = Number.isFinite(ahead);
  find("place").textContent = placed ? count(ticket.place ?? 0) : t("room.number", { n: count(ticket.n) });
  find("ahead").textContent = placed ? atMost(ahead) : "–";
  find("wait").textContent = wait();
  first = placed ? Math.max(first, ahead + 1, 1) : 0;
  find("progress").hidden = !placed;
  find("progress").value = placed ? 1 - Math.max(0, ahead) / first : 0;
  find("why").textContent = placed ? reason() : t("room.drawn_later");
  find("hope").textContent = hope();
  find("hope").hidden = !hope();
  find("draw").hidden = !line.mine().drawn;
  document.title = placed ? `${atMost(ahead)} · ${status.name}` : status.name;
  for (const step of MILESTONES) {
    if (placed && ahead <= step && step < milestone && first > step) {
      milestone = step;
      say(t("room.ahead_now", { count: atMost(ahead), wait: wait() }));
    }
  }
}

function drawOpening() {
  const { phase, opens_at } = line.status;
  const leftMs = opens_at ? Date.parse(opens_at) - clock.now() : 0;
  find("opens").hidden = phase !== "prequeue" || leftMs <= 0;
  find("opens-in").textContent = until(leftMs);
}

/** What is left of each price; what is gone is said once. */
function drawTiers() {
  const { tiers, currency } = line.status.inventory ?? { tiers: [] };
  find("left").hidden = !tiers.length;
  const shown = tiers.map((/** @type {any} */ it) => `${it.tier}, ${money(it.price_min, currency)}: ${t(`room.band.${it.band}`)}`);
  if (shown.join() === tiersShown) return;
  tiersShown = shown.join();
  find("tiers").replaceChildren(...shown.map((/** @type {string} */ words) => element("li", words)));
  for (const { tier, band } of tiers) {
    if (band === "none" && !gone.has(tier)) say(t("room.tier_gone", { tier }));
    if (band === "none") gone.add(tier);
    else gone.delete(tier);
  }
}

/** @param {any} status @returns {string} what the room has to say: the operator's words, else ours for its state */
function message(status) {
  const said = status.message?.text;
  if (said?.[language]) return said[language];
  if (["paused", "draining", "soldout", "closed"].includes(status.phase)) return t(`room.phase.${status.phase}`);
  return said?.en ?? "";
}

function wait() {
  if (line.status.phase === "prequeue" || !memory.kept.ticket?.place) return t("room.from_opening");
  if (line.status.phase === "paused") return t("room.paused");
  const eta = line.mine().eta;
  if (!eta || !Number.isFinite(line.minutes())) return t("room.nobody_called");
  const before = Math.max(0, line.ahead() + 1);
  return roughlyBetween(before / eta.fast_per_min, before / eta.slow_per_min);
}

function reason() {
  const { limited_by } = line.status;
  const why = ["active", "stock", "lag"].includes(limited_by) ? t(`room.why.${limited_by}`) : t("room.why.none");
  return line.mine().eta?.slower ? `${t("room.slower")} ${why}` : why;
}

/** What is left, for whoever stands here: said only where it is clear, and never as a promise. */
function hope() {
  const odds = line.mine().hope, place = memory.kept.ticket?.place;
  if (!odds || !place) return "";
  if (place <= odds.likely_to) return t("room.likely");
  return place >= odds.unlikely_from ? t("room.unlikely") : t("room.unclear");
}

function toTheSeats() {
  if (following) return;
  following = true;
  location.assign(`/shows/${show}`);
}

/** @param {string} words @param {string} kind */
function backToJoin(words, kind) {
  memory.forgetPlace();
  first = 0;
  milestone = Infinity;
  if (line.status) draw();
  refuse(words, kind);
  say(words);
}

/** Stays to be read until the next try, or until the room has something else to say. @param {string} words @param {string} kind */
function refuse(words, kind) {
  saidBefore = line.status ? message(line.status) : null;
  notice(words, kind);
}

const line = new Line(show, memory, clock, {
  seen: (reached) => {
    mark(reached ? "polling" : "reconnecting");
    if (reached) draw();
  },
  turn: () => {
    notice("");
    go("turn");
    document.title = `● ${t("room.turn_title")}`;
    say(t("room.turn_title"));
    bell.ring(t("room.turn_title"), find("name").textContent);
    if (!document.hidden) toTheSeats();
  },
  lost: (answer) => backToJoin(answer.ok ? t("room.given_up") : inWords(answer), answer.ok ? "info" : "warning"),
  failed: (answer) => refuse(inWords(answer), "error"),
});

function tick() {
  if (!line.status) return;
  drawOpening();
  const { pass } = memory.kept;
  if (!pass) return;
  const leftMs = Date.parse(pass.expiresAt) - clock.now();
  find("turn-left").textContent = until(leftMs);
  if (leftMs <= 0) backToJoin(t("room.turn_over"), "warning");
}

function drawHeld() {
  const held = Object.keys(memory.kept.held ?? {}), booked = Object.keys(memory.kept.booked ?? {});
  find("yours").hidden = !held.length && !booked.length;
  const links = [
    ...held.map((id) => ["/checkout/" + id, t("room.go_on_paying")]),
    ...booked.map((id) => ["/bookings/" + id, t("room.see_ticket")]),
  ].map(([to, words]) => {
    const link = document.createElement("a");
    link.href = to;
    link.textContent = words;
    const item = document.createElement("li");
    item.append(link);
    return item;
  });
  find("yours-list").replaceChildren(...links);
}

find("join-now").addEventListener("click", async () => {
  find("join-now").disabled = true;
  saidBefore = null;
  await line.join(wanted());
  find("join-now").disabled = false;
});
find("leave").addEventListener("click", () => find("leaving").showModal());
find("leave-sure").addEventListener("click", () => {
  find("leaving").close();
  line.leave();
});
find("leave-not").addEventListener("click", () => find("leaving").close());
find("bell").addEventListener("change", () => bell.set(find("bell").checked));
find("move").addEventListener("toggle", async () => {
  if (find("move").open) (await import("./moving.js")).drawMove(show, memory.kept);
});
find("seats").href = `/shows/${show}`;
find("verify").href = find("happened").href = `/verify/${show}`;
setInterval(tick, 1000);

takeMoved(memory);
drawHeld();
ask("GET", `/api/events/${show}`).then((event) => {
  if (!event.ok) return;
  find("when").textContent = `${moment(event.body.starts_at)} · ${event.body.venue_name}`;
});
await line.look();
