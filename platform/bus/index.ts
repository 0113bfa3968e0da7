/**
 * The bus between threads and nodes: pokes (`publish`) and commands with a deadline (`request`), nothing that must survive.
 */
export type { Bus, RequestContext, RequestOptions, Subscription } from './bus.ts'
export { type Command, CommandDoor, type CommandDoorOptions } from './command.ts'
export { BusError, type BusFailure, DeadlineExceeded, NoResponder } from './errors.ts'
export { type BusOptions, type ThreadBus, threadBus, threadHub } from './thread-bus.ts'
export type { Reasons } from './wire-error.ts'
