/** The console: every line once a second, one of them whole, and what may be done to it. */

import { inWords } from "../shared/api.js";
import { notice, say } from "../shared/frame.js";
import { count, element, find, t } from "../shared/words.js";
import { ACTS, BRAKES } from "./acts.js";
import { Past } from "./chart.js";
import { begin, onDone } from "./dialog.js";
import { showPlan } from "./plan.js";
import { kindOf, showHealth, showLog, showReadiness, showRoom } from "./room.js";
import { ask, signOut, whoIsIt } from "../shared/session.js";

const EVERY_MS = 1_000, SELDOM_MS = 5_000;
const past = new Past();
/** @type {any[]} */
let rooms = [];
/** @type {import("./acts.js").Call | null} */
let undo = null;
let chosen = new URL(location.href).searchParams.get("show") ?? "";
let loggedVersion = "";

/** Never another one than was asked for: whoever brakes must brake what they look at. */
const current = () => rooms.find((room) => room.show === chosen);

/** @param {boolean} whole with the last minutes */
async function look(whole) {
  const answer = await ask("GET", `/room/admin${whole ? "?past=true" : ""}`);
  mark(answer.ok ? "live" : "reconnecting");
  if (!answer.ok) {
    if (answer.status === 403) notice(t("console.no_role"), "error");
    else if (answer.status !== 401) notice(inWords(answer), "error");
    return;
  }
  notice("");
  rooms = answer.body.rooms;
  if (!chosen && rooms.length) chosen = rooms[0].show;
  if (!current() && chosen) await openRoom();
  const nowMs = Date.parse(answer.body.server_time);
  for (const room of rooms) past.take(room, nowMs);
  show(nowMs);
}

/** A line is there once somebody has looked at its room. */
async function openRoom() {
  const answer = await ask("GET", `/room/admin/${chosen}`);
  if (!answer.ok) notice(inWords(answer), "error");
}

/** @param {string} state live or reconnecting */
function mark(state) {
  const live = find("live");
  live.hidden = false;
  live.dataset.state = state;
  live.textContent = t(state);
}

/** @param {number} nowMs */
function show(nowMs) {
  find("loading").hidden = true;
  find("empty").hidden = rooms.length > 0;
  find("ready").hidden = rooms.length === 0;
  list();
  const room = current();
  find("detail").hidden = !room;
  if (!room) return;
  showRoom(room, past.of(room.show), nowMs);
  for (const button of document.querySelectorAll("button[data-act]")) {
    const act = ACTS[/** @type {HTMLElement} */ (button).dataset.act ?? ""];
    /** @type {HTMLButtonElement} */ (button).disabled = Boolean(act.idle?.(room));
  }
  const version = `${room.show} ${room.version}`;
  if (version !== loggedVersion) {
    loggedVersion = version;
    logOf(room.show);
  }
}

/** @type {Map<string, {link: HTMLAnchorElement, phase: HTMLElement, facts: HTMLElement}>} */
const links = new Map();

function list() {
  const place = find("rooms");
  for (const room of rooms) {
    const known = links.get(room.show) ?? entry(room);
    links.set(room.show, known);
    known.phase.textContent = t(`phase.${room.control === "held" ? "held" : room.phase}`);
    known.phase.className = `state ${kindOf(room)}`;
    const left = room.places ? t("console.left", { count: count(room.places.available) }) : "";
    known.facts.textContent = [t("console.waiting_short", { count: count(room.waiting) }), t("console.rate_short", { rate: count(room.rate_now) }), left].filter(Boolean).join(" · ");
    if (room.show === chosen) known.link.setAttribute("aria-current", "true");
    else known.link.removeAttribute("aria-current");
  }
  const there = rooms.map((room) => links.get(room.show)?.link.parentElement);
  if (place.children.length !== there.length || there.some((item, index) => place.children[index] !== item)) {
    place.replaceChildren(...there);
    const link = links.get(chosen)?.link;
    if (link) place.scrollTop = link.offsetTop - place.offsetTop;
  }
}

/** @param {any} room */
function entry(room) {
  const item = element("li"), link = /** @type {HTMLAnchorElement} */ (element("a"));
  link.href = `?show=${room.show}`;
  const phase = element("span"), facts = element("span", "", "quiet small number");
  link.append(element("strong", room.name), phase, facts);
  link.addEventListener("click", (event) => {
    event.preventDefault();
    choose(room.show);
  });
  item.append(link);
  return { link, phase, facts };
}

/** @param {string} show_ */
function choose(show_) {
  chosen = show_;
  const to = new URL(location.href);
  to.searchParams.set("show", chosen);
  history.replaceState(null, "", to);
  find("readiness").open = false;
  show(Date.now());
  plan();
}

/** @param {string} show_ */
async function logOf(show_) {
  const answer = await ask("GET", `/room/admin/${show_}/audit`);
  if (answer.ok && show_ === chosen) showLog(answer.body);
  else if (!answer.ok) loggedVersion = "";
}

/** @param {string} name */
function actButton(name) {
  const act = ACTS[name];
  const button = /** @type {HTMLButtonElement} */ (element("button", t(`act.${name}`), name === "pause" ? "" : act.danger ? "danger" : "plain"));
  button.type = "button";
  button.dataset.act = name;
  button.addEventListener("click", () => begin(act, current()));
  return button;
}

onDone(async (done) => {
  undo = done.undo;
  find("done").hidden = false;
  find("done-text").textContent = done.words;
  find("undo").hidden = !undo;
  say(done.words);
  await look(false);
});

find("undo").addEventListener("click", async () => {
  if (!undo) return;
  const answer = await ask(undo.method, undo.path, { body: undo.body });
  const words = answer.ok ? t("console.taken_back") : inWords(answer);
  find("done-text").textContent = words;
  find("done").className = `note ${answer.ok ? "good" : "error"} done`;
  find("undo").hidden = answer.ok;
  if (answer.ok) undo = null;
  say(words);
  await look(false);
});

find("readiness").addEventListener("toggle", async () => {
  if (!find("readiness").open) return;
  const answer = await ask("GET", `/room/admin/${chosen}/readiness`);
  showReadiness(answer);
});

async function plan() {
  const asked = chosen;
  if (!asked) return;
  const answer = await ask("GET", `/room/admin/${asked}/plan`);
  if (answer.ok && asked === chosen) showPlan(answer.body);
}

async function health() {
  showHealth(await ask("GET", "/readyz"));
}

/** One after the other, never two at once: a server that is slow is asked more seldom. @param {() => Promise<void>} work @param {number} everyMs */
async function again(work, everyMs) {
  for (;;) {
    await new Promise((go) => setTimeout(go, everyMs));
    await work();
  }
}

find("brakes").append(...BRAKES.map(actButton));
find("acts").append(...Object.keys(ACTS).filter((name) => !BRAKES.includes(name)).map(actButton));
find("sign-out").addEventListener("click", signOut);
const me = await whoIsIt();
if (me.ok) {
  find("who").textContent = me.body.name;
  await Promise.all([look(true), health()]);
  await plan();
  again(() => look(false), EVERY_MS);
  again(health, SELDOM_MS);
  again(plan, SELDOM_MS);
} else if (me.status !== 401) {
  notice(inWords(me), "error");
  again(async () => location.reload(), 3_000);
}
