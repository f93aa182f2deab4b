/** Plain seats in many, painted once into squares and only moved after that: a frame of panning costs a few pictures. */

const TILE_PX = 256;
const TILES_MAX = 160;
/** How long a frame may paint new tiles; what is left is painted in the next ones. */
const BUDGET_MS = 5;

/** @typedef {{canvas: HTMLCanvasElement, dirty: boolean}} Tile */

export class Tiles {
  /** @type {Map<string, Tile>} the least recently used first */
  #tiles = new Map();

  /** @param {import("./hall.js").Hall} hall @param {import("./painter.js").Painter} painter */
  constructor(hall, painter) {
    this.hall = hall;
    this.painter = painter;
  }

  /** @param {number[]} seats whose looks have changed */
  stale(seats) {
    if (seats.length > 400) return this.clear();
    for (const [key, tile] of this.#tiles) {
      const [level, cx, cy] = key.split(",").map(Number);
      const side = TILE_PX / 2 ** level;
      tile.dirty ||= seats.some((seat) => Math.abs(this.hall.x[seat] / side - cx - 0.5) < 0.6 && Math.abs(this.hall.y[seat] / side - cy - 0.5) < 0.6);
    }
  }

  clear() {
    for (const tile of this.#tiles.values()) tile.dirty = true;
  }

  /**
   * @param {CanvasRenderingContext2D} pen in units of the hall
   * @param {import("./view.js").View} view @param {number} ratio device pixels to a pixel
   * @returns {boolean} whether all of it is there
   */
  draw(pen, view, ratio) {
    const level = Math.ceil(Math.log2(view.scale * ratio));
    const side = TILE_PX / 2 ** level;
    const { x0, y0, x1, y1 } = view.box();
    const until = performance.now() + BUDGET_MS;
    let whole = true;
    for (let cy = Math.floor(y0 / side); cy * side < y1; cy += 1) {
      for (let cx = Math.floor(x0 / side); cx * side < x1; cx += 1) {
        const key = `${level},${cx},${cy}`;
        let tile = this.#tiles.get(key);
        if (!tile || tile.dirty) {
          if (performance.now() < until) tile = this.#paint(key, level, cx, cy);
          else whole = false;
        }
        if (!tile) continue;
        this.#tiles.delete(key);
        this.#tiles.set(key, tile);
        pen.drawImage(tile.canvas, cx * side, cy * side, side, side);
      }
    }
    for (const key of this.#tiles.keys()) {
      if (this.#tiles.size <= TILES_MAX) break;
      this.#tiles.delete(key);
    }
    return whole;
  }

  /** @param {string} key @param {number} level @param {number} cx @param {number} cy @returns {Tile} */
  #paint(key, level, cx, cy) {
    const scale = 2 ** level, side = TILE_PX / scale;
    const canvas = this.#tiles.get(key)?.canvas ?? document.createElement("canvas");
    canvas.width = canvas.height = TILE_PX;
    const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    pen.setTransform(scale, 0, 0, scale, -cx * TILE_PX, -cy * TILE_PX);
    this.painter.plain(pen, this.hall.within({ x0: cx * side - 24, y0: cy * side - 24, x1: (cx + 1) * side + 24, y1: (cy + 1) * side + 24 }));
    const tile = { canvas, dirty: false };
    this.#tiles.set(key, tile);
    return tile;
  }
}
