import type { StartedRecording } from '#managers/call'
import { MOST_INJECTED, MOST_INJECTED_BYTES, MOST_VALUE_BYTES, MOST_VARIABLES_BYTES } from './limits.ts'
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

/**
 * A variable as flows name it: by its name; else by a name that the platform has for it; else, with `|json` behind the name,
 * escaped for JSON. A variable that is really called so comes first.
 */
export function readVariable(name: string, lookup: Lookup): string | undefined {
  const found = lookup(name)
  if (found !== undefined) return found
  for (const [promised, written] of ALIASES)
    if (name.startsWith(promised)) return readVariable(written + name.slice(promised.length), lookup)
  if (!name.endsWith(AS_JSON)) return undefined
  const plain = readVariable(name.slice(0, -AS_JSON.length), lookup)
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
  if (injectionFaults(taken).length === 0 && bytesOf(merged) <= MOST_VARIABLES_BYTES)
    return { variables: merged, dropped }
  return { variables: { ...inherited, ...platform }, dropped: Object.keys(injected) }
}

/** Why a flow may not write this variable; `undefined` = it may. */
export function writeRefusal(variables: Variables, name: string, value: string): string | undefined {
  const refusal = refusalOf(name, value)
  if (refusal !== undefined) return refusal
  const growth = growthOf(variables, name, value)
  return growth > 0 && bytesOf(variables) + growth > MOST_VARIABLES_BYTES ? 'variables_full' : undefined
}

/** Which of these may be written, one after the other, and the names of those that may not. */
export function writable(
  variables: Variables,
  values: Iterable<readonly [string, string]>,
): { set: Variables; dropped: string[] } {
  const taken = new Map<string, string>()
  const dropped: string[] = []
  let bytes = bytesOf(variables)
  for (const [name, value] of values) {
    const growth = growthOf(variables, name, value)
    const fits = growth <= 0 || bytes + growth <= MOST_VARIABLES_BYTES
    if (refusalOf(name, value) === undefined && fits && !taken.has(name)) {
      taken.set(name, value)
      bytes += growth
    } else dropped.push(name)
  }
  return { set: Object.fromEntries(taken), dropped }
}

/** What is wrong with the name or the value by itself. */
function refusalOf(name: string, value: string): string | undefined {
  if (name.trim() === '') return 'variable_name_empty'
  if (isReserved(name) && !WRITABLE(name)) return `variable_reserved: ${name}`
  if (Buffer.byteLength(value) > MOST_VALUE_BYTES) return `variable_too_large: ${name}`
  return undefined
}

/** How many bytes the variables gain. */
function growthOf(variables: Variables, name: string, value: string): number {
  const before = variableOf(variables, name)
  const freed = before === undefined ? -Buffer.byteLength(name) : Buffer.byteLength(before)
  return Buffer.byteLength(value) - freed
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
