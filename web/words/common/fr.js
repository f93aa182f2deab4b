export default {
  "skip": "Aller au contenu",
  "all_events": "Tous les événements",
  "languages": "Langue",
  "live": "En direct",
  "reconnecting": "Reconnexion",
  "polling": "Mis à jour toutes les quelques secondes",
  "paused_banner": "Les ventes sont suspendues pour l’instant. Ce que vous avez retenu reste à vous.",
  "unreachable": "Le serveur est injoignable. Vérifiez votre connexion ; rien n’est perdu.",
  "no_script": "Cette page a besoin de JavaScript. Activez-le dans votre navigateur, puis rechargez la page.",
  "try_again": "Réessayer",
  "close": "Fermer",
  "missing.title": "Il n’y a rien ici",
  "missing.text": "L’adresse est peut-être erronée ou périmée.",
  "problem.show_not_found": "Cet événement n’existe pas.",
  "problem.rate_limited": "Trop de demandes. Attendez un instant, puis réessayez.",
  "problem.sales_paused": "Les ventes sont suspendues. Rien n’est perdu : réessayez bientôt."
};
