/** Periodic jobs: by the clock, one process at a time, with their last run on record. */
export { type Job, nextDueMs } from './job.ts'
export { Jobs, type JobsNeeds } from './jobs.ts'
export { jobMigrations } from './migrations/index.ts'
