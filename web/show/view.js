/** What part of a hall is in sight, and how large: pan, zoom, pinch. Values only. */

/** @typedef {import("./hall.js").Box} Box */

const SEAT_MOST_PX = 56;

export class View {
  /** Pixels to a unit of the hall. */
  scale = 1;
  /** The hall's own coordinates in the upper left corner. */
  x = 0;
  y = 0;
  width = 1;
  height = 1;

  /** @param {Box} bounds of all there is */
  constructor(bounds) {
    this.bounds = bounds;
  }

  /** @param {number} width @param {number} height in pixels */
  resize(width, height) {
    const centre = this.toHall(this.width / 2, this.height / 2);
    const first = this.width === 1;
    this.width = Math.max(1, width);
    this.height = Math.max(1, height);
    if (first) return this.fit(this.bounds);
    this.x = centre.x - this.width / 2 / this.scale;
    this.y = centre.y - this.height / 2 / this.scale;
    this.#keepIn();
  }

  get least() {
    const { x0, y0, x1, y1 } = this.bounds;
    return 0.92 * Math.min(this.width / Math.max(1, x1 - x0), this.height / Math.max(1, y1 - y0));
  }

  get most() {
    return Math.max(SEAT_MOST_PX / 24, this.least);
  }

  /** @param {Box} box is to fill what is in sight */
  fit(box) {
    const across = Math.max(24, box.x1 - box.x0), down = Math.max(24, box.y1 - box.y0);
    this.scale = Math.min(this.most, Math.max(this.least, 0.92 * Math.min(this.width / across, this.height / down)));
    this.x = (box.x0 + box.x1) / 2 - this.width / 2 / this.scale;
    this.y = (box.y0 + box.y1) / 2 - this.height / 2 / this.scale;
    this.#keepIn();
  }

  /** @param {number} px @param {number} py */
  toHall(px, py) {
    return { x: this.x + px / this.scale, y: this.y + py / this.scale };
  }

  /** @param {number} dx @param {number} dy pixels that the hall follows a finger */
  pan(dx, dy) {
    this.x -= dx / this.scale;
    this.y -= dy / this.scale;
    this.#keepIn();
  }

  /** @param {number} factor @param {number} px @param {number} py the point that stays where it is */
  zoom(factor, px, py) {
    const before = this.toHall(px, py);
    this.scale = Math.min(this.most, Math.max(this.least, this.scale * factor));
    this.x = before.x - px / this.scale;
    this.y = before.y - py / this.scale;
    this.#keepIn();
  }

  /** @returns {Box} what is in sight */
  box() {
    return { x0: this.x, y0: this.y, x1: this.x + this.width / this.scale, y1: this.y + this.height / this.scale };
  }

  /** @param {number} x @param {number} y of the hall @param {number} marginPx @returns {boolean} whether it had to move */
  bringIn(x, y, marginPx) {
    const margin = marginPx / this.scale, box = this.box();
    const dx = Math.min(0, x - margin - box.x0) || Math.max(0, x + margin - box.x1);
    const dy = Math.min(0, y - margin - box.y0) || Math.max(0, y + margin - box.y1);
    this.x += dx;
    this.y += dy;
    return Boolean(dx || dy);
  }

  /** Half a screen of nothing at the edges at most; what fits is in the middle. */
  #keepIn() {
    const { x0, y0, x1, y1 } = this.bounds;
    this.x = kept(this.x, x0, x1, this.width / this.scale);
    this.y = kept(this.y, y0, y1, this.height / this.scale);
  }
}

/** @param {number} at @param {number} from @param {number} to @param {number} seen */
function kept(at, from, to, seen) {
  if (seen >= to - from) return (from + to - seen) / 2;
  const margin = seen * 0.3;
  return Math.min(Math.max(at, from - margin), to + margin - seen);
}
