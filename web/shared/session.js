/** Who is signed in, and asking in their name: with the cookie, and with its other half for whatever changes something. */

/** @typedef {import("./api.js").Answer} Answer */

const PATIENCE_MS = 4_000;
let csrf = "";

/**
 * One request. A network that is away, or takes too long, is an answer with status 0.
 * @param {string} method @param {string} path
 * @param {{body?: object, ifVersion?: number, of?: string, key?: string, waitS?: number, patienceMs?: number}} [given] `of`: the API key
 *   that a partner's person speaks for; `key`: the Idempotency-Key; `waitS`: how long a verdict is waited for
 * @returns {Promise<Answer>}
 */
export async function ask(method, path, given = {}) {
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json" };
  if (given.body) headers["Content-Type"] = "application/json";
  if (given.ifVersion) headers["If-Match"] = `"${given.ifVersion}"`;
  if (given.of) headers["X-Onsale-Key"] = given.of;
  if (given.key) headers["Idempotency-Key"] = given.key;
  if (given.waitS) headers.Prefer = `wait=${given.waitS}`;
  if (method !== "GET") headers["X-CSRF-Token"] = csrf;
  try {
    const body = given.body ? JSON.stringify(given.body) : undefined;
    const signal = AbortSignal.timeout(given.patienceMs ?? PATIENCE_MS);
    const response = await fetch(path, { method, headers, body, signal, cache: "no-store", credentials: "same-origin" });
    const text = await response.text();
    if (response.status === 401) signIn();
    return { ok: response.ok, status: response.status, body: text ? JSON.parse(text) : {}, retryAfterS: 1 };
  } catch {
    return { ok: false, status: 0, body: {}, retryAfterS: 1 };
  }
}

/**
 * A file, as it comes. Null: it did not come whole.
 * @param {string} path @param {string} [of] as with `ask` @returns {Promise<Blob | null>}
 */
export async function fetchFile(path, of) {
  try {
    const response = await fetch(path, { headers: of ? { "X-Onsale-Key": of } : {}, cache: "no-store", credentials: "same-origin" });
    if (response.status === 401) signIn();
    return response.ok ? await response.blob() : null;
  } catch {
    return null;
  }
}

/** To the sign-in, and back to where one was. */
function signIn() {
  location.replace(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`);
}

/** @returns {Promise<Answer>} who it is */
export async function whoIsIt() {
  const answer = await ask("GET", "/sign-in/me");
  if (answer.ok) csrf = answer.body.csrf;
  return answer;
}

export async function signOut() {
  await ask("POST", "/sign-out");
  location.replace("/sign-in");
}
