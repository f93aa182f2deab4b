/** Layouts to begin with, as they are sent. */

/** @typedef {import("../types/api.d.ts").SeatMapAnswer} SeatMap */

const CATEGORIES = [{ name: "front", price: 6500, colour: "#2F6FB5" }, { name: "back", price: 4500, colour: "#3F8F5F" }];
/** So many seats are written with line breaks; more of them in as few lines as can be. */
const SPREAD_MAX = 5_000;
/** Of a seat that says nothing else. */
const SEAT_SIZE = 24;

/** @type {Record<string, object>} */
export const BEGINNINGS = {
  rows: { name: "hall", rows: 12, seats_per_row: 20, categories: [{ ...CATEGORIES[0], rows: [1, 2, 3, 4] }, CATEGORIES[1]] },
  capacity: { name: "floor", capacity: 500, categories: [{ name: "standing", price: 3500, colour: "#7A4FA0" }] },
  whole: {
    name: "theatre",
    canvas: { width: 600, height: 420 },
    categories: [...CATEGORIES, { name: "standing", price: 3000, colour: "#7A4FA0" }],
    sections: [
      {
        name: "stalls",
        rows: ["A", "B", "C"].map((label, row) => ({
          label,
          category: row ? "back" : "front",
          seats: Array.from({ length: 10 }, (_, nth) => ({
            label: `${label}-${nth + 1}`,
            x: 165 + 30 * nth,
            y: 180 + 36 * row,
            ...(row === 2 && nth === 0 ? { accessible: true } : row === 2 && nth === 1 ? { companion_of: "C-1" } : {}),
          })),
        })),
      },
    ],
    tables: [{ label: "T1", x: 90, y: 90, seats: 6, category: "front", bookable: "both" }, { label: "T2", x: 510, y: 90, seats: 6, category: "front" }],
    areas: [{ label: "floor", category: "standing", capacity: 120, x: 60, y: 320, width: 480, height: 80 }],
  },
};

/** @param {SeatMap} map of a layout that is kept @returns {object} the same as it would be sent: what goes without saying is left out */
export function bodyOf(map) {
  const categories = map.categories.map(({ category, price, colour }) => ({ name: category, price, colour }));
  const sections = map.sections.map(({ name, rows }) => ({ name, rows: rows.map(({ label, seats }) => ({ label, seats: seats.map(seatOf) })) }));
  const tables = map.tables.map(({ seats, ...table }) => ({ ...table, seats: seats.map(seatOf) }));
  const whole = { name: map.name, canvas: map.canvas, categories, sections, tables, areas: map.areas };
  return Object.fromEntries(Object.entries(whole).filter(([, value]) => !Array.isArray(value) || value.length));
}

/** @param {import("../types/api.d.ts").SeatPlace} seat @param {number} nth of its row or table, from 0 @returns {object} */
function seatOf({ number, rotation, width = SEAT_SIZE, height = SEAT_SIZE, ...seat }, nth) {
  return { ...seat, ...(number !== nth + 1 && { number }), ...(rotation && { rotation }), ...(width !== SEAT_SIZE && { width }), ...(height !== SEAT_SIZE && { height }) };
}

/** @param {SeatMap} map */
export function seatsOf(map) {
  const rows = [...map.sections.flatMap((section) => section.rows), ...map.tables];
  return rows.reduce((sum, row) => sum + row.seats.length, 0);
}

/** @param {object} body @param {number} [seats] @returns {string} to be read and changed by people */
export function written(body, seats = 0) {
  if (seats > SPREAD_MAX) return JSON.stringify(body);
  // What has nothing inside but words and numbers stands in one line.
  return JSON.stringify(body, null, 2).replace(/\{\n\s+([^{}[\]]*?)\n\s+\}/g, (_, inside) => `{ ${inside.replace(/\n\s+/g, " ")} }`).replace(/\[\n\s+([\d,\s]*?)\n\s+\]/g, (_, inside) => `[${inside.replace(/\s+/g, " ")}]`);
}
