/** The flow interpreter: `begin` a state, `step` it with inputs, carry out its commands. No clock, no I/O. */
export {
  type ActionsOutcome,
  type Command,
  type Effect,
  type FetchedFlow,
  type Input,
  leavesPlatform,
  type PlaceOutcome,
} from './command.ts'
export { type Beginning, begin, type FlowState, hasBegun, outstanding } from './state.ts'
export { type Move, type StepContext, type Stepped, step } from './step.ts'
