/** Subscribes many WebSockets to one kind of event, makes such events one after the other, and times every delivery. */
import { WebSocketClient } from '#testkit'
import { Samples } from '../samples.ts'
import { options, say } from './report.ts'

export interface SubscribersLoad {
  http: string
  headers: Record<string, string>
  subscribers: number
  topic: string
  /** What makes an event: a PUT, with these bodies in turn. */
  path: string
  bodies: readonly object[]
  events: number
}

export interface SubscribersFigures {
  deliveries: number
  medianMs: number
  p99Ms: number
}

/** So many are opened at once. */
const AT_ONCE = 20
const LATE_MS = 10_000

const load = options<SubscribersLoad>()
const clients: WebSocketClient[] = []
while (clients.length < load.subscribers) {
  const some = Math.min(AT_ONCE, load.subscribers - clients.length)
  clients.push(...(await Promise.all(Array.from({ length: some }, subscriber))))
}
const took = new Samples()
for (let event = 0; event < load.events; event++) {
  const arrivals = clients.map(({ socket }) => nextMessage(socket))
  const startMs = performance.now()
  await change(load.bodies[event % load.bodies.length] ?? {})
  for (const atMs of await Promise.all(arrivals)) took.add(atMs - startMs)
}
say({ deliveries: took.count, medianMs: took.median, p99Ms: took.percentile(0.99) } satisfies SubscribersFigures)
for (const { socket } of clients) socket.terminate()

async function subscriber(): Promise<WebSocketClient> {
  const client = await WebSocketClient.open(`${load.http}/v1.0/ws`, { headers: load.headers })
  await client.subscribe(load.topic)
  return client
}

function nextMessage(socket: WebSocketClient['socket']): Promise<number> {
  return new Promise((resolve, reject) => {
    const late = AbortSignal.timeout(LATE_MS)
    late.addEventListener('abort', () => reject(new Error('an event did not come within 10 s')))
    socket.once('message', () => resolve(performance.now()))
  })
}

async function change(body: object): Promise<void> {
  const headers = { ...load.headers, 'content-type': 'application/json' }
  const { status } = await fetch(load.http + load.path, { method: 'PUT', headers, body: JSON.stringify(body) })
  if (status !== 200) throw new Error(`${load.path}: ${status}`)
}
