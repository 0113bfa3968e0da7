/** The memory of one doorbell. */
export function doorbellMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(4)
}

/** Wakes another thread that waits at its doorbell. However often it rings before that thread runs, it runs once. */
export function ring(bell: Int32Array): void {
  Atomics.add(bell, 0, 1)
  Atomics.notify(bell, 0)
}

/** Waits at a thread's own doorbell without blocking it, and calls `onRing` each time it rang. */
export class Doorbell {
  readonly #bell: Int32Array
  readonly #onRing: () => void
  #stopped = false

  constructor(memory: SharedArrayBuffer, onRing: () => void) {
    this.#bell = new Int32Array(memory)
    this.#onRing = onRing
    this.#wait()
  }

  #wait = (): void => {
    for (;;) {
      if (this.#stopped) return
      const seen = Atomics.load(this.#bell, 0)
      this.#onRing()
      const waiting = Atomics.waitAsync(this.#bell, 0, seen)
      // it has rung meanwhile: look again
      if (!waiting.async) continue
      void waiting.value.then(this.#wait)
      return
    }
  }

  stop(): void {
    this.#stopped = true
    ring(this.#bell)
  }
}
