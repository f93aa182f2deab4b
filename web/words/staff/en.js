export default {
  "sign_in.title": "Sign in",
  "sign_in.for_whom": "For operators, admins and partners. Fans need no account.",
  "sign_in.email": "E-mail",
  "sign_in.password": "Password",
  "sign_in.enter": "Sign in",
  "sign_in.forgotten": "Nobody here can see your password. Forgotten? Whoever runs this installation gives you a new one.",
  "sign_in.wrong": "That is not right: no such person, or another password. Check both and try again.",
  "sign_in.locked": "Too many wrong passwords. The next one is looked at in {minutes} min; an admin can unlock you at once.",
  "sign_in.stale": "This form lay open for too long, or another one took its place. Nothing was sent on; try again.",
  "sign_in.away": "Nobody can be signed in at the moment, because the database does not answer. What runs goes on; an operator with access to the machine can use “onsale admin”."
};
