/** Which node this is, which of its lives, and which lives are over. */
export type { DeadIncarnation, Incarnation } from './incarnation.ts'
export { nodeMigrations } from './migrations/index.ts'
export { NodeIdentity, type NodeOptions } from './node-identity.ts'
