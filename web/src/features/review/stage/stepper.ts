// Steps a video by its real frames. Their spacing is learnt from the frames that the browser shows, because cameras
// send 6 to 50 a second and no header can be trusted.

/** Until two frames were seen. */
const SPACING_S_FIRST = 1 / 25;
/** Two frames are never nearer; what is nearer is one frame told twice. */
const SPACING_S_MIN = 1 / 240;

export class Stepper {
  readonly #video: HTMLVideoElement;
  #last: number | null = null;
  #spacing = SPACING_S_FIRST;
  #handle: number | null = null;

  constructor(video: HTMLVideoElement) {
    this.#video = video;
    this.#follow();
  }

  /** One frame on (1) or back (-1). Pauses first. */
  step(direction: 1 | -1) {
    const video = this.#video;
    video.pause();
    // A busy machine leaves frames untold; then the player's own time is nearer to what is seen.
    const told = this.#last ?? video.currentTime;
    const from = Math.abs(video.currentTime - told) > this.#spacing * 1.5 ? video.currentTime : told;
    // Half a frame into the next one: a seek to its very edge may show the one before.
    const to = from + direction * this.#spacing + this.#spacing / 2;
    video.currentTime = Math.min(Math.max(to, 0), Number.isFinite(video.duration) ? video.duration : to);
  }

  stop() {
    if (this.#handle !== null) this.#video.cancelVideoFrameCallback(this.#handle);
  }

  #follow() {
    if (!('requestVideoFrameCallback' in this.#video)) return;
    this.#handle = this.#video.requestVideoFrameCallback((_now, { mediaTime }) => {
      const gap = this.#last === null ? 0 : mediaTime - this.#last;
      // A seek jumps; only neighbours of a film that runs tell the spacing.
      if (!this.#video.paused && gap > SPACING_S_MIN && gap < 5) this.#spacing = gap;
      this.#last = mediaTime;
      this.#follow();
    });
  }
}
