import { systemClock } from '#platform/time'
import { type SipMessage, SipRequest, SipResponse } from './message/message.ts'

/** How long a test waits for something that must come. */
const PATIENCE_MS = 3_000

/** What SIP peers for tests have in common: they keep what they receive. */
export abstract class SipPeer {
  readonly received: SipMessage[] = []
  #looked = 0
  #wake: (() => void)[] = []

  abstract get port(): number
  abstract send(data: Buffer | string): Promise<void>
  abstract close(): Promise<void>

  protected keep(message: SipMessage): void {
    this.received.push(message)
    for (const wake of this.#wake.splice(0)) wake()
  }

  /** The next message that was not looked at yet and that fits. Those before it are passed over. */
  async next(fits: (message: SipMessage) => boolean = () => true): Promise<SipMessage> {
    const deadlineMs = systemClock.monotonicMs() + PATIENCE_MS
    for (;;) {
      while (this.#looked < this.received.length) {
        const message = this.received[this.#looked++]
        if (message && fits(message)) return message
      }
      const leftMs = deadlineMs - systemClock.monotonicMs()
      if (leftMs <= 0) throw new Error('the message that must come did not come')
      await new Promise<void>((resolve) => {
        const timer = systemClock.after(leftMs, resolve)
        this.#wake.push(() => {
          timer.cancel()
          resolve()
        })
      })
    }
  }

  /** The next response with this status. */
  async response(status: number): Promise<SipResponse> {
    const message = await this.next((one) => one instanceof SipResponse && one.status === status)
    if (!(message instanceof SipResponse)) throw new Error('no response')
    return message
  }

  /** The next request with this method. */
  async request(method: string): Promise<SipRequest> {
    const message = await this.next((one) => one instanceof SipRequest && one.method === method)
    if (!(message instanceof SipRequest)) throw new Error('no request')
    return message
  }
}

/** Waits until something is so; fails after three seconds. */
export async function until(what: string, isSo: () => boolean): Promise<void> {
  const deadlineMs = systemClock.monotonicMs() + PATIENCE_MS
  while (!isSo()) {
    if (systemClock.monotonicMs() > deadlineMs) throw new Error(`never: ${what}`)
    await new Promise((resolve) => setImmediate(resolve))
  }
}
