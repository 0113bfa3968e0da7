import { type AuthParts, agentRoutes, authRoutes } from '#managers/agent'
import {
  type AgentCalls,
  agentCallRoutes,
  type CallControlService,
  type CallService,
  callControlRoutes,
  callRoutes,
  type MediaStreams,
  mediaStreamRoutes,
  type RecordingService,
  recordingRoutes,
} from '#managers/call'
import { customerRoutes } from '#managers/customer'
import { type ActiveflowService, activeflowRoutes, flowRoutes } from '#managers/flow'
import { numberRoutes } from '#managers/number'
import { extensionRoutes } from '#managers/registrar'
import { type StorageServices, storageRoutes } from '#managers/storage'
import { tagRoutes } from '#managers/tag'
import { type TimelineService, timelineRoutes } from '#managers/timeline'
import { type WebSockets, webSocketRoutes } from '#managers/websocket'
import { eventRoutes, type PublicEvents } from '#platform/events'
import type { Route } from '#platform/http'
import { docsRoutes } from './docs-routes.ts'
import type { Services } from './services.ts'

/** What the API's routes are served by. */
export interface ApiServices extends Services, StorageServices, Omit<AuthParts, 'agents'> {
  calls: CallService
  callControls: CallControlService
  agentCalls: AgentCalls
  mediaStreams: MediaStreams
  recordings: RecordingService
  activeflows: ActiveflowService
  timelines: TimelineService
  events: PublicEvents
  sockets: WebSockets
}

/** Every route of the API but those of the platform itself (`/health`, `/errors`, …), which the HTTP server brings. */
export function apiRoutes(services: ApiServices): Route[] {
  return [
    ...authRoutes(services),
    ...agentRoutes(services.agents),
    ...customerRoutes({ ...services, passwords: services.logins }),
    ...extensionRoutes(services.extensions, services.agents),
    ...flowRoutes(services.flows),
    ...activeflowRoutes(services.activeflows),
    ...callRoutes(services.calls),
    ...callControlRoutes(services.callControls),
    ...agentCallRoutes(services.agentCalls),
    ...mediaStreamRoutes(services.mediaStreams),
    ...recordingRoutes(services.recordings),
    ...storageRoutes(services),
    ...numberRoutes(services.numbers),
    ...tagRoutes(services.tags),
    ...timelineRoutes(services.timelines),
    ...eventRoutes(services.events),
    ...webSocketRoutes(services.sockets),
    ...docsRoutes(),
  ]
}
