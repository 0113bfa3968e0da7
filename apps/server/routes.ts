import { type AuthParts, agentRoutes, authRoutes } from '#managers/agent'
import { type Auditor, billingRoutes, type Paddle, paddleRoutes, spendingRoutes } from '#managers/billing'
import {
  type AgentCalls,
  agentCallRoutes,
  type CallControlService,
  type CallService,
  callControlRoutes,
  callRoutes,
  type GroupcallService,
  groupcallRoutes,
  type MediaStreams,
  mediaStreamRoutes,
  type RecordingService,
  recordingRoutes,
  type TransferService,
  transferRoutes,
} from '#managers/call'
import { customerRoutes } from '#managers/customer'
import { type ExplainService, explainRoutes } from '#managers/explain'
import { type ActiveflowService, activeflowRoutes, flowRoutes } from '#managers/flow'
import { numberRoutes } from '#managers/number'
import { extensionRoutes } from '#managers/registrar'
import { type StorageServices, storageRoutes } from '#managers/storage'
import { tagRoutes } from '#managers/tag'
import { type TimelineService, timelineRoutes } from '#managers/timeline'
import { type WebhookService, webhookRoutes } from '#managers/webhook'
import { type WebSockets, webSocketRoutes } from '#managers/websocket'
import type { Database } from '#platform/db'
import { eventRoutes, type PublicEvents } from '#platform/events'
import type { Route } from '#platform/http'
import { mailRoutes } from '#platform/mail'
import { docsRoutes } from './docs-routes.ts'
import type { Services } from './services.ts'

/** What the API's routes are served by. */
export interface ApiServices extends Services, StorageServices, Omit<AuthParts, 'agents'> {
  calls: CallService
  groupcalls: GroupcallService
  transfers: TransferService
  callControls: CallControlService
  agentCalls: AgentCalls
  mediaStreams: MediaStreams
  recordings: RecordingService
  activeflows: ActiveflowService
  timelines: TimelineService
  explain: ExplainService
  events: PublicEvents
  sockets: WebSockets
  db: Database
  webhooks: WebhookService
  auditor: Auditor
  paddle: Paddle
}

/** Every route of the API but those of the platform itself (`/health`, `/errors`, …), which the HTTP server brings. */
export function apiRoutes(services: ApiServices): Route[] {
  return [
    ...authRoutes(services),
    ...agentRoutes(services.agents),
    ...customerRoutes({ ...services, passwords: services.logins }),
    ...billingRoutes({ ...services.billingParts, auditor: services.auditor }),
    ...spendingRoutes(services),
    ...paddleRoutes(services.paddle),
    ...extensionRoutes(services.extensions, services.agents),
    ...flowRoutes(services.flows),
    ...activeflowRoutes(services.activeflows),
    ...callRoutes(services.calls),
    ...groupcallRoutes(services.groupcalls),
    ...transferRoutes(services.transfers),
    ...callControlRoutes(services.callControls),
    ...agentCallRoutes(services.agentCalls),
    ...mediaStreamRoutes(services.mediaStreams),
    ...recordingRoutes(services.recordings),
    ...storageRoutes(services),
    ...numberRoutes(services.numbers),
    ...tagRoutes(services.tags),
    ...timelineRoutes(services.timelines),
    ...explainRoutes(services.explain),
    ...eventRoutes(services.events),
    ...webhookRoutes(services.webhooks, services.webhookSecrets),
    ...webSocketRoutes(services.sockets),
    ...mailRoutes(services.db),
    ...docsRoutes(),
  ]
}
