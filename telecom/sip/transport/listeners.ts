import type { ListenerOptions } from '../stack-options.ts'
import type { Listener } from './flow.ts'
import { TcpListener, type TcpListenerNeeds } from './tcp-listener.ts'
import { UdpListener } from './udp-listener.ts'

/** How often a free port is looked for that is free for UDP and TCP. */
const TRIES = 5

export function makeListener(options: ListenerOptions, needs: Omit<TcpListenerNeeds, 'options'>): Listener {
  return options.transport === 'tcp' ? new TcpListener({ ...needs, options }) : new UdpListener({ ...needs, options })
}

/**
 * Opens them all, or none. UDP and TCP that take a free port of the same address take the same one. Rejects with what
 * kept one of them from opening.
 */
export async function startListeners(listeners: readonly Listener[]): Promise<void> {
  for (let tries = 1; ; tries++) {
    const failed = await openAll(listeners)
    if (failed === undefined) return
    await Promise.all(listeners.map((listener) => listener.stop()))
    const { isPaired, error } = failed
    if (!isPaired || tries === TRIES) throw error
  }
}

/** What failed; `isPaired` = another free port may do. */
async function openAll(listeners: readonly Listener[]): Promise<{ isPaired: boolean; error: unknown } | undefined> {
  const [streams, datagrams] = [listeners.filter((one) => one.reliable), listeners.filter((one) => !one.reliable)]
  const opened = await Promise.allSettled(datagrams.map((listener) => listener.start()))
  const failed = opened.find((result) => result.status === 'rejected')
  if (failed) return { isPaired: false, error: failed.reason }
  for (const stream of streams) {
    const beside = datagrams.find(({ wanted }) => wanted.port === 0 && wanted.address === stream.wanted.address)
    try {
      await (stream.wanted.port === 0 ? stream.start(beside?.local.port) : stream.start())
    } catch (error) {
      return { isPaired: beside !== undefined && stream.wanted.port === 0, error }
    }
  }
  return undefined
}
