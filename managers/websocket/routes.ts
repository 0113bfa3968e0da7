import { handleSocket, type Route } from '#platform/http'
import { webSocket } from './contract.ts'
import type { WebSockets } from './web-sockets.ts'

export function webSocketRoutes(sockets: WebSockets): Route[] {
  return [handleSocket(webSocket, (request) => sockets.connect(request))]
}
