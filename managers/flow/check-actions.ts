import { type Ids, isUuid, NIL_UUID } from '#platform/ids'
import { type ActionFault, faultAt, type Path, pointerOf } from './action-faults.ts'
import type { AnyAction } from './actions/define-action.ts'
import { actions as definitions } from './actions/index.ts'
import { optionReferences } from './actions/option-references.ts'
import { endlessJumps } from './endless-jumps.ts'
import { hasPlaceholder } from './engine/substitute.ts'
import { ACTION_ID_FINISH, ACTION_ID_NEXT, ACTION_ID_START, type Action } from './flow.ts'

/** Actions as they will be kept, what is wrong with them, and the flows that they name. */
export interface CheckedActions {
  actions: Action[]
  faults: ActionFault[]
  flows: { path: Path; flow_id: string }[]
}

/** How much of a list is taken, and looked at. */
export interface ListLimits {
  /** Those inside options included: every step of an execution writes them all. */
  actions: number
  /** With so many faults the rest of a list is not looked at any more. */
  faults: number
  /** What the actions are counted in: `a flow`. */
  whole: string
}

/** Of a flow that is saved: its answer lists no more faults either. */
const OF_A_FLOW: ListLimits = { actions: 1_000, faults: 1_000, whole: 'a flow' }
/** Lists inside options of actions inside options of actions … */
const DEEPEST = 10

/** Ids that the platform keeps for itself. */
const RESERVED = [ACTION_ID_START, ACTION_ID_FINISH, ACTION_ID_NEXT]

/**
 * Checks a list of actions as it was written and makes it what is kept: every action gets a UUID, names that were used
 * in place of UUIDs are replaced wherever they are referred to, and each fault is noted at its place.
 */
export function checkActions(
  written: readonly unknown[],
  path: Path,
  ids: Ids,
  limits: ListLimits = OF_A_FLOW,
): CheckedActions {
  return checkList(written, { path, ids, limits, budget: { left: limits.actions }, depth: 1 })
}

/** Where a list stands, and what it shares with the lists around it. */
interface Place {
  path: Path
  ids: Ids
  limits: ListLimits
  budget: { left: number }
  depth: number
}

function checkList(written: readonly unknown[], place: Place): CheckedActions {
  const refusal = (issue: string) => ({ actions: [], faults: [faultAt(place.path, issue)], flows: [] })
  if (place.depth > DEEPEST) return refusal(`is a list inside more than ${DEEPEST - 1} others`)
  place.budget.left -= written.length
  const { whole, actions } = place.limits
  if (place.budget.left < 0) return refusal(`has too many actions: ${whole} has at most ${actions}`)
  return new List(place).check(written)
}

/** One list; a list inside an option is a world of its own. */
class List {
  readonly #place: Place
  readonly #path: Path
  readonly #ids: Ids
  readonly #faults: ActionFault[] = []
  readonly #flows: CheckedActions['flows'] = []
  /** What the author calls an action → its id. */
  readonly #names = new Map<string, string>()

  constructor(place: Place) {
    this.#place = place
    this.#path = place.path
    this.#ids = place.ids
  }

