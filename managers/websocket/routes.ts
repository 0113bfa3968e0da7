import { handleSocket, type Route } from '#platform/http'
import { agentWebSocket, webSocket } from './contract.ts'
import type { WebSockets } from './web-sockets.ts'

/** `/ws` and `/service_agents/ws` */
export function webSocketRoutes(sockets: WebSockets): Route[] {
  return [webSocket, agentWebSocket].map((each) => handleSocket(each, (request) => sockets.connect(request)))
}
