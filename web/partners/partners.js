/** The portal: who is there, for which key, and which part of it is looked at. All of it stands in the address. */

import { inWords } from "../shared/api.js";
import { notice } from "../shared/frame.js";
import { signOut, whoIsIt } from "../shared/session.js";
import { element, find, t } from "../shared/words.js";
import { openAllocations } from "./allocations.js";
import { openBookings } from "./bookings.js";
import { calm, desk, readKeys, toAddress, trouble } from "./desk.js";
import { onKeys, openKeys } from "./keys.js";
import { openLetters } from "./letters.js";
import { openLog } from "./log.js";
import { openShows } from "./shows.js";
import { openUsage } from "./usage.js";
import { openVenues } from "./venues.js";
import { openWebhooks } from "./webhooks.js";

/** @typedef {{open: () => unknown, keyed?: boolean, admins?: boolean}} Part `keyed`: it is looked at for one key */
/** @type {Record<string, Part>} */
const PARTS = {
  keys: { open: openKeys },
  webhooks: { open: openWebhooks, keyed: true },
  usage: { open: openUsage, keyed: true },
  log: { open: openLog, keyed: true },
  allocations: { open: openAllocations, keyed: true },
  bookings: { open: openBookings, keyed: true },
  venues: { open: openVenues, admins: true },
  shows: { open: openShows, admins: true },
  letters: { open: openLetters, admins: true },
};
let part = new URL(location.href).searchParams.get("part") ?? "keys";

/** @returns {Part} */
const current = () => PARTS[part] ?? PARTS.keys;

/** @param {string} name */
function link(name) {
  const item = element("li"), made = /** @type {HTMLAnchorElement} */ (element("a", t(`portal.tab_${name}`)));
  made.href = `?part=${name}`;
  made.dataset.part = name;
  made.addEventListener("click", (event) => {
    event.preventDefault();
    part = name;
    // What the part before has written there means something else here.
    history.replaceState(null, "", location.pathname);
    show();
  });
  item.append(made);
  return item;
}

async function show() {
  if (!PARTS[part] || (PARTS[part].admins && !desk.admin)) part = "keys";
  notice("");
  calm(find("key-field"));
  for (const made of find("tabs").querySelectorAll("a")) {
    if (made.dataset.part === part) made.setAttribute("aria-current", "page");
    else made.removeAttribute("aria-current");
  }
  for (const name of Object.keys(PARTS)) find(`part-${name}`).hidden = name !== part;
  find("key-field").hidden = !current().keyed || desk.keys.length === 0;
  document.title = `${t(`portal.tab_${part}`)} – ${t("portal.title")}`;
  toAddress({ part, key: desk.key });
  if (current().keyed && !desk.admin && !desk.key) {
    return desk.problem ? trouble(find("key-field"), desk.problem, start) : notice(t("portal.keys_first"));
  }
  await current().open();
}

/** The key that the address names, else one that works; an admin looks at all of them unless they choose one. */
function choices() {
  const asked = new URL(location.href).searchParams.get("key") ?? desk.key;
  const names = desk.keys.map((key) => key.key);
  const first = (desk.keys.find((key) => !key.revoked_at) ?? desk.keys[0])?.key ?? "";
  desk.key = names.includes(asked) ? asked : desk.admin ? "" : first;
  const all = desk.admin ? [new Option(t("portal.all_keys"), "", false, desk.key === "")] : [];
  find("key").replaceChildren(
    ...all,
    ...desk.keys.map((key) => new Option(`${key.name} (${key.key}${key.revoked_at ? `, ${t("portal.revoked")}` : ""})`, key.key, false, key.key === desk.key)),
  );
}

find("sign-out").addEventListener("click", signOut);
find("key").addEventListener("change", () => {
  desk.key = find("key").value;
  show();
});
onKeys(() => {
  choices();
  openKeys();
});

async function start() {
  const me = await whoIsIt();
  find("loading").hidden = true;
  if (!me.ok) return me.status === 401 || trouble(find("loading"), inWords(me), start);
  const { name, roles, partner } = me.body;
  desk.admin = roles.includes("admin");
  find("who").textContent = partner ? `${name} · ${partner}` : name;
  if (!desk.admin && !roles.includes("partner")) return notice(t("portal.no_role"), "error");
  find("tabs").replaceChildren(...Object.keys(PARTS).filter((one) => desk.admin || !PARTS[one].admins).map(link));
  await readKeys();
  choices();
  await show();
}

await start();
