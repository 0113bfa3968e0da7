/** Timelines: what happened to a resource, or to everything of an activeflow, read from the ledger. */
export { timelineRoutes } from './routes.ts'
export { type Readable, type TimelineNeeds, TimelineService } from './service.ts'
