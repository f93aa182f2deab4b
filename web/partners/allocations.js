/** What is kept of a show for partners, and how far each has sold it. */

import { inWords } from "../shared/api.js";
import { count, element, find, shortMoment, t } from "../shared/words.js";
import { calm, call, card, desk, done, queryOf, toAddress, trouble } from "./desk.js";
import { begin } from "./form.js";
import { offer, readShows } from "./shows_list.js";

/** @typedef {import("../types/api.d.ts").AllocationLine} Line */

const EVERY_MS = 5_000;
const field = /** @type {HTMLSelectElement} */ (find("allocations-show"));
let asked = 0;
let looking = 0;

export async function openAllocations() {
  const place = find("allocations"), mine = ++asked;
  calm(place);
  find("allocations-new").hidden = true;
  find("allocations-none").hidden = true;
  place.setAttribute("aria-busy", "true");
  const problem = await readShows();
  if (mine !== asked) return;
  place.removeAttribute("aria-busy");
  if (problem) return trouble(place, problem, openAllocations);
  offer(field);
  clearInterval(looking);
  looking = window.setInterval(goOn, EVERY_MS);
  await read();
}

/** What is sold while somebody looks is seen. */
function goOn() {
  if (find("part-allocations").hidden) clearInterval(looking);
  else if (!document.hidden && !find("dialog").open) read();
}

async function read() {
  const show = field.value, place = find("allocations"), mine = ++asked;
  if (!show) return void (find("allocations-none").hidden = false);
  const answer = await call("GET", pathOf(show));
  if (mine !== asked) return;
  calm(place);
  if (!answer.ok) return trouble(place, inWords(answer), read);
  // An admin is told of all of them.
  const lines = /** @type {Line[]} */ (answer.body.data).filter(({ partner }) => !desk.key || partner === desk.key);
  // Whoever stands on a button goes on standing there.
  const at = place.contains(document.activeElement) ? document.activeElement?.getAttribute("aria-label") : null;
  place.replaceChildren(...lines.map((line) => shown(show, line)));
  if (at) place.querySelector(`[aria-label="${CSS.escape(at)}"]`)?.focus();
  find("allocations-none").hidden = lines.length > 0;
  find("allocations-new").hidden = !desk.admin;
  find("allocations-asof").textContent = t("share.as_of", { time: shortMoment(answer.body.created_at) });
}

/** @param {string} show @param {string} [partner] @param {string} [category] */
function pathOf(show, partner, category) {
  return `/api/admin/shows/${show}/allocations${partner ? `/${partner}` : ""}${queryOf({ category })}`;
}

/** @param {string} key its id @returns {string} what its partner calls it */
function nameOf(key) {
  return desk.keys.find((one) => one.key === key)?.name ?? key;
}

/** @param {string} show @param {Line} line */
function shown(show, line) {
  const held = line.taken - line.booked;
  const item = card([nameOf(line.partner), line.category].filter(Boolean).join(" · "), {
    state: line.status === "kept" ? ["good", t("share.kept")] : ["", t("share.given_back")],
    ids: line.partner,
    facts: [
      [t("share.of"), line.category ?? t("share.whole")],
      [t("share.share"), count(line.share)],
      [t("share.booked"), count(line.booked)],
      [t("share.held"), count(held)],
      [t("share.left"), count(line.left)],
      [t("share.borrowed"), line.borrow ? t("share.borrowed_of", { borrowed: count(line.borrowed), borrow: count(line.borrow) }) : ""],
      [t("share.back_at"), line.give_back_at ? shortMoment(line.give_back_at) : t("share.never")],
    ],
    acts: desk.admin && line.status === "kept"
      ? [
          { label: t("portal.change"), run: () => keep(show, line) },
          { label: t("share.give_back"), run: () => giveBack(show, line), look: "danger" },
        ]
      : [],
  });
  item.querySelector(".about")?.before(burnedDown(line, held));
  return item;
}

/** What is booked, held and left, as shares of a bar. @param {Line} line @param {number} held */
function burnedDown(line, held) {
  const bar = element("div", "", "sold");
  bar.setAttribute("role", "img");
  bar.setAttribute("aria-label", t("share.bar", { booked: count(line.booked), held: count(held), left: count(line.left) }));
  for (const [look, places] of /** @type {[string, number][]} */ ([["booked", line.booked], ["held", held], ["free", line.left]])) {
    const part = element("span", "", look);
    part.style.flexGrow = String(places);
    bar.append(part);
  }
  return bar;
}

/** @param {string} show @param {Partial<Line>} line */
async function keep(show, line) {
  const event = await call("GET", `/api/events/${show}`);
  if (!event.ok) return done(inWords(event), "error");
  const categories = /** @type {[string, string][]} */ ([["", t("share.whole")], ...event.body.tiers.map((/** @type {any} */ { category }) => [category, category])]);
  const isNew = !line.partner;
  const keys = /** @type {[string, string][]} */ (desk.keys.filter((key) => !key.revoked_at).map((key) => [key.key, `${key.name} (${key.key})`]));
  begin({
    title: isNew ? t("share.new") : t("portal.change_of", { name: nameOf(line.partner ?? "") }),
    words: t("share.words"),
    fields: [
      ...(isNew
        ? [
            { name: "partner", label: t("portal.for_key"), kind: "select", value: desk.key, options: keys },
            { name: "category", label: t("share.of"), kind: "select", value: "", options: categories },
          ]
        : []),
      { name: "share", label: t("share.share"), kind: "number", min: 1, max: 200_000, required: true, value: line.share ?? "" },
      { name: "borrow", label: t("share.borrow"), kind: "number", min: 0, max: 200_000, value: line.borrow ?? 0, hint: t("share.borrow_hint") },
      { name: "give_back_at", label: t("share.back_at"), kind: "datetime-local", value: localOf(line.give_back_at ?? ""), hint: t("share.back_hint") },
    ],
    go: t("share.keep"),
    send: ({ partner, category, ...values }, key) =>
      call("PUT", pathOf(show, line.partner ?? partner), { key, body: { ...values, borrow: values.borrow ?? 0, category: line.partner ? line.category : category } }),
    then: () => after(t("share.is_kept")),
  });
}

/** @param {string} time RFC 3339, or nothing @returns {string} as a field takes it */
function localOf(time) {
  if (!time) return "";
  const at = new Date(time);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** @param {string} show @param {Line} line */
function giveBack(show, line) {
  begin({
    title: t("share.give_back_of", { name: nameOf(line.partner) }),
    words: t("share.give_back_words", { left: count(line.left) }),
    go: t("share.give_back"),
    danger: true,
    send: (_, key) => call("DELETE", pathOf(show, line.partner, line.category ?? undefined), { key }),
    then: () => after(t("share.is_back")),
  });
}

/** @param {string} words */
function after(words) {
  done(words);
  return read();
}

find("allocations-new").addEventListener("click", () => keep(field.value, {}));
find("allocations-filters").addEventListener("submit", (/** @type {Event} */ event) => event.preventDefault());
field.addEventListener("change", () => {
  toAddress({ show: field.value });
  read();
});
