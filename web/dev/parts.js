/** What of the parts is drawn by a script. */

import { drawQr } from "../parts/qr.js";
import "../shared/frame.js";
import { find } from "../shared/words.js";

drawQr(find("qr"), "bkg_00000000070123456789abcdef0123456789abcdef");
find("example").addEventListener("submit", (/** @type {Event} */ event) => event.preventDefault());
