/** The map on its canvas: frames, fingers, wheel and keys. What a press means is for others to say. */

import { PLAIN_PX, Painter, SECTIONS_PX } from "./painter.js";
import { Tiles } from "./tiles.js";
import { View } from "./view.js";

const TAP_PX = 8;
const SEAT_PX = 24;
const GLIDE_MS = 260;

export class Chart {
  #asked = false;
  #gliding = 0;
  /** @type {Map<number, {x: number, y: number}>} fingers */
  #down = new Map();
  #moved = 0;
  /** The seat that the keys stand on. */
  cursor = -1;

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {import("./hall.js").Hall} hall
   * @param {Map<number, import("./painter.js").Mark>} marks
   * @param {{seat: (seat: number) => void, table: (table: import("./hall.js").Table) => void, area: (area: import("./hall.js").Area) => void,
   *          look: (seat: number) => void, areaWords: (area: import("./hall.js").Area) => string}} tell
   */
  constructor(canvas, hall, marks, tell) {
    this.canvas = canvas;
    this.hall = hall;
    this.marks = marks;
    this.tell = tell;
    this.pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    this.view = new View(hall.bounds);
    this.painter = new Painter(hall, marks);
    this.tiles = new Tiles(hall, this.painter);
    new ResizeObserver(() => this.#resize()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      this.painter.readColours();
      this.changed();
    });
    canvas.addEventListener("pointerdown", (event) => this.#press(event));
    canvas.addEventListener("pointermove", (event) => this.#drag(event));
    for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, (event) => this.#lift(/** @type {PointerEvent} */ (event)));
    canvas.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    canvas.addEventListener("keydown", (event) => this.#key(event));
    canvas.addEventListener("focus", () => this.ask());
    canvas.addEventListener("blur", () => this.ask());
  }

  /** @param {number[]} [seats] that look different now; none named: all */
  changed(seats) {
    if (seats) this.tiles.stale(seats);
    else this.tiles.clear();
    this.ask();
  }

  /** A frame, soon; any number of wishes make one. */
  ask() {
    if (this.#asked) return;
    this.#asked = true;
    requestAnimationFrame(() => {
      this.#asked = false;
      this.frame();
    });
  }

  frame() {
    const { pen, view, hall } = this;
    const ratio = this.canvas.width / view.width;
    const seatPx = SEAT_PX * view.scale;
    const box = view.box();
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, this.canvas.width, this.canvas.height);
    pen.setTransform(ratio * view.scale, 0, 0, ratio * view.scale, -view.x * view.scale * ratio, -view.y * view.scale * ratio);
    for (const area of hall.areas) if (area.width) this.painter.area(pen, area, view.scale, this.tell.areaWords(area));
    if (seatPx < SECTIONS_PX) {
      for (const section of hall.sections) if (inSight(section.box, box)) this.painter.section(pen, section, view.scale, true);
    } else {
      for (const table of hall.tables) this.painter.table(pen, table, view.scale);
      if (seatPx >= PLAIN_PX) this.painter.seats(pen, hall.within(box), view.scale);
      else if (!this.tiles.draw(pen, view, ratio)) this.ask();
    }
    if (seatPx < PLAIN_PX) for (const seat of this.marks.keys()) this.painter.seat(pen, seat, view.scale);
    if (this.cursor >= 0 && this.canvas.matches(":focus-visible")) this.#drawCursor();
  }

  #drawCursor() {
    const { pen, view, hall } = this, side = Math.max(hall.width[this.cursor] + 12, 14 / view.scale);
    pen.strokeStyle = this.painter.colours.text;
    pen.lineWidth = 3 / view.scale;
    pen.strokeRect(hall.x[this.cursor] - side / 2, hall.y[this.cursor] - side / 2, side, side);
  }

  #resize() {
    const { clientWidth, clientHeight } = this.canvas;
    const ratio = Math.min(2, devicePixelRatio || 1);
    this.canvas.width = Math.round(clientWidth * ratio);
    this.canvas.height = Math.round(clientHeight * ratio);
    this.view.resize(clientWidth, clientHeight);
    this.frame();
  }

