const CAPACITY = 1 << 16
const MASK = CAPACITY - 1
/** So much is waited for before sound begins: whoever sends in real time is not always punctual. */
const START_SAMPLES = 480
/** … but not for longer than so many reads. */
const MOST_WAITS = 4
/** Above this the sender is asked to wait, until it is below the other: 2 s and 1 s. */
const FULL_SAMPLES = 16_000
const RESUME_SAMPLES = 8_000

/**
 * What a program says into a call and the call has not sounded yet. A program may send faster than sound passes: `isFull`
 * tells to stop reading from it, `mayGoOn` to begin again. What comes nevertheless has room for another six seconds; beyond
 * that the oldest is lost, which is counted.
 */
export class SpokenQueue {
  readonly #samples = new Int16Array(CAPACITY)
  #read = 0
  #write = 0
  #sounding = false
  #waits = 0
  /** Samples that were lost. */
  lost = 0

  get length(): number {
    return this.#write - this.#read
  }

  get isFull(): boolean {
    return this.length >= FULL_SAMPLES
  }

  get mayGoOn(): boolean {
    return this.length <= RESUME_SAMPLES
  }

  /** Takes 16-bit little-endian samples; half a sample at the end is left out. */
  push(octets: Buffer): void {
    const count = octets.length >> 1
    for (let i = 0; i < count; i++) this.#samples[(this.#write + i) & MASK] = octets.readInt16LE(i * 2)
    this.#write += count
    const over = this.length - CAPACITY
    if (over <= 0) return
    this.#read += over
    this.lost += over
  }

  /** Adds the next samples to what is there already, as loud as there is room for. Gives whether anything was added. */
  mixInto(into: Int16Array, count: number): boolean {
    const { length } = this
    if (length === 0) {
      this.#sounding = false
      this.#waits = 0
      return false
    }
    if (!this.#sounding && length < START_SAMPLES && ++this.#waits < MOST_WAITS) return false
    this.#sounding = true
    const taken = Math.min(count, length)
    for (let i = 0; i < taken; i++) {
      const sum = (into[i] as number) + (this.#samples[(this.#read + i) & MASK] as number)
      into[i] = Math.max(-32_768, Math.min(32_767, sum))
    }
    this.#read += taken
    return true
  }
}
