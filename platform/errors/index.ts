/**
 * The error contract's heart: a failure that a caller can act on is *declared* once, in its manager's `errors.ts`, and
 * thrown as a value that carries its reason. HTTP, SIP and flow engine translate it at their edge. This folder imports
 * nothing.
 */
export {
  type Blame,
  type Catalogue,
  type Declaration,
  defineErrors,
  type Reason,
  type ReasonsOf,
  type Retry,
} from './define-errors.ts'
export { InvariantError } from './invariant-error.ts'
export { ReasonedError } from './reasoned-error.ts'
export { HTTP_STATUS, type Status } from './status.ts'
