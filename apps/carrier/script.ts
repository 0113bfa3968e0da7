import { readFileSync } from 'node:fs'
import { Numbering, type NumberRow } from './numbering.ts'
import { isObject, readSteps, ScriptFault, type Step } from './steps.ts'

/** A call that the script makes by itself. */
export interface ScriptedCall {
  /** How long after the start of the carrier. */
  after_seconds: number
  from: string
  to: string
  steps: readonly Step[]
}

/** Everything that the carrier plays. */
export interface Script {
  numbers: Numbering
  calls: readonly ScriptedCall[]
}

const MOST_CALLS = 100
const A_DAY_S = 86_400

/** Reads a script, or the one that comes with the carrier. Throws a `ScriptFault`, and what reading the file throws. */
export function readScript(file: string | URL = new URL('./default-script.json', import.meta.url)): Script {
  return scriptOf(readFileSync(file, 'utf8'))
}

/** Reads the text of a script. */
export function scriptOf(text: string): Script {
  const script = parsed(text)
  if (!isObject(script)) throw new ScriptFault('the script', 'is no JSON object')
  for (const name of Object.keys(script))
    if (name !== 'numbers' && name !== 'calls') throw new ScriptFault(name, 'is no part of a script')
  const { numbers = [], calls = [] } = script
  if (!Array.isArray(numbers)) throw new ScriptFault('numbers', 'takes a list')
  if (!Array.isArray(calls) || calls.length > MOST_CALLS)
    throw new ScriptFault('calls', `takes a list of at most ${MOST_CALLS}`)
  return { numbers: new Numbering(numbers.map(readRow)), calls: calls.map(readCall) }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new ScriptFault('the script', `is no JSON: ${error}`)
  }
}

function readRow(row: unknown, at: number): NumberRow {
  if (!isObject(row) || typeof row.number !== 'string') throw new ScriptFault(`numbers[${at}]`, 'has no number')
  return { number: row.number, does: typeof row.does === 'string' ? row.does : '', steps: row.steps }
}

function readCall(call: unknown, at: number): ScriptedCall {
  const where = `calls[${at}]`
  if (!isObject(call)) throw new ScriptFault(where, 'takes an object')
  const { after_seconds = 0, from, to, steps } = call
  if (typeof after_seconds !== 'number' || !(after_seconds >= 0 && after_seconds <= A_DAY_S))
    throw new ScriptFault(`${where}.after_seconds`, `takes a number from 0 to ${A_DAY_S}`)
  return {
    after_seconds,
    from: readNumber(from, `${where}.from`),
    to: readNumber(to, `${where}.to`),
    steps: readSteps(steps, `${where}.steps`),
  }
}

/** A telephone number as it stands in a script or request. */
export function readNumber(value: unknown, at: string): string {
  if (typeof value !== 'string' || !/^\+[1-9]\d{2,14}$/.test(value))
    throw new ScriptFault(at, 'takes a number as in +999000000200')
  return value
}
