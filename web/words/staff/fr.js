export default {
  "sign_in.title": "Se connecter",
  "sign_in.for_whom": "Pour les opérateurs, les admins et les partenaires. Le public n’a pas besoin de compte.",
  "sign_in.email": "E-mail",
  "sign_in.password": "Mot de passe",
  "sign_in.enter": "Se connecter",
  "sign_in.forgotten": "Personne ici ne peut voir votre mot de passe. Oublié ? La personne qui gère cette installation vous en donne un nouveau.",
  "sign_in.wrong": "Ce n’est pas juste : personne inconnue, ou autre mot de passe. Vérifiez les deux et réessayez.",
  "sign_in.locked": "Trop de mots de passe faux. Le prochain sera examiné dans {minutes} min ; un admin peut vous débloquer tout de suite.",
  "sign_in.stale": "Ce formulaire est resté ouvert trop longtemps, ou un autre a pris sa place. Rien n’a été transmis ; réessayez.",
  "sign_in.away": "Personne ne peut se connecter pour le moment, car la base de données ne répond pas. Ce qui tourne continue ; qui a accès à la machine peut utiliser « onsale admin »."
};
