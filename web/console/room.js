/** One room on the screen: its state, its figures, what is left, its last minutes, its log. */

import { inWords } from "../shared/api.js";
import { count, element, find, language, quoted, shortMoment, t } from "../shared/words.js";
import { draw, perMinute } from "./chart.js";
import { expected } from "./dialog.js";

const SILENT_MS = 5_000, LAG_MS = 500, LOG_SHOWN_MAX = 20;

/** @type {Map<string, {value: HTMLElement, hint: HTMLElement}>} */
const tiles = new Map();

/** @param {string} name @param {string} value @param {string} hint */
function tile(name, value, hint = "") {
  let known = tiles.get(name);
  if (!known) {
    const item = element("div"), dd = element("dd");
    known = { value: element("span", "", name === "limit" ? "value words" : "value"), hint: element("span", "", "hint") };
    dd.append(known.value, known.hint);
    item.append(element("dt", t(`tile.${name}`)), dd);
    find("tiles").append(item);
    tiles.set(name, known);
  }
  if (known.value.textContent !== value) known.value.textContent = value;
  if (known.hint.textContent !== hint) known.hint.textContent = hint;
}

const NONE = "–";
const percent = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 0 });
/** @param {number | null} ms */
const milliseconds = (ms) => (ms === null ? NONE : t("console.ms", { ms: count(Math.round(ms)) }));

/** @param {any} room @returns {string} how its state looks */
export function kindOf(room) {
  if (room.stalled || room.control === "held") return "error";
  return { open: "good", idle: "good", prequeue: "info", paused: "warning", draining: "info" }[/** @type {string} */ (room.phase)] ?? "";
}

/** @param {any} room @param {import("./chart.js").Sample[]} samples @param {number} nowMs */
export function showRoom(room, samples, nowMs) {
  find("name").textContent = room.name;
  find("phase").textContent = t(`phase.${room.control === "held" ? "held" : room.phase}`);
  find("phase").className = `state ${kindOf(room)}`;
  const ends = shortMoment(room.ends_at);
  find("times").textContent = room.opens_at ? t("console.times", { opens: shortMoment(room.opens_at), ends }) : t("console.ends", { ends });
  find("reason").hidden = !room.reason || room.control === "schedule";
  find("reason").textContent = t("console.why", { reason: room.reason });
  alarms(room);
  tile("waiting", count(room.waiting), t("tile.joined", { rate: count(room.joined_per_min) }));
  tile("serving", count(Math.min(room.serving, room.issued)), t("tile.issued", { count: count(room.issued) }));
  tile("rate", count(room.rate_now), t("tile.ceiling", { target: count(room.rate_target), ceiling: count(room.rate_per_min) }));
  tile("limit", t(`limit.${room.limited_by}`), t(`limit.${room.limited_by}.help`));
  tile("lag", milliseconds(room.lag_ms), t("tile.p99", { ms: milliseconds(room.decide_p99_ms) }));
  tile("taken", room.places_per_s === null ? NONE : count(room.places_per_s), t("tile.per_call", { count: count(room.places_per_call) }));
  tile("active", count(room.active), t("tile.of", { count: count(room.active_max) }));
  tile("no_shows", percent.format(room.no_shows), t("tile.given_up", { count: count(room.given_up) }));
  stock(room.places);
  find("expected").textContent = expected(room.expected);
  find("called-now").textContent = latest(draw(find("called"), perMinute(samples, 1), nowMs));
  find("taken-now").textContent = latest(draw(find("taken"), perMinute(samples, 2), nowMs));
}

/** @param {[number, number]} found */
function latest([now, most]) {
  return t("console.latest", { now: count(Math.round(now)), most: count(Math.round(most)) });
}

/** @param {any} room */
function alarms(room) {
  const found = [];
  if (room.stalled) found.push(["error", t("alarm.stalled")]);
  if (room.heard_ms_ago === null) found.push(["warning", t("alarm.unheard")]);
  else if (room.heard_ms_ago > SILENT_MS) found.push(["error", t("alarm.silent", { seconds: count(Math.round(room.heard_ms_ago / 1000)) })]);
  if (room.lag_ms > LAG_MS) found.push(["warning", t("alarm.lag", { ms: count(room.lag_ms) })]);
  if (room.open_until) found.push(["warning", t("alarm.open", { time: shortMoment(room.open_until) })]);
  const place = find("alarms");
  if (place.dataset.said === JSON.stringify(found)) return;
  place.dataset.said = JSON.stringify(found);
  place.replaceChildren(...found.map(([kind, words]) => element("p", words, `note ${kind}`)));
}

/** @param {any} places */
function stock(places) {
  const bar = find("stock"), keys = find("stock-keys");
  bar.hidden = !places;
  if (!places) return keys.replaceChildren(element("li", t("alarm.unheard"), "quiet"));
  const all = Math.max(1, places.available + places.held + places.booked);
  bar.querySelector(".sold").style.inlineSize = `${(100 * places.booked) / all}%`;
  bar.querySelector(".held").style.inlineSize = `${(100 * places.held) / all}%`;
  keys.replaceChildren(
    ...[["sold", places.booked], ["held", places.held], ["free", places.available]].map(([name, value]) => {
      const item = element("li", "", "number");
      item.append(element("span", "", `swatch ${name}`), t(`stock.${name}`, { count: count(Number(value)), percent: percent.format(Number(value) / all) }));
      return item;
    }),
  );
}

/** @param {any} audit */
export function showLog(audit) {
  const acts = audit.acts.slice(-LOG_SHOWN_MAX).reverse();
  find("broken").hidden = audit.broken_at === null;
  find("no-log").hidden = acts.length > 0;
  find("log").replaceChildren(
    ...acts.map((/** @type {any} */ act) => {
      const item = element("li"), what = Object.entries(act.changes).map(([name, value]) => `${name} ${typeof value === "object" ? JSON.stringify(value) : value}`);
      item.append(element("time", shortMoment(act.at), "quiet"), quoted("strong", [act.act, ...what].join(" ")), quoted("span", act.reason), element("span", act.key, "quiet digits"));
      return item;
    }),
  );
}

/** @param {import("../shared/api.js").Answer} answer */
export function showReadiness(answer) {
  if (!answer.ok) return find("checks").replaceChildren(element("li", inWords(answer), "bad"));
  find("checks").replaceChildren(
    ...answer.body.checks.map((/** @type {any} */ check) => line(check.ok, `${check.name}: ${check.found}`)),
  );
}

/** @param {import("../shared/api.js").Answer} answer of /readyz */
export function showHealth(answer) {
  if (answer.status === 0) return find("health").replaceChildren(line(false, t("unreachable")));
  const said = (/** @type {Record<string, string[]>} */ rooms, /** @type {boolean} */ good) =>
    Object.entries(rooms ?? {}).flatMap(([room, reasons]) => reasons.map((reason) => line(good, `${room}: ${reason}`)));
  const found = [...said(answer.body.reasons, false), ...said(answer.body.degraded, false)];
  find("health").replaceChildren(...(found.length ? found : [line(true, t("console.healthy"))]));
}

/** @param {boolean} good @param {string} words */
function line(good, words) {
  const item = element("li", "", good ? "good" : "bad");
  item.append(element("strong", good ? "✓ " : "✗ "), words);
  return item;
}
