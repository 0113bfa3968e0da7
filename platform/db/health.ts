import type { Clock, Timer } from '#platform/time'
import type { Session } from './session.ts'

export interface HealthOptions {
  clock: Clock
  open(signal: AbortSignal): Promise<Session>
  /** Called each time the answer to "does it answer?" changes. */
  changed(available: boolean): void
}

const PING_EVERY_MS = 500
const PATIENCE_MS = 1_000
const LONGEST_RETRY_MS = 500
const OPEN_MS = 2_000

/** Asks the server over a connection of its own whether it is there: a busy pool says nothing about a stalled server. */
export class Health {
  readonly #options: HealthOptions
  readonly #closing = new AbortController()
  readonly #hopeful = new Set<() => void>()
  #session: Session | undefined
  #available = false
  #timer: Timer | undefined
  #patience: Timer | undefined
  #retryMs = 10

  constructor(options: HealthOptions) {
    this.#options = options
    void this.#open()
  }

  get available(): boolean {
    return this.#available
  }

  /** Calls `run` once, when the server answers; the function given back forgets it. */
  whenAvailable(run: () => void): () => void {
    this.#hopeful.add(run)
    return () => this.#hopeful.delete(run)
  }

  close(): void {
    this.#closing.abort()
    this.#timer?.cancel()
    this.#patience?.cancel()
    void this.#session?.end()
    this.#available = false
  }

  async #open(): Promise<void> {
    const { clock, open } = this.#options
    const giveUp = new AbortController()
    const timer = clock.after(OPEN_MS, () => giveUp.abort())
    try {
      const session = await open(AbortSignal.any([giveUp.signal, this.#closing.signal]))
      if (this.#closing.signal.aborted) return session.destroy()
      this.#session = session
      this.#retryMs = 10
      session.onLost(() => this.#lost(session))
      await this.#ping(session)
    } catch {
      this.#again()
    } finally {
      timer.cancel()
    }
  }

  #lost(session: Session): void {
    if (this.#session !== session) return
    this.#session = undefined
    this.#timer?.cancel()
    this.#set(false)
    this.#again()
  }

  #again(): void {
    if (this.#closing.signal.aborted) return
    this.#timer?.cancel()
    this.#timer = this.#options.clock.after(this.#retryMs, () => void this.#open())
    this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_RETRY_MS)
  }

  async #ping(session: Session): Promise<void> {
    if (session.lost) return
    this.#patience = this.#options.clock.after(PATIENCE_MS, () => this.#set(false))
    try {
      await session.query('SELECT 1')
    } catch {
      session.destroy()
      return
    } finally {
      this.#patience.cancel()
    }
    if (session.lost || this.#closing.signal.aborted) return
    this.#set(true)
    this.#timer = this.#options.clock.after(PING_EVERY_MS, () => void this.#ping(session))
  }

  #set(available: boolean): void {
    if (available === this.#available || this.#closing.signal.aborted) return
    this.#available = available
    this.#options.changed(available)
    if (!available) return
    for (const run of [...this.#hopeful]) {
      this.#hopeful.delete(run)
      run()
    }
  }
}
