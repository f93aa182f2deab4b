/** A hall and who has what in it: geometry from the layout, status from what is heard. Draws nothing, asks nobody. */

export const FREE = 0, HELD = 1, BOOKED = 2, BLOCKED = 3;
/** @type {Record<string, number>} */
export const STATUS = { available: FREE, held: HELD, booked: BOOKED, blocked: BLOCKED };
export const STATUS_NAMES = ["available", "held", "booked", "blocked"];
/** For categories that would look like another one: white is readable on each of them. */
const SPARE_COLOURS = ["#a8552f", "#3f7f55", "#7a4fa0", "#8a6a14", "#b03a6b", "#33737f"];
/** The side of a cell of the index, in canvas units: a few seats each. */
const CELL = 96;

/**
 * @typedef {{x0: number, y0: number, x1: number, y1: number}} Box
 * @typedef {{name: string, rows: {label: string, seats: number[]}[], box: Box, colour: string, total: number, free: number}} Section
 * @typedef {{label: string, bookable: string, shape: string, section: string, x: number, y: number, rotation: number,
 *            width: number, height: number, seats: number[]}} Table
 * @typedef {{label: string, category: string, price: number, capacity: number, left: number, x: number, y: number, width: number, height: number}} Area
 */

/** @returns {Box} that holds nothing yet */
function nowhere() {
  return { x0: Infinity, y0: Infinity, x1: -Infinity, y1: -Infinity };
}

/** @param {Box} box @param {number} x @param {number} y @param {number} reach */
function widen(box, x, y, reach) {
  box.x0 = Math.min(box.x0, x - reach);
  box.y0 = Math.min(box.y0, y - reach);
  box.x1 = Math.max(box.x1, x + reach);
  box.y1 = Math.max(box.y1, y + reach);
}

/** @param {any[]} tiers @returns {any[]} the same, no two of one colour as long as there are colours */
function distinct(tiers) {
  const used = new Set(), spare = [...SPARE_COLOURS];
  return tiers.map((tier) => {
    const colour = used.has(tier.colour.toLowerCase()) ? (spare.shift() ?? tier.colour) : tier.colour;
    used.add(colour.toLowerCase());
    return { ...tier, colour };
  });
}

export class Hall {
  /** @type {string[]} */ labels = [];
  /** @type {string[]} what is painted on the seat itself */ numbers = [];
  /** @type {Map<string, number>} */ index = new Map();
  /** @type {Section[]} */ sections = [];
  /** @type {Table[]} */ tables = [];
  /** @type {Area[]} */ areas = [];
  /** @type {Map<number, Table>} seat -> its table */ tableOf = new Map();
  /** @type {Map<number, number>} seat -> the accessible seat that it goes with */ companions = new Map();
  /** @type {Set<number>} */ accessible = new Set();
  /** @type {Map<string, number[]>} cell -> seats in it */
  #cells = new Map();
  bounds = nowhere();

  /**
   * @param {import("../types/api.d.ts").SeatMapAnswer} map
   * @param {import("../types/api.d.ts").EventAnswer} event what it costs here
   */
  constructor(map, event) {
    this.currency = event.currency;
    this.tiers = distinct(event.tiers);
    const tierOf = new Map(event.tiers.map((tier, at) => [tier.category, at]));
    const count = map.sections.flatMap((s) => s.rows).reduce((n, row) => n + row.seats.length, 0)
      + map.tables.reduce((n, table) => n + table.seats.length, 0);
    this.x = new Float32Array(count);
    this.y = new Float32Array(count);
    this.width = new Float32Array(count);
    this.height = new Float32Array(count);
    this.rotation = new Float32Array(count);
    this.tier = new Uint8Array(count);
    this.status = new Uint8Array(count);
    this.sectionOf = new Uint16Array(count);
    /** @type {[number, string][]} */
    const companions = [];

    const add = (/** @type {import("../types/api.d.ts").SeatPlace} */ seat, /** @type {number} */ section) => {
      const at = this.labels.length;
      this.labels.push(seat.label);
      this.numbers.push(String(seat.number));
      this.index.set(seat.label, at);
      this.x[at] = seat.x;
      this.y[at] = seat.y;
      this.width[at] = seat.width ?? 24;
      this.height[at] = seat.height ?? 24;
      this.rotation[at] = ((seat.rotation ?? 0) * Math.PI) / 180;
      this.tier[at] = tierOf.get(seat.category) ?? 0;
      this.sectionOf[at] = section;
      if (seat.accessible) this.accessible.add(at);
      if (seat.companion_of) companions.push([at, seat.companion_of]);
      const key = `${Math.floor(seat.x / CELL)},${Math.floor(seat.y / CELL)}`;
      const cell = this.#cells.get(key);
      if (cell) cell.push(at);
      else this.#cells.set(key, [at]);
      widen(this.sections[section].box, seat.x, seat.y, this.width[at] / 2);
      this.sections[section].total += 1;
      this.sections[section].free += 1;
      return at;
    };
    const newSection = (/** @type {string} */ name) => {
      this.sections.push({ name, rows: [], box: nowhere(), colour: "", total: 0, free: 0 });
      return this.sections.length - 1;
    };

    for (const section of map.sections) {
      const at = newSection(section.name);
      for (const row of section.rows) {
        this.sections[at].rows.push({ label: row.label, seats: row.seats.map((seat) => add(seat, at)) });
      }
    }
    for (const table of map.tables) {
      let at = this.sections.findIndex((section) => section.name === table.section);
      if (at < 0) at = newSection(table.section);
      const seats = table.seats.map((seat) => add(seat, at));
      this.sections[at].rows.push({ label: table.label, seats });
      const made = { ...table, seats, rotation: (table.rotation * Math.PI) / 180 };
      this.tables.push(made);
      for (const seat of seats) this.tableOf.set(seat, made);
      widen(this.sections[at].box, table.x, table.y, Math.max(table.width, table.height) / 2);
    }
    for (const [at, label] of companions) this.companions.set(at, this.index.get(label) ?? -1);
    for (const section of this.sections) {
      section.colour = this.tiers[this.tier[section.rows[0]?.seats[0] ?? 0]]?.colour ?? "#888888";
      widen(this.bounds, section.box.x0, section.box.y0, 0);
      widen(this.bounds, section.box.x1, section.box.y1, 0);
    }
    for (const area of map.areas) {
      const price = this.tiers[tierOf.get(area.category) ?? 0]?.price ?? 0;
      // What is 0 is not sent.
      const { x = 0, y = 0, width = 0, height = 0 } = area;
      this.areas.push({ ...area, x, y, width, height, price, left: area.capacity });
      if (width) {
        widen(this.bounds, x, y, 0);
        widen(this.bounds, x + width, y + height, 0);
      }
    }
    if (this.bounds.x0 > this.bounds.x1) this.bounds = { x0: 0, y0: 0, x1: map.canvas.width, y1: map.canvas.height };
  }

