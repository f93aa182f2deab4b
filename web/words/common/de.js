export default {
  "skip": "Zum Inhalt springen",
  "all_events": "Alle Veranstaltungen",
  "languages": "Sprache",
  "live": "Live",
  "reconnecting": "Verbindet neu",
  "polling": "Alle paar Sekunden aktuell",
  "paused_banner": "Der Verkauf ruht im Moment. Was Sie halten, bleibt Ihres.",
  "unreachable": "Der Server ist nicht erreichbar. Prüfen Sie Ihre Verbindung; nichts ist verloren.",
  "no_script": "Diese Seite braucht JavaScript. Schalten Sie es im Browser ein und laden Sie die Seite neu.",
  "try_again": "Noch einmal versuchen",
  "close": "Schließen",
  "missing.title": "Hier ist nichts",
  "missing.text": "Die Adresse ist vielleicht falsch oder veraltet.",
  "problem.show_not_found": "Diese Veranstaltung gibt es nicht.",
  "problem.rate_limited": "Das waren zu viele Anfragen. Warten Sie kurz und versuchen Sie es noch einmal.",
  "problem.sales_paused": "Der Verkauf ruht im Moment. Nichts ist verloren: versuchen Sie es gleich noch einmal."
};
