/** Receives webhooks, answers 200, and says how many came, and how old those were that say it, whenever it is asked. */
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { options, say } from './report.ts'

export type SinkSaid = { port: number } | { received: number; lagsMs: number[] }

options<unknown>()
let received = 0
let lagsMs: number[] = []
const server = http.createServer((request, response) => {
  const parts: Buffer[] = []
  request.on('data', (part: Buffer) => parts.push(part))
  request.on('end', () => {
    received++
    response.end()
    const { made_ms } = JSON.parse(Buffer.concat(parts).toString())?.data ?? {}
    if (typeof made_ms === 'number') lagsMs.push(performance.timeOrigin + performance.now() - made_ms)
  })
})
server.listen(0, '127.0.0.1', () => say({ port: (server.address() as AddressInfo).port } satisfies SinkSaid))
process.on('message', () => {
  say({ received, lagsMs } satisfies SinkSaid)
  lagsMs = []
})
