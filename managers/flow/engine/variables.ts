import type { StartedRecording } from '#managers/call'
import { MOST_INJECTED, MOST_INJECTED_BYTES, MOST_VALUE_BYTES, MOST_VARIABLES, MOST_VARIABLES_BYTES } from './limits.ts'
import type { Lookup } from './substitute.ts'

/** An activeflow's variables. */
export type Variables = Readonly<Record<string, string>>

/** The digits that were pressed. */
export const DIGITS = 'voipbin.call.digits'

/** What a flow may write although the platform owns the rest of `voipbin.`. */
const WRITABLE = (name: string) => name === DIGITS || name.startsWith('voipbin.tts.')

/** Whether the name belongs to the platform, in any letter case. */
export function isReserved(name: string): boolean {
  return name.toLowerCase().startsWith('voipbin.')
}

/** The variable's value; `undefined` where there is none. */
export function variableOf(variables: Variables, name: string): string | undefined {
  return Object.hasOwn(variables, name) ? variables[name] : undefined
}

/** Names that the documentation promises, and those that the platform writes. */
const ALIASES = [['voipbin.message.', 'voipbin.conversation_message.']] as const
/** Behind a name: its value as it stands inside the quotes of a JSON text. */
const AS_JSON = '|json'
/** Texts inside texts inside texts: each may double a value's length, so a name cannot ask for any number of them. */
const MOST_ESCAPES = 3

/**
 * A variable as flows name it: by its name; else by a name that the platform has for it; else, with `|json` behind the name,
 * escaped for JSON. A variable that is really called so comes first.
 */
export function readVariable(name: string, lookup: Lookup, escapes = MOST_ESCAPES): string | undefined {
  const found = lookup(name)
  if (found !== undefined) return found
  for (const [promised, written] of ALIASES)
    if (name.startsWith(promised)) return readVariable(written + name.slice(promised.length), lookup, escapes)
  if (escapes === 0 || !name.endsWith(AS_JSON)) return undefined
  const plain = readVariable(name.slice(0, -AS_JSON.length), lookup, escapes - 1)
  return plain === undefined ? undefined : JSON.stringify(plain).slice(1, -1)
}

/** Bytes of all names and values. */
export function bytesOf(variables: Variables): number {
  let bytes = 0
  for (const [name, value] of Object.entries(variables)) bytes += Buffer.byteLength(name) + Buffer.byteLength(value)
  return bytes
}

/** What is wrong with variables that a request brings in, all names counted (`variables.md` §2): one sentence each. */
export function injectionFaults(injected: Variables): { name?: string; issue: string }[] {
  const faults: { name?: string; issue: string }[] = []
  const names = Object.keys(injected)
  if (names.length > MOST_INJECTED) faults.push({ issue: `has ${names.length} variables; at most ${MOST_INJECTED}` })
  for (const name of names)
    if (Buffer.byteLength(injected[name] ?? '') > MOST_VALUE_BYTES)
      faults.push({ name, issue: `is longer than ${MOST_VALUE_BYTES} bytes` })
  const bytes = bytesOf(injected)
  if (bytes > MOST_INJECTED_BYTES) faults.push({ issue: `has ${bytes} bytes; at most ${MOST_INJECTED_BYTES}` })
  return faults
}

/**
 * The variables that an activeflow begins with; later ones win: the parent's, what was brought in, the platform's own.
 * `dropped` names what was brought in and not taken, with the reason.
 */
export function firstVariables(from: { inherited?: Variables; injected?: Variables; platform: Variables }): {
  variables: Variables
  dropped: string[]
} {
  const { inherited = {}, injected = {}, platform } = from
  const dropped: string[] = []
  const taken = Object.fromEntries(
    Object.entries(injected).filter(([name]) => {
      const keep = name.trim() !== '' && !isReserved(name)
      if (!keep) dropped.push(name)
      return keep
    }),
  )
  const merged = { ...inherited, ...taken, ...platform }
  const fits = bytesOf(merged) <= MOST_VARIABLES_BYTES && Object.keys(merged).length <= MOST_VARIABLES
  if (fits && injectionFaults(taken).length === 0) return { variables: merged, dropped }
  return { variables: { ...inherited, ...platform }, dropped: Object.keys(injected) }
}

/** Why a flow may not write this variable; `undefined` = it may. */
export function writeRefusal(variables: Variables, name: string, value: string): string | undefined {
  const refusal = refusalOf(name, value)
  if (refusal !== undefined) return refusal
  return new Room(variables).takes(name, value) ? undefined : 'variables_full'
}

/** Which of these may be written, one after the other, and the names of those that may not. */
export function writable(variables: Variables, values: Iterable<readonly [string, string]>): Taken {
  return taking(variables, values, (name, value) => refusalOf(name, value) === undefined)
}

/** The same for what the platform itself writes, under names of its own too. */
export function writableByPlatform(variables: Variables, values: Iterable<readonly [string, string]>): Taken {
  return taking(variables, values, (_, value) => Buffer.byteLength(value) <= MOST_VALUE_BYTES)
}

/** What is written, and the names of what is not. */
interface Taken {
  set: Variables
  dropped: string[]
}

function taking(
  variables: Variables,
  values: Iterable<readonly [string, string]>,
  allowed: (name: string, value: string) => boolean,
): Taken {
  const taken = new Map<string, string>()
  const dropped: string[] = []
  const room = new Room(variables)
  for (const [name, value] of values)
    if (!taken.has(name) && allowed(name, value) && room.takes(name, value)) taken.set(name, value)
    else dropped.push(name)
  return { set: Object.fromEntries(taken), dropped }
}

/** How much more an activeflow's variables may hold. */
class Room {
  readonly #variables: Variables
  #bytes: number
  #count: number

  constructor(variables: Variables) {
    this.#variables = variables
    this.#bytes = bytesOf(variables)
    this.#count = Object.keys(variables).length
  }

  /** Takes the room for a variable, once; false where there is none. What does not grow always has its place. */
  takes(name: string, value: string): boolean {
    const before = variableOf(this.#variables, name)
    const freed = before === undefined ? -Buffer.byteLength(name) : Buffer.byteLength(before)
    const growth = Buffer.byteLength(value) - freed
    const more = before === undefined ? 1 : 0
    if (growth > 0 && this.#bytes + growth > MOST_VARIABLES_BYTES) return false
    if (more > 0 && this.#count >= MOST_VARIABLES) return false
    this.#bytes += growth
    this.#count += more
    return true
  }
}

/** What is wrong with the name or the value by itself. */
function refusalOf(name: string, value: string): string | undefined {
  if (name.trim() === '') return 'variable_name_empty'
  if (isReserved(name) && !WRITABLE(name)) return `variable_reserved: ${name}`
  if (Buffer.byteLength(value) > MOST_VALUE_BYTES) return `variable_too_large: ${name}`
  return undefined
}

/** The names that describe a recording (`variables.md` §4.7). */
export function recordingVariables(recording: StartedRecording): Variables {
  return Object.fromEntries(
    (['id', 'reference_type', 'reference_id', 'format', 'recording_name', 'filenames'] as const).map((name) => [
      `voipbin.recording.${name}`,
      recording[name],
    ]),
  )
}

/** What is known of who answered (`voipbin.call.amd.…`). */
export function machineVariables(status: string, cause: string): Variables {
  return { 'voipbin.call.amd.status': status, 'voipbin.call.amd.cause': cause }
}
