import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { NIL_UUID } from '#platform/ids'
import { FakePhone, type Platform, pause, Sipp, type SippResult } from '#testkit'
import {
  ALL_SHARES,
  CALLEES,
  CALLER_NAMES,
  CALLERS,
  type CalleeName,
  type CallerName,
  calleeScenario,
  callerScenario,
  type Dialled,
} from './phones.ts'
import type { Caller } from './scenario.ts'

/** The longest call takes a few seconds; then whoever was called is told to end. */
const LAST_CALLS_MS = 12_000
const PATIENCE_S = 120

/** What SIPp counted of each scenario. */
export interface Played {
  callers: Record<CallerName, SippResult>
  callees: Record<CalleeName, SippResult>
}

/** The telephones of a soak: extensions, numbers and the scenarios that they play. */
export class Telephones {
  readonly #platform: Platform
  readonly #caller: Caller
  readonly #callees: Record<CalleeName, Caller>
  readonly #dialled: Dialled
  readonly #voice: string

  private constructor(
    platform: Platform,
    parts: { caller: Caller; callees: Record<CalleeName, Caller>; dialled: Dialled; voice: string },
  ) {
    this.#platform = platform
    this.#caller = parts.caller
    this.#callees = parts.callees
    this.#dialled = parts.dialled
    this.#voice = parts.voice
  }

  /** Makes the extensions, the flows and the numbers that the callers dial. */
  static async install(platform: Platform): Promise<Telephones> {
    const [caller] = platform.credentials.extensions
    if (!caller) throw new Error('the sample customer has no extension')
    const callees: Partial<Record<CalleeName, Caller>> = {}
    for (const name of CALLEES) callees[name] = await platform.extension()
    const { answers, rings, busy, leaves } = callees as Record<CalleeName, Caller>
    const dialled: Dialled = {
      ...{ menu: await numberThat(platform, menu([])), recorded: await numberThat(platform, menu(RECORDED)) },
      group: await numberThat(platform, [
        { type: 'connect', option: { destinations: [rings, busy, answers].map(address) } },
        { type: 'hangup' },
      ]),
      ...{ extension: answers.extension, hold: answers.extension, cancel: rings.extension },
      ...{ busy: busy.extension, transfer: leaves.extension },
    }
    const voice = join(platform.dataDir, 'voice.ul')
    writeFileSync(voice, hum())
    return new Telephones(platform, { caller, callees: callees as Record<CalleeName, Caller>, dialled, voice })
  }

  /** Has so many calls a second made for so long; resolves when the last is over. */
  async play(callsPerSecond: number, seconds: number): Promise<Played> {
    const timeoutSeconds = seconds + PATIENCE_S
    const ports = new Map<CalleeName, Sipp>()
    for (const name of CALLEES) ports.set(name, await this.#callee(name, timeoutSeconds))
    const third = `sip:${this.#callees.third.extension}@${this.#platform.sip}`
    const callers: Partial<Record<CallerName, SippResult>> = {}
    await Promise.all(
      CALLER_NAMES.map(async (name) => {
        const share = (callsPerSecond * CALLERS[name]) / ALL_SHARES
        const calling = await Sipp.start({
          ...{ target: this.#platform.sip, service: this.#dialled[name], timeoutSeconds },
          ...{ callsPerSecond: share, calls: Math.max(1, Math.round(share * seconds)), atOnce: 1_000 },
          scenario: this.#file(`${name}-caller`, callerScenario(name, this.#caller, this.#voice, third)),
        })
        callers[name] = await calling.finish()
      }),
    )
    await pause(LAST_CALLS_MS)
    const callees: Partial<Record<CalleeName, SippResult>> = {}
    for (const [name, sipp] of ports) callees[name] = await sipp.halt()
    return { callers: callers as Played['callers'], callees: callees as Played['callees'] }
  }

  /** Registers a phone and leaves its port to SIPp, which answers there. */
  async #callee(name: CalleeName, timeoutSeconds: number): Promise<Sipp> {
    const { extension: user, password } = this.#callees[name]
    const phone = await FakePhone.start({ server: this.#platform.sip, user, password })
    await phone.register({ contact: '*', expires: 0 })
    const { status } = await phone.register({ expires: 7_200 })
    if (status !== 200) throw new Error(`REGISTER of ${user}: ${status}`)
    const { port } = phone
    phone.close()
    return Sipp.start({ scenario: this.#file(name, calleeScenario(name)), port, echoes: true, timeoutSeconds })
  }

  #file(name: string, text: string): string {
    const file = join(this.#platform.dataDir, `${name}.xml`)
    writeFileSync(file, text)
    return file
  }
}

const RECORDED = [{ type: 'recording_start' }]
const PRESSED = '10000000-0000-4000-8000-000000000001'
const WRONG = '10000000-0000-4000-8000-000000000002'

/** Speaks, waits for a key, says that it was the right one, and hangs up. */
function menu(more: readonly object[]): object[] {
  return [
    { type: 'answer' },
    ...more,
    { type: 'talk', option: { text: 'Press one.', language: 'en-US' } },
    { type: 'digits_receive', option: { duration: 5_000, length: 1 } },
    { type: 'branch', option: { target_ids: { 1: PRESSED }, default_target_id: WRONG } },
    { id: PRESSED, type: 'beep' },
    { type: 'hangup' },
    { id: WRONG, type: 'sleep', option: { duration: 60_000 } },
  ]
}

function address({ extension }: Caller): object {
  return { type: 'extension', target_name: extension }
}

let numbers = 0

async function numberThat(platform: Platform, actions: readonly object[]): Promise<string> {
  const flow = await made(platform, '/flows', { name: 'soak', detail: '', actions })
  const number = `+8995550001${String(++numbers).padStart(2, '0')}`
  await made(platform, '/numbers', {
    ...{ number, type: 'virtual', call_flow_id: flow.id, message_flow_id: NIL_UUID, name: 'soak', detail: '' },
  })
  return number
}

async function made(platform: Platform, path: string, body: object): Promise<{ id: string }> {
  const answer = await platform.api('POST', path, body)
  if (answer.status !== 200) throw new Error(`POST ${path}: ${JSON.stringify(answer.body)}`)
  return answer.body
}

/** A second of a tone of 500 Hz in µ-law: sixteen samples again and again. */
function hum(): Buffer {
  const period = Buffer.from([
    0xff, 0xa5, 0x98, 0x92, 0x90, 0x92, 0x98, 0xa5, 0xff, 0x25, 0x18, 0x12, 0x10, 0x12, 0x18, 0x25,
  ])
  return Buffer.concat(Array.from({ length: 500 }, () => period))
}
