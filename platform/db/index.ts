/**
 * PostgreSQL: the server that comes with the platform (`embedded/`), pooled queries with deadlines, forward-only
 * migrations, and the write lanes through which live calls write.
 */
export type { AnyTransaction, Connection, Database, OpenTransaction } from './database.ts'
export { type Fence, noteInTransaction, whileWanted, withFence } from './deadline.ts'
export { DatabaseRefused } from './embedded/refused.ts'
export { openServer, type PostgresServer, type ServerOptions } from './embedded/server.ts'
export { sqlState, uniqueViolation } from './failure.ts'
export { jsonb } from './jsonb.ts'
export { keyedRead } from './keyed-read.ts'
export { LanesFull, LanesStopped, type LaneTable, type LaneWrite, WriteFenced, type WriteLanes } from './lane.ts'
export { type LaneCounts, type LanesOptions, PostgresLanes } from './lanes/postgres-lanes.ts'
export { type Migration, MigrationRefused, migrate } from './migrate.ts'
export { databaseMigrations } from './migrations/index.ts'
export { type DatabaseOptions, openDatabase } from './open-database.ts'
export { Session } from './session.ts'
export { DatabaseUnavailable, type Unavailability } from './unavailable.ts'
