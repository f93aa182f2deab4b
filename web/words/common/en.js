export default {
  "skip": "Skip to the content",
  "all_events": "All events",
  "languages": "Language",
  "live": "Live",
  "reconnecting": "Reconnecting",
  "polling": "Updated every few seconds",
  "paused_banner": "Sales are paused for the moment. What you hold stays yours.",
  "unreachable": "The server cannot be reached. Check your connection; nothing is lost.",
  "no_script": "This page needs JavaScript. Switch it on in your browser and reload the page.",
  "try_again": "Try again",
  "close": "Close",
  "missing.title": "There is nothing here",
  "missing.text": "The address may be wrong, or old.",
  "problem.show_not_found": "There is no such event.",
  "problem.rate_limited": "You are asking too fast. Wait a moment and try again.",
  "problem.sales_paused": "Sales are paused for the moment. Nothing is lost: try again soon."
};
