/** Live events over WebSockets (`GET /v1.0/ws`). See README.md. */
export { DEFAULT_LIMITS, type Limits } from './limits.ts'
export { webSocketRoutes } from './routes.ts'
export type { AgentOwners } from './session.ts'
export { WebSockets, type WebSocketsNeeds } from './web-sockets.ts'
