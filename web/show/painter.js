/** How places look. A state is told by its shape as well as by its colour. */

import { FREE, HELD } from "./hall.js";

/** Below this many pixels a seat is a mere square, and below the least of them sections are drawn instead. */
export const PLAIN_PX = 9;
export const SECTIONS_PX = 3;
const NUMBER_PX = 17;
/** What is taken is smaller. */
const TAKEN = 0.55;
const COLOURS = ["panel", "sunk", "line", "edge", "text", "quiet", "accent", "on-accent", "good", "warn", "bad", "seat-taken"];

/** @typedef {"chosen" | "asked" | "yours" | "lost" | "offered"} Mark what this fan has to do with a place */

export class Painter {
  /** @type {Record<string, string>} */
  colours = {};

  /** @param {import("./hall.js").Hall} hall @param {Map<number, Mark>} marks */
  constructor(hall, marks) {
    this.hall = hall;
    this.marks = marks;
    this.readColours();
  }

  readColours() {
    const style = getComputedStyle(document.documentElement);
    for (const name of COLOURS) this.colours[name] = style.getPropertyValue(`--${name}`).trim();
    this.font = style.getPropertyValue("--font");
  }

  /**
   * Squares alone, as many as there are: sorted by colour, since changing it is what costs.
   * @param {CanvasRenderingContext2D} pen which draws in units of the hall @param {number[]} seats
   */
  plain(pen, seats) {
    const { hall } = this;
    /** @type {number[][]} */
    const groups = hall.tiers.map(() => []);
    /** @type {number[]} */
    const taken = [];
    for (const seat of seats) (hall.status[seat] === FREE ? groups[hall.tier[seat]] : taken).push(seat);
    groups.forEach((group, tier) => {
      pen.fillStyle = hall.tiers[tier].colour;
      for (const seat of group) {
        const width = hall.width[seat], height = hall.height[seat];
        pen.fillRect(hall.x[seat] - width / 2, hall.y[seat] - height / 2, width, height);
      }
    });
    pen.fillStyle = this.colours["seat-taken"];
    for (const seat of taken) {
      const side = hall.width[seat] * 0.5;
      pen.fillRect(hall.x[seat] - side / 2, hall.y[seat] - side / 2, side, side);
    }
  }

  /**
   * Near by. Seats of which only price, state and number are to be told share a path for each look: it is the calls that cost.
   * @param {CanvasRenderingContext2D} pen @param {number[]} seats @param {number} scale
   */
  seats(pen, seats, scale) {
    const { hall, colours } = this;
    /** @type {number[][]} */
    const free = hall.tiers.map(() => []);
    /** @type {Record<"held" | "gone" | "special", number[]>} */
    const { held, gone, special } = { held: [], gone: [], special: [] };
    for (const seat of seats) {
      if (this.marks.has(seat) || hall.accessible.has(seat) || hall.companions.has(seat)) special.push(seat);
      else if (hall.status[seat] === FREE) free[hall.tier[seat]].push(seat);
      else (hall.status[seat] === HELD ? held : gone).push(seat);
    }
    free.forEach((group, tier) => {
      this.#path(pen, group, 1, 6);
      pen.fillStyle = hall.tiers[tier].colour;
      pen.fill();
    });
    this.#path(pen, gone, TAKEN, 3);
    pen.fillStyle = colours["seat-taken"];
    pen.fill();
    // Held is not gone: it may come back.
    this.#path(pen, held, TAKEN, 3);
    pen.strokeStyle = colours.edge;
    pen.lineWidth = 2.5;
    pen.stroke();
    pen.fillStyle = "#ffffff";
    for (const seat of free.flat()) {
      if (hall.width[seat] * scale >= NUMBER_PX) this.#text(pen, hall.numbers[seat], hall.x[seat], hall.y[seat] + 0.5, 11, hall.width[seat] - 4);
    }
    for (const seat of special) this.seat(pen, seat, scale);
  }

