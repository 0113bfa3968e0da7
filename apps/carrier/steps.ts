import type { SoundName } from './sounds.ts'
import { SOUND_NAMES } from './sounds.ts'

/** One thing that a number, or a caller of ours, does in a call. */
export type Step =
  /** 180. */
  | { do: 'ring' }
  | { do: 'wait'; seconds: number }
  /** Refuses by 401 whoever does not prove this password (digest, realm `sandbox`); who does goes on to the next step. */
  | { do: 'challenge'; username: string; password: string }
  /** 200. */
  | { do: 'answer' }
  /** Ends an unanswered call. The status follows from the Q.850 cause where only that is given; a cause goes into Reason. */
  | { do: 'refuse'; status?: number; cause?: number }
  /** A sound of the network; before the answer as early media (183). `seconds`: over and over for so long. */
  | { do: 'play'; sound: SoundName; seconds?: number }
  | { do: 'tone'; hz: number; seconds: number }
  | { do: 'say'; text: string }
  /** Keys, each for 120 ms: RFC 4733 where agreed, else as tones. */
  | { do: 'press'; keys: string }
  | { do: 'echo'; seconds: number }
  /** Hears and keeps what it hears, for so long or until nobody has spoken for `silence` seconds. */
  | { do: 'listen'; seconds: number; silence?: number }
  /** Holds the other side by a re-INVITE, and takes it back. */
  | { do: 'hold'; seconds: number }
  /** Asks for another codec by a re-INVITE. */
  | { do: 'codec'; codec: 'PCMU' | 'PCMA' }
  /** From the beginning of the call: how many of 100 packets are lost, each way, and how much later the others come. */
  | { do: 'impair'; lose: number; delay: number }
  /** Calls back whoever called, after so long, once this call is over. */
  | { do: 'call_back'; seconds: number }
  | { do: 'hangup'; cause?: number }
  /** Is gone without a BYE: no sound, no word. */
  | { do: 'vanish' }
  /** Sends what is no SIP instead of an answer. */
  | { do: 'garble' }

type Kind =
  | { kind: 'number'; least: number; most: number; optional?: true }
  | { kind: 'text'; most: number }
  | { kind: 'one of'; values: readonly string[] }

const seconds = (most: number): Kind => ({ kind: 'number', least: 0, most })
const optional = (least: number, most: number): Kind => ({ kind: 'number', least, most, optional: true })

/** The longest that any step lasts: half the time of the longest call. */
const LONGEST_S = 600

/** The fields of each step with their bounds. Every behaviour ends: nothing here lasts without an end. */
export const STEP_FIELDS: { readonly [Name in Step['do']]: Readonly<Record<string, Kind>> } = {
  ring: {},
  wait: { seconds: seconds(LONGEST_S) },
  challenge: { username: { kind: 'text', most: 64 }, password: { kind: 'text', most: 64 } },
  answer: {},
  refuse: { status: optional(300, 699), cause: optional(1, 127) },
  play: { sound: { kind: 'one of', values: SOUND_NAMES }, seconds: optional(0, LONGEST_S) },
  tone: { hz: { kind: 'number', least: 50, most: 3_900 }, seconds: seconds(LONGEST_S) },
  say: { text: { kind: 'text', most: 1_000 } },
  press: { keys: { kind: 'text', most: 64 } },
  echo: { seconds: seconds(LONGEST_S) },
  listen: { seconds: seconds(LONGEST_S), silence: optional(1, 60) },
  hold: { seconds: seconds(LONGEST_S) },
  codec: { codec: { kind: 'one of', values: ['PCMU', 'PCMA'] } },
  impair: { lose: { kind: 'number', least: 0, most: 100 }, delay: { kind: 'number', least: 0, most: 5_000 } },
  call_back: { seconds: { kind: 'number', least: 1, most: 60 } },
  hangup: { cause: optional(1, 127) },
  vanish: {},
  garble: {},
}

const MOST_STEPS = 50

/** What is wrong with something that was written for the carrier: where, and how. */
export class ScriptFault extends Error {
  readonly field: string
  readonly problem: string

  constructor(field: string, problem: string) {
    super(`${field} ${problem}`)
    this.name = 'ScriptFault'
    this.field = field
    this.problem = problem
  }
}

/**
 * Reads steps. `variables`: what the letters of a number stand for, so that a field of numbers may say `"nnn"` for the digits
 * that were dialled in their place. Throws a `ScriptFault`.
 */
export function readSteps(value: unknown, at: string, variables?: ReadonlyMap<string, number>): Step[] {
  if (!Array.isArray(value) || value.length > MOST_STEPS)
    throw new ScriptFault(at, `takes a list of at most ${MOST_STEPS} steps`)
  return value.map((each, number) => readStep(each, `${at}[${number}]`, variables))
}

function readStep(value: unknown, at: string, variables: ReadonlyMap<string, number> | undefined): Step {
  if (!isObject(value)) throw new ScriptFault(at, 'takes an object as in {"do":"answer"}')
  const { do: name, ...given } = value
  const known = typeof name === 'string' && Object.hasOwn(STEP_FIELDS, name)
  if (!known) throw new ScriptFault(`${at}.do`, `takes one of ${Object.keys(STEP_FIELDS).join(', ')}`)
  const fields = STEP_FIELDS[name as Step['do']]
  for (const field of Object.keys(given))
    if (!Object.hasOwn(fields, field)) throw new ScriptFault(`${at}.${field}`, `is no field of ${name}`)
  const step: Record<string, unknown> = { do: name }
  for (const [field, kind] of Object.entries(fields)) {
    const read = readField(given[field], kind, `${at}.${field}`, variables)
    if (read !== undefined) step[field] = read
  }
  if (name === 'press' && !/^[0-9A-D*#]+$/.test(String(step.keys)))
    throw new ScriptFault(`${at}.keys`, 'takes keys of 0-9, A-D, * and #')
  return step as Step
}

function readField(value: unknown, kind: Kind, at: string, variables: ReadonlyMap<string, number> | undefined) {
  if (kind.kind === 'number') {
    if (value === undefined && kind.optional) return undefined
    const number = typeof value === 'string' ? variables?.get(value) : value
    if (typeof number !== 'number' || !(number >= kind.least && number <= kind.most))
      throw new ScriptFault(at, `takes a number from ${kind.least} to ${kind.most}`)
    return number
  }
  if (kind.kind === 'one of') {
    if (!kind.values.includes(value as string)) throw new ScriptFault(at, `takes one of ${kind.values.join(', ')}`)
    return value
  }
  if (typeof value !== 'string' || value === '' || value.length > kind.most)
    throw new ScriptFault(at, `takes a text of 1 to ${kind.most} characters`)
  return value
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
