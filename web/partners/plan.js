/** A layout as fans will see it: drawn by their own map. */

import { say } from "../shared/frame.js";
import { count, element, find, t } from "../shared/words.js";
import { Chart } from "../show/chart.js";
import { Hall } from "../show/hall.js";

/** @typedef {import("../types/api.d.ts").SeatMapAnswer} SeatMap */

/** @type {Chart | null} */
let chart = null;

/** @param {SeatMap} map @param {string[]} odd labels of seats that are to be seen at once */
export function draw(map, odd) {
  const hall = new Hall(map, /** @type {any} */ ({ currency: "", tiers: map.categories }));
  /** @type {Map<number, import("../show/painter.js").Mark>} */
  const marks = new Map();
  for (const label of odd) {
    const seat = hall.index.get(label);
    if (seat !== undefined) marks.set(seat, "lost");
  }
  find("plan").hidden = false;
  // Another canvas for another hall: what listened to the one before goes with it.
  const canvas = /** @type {HTMLCanvasElement} */ (element("canvas"));
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-label", t("plan.title"));
  canvas.setAttribute("aria-describedby", "plan-help");
  find("plan-place").replaceChildren(canvas);
  chart = new Chart(canvas, hall, marks, {
    seat: (seat) => tell(seatWords(hall, seat)),
    table: (table) => tell(t("plan.table", { label: table.label, count: count(table.seats.length) })),
    area: (area) => tell(t("plan.area", { label: area.label, count: count(area.capacity) })),
    look: (seat) => tell(seatWords(hall, seat)),
    areaWords: (area) => count(area.capacity),
  });
  find("plan-tiers").replaceChildren(...map.categories.map((tier) => tierLine(hall, tier)));
}

export function hide() {
  find("plan").hidden = true;
  chart = null;
}

/** @param {string} label @returns {boolean} whether there is such a seat, which is brought into sight */
export function show(label) {
  const seat = chart?.hall.index.get(label);
  if (seat === undefined) return false;
  chart?.show([seat]);
  return true;
}

/** @param {string} words */
function tell(words) {
  find("plan-seat").textContent = words;
  say(words);
}

/** @param {Hall} hall @param {number} seat */
function seatWords(hall, seat) {
  const { category } = hall.tiers[hall.tier[seat]], of = hall.companions.get(seat);
  const more = [hall.accessible.has(seat) ? t("plan.accessible") : "", of === undefined ? "" : t("plan.companion", { label: hall.labels[of] ?? "" })];
  return [hall.labels[seat], hall.sections[hall.sectionOf[seat]].name, category, ...more].filter(Boolean).join(" · ");
}

/** @param {Hall} hall @param {import("../types/api.d.ts").Tier} tier */
function tierLine(hall, tier) {
  const number = hall.tiers.findIndex((/** @type {any} */ one) => one.category === tier.category);
  const seats = hall.tier.filter((one) => one === number).length;
  const places = hall.areas.filter((area) => area.category === tier.category).reduce((sum, area) => sum + area.capacity, seats);
  const line = element("li"), name = element("span"), swatch = element("span", "", "swatch");
  swatch.style.background = hall.tiers[number].colour;
  name.append(swatch, `${tier.category} · ${count(places)}`);
  // In the smallest unit, as it is written: its currency comes with the show.
  line.append(name, element("span", count(tier.price)));
  return line;
}

for (const [id, run] of /** @type {[string, () => void][]} */ ([
  ["plan-in", () => chart?.zoomBy(1.6)],
  ["plan-out", () => chart?.zoomBy(1 / 1.6)],
  ["plan-all", () => chart?.glide(() => chart?.view.fit(chart.hall.bounds))],
])) find(id).addEventListener("click", run);
