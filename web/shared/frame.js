/** What every page has around it: the choice of language, the announcer, notices, the banner. */

import { find, language } from "./words.js";

/** A language that was chosen stays chosen on every page; the server reads it before it renders one. */
function keepLanguage() {
  const asked = new URL(location.href).searchParams.get("lang");
  if (asked === language) document.cookie = `lang=${language}; path=/; max-age=31536000; SameSite=Lax`;
  for (const link of document.querySelectorAll(".languages a")) {
    const to = new URL(location.href);
    to.searchParams.set("lang", /** @type {HTMLElement} */ (link).lang);
    /** @type {HTMLAnchorElement} */ (link).href = to.pathname + to.search + to.hash;
  }
}

/** @param {string} words said to whoever does not see the page; milestones only */
export function say(words) {
  const announcer = find("announcer");
  // The same words twice are two announcements: an unchanged text would be none.
  announcer.textContent = announcer.textContent === words ? `${words}\u00a0` : words;
}

/** @param {string} words @param {string} [kind] info, warning, error or good */
export function notice(words, kind = "info") {
  const place = find("notice");
  place.hidden = !words;
  place.textContent = words;
  place.className = `note ${kind}`;
  place.setAttribute("role", kind === "error" ? "alert" : "status");
}

/** @param {boolean} paused whether nothing can be bought for the moment */
export function showPaused(paused) {
  find("paused").hidden = !paused;
}

keepLanguage();
