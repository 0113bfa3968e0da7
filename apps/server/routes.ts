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
  outboundConfigRoutes,
  type RecordingService,
  recordingRoutes,
  type TransferService,
  transferRoutes,
} from '#managers/call'
import { customerRoutes } from '#managers/customer'
import { directRoutes } from '#managers/direct'
import { type ExplainService, explainRoutes } from '#managers/explain'
import { type ActiveflowService, activeflowRoutes, flowRoutes } from '#managers/flow'
import { numberRoutes } from '#managers/number'
import {
  type Probes,
  type ProviderCallService,
  type ProviderSetupService,
  provisioningRoutes,
} from '#managers/provisioning'
import { extensionRoutes, trunkRoutes } from '#managers/registrar'
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
  probes: Probes
  providerCalls: ProviderCallService
  providerSetups: ProviderSetupService
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
    ...directRoutes(services.directs),
    ...extensionRoutes(services.extensions, services.agents),
    ...trunkRoutes(services.trunks),
    ...flowRoutes(services.flows),
    ...activeflowRoutes(services.activeflows),
    ...callRoutes(services.calls),
    ...groupcallRoutes(services.groupcalls),
    ...transferRoutes(services.transfers),
    ...callControlRoutes(services.callControls),
    ...agentCallRoutes(services.agentCalls),
    ...mediaStreamRoutes(services.mediaStreams),
    ...recordingRoutes(services.recordings),
    ...outboundConfigRoutes(services.outboundConfigs),
    ...storageRoutes(services),
    ...provisioningRoutes({ ...services, routes: services.providerRoutes }),
    ...numberRoutes(services),
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