  check(written: readonly unknown[]): CheckedActions {
    const objects = written.map((each, at) => this.#object(each, at))
    const named = objects.map((each, at) => this.#nameOf(each, at)) // all names before any reference
    const actions = objects.map((each, at) => this.#action(each, named[at] ?? '', at))
    for (const at of endlessJumps(actions))
      this.#fault([at, 'option', 'target_id'], 'leads into a circle of jumps that nothing ends')
    return { actions, faults: this.#faults, flows: this.#flows }
  }

  #object(written: unknown, at: number): Readonly<Record<string, unknown>> {
    if (isRecord(written)) return written
    this.#fault([at], 'must be an object')
    return {}
  }

  /** The id that the action gets. */
  #nameOf({ id }: Readonly<Record<string, unknown>>, at: number): string {
    if (id === undefined || id === '' || id === NIL_UUID) return this.#ids.uuid()
    if (typeof id !== 'string') {
      this.#fault([at, 'id'], 'must be a string')
      return this.#ids.uuid()
    }
    const name = canonical(id)
    if (RESERVED.includes(name)) this.#fault([at, 'id'], 'is an id that the platform keeps for itself')
    if (this.#names.has(name)) this.#fault([at, 'id'], 'is the id of another action too')
    const uuid = isUuid(name) ? name : this.#ids.uuid()
    this.#names.set(name, uuid)
    return uuid
  }

  #action(written: Readonly<Record<string, unknown>>, id: string, at: number): Action {
    if (this.#faults.length >= this.#place.limits.faults) return { id, next_id: NIL_UUID, type: '' }
    const { type, option } = written
    const next_id = this.#nextId(written.next_id, at)
    const definition = typeof type === 'string' ? definitions.get(type) : undefined
    if (!definition) {
      const named = typeof type === 'string' && type !== ''
      this.#fault([at, 'type'], named ? 'is no type of action' : 'is required', 'type')
    }
    const base = { id, next_id, type: definition?.type ?? '' }
    if (option === undefined || option === null) {
      if (definition) this.#options(definition, {}, at)
      return base
    }
    if (!isRecord(option)) {
      this.#fault([at, 'option'], 'must be an object')
      return base
    }
    return { ...base, option: definition ? this.#options(definition, option, at) : { ...option } }
  }

  #nextId(next_id: unknown, at: number): string {
    if (next_id === undefined || next_id === '' || next_id === NIL_UUID) return NIL_UUID
    if (typeof next_id !== 'string') {
      this.#fault([at, 'next_id'], 'must be a string')
      return NIL_UUID
    }
    if (next_id === ACTION_ID_FINISH) return next_id
    return this.#target(next_id, [at, 'next_id']) ?? NIL_UUID
  }

  /** The id behind a name or id that refers to an action of this list; a fault when there is none. */
  #target(name: string, place: Path): string | undefined {
    const id = this.#names.get(canonical(name))
    if (id === undefined) this.#fault(place, 'names no action of this list')
    return id
  }

  #options(definition: AnyAction, written: Readonly<Record<string, unknown>>, at: number): Record<string, unknown> {
    const option = structuredClone(written)
    const said = new Set<string>() // places whose fault has been told in better words than a schema has
    for (const { kind, path, value, replace } of optionReferences(definition.options, option)) {
      const place = [at, 'option', ...path]
      if (kind === 'actions') {
        if (Array.isArray(value)) replace(this.#nested(value, place))
      } else if (typeof value !== 'string' || hasPlaceholder(value)) {
        // a wrong type is a fault of the schema; a placeholder is judged when it has been replaced
      } else if (value === '' || value === NIL_UUID) replace(NIL_UUID)
      else if (kind === 'action') {
        const target = this.#target(value, place)
        if (target === undefined) said.add(pointerOf(path))
        else replace(target)
      } else if (isUuid(value)) this.#flows.push({ path: [...this.#path, ...place], flow_id: value.toLowerCase() })
    }
    const byShape = definition.faults(option)
    const hasShape = !byShape.some(({ keyword }) => keyword === 'type')
    const byCheck = hasShape ? (definition.check?.(option) ?? []) : []
    const faults = [...byShape, ...byCheck].filter(({ pointer, keyword }) => {
      const value = valueAt(option, pointer)
      return !said.has(pointer) && (typeof value !== 'string' || keyword === 'type' || !hasPlaceholder(value))
    })
    for (const { pointer, keyword, issue } of faults) {
      const anonymous = pointer === '/anonymous' && keyword === 'enum'
      this.#fault([at, 'option', ...segments(pointer)], issue, anonymous ? 'anonymous' : 'argument')
    }
    return option
  }

  #nested(list: readonly unknown[], place: Path): Action[] {
    const { actions, faults, flows } = checkList(list, {
      ...this.#place,
      path: [...this.#path, ...place],
      depth: this.#place.depth + 1,
    })
    this.#faults.push(...faults)
    this.#flows.push(...flows)
    return actions
  }

  #fault(place: Path, issue: string, kind: ActionFault['kind'] = 'argument') {
    this.#faults.push(faultAt([...this.#path, ...place], issue, kind))
  }
}

const canonical = (name: string) => (isUuid(name) ? name.toLowerCase() : name)

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function segments(pointer: string): (string | number)[] {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part))
}

function valueAt(root: unknown, pointer: string): unknown {
  let at = root
  for (const part of segments(pointer)) {
    if (typeof at !== 'object' || at === null) return undefined
    at = (at as Record<string, unknown>)[part]
  }
  return at
}
