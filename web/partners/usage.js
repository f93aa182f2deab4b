/** What keys ask of the API: in sums, over time and by call. */

import { inWords } from "../shared/api.js";
import { count, element, find, language, t } from "../shared/words.js";
import { calm, call, card, desk, Filters, queryOf, trouble } from "./desk.js";

/** @typedef {import("../types/api.d.ts").UsageLine} Line */
/** @typedef {{requests: number, bad: number, refused: number, failed: number, ms: number, most: number}} Sum */

const HOUR_MS = 3_600_000, DAY_MS = 24 * HOUR_MS;
const PAGE = 500, PAGES_MAX = 8;
const WIDTH = 600, HEIGHT = 120;
const filters = new Filters("usage-filters", openUsage);
let asked = 0;

export async function openUsage() {
  const mine = ++asked, shown = find("usage-shown"), days = Number(filters.read().days);
  calm(shown);
  shown.setAttribute("aria-busy", "true");
  const found = await lines(days);
  if (mine !== asked) return;
  shown.removeAttribute("aria-busy");
  shown.hidden = "problem" in found;
  if ("problem" in found) return trouble(shown, found.problem, openUsage);
  find("usage-partly").hidden = found.whole;
  draw(found.lines, days);
}

/** @param {number} days @returns {Promise<{lines: Line[], whole: boolean} | {problem: string}>} */
async function lines(days) {
  /** @type {Line[]} */
  const found = [];
  const from = new Date(first(days)).toISOString(), by = stepOf(days) === HOUR_MS ? "hour" : "day";
  for (let page = 0, after = ""; page < PAGES_MAX; page += 1) {
    const answer = await call("GET", `/api/admin/usage${queryOf({ by, from, limit: PAGE, key: desk.admin ? desk.key : "", after })}`);
    if (!answer.ok) return { problem: inWords(answer) };
    found.push(...answer.body.data);
    if (!answer.body.has_more) return { lines: found, whole: true };
    after = answer.body.next_cursor;
  }
  return { lines: found, whole: false };
}

/** @param {number} days */
function stepOf(days) {
  return days === 1 ? HOUR_MS : DAY_MS;
}

/** @param {number} days @returns {number} the beginning of the first bar, in epoch ms: sums begin with whole hours and days of UTC */
function first(days) {
  const step = stepOf(days);
  return (Math.floor(Date.now() / step) + 1) * step - days * DAY_MS;
}

/** @param {Line[]} all @param {(line: Line) => string | number} by @returns {Map<string | number, Sum>} */
function sums(all, by) {
  const found = new Map();
  for (const line of all) {
    const sum = found.get(by(line)) ?? { requests: 0, bad: 0, refused: 0, failed: 0, ms: 0, most: 0 };
    sum.requests += line.requests;
    sum.refused += line.refused;
    sum.failed += line.failed;
    sum.bad += line.refused + line.failed;
    sum.ms += line.mean_ms * line.requests;
    sum.most = Math.max(sum.most, line.most_ms);
    found.set(by(line), sum);
  }
  return found;
}

/** @param {Line[]} all @param {number} days */
function draw(all, days) {
  const total = sums(all, () => "").get("");
  find("usage-none").hidden = all.length > 0;
  find("usage-sums").replaceChildren(
    ...[["usage.requests", total?.requests], ["usage.refused", total?.refused], ["usage.failed", total?.failed]].map(([name, value]) => fact(t(String(name)), count(Number(value ?? 0)))),
  );
  drawBars(sums(all, (line) => Date.parse(line.since)), days);
  const calls = [...sums(all, (line) => line.operation)].sort(([, one], [, other]) => other.requests - one.requests);
  find("usage-calls").replaceChildren(
    ...calls.map(([name, sum]) =>
      card(String(name), {
        facts: [
          [t("usage.requests"), count(sum.requests)],
          [t("usage.refused"), count(sum.refused)],
          [t("usage.failed"), count(sum.failed)],
          [t("usage.mean"), ms(sum.ms / Math.max(1, sum.requests))],
          [t("usage.most"), ms(sum.most)],
        ],
      }),
    ),
  );
}

/** @param {string} name @param {string} value */
function fact(name, value) {
  const pair = element("div");
  pair.append(element("dt", name), element("dd", value));
  return pair;
}

/** @param {number} value */
function ms(value) {
  return new Intl.NumberFormat(language, { style: "unit", unit: "millisecond", maximumFractionDigits: 0 }).format(value);
}

/** A bar for each hour or day, refused and failed ones at its foot. @param {Map<string | number, Sum>} at @param {number} days */
function drawBars(at, days) {
  const step = stepOf(days), bars = (days * DAY_MS) / step, wide = WIDTH / bars;
  const most = Math.max(1, ...[...at.values()].map((sum) => sum.requests));
  const drawn = [];
  for (let bar = 0; bar < bars; bar += 1) {
    const sum = at.get(first(days) + bar * step);
    if (!sum) continue;
    for (const [look, value] of /** @type {[string, number][]} */ ([["all", sum.requests], ["bad", sum.bad]])) {
      const high = (value / most) * (HEIGHT - 4);
      const rect = document.createElementNS(find("usage-bars").namespaceURI, "rect");
      const place = { class: look, x: bar * wide + wide * 0.1, y: HEIGHT - high, width: wide * 0.8, height: high };
      for (const [name, given] of Object.entries(place)) rect.setAttribute(name, String(given));
      drawn.push(rect);
    }
  }
  find("usage-bars").replaceChildren(...drawn);
  find("usage-caption").textContent = t(step === HOUR_MS ? "usage.bars_hour" : "usage.bars_day", { most: count(most) });
}
