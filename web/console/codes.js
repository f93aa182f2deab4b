/** Presale codes that were just made: shown once, to be copied. */

import { find, t } from "../shared/words.js";

const dialog = /** @type {HTMLDialogElement} */ (find("given"));

/** @param {{line: string, codes: string[]}} made */
export function showCodes(made) {
  find("given-title").textContent = t("codes.title", { line: made.line });
  find("codes").value = made.codes.join("\n");
  find("copied").textContent = "";
  dialog.showModal();
  find("codes").scrollTop = 0;
}

find("copy").addEventListener("click", async () => {
  find("codes").select();
  // Where a browser keeps its clipboard to itself they are selected, and can be copied by hand.
  const copied = await navigator.clipboard?.writeText(find("codes").value).then(() => true, () => false);
  find("copied").textContent = copied ? t("codes.copied") : "";
});
find("given-close").addEventListener("click", () => {
  find("codes").value = "";
  dialog.close();
});
// Escape would take away what nobody can show again; a second one closes even where `cancel` was prevented.
dialog.addEventListener("keydown", (event) => {
  if (event.key === "Escape") event.preventDefault();
});
