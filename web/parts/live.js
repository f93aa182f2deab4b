/** The mark that says how fresh the page is. */

import { find, t } from "../shared/words.js";

/** @param {"live" | "reconnecting" | "polling"} state */
export function mark(state) {
  const place = find("live");
  if (place.dataset.state === state && !place.hidden) return;
  place.hidden = false;
  place.dataset.state = state;
  place.textContent = t(state);
}
