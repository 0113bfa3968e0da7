/** Receives webhooks, answers 200, and says how many came whenever it is asked. */
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { options, say } from './report.ts'

export type SinkSaid = { port: number } | { received: number }

options<unknown>()
let received = 0
const server = http.createServer((request, response) => {
  request.resume()
  request.on('end', () => {
    received++
    response.end()
  })
})
server.listen(0, '127.0.0.1', () => say({ port: (server.address() as AddressInfo).port } satisfies SinkSaid))
process.on('message', () => say({ received } satisfies SinkSaid))
