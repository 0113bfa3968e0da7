import type { Ids } from '#platform/ids'
import type { Log } from '#platform/log'
import type { Clock, Timer } from '#platform/time'
import type { MediaEndpoint, MediaEngine, OpenEndpoint } from '#telecom/media'

/** How long the thread for sound outlives its last call. */
const IDLE_MS = 60_000

/** Sound for as long as there are calls: its code and its thread are loaded by the first one, and go after the last. */
export class MediaOnDemand {
  readonly #needs: { clock: Clock; ids: Ids; log: Log; ports: { first: number; last: number } }
  #engine: Promise<MediaEngine> | undefined
  #opening = 0
  #timer: Timer | undefined
  #stopped = false

  constructor(needs: { clock: Clock; ids: Ids; log: Log; ports: { first: number; last: number } }) {
    this.#needs = needs
  }

  /** Opens an endpoint; rejects as the engine does, and where its thread does not start. */
  async open(options: OpenEndpoint): Promise<MediaEndpoint> {
    this.#opening++
    try {
      this.#engine ??= this.#start()
      return await (await this.#engine).open(options)
    } finally {
      this.#opening--
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#timer?.cancel()
    const engine = this.#engine
    this.#engine = undefined
    await (await engine)?.stop()
  }

  async #start(): Promise<MediaEngine> {
    const { MediaEngine } = await import('#telecom/media')
    const engine = new MediaEngine({ ...this.#needs, workers: 1 })
    await engine.start()
    this.#look(engine)
    return engine
  }

  #look(engine: MediaEngine): void {
    if (this.#stopped) return
    this.#timer = this.#needs.clock.after(IDLE_MS, () => {
      if (this.#opening > 0 || engine.load.endpoints > 0) return this.#look(engine)
      this.#engine = undefined
      engine.stop().catch((error) => this.#needs.log.warn({ error }, 'the thread for sound did not stop'))
    })
  }
}
