export default {
  "sign_in.title": "Anmelden",
  "sign_in.for_whom": "Für Operatoren, Admins und Partner. Fans brauchen kein Konto.",
  "sign_in.email": "E-Mail",
  "sign_in.password": "Passwort",
  "sign_in.enter": "Anmelden",
  "sign_in.forgotten": "Niemand hier kann dein Passwort sehen. Vergessen? Wer diese Installation betreibt, gibt dir ein neues.",
  "sign_in.wrong": "Das stimmt nicht: keine solche Person oder ein anderes Passwort. Prüfe beides und versuche es noch einmal.",
  "sign_in.locked": "Zu viele falsche Passwörter. Das nächste wird in {minutes} min geprüft; ein Admin kann dich sofort entsperren.",
  "sign_in.stale": "Dieses Formular lag zu lange offen, oder ein anderes trat an seine Stelle. Nichts wurde weitergegeben; versuche es noch einmal.",
  "sign_in.away": "Im Moment kann niemand angemeldet werden, weil die Datenbank nicht antwortet. Was läuft, läuft weiter; wer Zugang zur Maschine hat, kann „onsale admin“ benutzen."
};
