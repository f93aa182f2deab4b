/** Where in a text of JSON something stands, by its JSON pointer (RFC 6901). */

/**
 * @param {string} text which JSON.parse takes @param {string} pointer
 * @returns {[number, number]} from where to where; of what is missing, the thing that it is missing in
 */
export function locate(text, pointer) {
  const parts = pointer.split("/").slice(1).map((part) => part.replace(/~1/g, "/").replace(/~0/g, "~"));
  const reader = new Reader(text);
  reader.blank();
  for (const part of parts) {
    const from = reader.at, found = text[from] === "{" ? reader.member(part) : text[from] === "[" ? reader.item(Number(part)) : false;
    if (!found) {
      reader.at = from;
      break;
    }
  }
  const from = reader.at;
  reader.value();
  return [from, reader.at];
}

/** @param {string} text @param {number} at @returns {number} of its line, from 1 */
export function lineOf(text, at) {
  return text.slice(0, at).split("\n").length;
}

/** Goes through JSON that is known to be right. */
class Reader {
  at = 0;

  /** @param {string} text */
  constructor(text) {
    this.text = text;
  }

  blank() {
    while (/[\s,:]/.test(this.text[this.at] ?? "")) this.at += 1;
  }

  string() {
    for (this.at += 1; this.text[this.at] !== '"'; this.at += 1) if (this.text[this.at] === "\\") this.at += 1;
    this.at += 1;
  }

  /** To behind the value that begins here. */
  value() {
    const first = this.text[this.at];
    if (first === '"') return this.string();
    if (first !== "{" && first !== "[") {
      while (this.at < this.text.length && !/[\s,\]}]/.test(this.text[this.at])) this.at += 1;
      return;
    }
    let depth = 0;
    do {
      const char = this.text[this.at];
      if (char === '"') this.string();
      else {
        if (char === "{" || char === "[") depth += 1;
        if (char === "}" || char === "]") depth -= 1;
        this.at += 1;
      }
    } while (depth > 0);
  }

  /** To the value of a member of the object that begins here. @param {string} wanted @returns {boolean} whether it is there */
  member(wanted) {
    this.at += 1;
    for (this.blank(); this.text[this.at] !== "}"; this.blank()) {
      const from = this.at;
      this.string();
      const name = JSON.parse(this.text.slice(from, this.at));
      this.blank();
      if (name === wanted) return true;
      this.value();
    }
    return false;
  }

  /** To an item of the array that begins here. @param {number} wanted @returns {boolean} whether it is there */
  item(wanted) {
    this.at += 1;
    let number = 0;
    for (this.blank(); this.text[this.at] !== "]"; this.blank()) {
      if (number === wanted) return true;
      this.value();
      number += 1;
    }
    return false;
  }
}
