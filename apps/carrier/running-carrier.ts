import type { RemoteAddress } from '#telecom/sip'
import { CallsApi } from './calls-api.ts'
import { Carrier, type CarrierOptions, type Trunk } from './carrier.ts'

export interface RunningCarrierOptions extends CarrierOptions {
  /** Port of its API; 0 takes a free one. */
  apiPort: number
}

/** Where every machine finds itself; where the wished loopback address is none of this machine's, this one does. */
const PLAIN_LOOPBACK = '127.0.0.1'

/** The carrier and its API, on the wished address and ports where they are free, else on others. */
export class RunningCarrier {
  readonly carrier: Carrier
  readonly #api: CallsApi

  private constructor(carrier: Carrier, api: CallsApi) {
    this.carrier = carrier
    this.#api = api
  }

  static async start(options: RunningCarrierOptions): Promise<RunningCarrier> {
    const carrier = await firstThatOpens(options, (at) => Carrier.start({ ...options, ...at }))
    try {
      const at = { host: carrier.address.address, port: options.apiPort }
      return new RunningCarrier(carrier, await firstThatOpens(at, (free) => CallsApi.start(carrier, free, options)))
    } catch (error) {
      await carrier.stop()
      throw error
    }
  }

  /** Where its SIP listens. */
  get sip(): RemoteAddress {
    return this.carrier.address
  }

  /** Base URL of its API. */
  get api(): string {
    return this.#api.url
  }

  serve(trunk: Trunk): void {
    this.carrier.serve(trunk)
  }

  async stop(): Promise<void> {
    await Promise.all([this.carrier.stop(), this.#api.stop()])
  }
}

/** Tries the wished address and port, then a free port there, then the same of plain loopback. */
async function firstThatOpens<T>(
  at: { host: string; port: number },
  open: (at: { host: string; port: number }) => Promise<T>,
): Promise<T> {
  try {
    return await open({ host: at.host, port: at.port })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if ((code === 'EADDRINUSE' || code === 'EACCES') && at.port !== 0) return firstThatOpens({ ...at, port: 0 }, open)
    if (code === 'EADDRNOTAVAIL' && at.host !== PLAIN_LOOPBACK)
      return firstThatOpens({ ...at, host: PLAIN_LOOPBACK }, open)
    throw error
  }
}
