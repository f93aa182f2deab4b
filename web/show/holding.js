/** Asking for places: until the answer they are asked for, then they are this fan's or lost; what is offered instead. */

import { ask, inWords, randomHex, salesPaused } from "../shared/api.js";
import { notice, say, showPaused } from "../shared/frame.js";
import { count, element, find, list, money, t } from "../shared/words.js";
import { verdict, wayToBuy } from "../shared/verdict.js";

/** A booking whose seats are to be changed stands in the address, with those that are given back. */
const asked = new URL(location.href).searchParams;
const changing = asked.get("change");
const REASONS_SHOWN = 6;
const LOST_SHOWN_MS = 20_000;

export class Holding {
  asking = false;
  /** @type {Set<number>} */ #asked = new Set();
  /** @type {Set<number>} */ #yours = new Set();
  /** @type {Set<number>} */ #lost = new Set();
  /** @type {number[][]} */ #offers = [];
  #lostTimer = 0;

  /**
   * @param {string} show @param {import("../types/api.d.ts").EventAnswer} event @param {import("./hall.js").Hall} hall
   * @param {import("./choice.js").Choice} choice @param {Map<number, import("./painter.js").Mark>} marks
   * @param {import("../shared/kept.js").Memory} memory
   * @param {{redraw: () => void, show: (seats: number[]) => void, panel: import("./panel.js").Panel}} page
   */
  constructor(show, event, hall, choice, marks, memory, page) {
    this.show = show;
    this.event = event;
    this.hall = hall;
    this.choice = choice;
    this.marks = marks;
    this.memory = memory;
    this.page = page;
    find("hold").addEventListener("click", () => this.#hold(choice.wish(), choice.allSeats()));
    if (changing) this.#beginChange(changing);
    find("best").addEventListener("submit", (/** @type {Event} */ event) => {
      event.preventDefault();
      const wish = { quantity: Number(find("quantity").value), category: find("category").value || undefined,
        accessible: find("accessible").checked, adjacent: find("together").checked };
      this.#hold({ best: wish }, []);
    });
  }

  /** The page is for changing a booking: as many seats as are given back, and no more. @param {string} booking */
  #beginChange(booking) {
    const give = asked.getAll("give");
    this.choice.rules = { ...this.choice.rules, seats_per_hold: give.length, tables_per_hold: 0 };
    const words = t("show.changing", { places: list(give), count: count(give.length) });
    const line = element("p", words, "note info");
    find("ready").before(line);
    find("hold").textContent = t("show.change");
    find("areas").hidden = find("best").hidden = true;
    find("hold").addEventListener("click", async (/** @type {Event} */ event) => {
      event.stopImmediatePropagation();
      const take = [...this.choice.seats].map((seat) => this.hall.labels[seat]);
      const token = this.memory.kept.pass?.token ?? this.memory.kept.booked?.[booking]?.token ?? "";
      this.page.panel.busy(true);
      const answer = await verdict("PUT", `/api/bookings/${booking}`, { token, key: randomHex(16), body: { give, take } });
      this.page.panel.busy(false);
      if (answer.ok) location.assign(`/bookings/${booking}?difference=${answer.body.difference ?? 0}`);
      else this.#refused(answer);
    }, { capture: true });
  }

