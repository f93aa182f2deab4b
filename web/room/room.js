/** The page of one waiting room: which step we are at, and the way from one to the next. */

import { ask, inWords, randomHex, ServerClock } from "../shared/api.js";
import { clock as asClock, find, moment } from "../shared/words.js";
import { drawPlaces, Hold } from "./hold.js";
import { Memory } from "./kept.js";
import { Line } from "./line.js";
import { Seats } from "./seats.js";

const STEPS = ["line", "choose", "held", "done"];
const SEATS_EVERY_MS = 4_000;

const show = document.body.dataset.show ?? "";
const memory = new Memory(show);
const clock = new ServerClock();
/** @type {Seats | null} */
let seats = null;
let step = "";

/** @param {string} words said to whoever does not see the page; milestones only */
function say(words) {
  find("announcer").textContent = words;
}

/** @param {string} name */
function go(name) {
  if (step === name) return;
  const first = step === "";
  step = name;
  for (const other of STEPS) find(other).hidden = other !== name;
  document.title = `${find(`${name}-title`).textContent} · ${find("name").textContent}`;
  if (!first) find(`${name}-title`).focus();
  if (name === "choose") seats?.refresh();
}

/** @param {import("../shared/api.js").Answer | null} answer */
function failed(answer) {
  find("problem").hidden = answer === null;
  if (answer) find("problem").textContent = inWords(answer);
}

/** @param {string} words @param {string} [kind] info, warning or good */
function notice(words, kind = "info") {
  const place = find("notice");
  place.hidden = !words;
  place.textContent = words;
  place.className = `note ${kind}`;
}

const hold = new Hold(memory, clock, {
  booked: () => {
    const { booking } = memory.kept;
    find("booking").textContent = booking.booking;
    drawPlaces(find("booked-places"), booking);
    notice("");
    failed(null);
    go("done");
    say("Booked.");
  },
  ended: (words) => {
    notice(words, "warning");
    go(memory.kept.pass ? "choose" : "line");
    say(words);
  },
  say,
  failed,
});

const line = new Line(show, memory, clock, {
  seen: () => {
    const { message } = line.status;
    if (step === "line" || step === "") notice(message?.text.en ?? "", message?.severity);
    if (step === "") go("line");
  },
  turn: () => {
    notice("");
    failed(null);
    go("choose");
    say("It is your turn.");
  },
  lost: (answer) => {
    memory.forget();
    notice(answer.status === 204 ? "You have given up your place." : inWords(answer), "warning");
    line.draw();
    go("line");
  },
  failed,
});

/** @param {object} wish what to hold */
async function holdPlaces(wish) {
  const { pass } = memory.kept;
  if (!pass) return;
  busy(true);
  const answer = await ask("POST", "/api/reservations", {
    token: pass.token,
    key: randomHex(16),
    body: { show, ...wish },
  });
  busy(false);
  notice("");
  failed(answer.ok ? null : answer);
  if (answer.status === 201) {
    hold.show(answer.body);
    go("held");
    return;
  }
  if (answer.body.code === "already_yours" && answer.body.conflicts?.[0]?.reservation) {
    notice("You hold these already.");
  }
  if (["token_expired", "token_invalid"].includes(answer.body.code)) memory.keep({ pass: undefined });
  seats?.refresh();
}

/** @param {boolean} waiting */
function busy(waiting) {
  for (const name of ["hold-best", "hold-seats"]) find(name).disabled = waiting;
}

function tick() {
  const { pass } = memory.kept;
  if (!pass || step !== "choose") return;
  const leftMs = Date.parse(pass.expiresAt) - clock.now();
  find("pass-left").textContent = asClock(leftMs);
  if (leftMs <= 0) {
    memory.forget();
    notice("Your time to choose has run out. You can join again.", "warning");
    line.draw();
    go("line");
  }
}

find("join-now").addEventListener("click", () => line.join());
find("leave").addEventListener("click", () => line.leave());
setInterval(tick, 500);
setInterval(() => {
  if (step === "choose" && !document.hidden) seats?.refresh();
}, SEATS_EVERY_MS);

const event = await ask("GET", `/api/events/${show}`);
if (event.ok) {
  find("name").textContent = event.body.name;
  find("when").textContent = `${moment(event.body.starts_at)} · ${event.body.venue_name}`;
  seats = new Seats(event.body, holdPlaces);
} else {
  failed(event);
}
if (memory.kept.booking) {
  find("booking").textContent = memory.kept.booking.booking;
  drawPlaces(find("booked-places"), memory.kept.booking);
  go("done");
} else if (await hold.resume()) {
  if (!memory.kept.booking) go("held");
} else if (memory.kept.pass) {
  go("choose");
}
await line.look();