  get size() {
    return this.labels.length;
  }

  /** @param {number} seat @returns {number} minor units */
  price(seat) {
    return this.tiers[this.tier[seat]].price;
  }

  /** @param {Box} box @returns {number[]} the seats whose centres are in the cells that it touches */
  within(box) {
    const found = [];
    for (let cx = Math.floor(box.x0 / CELL); cx <= Math.floor(box.x1 / CELL); cx += 1) {
      for (let cy = Math.floor(box.y0 / CELL); cy <= Math.floor(box.y1 / CELL); cy += 1) {
        const cell = this.#cells.get(`${cx},${cy}`);
        if (cell) for (const seat of cell) found.push(seat);
      }
    }
    return found;
  }

  /** @param {number} x @param {number} y @param {number} reach how far off a touch may be @returns {number} seat, or -1 */
  seatAt(x, y, reach) {
    let nearest = -1, distance = Infinity;
    for (const seat of this.within({ x0: x - reach - 24, y0: y - reach - 24, x1: x + reach + 24, y1: y + reach + 24 })) {
      const away = Math.hypot(this.x[seat] - x, this.y[seat] - y);
      if (away < distance && away <= Math.max(this.width[seat], this.height[seat]) * 0.6 + reach) {
        nearest = seat;
        distance = away;
      }
    }
    return nearest;
  }

  /**
   * The next seat in a direction: near, and more along it than across.
   * @param {number} from @param {number} dx @param {number} dy
   */
  next(from, dx, dy) {
    let best = from, score = Infinity;
    for (let reach = 120; best === from && reach < 16_000; reach *= 4) {
      const [x, y] = [this.x[from], this.y[from]];
      for (const seat of this.within({ x0: x - reach, y0: y - reach, x1: x + reach, y1: y + reach })) {
        const along = (this.x[seat] - x) * dx + (this.y[seat] - y) * dy;
        const across = Math.abs((this.x[seat] - x) * dy) + Math.abs((this.y[seat] - y) * dx);
        const off = along + across * 3;
        if (along > 1 && across <= along * 1.5 && off < score) {
          best = seat;
          score = off;
        }
      }
    }
    return best;
  }

  /** @param {number} seat @param {number} status @returns {boolean} whether that is news */
  setStatus(seat, status) {
    const before = this.status[seat];
    if (before === status) return false;
    this.status[seat] = status;
    this.sections[this.sectionOf[seat]].free += Number(status === FREE) - Number(before === FREE);
    return true;
  }

  /** @param {Record<string, string[]>} told status -> labels @param {boolean} whole everything else is free @returns {number[]} the seats that changed */
  hear(told, whole) {
    const news = [];
    const named = whole ? new Uint8Array(this.size) : null;
    for (const [status, labels] of Object.entries(told)) {
      for (const label of labels) {
        const seat = this.index.get(label);
        if (seat === undefined) continue;
        if (named) named[seat] = 1;
        if (this.setStatus(seat, STATUS[status])) news.push(seat);
      }
    }
    if (named) {
      for (let seat = 0; seat < named.length; seat += 1) if (!named[seat] && this.setStatus(seat, FREE)) news.push(seat);
    }
    return news;
  }

  /** @param {Record<string, number>} left label -> places left */
  hearAreas(left) {
    for (const area of this.areas) if (area.label in left) area.left = left[area.label];
  }
}
