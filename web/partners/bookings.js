/** Bookings of all channels: found, read, given up by whoever made them, and taken along as a file. */

import { inWords } from "../shared/api.js";
import { fetchFile } from "../shared/session.js";
import { count, element, find, list, money, shortMoment, t } from "../shared/words.js";
import { call, card, desk, done, factsOf, Filters, Pages, queryOf, trouble } from "./desk.js";
import { begin } from "./form.js";
import { offer, readShows, shows } from "./shows_list.js";

/** @typedef {import("../types/api.d.ts").BookingAnswer} Booking */

const bookings = new Pages("bookings", shown);
const filters = new Filters("bookings-filters", read);

export async function openBookings() {
  const problem = await readShows();
  // Without their names bookings can be found all the same.
  if (problem) trouble(find("bookings-filters"), problem, openBookings);
  offer(find("bookings-show"), t("portal.any"));
  find("bookings-channel-field").hidden = !desk.admin;
  const channels = desk.admin ? [new Option(t("portal.any"), ""), new Option(t("booked.fans"), "fans"), ...desk.keys.map((key) => new Option(key.name, key.key))] : [];
  find("bookings-channel").replaceChildren(...channels);
  await read();
}

/** @param {string} [after] */
function query(after) {
  const given = filters.read();
  // For one key of all: that channel.
  const channel = desk.admin ? given.channel || desk.key : "";
  return queryOf({ ...given, channel, after });
}

function read() {
  const asked = query();
  return bookings.open((after) => `/api/bookings${after ? query(after) : asked}`);
}

/** @param {Booking} one */
function shown(one) {
  const { booking, status, contact } = one;
  const item = card(contact?.name || t("booked.nobody"), {
    state: status === "booked" ? ["good", t("booked.booked")] : ["", t("booked.cancelled")],
    ids: booking,
    facts: [
      [t("portal.show"), shows.get(one.show)?.name ?? one.show],
      [t("booked.places"), placesOf(one)],
      [t("booked.total"), money(one.total_amount ?? 0, one.currency)],
      [t("booked.at"), shortMoment(one.created_at)],
      [t("booked.channel"), desk.admin ? channelOf(one.booked_by ?? "") : ""],
      [t("booked.email"), contact?.email ?? ""],
      [t("booked.phone"), contact?.phone ?? ""],
      [t("booked.external_id"), one.external_id ?? ""],
      [t("booked.notes"), one.notes ?? ""],
      [t("booked.wishes"), one.special_requests ?? ""],
    ],
    acts: [
      { label: t("booked.read"), run: () => readWhole(booking, item) },
      ...(status === "booked" && mayCancel() ? [{ label: t("booked.cancel"), run: () => cancel(one), look: "danger" }] : []),
    ],
  });
  return item;
}

/** @param {Booking} one */
function placesOf(one) {
  return list([...one.seats.map((seat) => seat.seat), ...one.areas.map((area) => `${area.area} × ${count(area.quantity)}`)]);
}

/** @param {string} account */
function channelOf(account) {
  if (!account.startsWith("key_")) return t("booked.fans");
  return desk.keys.find((key) => key.key === account)?.name ?? account;
}

/** A booking is given up by whoever made it: an admin looks on. */
function mayCancel() {
  const key = desk.keys.find((one) => one.key === desk.key);
  return !desk.admin && Boolean(key && !key.revoked_at && key.permissions.includes("booking"));
}

/** What is told of one alone: as it is now, and what came with its holds. @param {string} booking @param {HTMLElement} item */
async function readWhole(booking, item) {
  const answer = await call("GET", `/api/bookings/${booking}`);
  if (!answer.ok) return done(inWords(answer), "error");
  const one = /** @type {Booking} */ (answer.body);
  const prices = [...one.seats.map((seat) => `${seat.seat} (${seat.category}): ${money(seat.price ?? 0, one.currency)}`), ...one.areas.map((area) => `${area.area} (${area.category}): ${count(area.quantity)} × ${money(area.price ?? 0, one.currency)}`)];
  const more = element("div", "", "whole");
  more.append(
    factsOf(
      /** @type {[string, string][]} */ ([
        [t("booked.status"), t(`booked.${one.status}`)],
        [t("booked.prices"), prices.join("; ")],
        [t("booked.reason"), one.reason ?? ""],
        [t("booked.metadata"), one.metadata ? JSON.stringify(one.metadata) : ""],
        [t("booked.reservation"), one.reservation],
      ]).filter(([, value]) => value),
    ),
  );
  item.querySelector(".whole")?.remove();
  item.querySelector(".actions")?.before(more);
}

/** @param {Booking} one */
function cancel(one) {
  begin({
    title: t("booked.cancel_of", { name: one.contact?.name || one.booking }),
    words: t("booked.cancel_words", { places: placesOf(one), total: money(one.total_amount ?? 0, one.currency) }),
    go: t("booked.cancel"),
    danger: true,
    send: (_, key) => call("DELETE", `/api/bookings/${one.booking}`, { key }),
    then: () => {
      done(t("booked.is_cancelled", { name: one.contact?.name || one.booking }));
      bookings.again();
    },
  });
}

async function file() {
  const found = await fetchFile(`/api/bookings${query().replace(/^\??/, "?format=csv&")}`, desk.admin ? undefined : desk.key);
  if (!found) return done(t("booked.no_file"), "error");
  const link = /** @type {HTMLAnchorElement} */ (element("a"));
  link.href = URL.createObjectURL(found);
  link.download = "bookings.csv";
  link.click();
  URL.revokeObjectURL(link.href);
}

find("bookings-file").addEventListener("click", file);
