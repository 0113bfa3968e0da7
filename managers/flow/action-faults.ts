import { apiErrors, type Fault } from '#platform/http'
import { flowErrors } from './errors.ts'

/** Where in a body: member names and positions. */
export type Path = readonly (string | number)[]

/** One thing that is wrong with actions; the kind decides the reason when it is the narrowest one. */
export interface ActionFault extends Fault {
  kind: 'type' | 'anonymous' | 'argument'
}

/** A fault at a place. */
export function faultAt(path: Path, issue: string, kind: ActionFault['kind'] = 'argument'): ActionFault {
  const field = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`)).join('')
  return { kind, field: field.replace(/^\./, ''), pointer: pointerOf(path), issue }
}

/** The place as RFC 6901 writes it. */
export function pointerOf(path: Path): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

/** Throws all faults at once, under the narrowest reason among them; nothing happens when there are none. */
export function refuseFaults(found: readonly ActionFault[]): void {
  if (found.length === 0) return
  const faults = found.map(({ field, pointer, issue }) => ({
    field,
    ...(pointer === undefined ? {} : { pointer }),
    issue,
  }))
  if (found.some(({ kind }) => kind === 'type')) throw flowErrors.INVALID_ACTION_TYPE({ faults })
  if (found.some(({ kind }) => kind === 'anonymous')) throw flowErrors.INVALID_ANONYMOUS_VALUE({ faults })
  throw apiErrors.INVALID_ARGUMENT({ faults })
}