  /** Write down which place means what to this fan. */
  mark() {
    this.marks.clear();
    for (const offer of this.#offers) for (const seat of offer) this.marks.set(seat, "offered");
    for (const seat of this.choice.allSeats()) this.marks.set(seat, "chosen");
    for (const seat of this.#asked) this.marks.set(seat, "asked");
    for (const seat of this.#lost) this.marks.set(seat, "lost");
    for (const seat of this.#yours) this.marks.set(seat, "yours");
  }

  /** What this device holds already, so that it is not seen as somebody else's. */
  async learnMine() {
    for (const [id, held] of Object.entries(this.memory.kept.held ?? {})) {
      const answer = await ask("GET", `/api/reservations/${id}`, { token: held.token });
      if (answer.ok && ["held", "paying"].includes(answer.body.status)) {
        for (const { seat } of answer.body.seats) this.#yours.add(this.hall.index.get(seat) ?? -1);
        const link = /** @type {HTMLAnchorElement} */ (element("a", t("show.go_on"), "button plain"));
        link.href = `/checkout/${id}`;
        find("mine").append(link);
        find("mine").hidden = false;
      } else if (answer.ok || answer.status === 404) {
        this.memory.keepHeld(id, undefined);
      }
    }
    this.page.redraw();
  }

  /** @param {object} wish @param {number[]} seats that it names */
  async #hold(wish, seats) {
    const { pass } = this.memory.kept;
    if (!pass || this.asking) return;
    this.asking = true;
    this.#asked = new Set(seats);
    this.#lost.clear();
    this.#offer([]);
    notice("");
    this.page.panel.busy(true);
    this.page.redraw();
    const answer = await wayToBuy({ show: this.show, ...wish }, pass.token, randomHex(16));
    this.asking = false;
    this.#asked.clear();
    this.page.panel.busy(false);
    showPaused(salesPaused(answer));
    if (answer.status === 201) return this.#won(answer.body);
    this.#refused(answer);
  }

  /** @param {any} held */
  #won(held) {
    this.memory.keepHeld(held.reservation, { token: held.reservation_token, key: randomHex(16), why: held.why });
    this.choice.clear();
    for (const { seat } of held.seats) this.#yours.add(this.hall.index.get(seat) ?? -1);
    this.page.redraw();
    say(t("show.yours"));
    location.assign(`/checkout/${held.reservation}`);
  }

  /** @param {import("../shared/api.js").Answer} answer */
  #refused(answer) {
    const { code, conflicts = [], alternatives = [] } = answer.body;
    if (["token_expired", "token_invalid", "unauthenticated"].includes(code)) this.memory.keep({ pass: undefined });
    const own = conflicts.find((/** @type {any} */ conflict) => conflict.reservation);
    if (code === "already_yours" && own) {
      notice(t("show.already_yours"), "info");
      const link = /** @type {HTMLAnchorElement} */ (element("a", t("show.go_on")));
      link.href = `/checkout/${own.reservation}`;
      find("notice").append(" ", link);
    } else if (conflicts.length) {
      this.lose(conflicts);
    } else {
      notice(inWords(answer), "error");
    }
    this.#offer(alternatives);
    this.page.redraw();
  }

  /** Somebody else was faster. @param {{label: string, reason: string}[]} conflicts */
  lose(conflicts) {
    clearTimeout(this.#lostTimer);
    for (const { label } of conflicts) {
      const seat = this.hall.index.get(label);
      if (seat === undefined) continue;
      this.#lost.add(seat);
      this.choice.seats.delete(seat);
      const table = this.hall.tableOf.get(seat);
      if (table) this.choice.tables.delete(table);
    }
    for (const area of this.choice.areas.keys()) {
      if (conflicts.some(({ label }) => label === area.label)) this.choice.areas.delete(area);
    }
    const names = conflicts.slice(0, REASONS_SHOWN).map(({ label, reason }) => `${label} (${t(`conflict.${reason}`)})`);
    const words = t("show.lost", { places: list(names) });
    notice(words, "error");
    say(words);
    this.page.show([...this.#lost]);
    this.#lostTimer = window.setTimeout(() => {
      this.#lost.clear();
      this.page.redraw();
    }, LOST_SHOWN_MS);
  }

  /** @param {string[][]} alternatives labels */
  #offer(alternatives) {
    const known = alternatives.map((labels) => labels.map((label) => this.hall.index.get(label) ?? -1));
    this.#offers = known.filter((seats) => seats.length && !seats.includes(-1));
    find("offers").hidden = this.#offers.length === 0;
    find("offer-list").replaceChildren(
      ...this.#offers.map((seats) => {
        const labels = seats.map((seat) => this.hall.labels[seat]);
        const price = money(seats.reduce((sum, seat) => sum + this.hall.price(seat), 0), this.event.currency);
        const button = /** @type {HTMLButtonElement} */ (element("button", t("show.take", { places: list(labels), price }), "plain"));
        button.type = "button";
        button.addEventListener("focus", () => this.page.show(seats));
        button.addEventListener("click", () => this.#hold({ seats: labels }, seats));
        const item = element("li");
        item.append(button);
        return item;
      }),
    );
    if (this.#offers.length) say(t("show.offers_there", { count: count(this.#offers.length) }));
  }
}
