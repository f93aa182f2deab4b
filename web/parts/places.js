/** What is held or booked, line by line, with what it costs. */

import { count, element, money, t } from "../shared/words.js";

/**
 * @param {HTMLElement} list
 * @param {import("../types/api.d.ts").ReservationAnswer | import("../types/api.d.ts").BookingAnswer} sold
 */
export function drawPlaces(list, sold) {
  const line = (/** @type {string} */ what, /** @type {number} */ amount) => {
    const item = element("li");
    item.append(element("span", what), element("span", money(amount, sold.currency)));
    return item;
  };
  const whole = "tables" in sold ? sold.tables : undefined;
  const tables = whole?.length ? [element("li", whole.map((label) => t("show.table", { label })).join(" · "))] : [];
  const seats = sold.seats.map((seat) => line(`${seat.seat} · ${seat.category}`, seat.price));
  const areas = sold.areas.map((area) => line(`${count(area.quantity)} × ${area.area}`, area.price * area.quantity));
  const total = line(t("total"), sold.total_amount);
  total.className = "total";
  list.replaceChildren(...tables, ...seats, ...areas, total);
}
