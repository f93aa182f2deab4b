/** Telling somebody who looks elsewhere that the turn has come: a sound and a notification, if wanted and allowed. */

export class Bell {
  /** @type {AudioContext | null} made when it is switched on: browsers let a page sound only after a press */
  #audio = null;

  /** @param {boolean} wanted */
  async set(wanted) {
    if (!wanted) {
      await this.#audio?.close();
      this.#audio = null;
      return;
    }
    this.#audio = new AudioContext();
    if ("Notification" in window && Notification.permission === "default") await Notification.requestPermission();
  }

  /** @param {string} title @param {string} body */
  ring(title, body) {
    if (!this.#audio) return;
    for (const [at, pitch] of [[0, 660], [0.25, 880], [0.5, 1320]]) {
      const tone = this.#audio.createOscillator(), loudness = this.#audio.createGain();
      const from = this.#audio.currentTime + at;
      tone.frequency.value = pitch;
      loudness.gain.setValueAtTime(0.2, from);
      loudness.gain.exponentialRampToValueAtTime(0.001, from + 0.4);
      tone.connect(loudness).connect(this.#audio.destination);
      tone.start(from);
      tone.stop(from + 0.45);
    }
    if ("Notification" in window && Notification.permission === "granted") new Notification(title, { body });
  }
}
