/** The sale against the plan that was filed for it: places booked as a line, and how far it is ahead or behind. */

import { count, element, find, language, t } from "../shared/words.js";

const WIDTH = 300, HEIGHT = 100, TOP = 4;

/** @param {number} seconds @returns {string} */
function time(seconds) {
  const [value, unit] = seconds < 90 ? [seconds, "second"] : [Math.round(seconds / 6) / 10, "minute"];
  return new Intl.NumberFormat(language, { style: "unit", unit }).format(value);
}

/** @param {any} svg @param {string} name @param {[number, number][]} points of seconds and places @param {number} spanS @param {number} most */
function trace(svg, name, points, spanS, most) {
  const at = points.map(([second, value]) => `${((WIDTH * second) / spanS).toFixed(1)},${(HEIGHT - 1 - (value / most) * (HEIGHT - TOP)).toFixed(1)}`);
  svg.querySelector(`.${name}`).setAttribute("points", at.join(" "));
}

/** @param {any} found */
function draw({ plan, actual }) {
  /** @type {[number, number][]} */
  const planned = [[0, 0], ...plan.track.map((/** @type {number[]} */ point) => [point[0], point[2]])];
  /** @type {[number, number][]} */
  const real = actual.filter((/** @type {any} */ moment) => moment.second >= 0).map((/** @type {any} */ moment) => [moment.second, moment.booked ?? 0]);
  const spanS = Math.max(1, planned[planned.length - 1][0], ...real.slice(-1).map(([second]) => second));
  const most = Math.max(1, plan.seats, ...real.map(([, booked]) => booked));
  trace(find("plan-chart"), "planned", planned, spanS, most);
  trace(find("plan-chart"), "actual", real, spanS, most);
}

/** @param {number} by @returns {string} */
function more(by) {
  if (!by) return t("plan.same");
  return t(by > 0 ? "plan.more" : "plan.fewer", { count: count(Math.abs(by)) });
}

/** @param {any} against @returns {[string, string][]} what is compared, and how it stands */
function compared(against) {
  const s = against.booked_ahead_s;
  return [
    [t("plan.called"), more(against.called_ahead)],
    [t("plan.booked"), more(against.booked_ahead)],
    [t("plan.time"), s ? t(s > 0 ? "plan.ahead" : "plan.behind", { time: time(Math.abs(s)) }) : t("plan.same")],
  ];
}

/** @param {any} found the answer of `/room/admin/{show}/plan` */
export function showPlan(found) {
  const { plan } = found;
  find("no-plan").hidden = Boolean(plan);
  find("planned").hidden = !plan;
  if (!plan) return;
  const facts = { fans: count(plan.fans), seats: count(plan.seats) };
  find("plan-says").textContent = plan.sold_out_s === null ? t("plan.says_open", facts) : t("plan.says", { ...facts, time: time(plan.sold_out_s) });
  draw(found);
  find("plan-facts").replaceChildren(
    ...compared(found.against).map(([name, words]) => {
      const item = element("div");
      item.append(element("dt", name), element("dd", words));
      return item;
    }),
  );
}