  /** @param {CanvasRenderingContext2D} pen @param {number[]} seats @param {number} share of a seat's width @param {number} round */
  #path(pen, seats, share, round) {
    const { hall } = this, base = pen.getTransform();
    pen.beginPath();
    for (const seat of seats) {
      const turn = hall.rotation[seat], cos = Math.cos(turn) * base.a, sin = Math.sin(turn) * base.a;
      const width = hall.width[seat] * share, height = share === 1 ? hall.height[seat] : width;
      pen.setTransform(cos, sin, -sin, cos, base.a * hall.x[seat] + base.e, base.a * hall.y[seat] + base.f);
      pen.roundRect(-width / 2, -height / 2, width, height, round);
    }
    pen.setTransform(base);
  }

  /** One seat with everything that is to be seen of it. @param {CanvasRenderingContext2D} pen @param {number} seat @param {number} scale */
  seat(pen, seat, scale) {
    const { hall, colours } = this;
    const width = hall.width[seat], height = hall.height[seat], status = hall.status[seat];
    const mark = this.marks.get(seat);
    pen.save();
    pen.translate(hall.x[seat], hall.y[seat]);
    if (hall.rotation[seat]) pen.rotate(hall.rotation[seat]);
    if (status === FREE || mark) {
      const fill = mark === "lost" ? colours.bad : mark === "yours" ? colours.good : mark && mark !== "offered" ? colours.accent : hall.tiers[hall.tier[seat]].colour;
      pen.fillStyle = fill;
      box(pen, width, height, 6);
      pen.fill();
      if (mark) this.#ring(pen, mark, width, height, scale);
      this.#sign(pen, seat, mark, width, scale);
    } else {
      const side = width * TAKEN;
      box(pen, side, side, 3);
      if (status === HELD) {
        // Held is not gone: it may come back.
        pen.strokeStyle = colours.edge;
        pen.lineWidth = 2.5;
        pen.stroke();
      } else {
        pen.fillStyle = colours["seat-taken"];
        pen.fill();
      }
    }
    pen.restore();
  }

  /** @param {CanvasRenderingContext2D} pen @param {Mark} mark @param {number} width @param {number} height @param {number} scale */
  #ring(pen, mark, width, height, scale) {
    pen.strokeStyle = this.colours.text;
    pen.lineWidth = Math.max(2, 2 / scale);
    pen.setLineDash(mark === "offered" || mark === "asked" ? [5, 4] : []);
    box(pen, width + 5, height + 5, 8);
    pen.stroke();
    pen.setLineDash([]);
  }

  /** @param {CanvasRenderingContext2D} pen @param {number} seat @param {Mark | undefined} mark @param {number} width @param {number} scale */
  #sign(pen, seat, mark, width, scale) {
    const inPx = width * scale;
    if (inPx < PLAIN_PX) return;
    pen.rotate(-this.hall.rotation[seat]);
    const strong = mark && mark !== "offered" ? this.colours["on-accent"] : "#ffffff";
    pen.strokeStyle = pen.fillStyle = mark === "lost" || mark === "yours" ? this.colours.panel : strong;
    pen.lineWidth = 2.6;
    pen.lineCap = pen.lineJoin = "round";
    pen.beginPath();
    if (mark === "lost") {
      pen.moveTo(-5, -5);
      pen.lineTo(5, 5);
      pen.moveTo(5, -5);
      pen.lineTo(-5, 5);
      return pen.stroke();
    }
    if (mark === "chosen" || mark === "yours") {
      pen.moveTo(-6, 0);
      pen.lineTo(-2, 5);
      pen.lineTo(6, -5);
      return pen.stroke();
    }
    if (this.hall.accessible.has(seat)) return wheelchair(pen);
    if (this.hall.companions.has(seat)) {
      pen.moveTo(-5, 0);
      pen.lineTo(5, 0);
      pen.moveTo(0, -5);
      pen.lineTo(0, 5);
      return pen.stroke();
    }
    if (inPx >= NUMBER_PX) this.#text(pen, this.hall.numbers[seat], 0, 0.5, 11, width - 4);
  }

  /** @param {CanvasRenderingContext2D} pen @param {string} text @param {number} x @param {number} y @param {number} size @param {number} most */
  #text(pen, text, x, y, size, most) {
    pen.font = `600 ${size}px ${this.font}`;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.fillText(text, x, y, most);
  }

  /** @param {CanvasRenderingContext2D} pen @param {import("./hall.js").Table} table @param {number} scale */
  table(pen, table, scale) {
    pen.save();
    pen.translate(table.x, table.y);
    pen.rotate(table.rotation);
    pen.fillStyle = this.colours.sunk;
    pen.strokeStyle = this.colours.edge;
    pen.lineWidth = Math.max(1.5, 1 / scale);
    pen.beginPath();
    if (table.shape === "round") pen.ellipse(0, 0, table.width / 2, table.height / 2, 0, 0, 2 * Math.PI);
    else box(pen, table.width, table.height, 8);
    pen.fill();
    pen.stroke();
    pen.rotate(-table.rotation);
    pen.fillStyle = this.colours.text;
    if (table.width * scale > 26) this.#text(pen, table.label, 0, 0, Math.min(22, table.width / 3), table.width - 8);
    pen.restore();
  }

  /** @param {CanvasRenderingContext2D} pen @param {import("./hall.js").Area} area @param {number} scale @param {string} words */
  area(pen, area, scale, words) {
    const tier = this.hall.tiers.find((/** @type {any} */ one) => one.category === area.category);
    pen.fillStyle = this.colours.panel;
    pen.strokeStyle = area.left ? (tier?.colour ?? this.colours.edge) : this.colours["seat-taken"];
    pen.lineWidth = Math.max(4, 2 / scale);
    pen.setLineDash(area.left ? [] : [10, 8]);
    pen.beginPath();
    pen.roundRect(area.x, area.y, area.width, area.height, 12);
    pen.fill();
    pen.stroke();
    pen.setLineDash([]);
    pen.fillStyle = this.colours.text;
    const size = Math.min(area.height / 4, Math.max(12 / scale, 18));
    if (size * scale < 7) return;
    this.#text(pen, area.label, area.x + area.width / 2, area.y + area.height / 2 - size * 0.6, size, area.width - 12);
    pen.fillStyle = this.colours.quiet;
    this.#text(pen, words, area.x + area.width / 2, area.y + area.height / 2 + size * 0.7, size * 0.8, area.width - 12);
  }

  /** From far off: a block, fuller where more is free. @param {CanvasRenderingContext2D} pen @param {import("./hall.js").Section} section @param {number} scale @param {boolean} named */
  section(pen, section, scale, named) {
    const { x0, y0, x1, y1 } = section.box;
    const share = section.total ? section.free / section.total : 0;
    pen.globalAlpha = 1;
    pen.fillStyle = this.colours.sunk;
    pen.fillRect(x0, y0, x1 - x0, y1 - y0);
    pen.globalAlpha = section.free ? 0.25 + 0.75 * share : 0;
    pen.fillStyle = section.colour;
    // What is free fills the block from below, so that the share is to be seen without its colour.
    pen.fillRect(x0, y1 - (y1 - y0) * share, x1 - x0, (y1 - y0) * share);
    pen.globalAlpha = 1;
    pen.strokeStyle = this.colours.line;
    pen.lineWidth = 1 / scale;
    pen.strokeRect(x0, y0, x1 - x0, y1 - y0);
    if (!named || (x1 - x0) * scale < 34) return;
    const size = Math.min(15 / scale, (y1 - y0) / 2);
    pen.font = `600 ${size}px ${this.font}`;
    const wide = Math.min(pen.measureText(section.name).width + 10 / scale, x1 - x0);
    pen.fillStyle = this.colours.panel;
    pen.fillRect((x0 + x1 - wide) / 2, (y0 + y1) / 2 - size * 0.75, wide, size * 1.5);
    pen.fillStyle = this.colours.text;
    this.#text(pen, section.name, (x0 + x1) / 2, (y0 + y1) / 2, size, wide);
  }
}

/** @param {CanvasRenderingContext2D} pen @param {number} width @param {number} height @param {number} round */
function box(pen, width, height, round) {
  pen.beginPath();
  pen.roundRect(-width / 2, -height / 2, width, height, round);
}

/** @param {CanvasRenderingContext2D} pen */
function wheelchair(pen) {
  pen.lineWidth = 1.9;
  pen.arc(-1, -7, 1.6, 0, 2 * Math.PI);
  pen.fill();
  pen.beginPath();
  pen.moveTo(-1, -4);
  pen.lineTo(-1, 2);
  pen.lineTo(4, 2);
  pen.lineTo(6, 7);
  pen.moveTo(-1, -1.5);
  pen.lineTo(4, -1.5);
  pen.stroke();
  pen.beginPath();
  pen.arc(-0.5, 3, 5, -Math.PI * 0.75, Math.PI * 0.45, true);
  pen.stroke();
}
