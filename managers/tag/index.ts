/** Tags: words of a customer that join agents and queues. */
export { migrations } from './migrations/index.ts'
export { tagRoutes } from './routes.ts'
export { type OnTagDeleted, TagService } from './service.ts'