  /** @param {() => void} move changes the view; shown as a movement where people like that */
  glide(move) {
    const { view } = this;
    const from = { x: view.x, y: view.y, scale: view.scale };
    move();
    const to = { x: view.x, y: view.y, scale: view.scale };
    const turn = ++this.#gliding;
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return this.ask();
    const began = performance.now();
    const step = () => {
      if (turn !== this.#gliding) return;
      const part = Math.min(1, (performance.now() - began) / GLIDE_MS), eased = 1 - (1 - part) ** 3;
      // Scales are felt as ratios; and the point that is looked at goes straight.
      view.scale = from.scale * (to.scale / from.scale) ** eased;
      const along = to.scale === from.scale ? eased : (1 / from.scale - 1 / view.scale) / (1 / from.scale - 1 / to.scale);
      view.x = from.x + (to.x - from.x) * along;
      view.y = from.y + (to.y - from.y) * along;
      this.frame();
      if (part < 1) requestAnimationFrame(step);
    };
    step();
  }

  /** @param {number} factor */
  zoomBy(factor) {
    this.glide(() => this.view.zoom(factor, this.view.width / 2, this.view.height / 2));
  }

  /** @param {number[]} seats are all to be seen */
  show(seats) {
    if (!seats.length) return;
    const xs = seats.map((seat) => this.hall.x[seat]), ys = seats.map((seat) => this.hall.y[seat]);
    const margin = 120;
    this.glide(() => this.view.fit({ x0: Math.min(...xs) - margin, y0: Math.min(...ys) - margin, x1: Math.max(...xs) + margin, y1: Math.max(...ys) + margin }));
  }

  /** @param {PointerEvent} event */
  #press(event) {
    this.canvas.setPointerCapture(event.pointerId);
    this.#gliding += 1;
    if (!this.#down.size) this.#moved = 0;
    this.#down.set(event.pointerId, { x: event.offsetX, y: event.offsetY });
  }

  /** @param {PointerEvent} event */
  #drag(event) {
    const before = this.#down.get(event.pointerId);
    if (!before) return;
    const now = { x: event.offsetX, y: event.offsetY };
    const others = [...this.#down].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
    this.#moved += Math.hypot(now.x - before.x, now.y - before.y);
    if (others.length === 1) {
      const [other] = others;
      const grown = Math.hypot(now.x - other.x, now.y - other.y) / Math.max(1, Math.hypot(before.x - other.x, before.y - other.y));
      this.view.zoom(grown, (now.x + other.x) / 2, (now.y + other.y) / 2);
      this.view.pan((now.x - before.x) / 2, (now.y - before.y) / 2);
    } else if (this.#moved > TAP_PX) {
      this.view.pan(now.x - before.x, now.y - before.y);
    }
    this.#down.set(event.pointerId, now);
    this.ask();
  }

  /** @param {PointerEvent} event */
  #lift(event) {
    if (!this.#down.delete(event.pointerId)) return;
    if (event.type === "pointerup" && !this.#down.size && this.#moved <= TAP_PX) this.#tap(event.offsetX, event.offsetY);
  }

  /** @param {number} px @param {number} py */
  #tap(px, py) {
    const { view, hall } = this;
    const { x, y } = view.toHall(px, py);
    const area = hall.areas.find((one) => one.width && x >= one.x && x <= one.x + one.width && y >= one.y && y <= one.y + one.height);
    if (area) return this.tell.area(area);
    if (SEAT_PX * view.scale < PLAIN_PX) {
      const section = hall.sections.find((one) => x >= one.box.x0 && x <= one.box.x1 && y >= one.box.y0 && y <= one.box.y1);
      return this.glide(() => {
        if (section && SEAT_PX * view.scale < SECTIONS_PX) view.fit(section.box);
        if (SEAT_PX * view.scale < PLAIN_PX) view.zoom((PLAIN_PX * 1.9) / (SEAT_PX * view.scale), px, py);
      });
    }
    const table = hall.tables.find((one) => Math.hypot(one.x - x, one.y - y) <= Math.min(one.width, one.height) / 2);
    const seat = table ? -1 : hall.seatAt(x, y, 10 / view.scale);
    if (table) this.tell.table(table);
    else if (seat >= 0) {
      this.cursor = seat;
      this.tell.seat(seat);
    }
  }

  /** @param {WheelEvent} event */
  #wheel(event) {
    event.preventDefault();
    this.#gliding += 1;
    this.view.zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0018)), event.offsetX, event.offsetY);
    this.ask();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (step && !event.ctrlKey && !event.metaKey && !event.altKey) this.#walk(step[0], step[1]);
    else if (event.key === "+" || event.key === "=") this.zoomBy(1.6);
    else if (event.key === "-") this.zoomBy(1 / 1.6);
    else if (event.key === "0" || event.key === "Home") this.glide(() => this.view.fit(this.hall.bounds));
    else if ((event.key === "Enter" || event.key === " ") && this.cursor >= 0) this.tell.seat(this.cursor);
    else return;
    event.preventDefault();
  }

  /** @param {number} dx @param {number} dy */
  #walk(dx, dy) {
    const { hall, view } = this;
    if (!hall.size) return;
    this.cursor = this.cursor < 0 ? 0 : hall.next(this.cursor, dx, dy);
    const small = PLAIN_PX * 2 > SEAT_PX * view.scale;
    const [x, y] = [hall.x[this.cursor], hall.y[this.cursor]];
    if (small) this.glide(() => view.fit({ x0: x - 240, y0: y - 200, x1: x + 240, y1: y + 200 }));
    else if (view.bringIn(x, y, 40)) this.ask();
    this.ask();
    this.tell.look(this.cursor);
  }
}

/** @param {import("./hall.js").Box} a @param {import("./hall.js").Box} b */
function inSight(a, b) {
  return a.x0 <= b.x1 && a.x1 >= b.x0 && a.y0 <= b.y1 && a.y1 >= b.y0;
}
