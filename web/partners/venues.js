/** Venues and their layouts. */

import { count, find, shortMoment, t } from "../shared/words.js";
import { call, card, done, Filters, inAddress, Pages, queryOf } from "./desk.js";
import { onKept, openEditor } from "./editor.js";
import { begin } from "./form.js";

/** @typedef {import("../types/api.d.ts").VenueShown} Venue */

const VENUES = "/api/admin/venues";
const venues = new Pages("venues", shown, goOn);
const filters = new Filters("venues-filters", openVenues);

export function openVenues() {
  const { q } = filters.read();
  return venues.open((after) => `${VENUES}${queryOf({ q, after })}`);
}

/** The venue that the address names, if its layout is not being written already. @param {Venue[]} lines */
function goOn(lines) {
  const asked = lines.find((one) => one.venue === inAddress("venue"));
  if (asked && find("editor").hidden) openEditor(asked);
}

/** @param {Venue} one */
function shown(one) {
  return card(one.name, {
    state: one.layout ? undefined : ["warning", t("venue.no_layout")],
    ids: one.venue,
    facts: [
      [t("venue.places"), one.total_seats ? count(one.total_seats) : ""],
      [t("venue.version"), one.version ? count(one.version) : ""],
      [t("portal.made"), shortMoment(one.made_at)],
    ],
    acts: [{ label: t("venue.layout"), run: () => openEditor(one) }],
  });
}

function make() {
  begin({
    title: t("venue.new"),
    fields: [{ name: "name", label: t("portal.name"), required: true, length: 200 }],
    go: t("portal.make"),
    send: (values, key) => call("POST", VENUES, { body: values, key }),
    then: (body) => {
      done(t("venue.made", { name: body.name }));
      openVenues();
      openEditor({ venue: body.venue, name: body.name, made_at: body.created_at });
    },
  });
}

find("venues-new").addEventListener("click", make);
onKept(openVenues);
