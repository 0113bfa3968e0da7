import { CAUSE } from '#telecom/line'
import type { HeaderInput, IncomingInvite } from '#telecom/sip'
import type { CallRecord } from './call-record.ts'
import type { CallParts } from './carrier.ts'
import { type CarrierCall, note } from './carrier-call.ts'
import { needSound, type RunNeeds, ScriptRun } from './script-run.ts'
import { ScriptedIncomingLine, type ScriptedLine, ScriptedOutgoingLine } from './scripted-line.ts'
import type { Step } from './steps.ts'

/** How long a number stays on the line after its last step, and the longest that any call lasts. */
const LINGER_MS = 600_000
const LONGEST_CALL_MS = 3_600_000
/** How long somebody that we call may ring. */
const RING_MS = 60_000
/** What stands where a SIP message should. */
const GARBAGE = Buffer.from(
  'SIP/2.0 2x0 \u0000\u00ff\r\nVia:;;;branch=\r\nCSeq: yes\r\nContent-Length: -1\r\n\r\nv=\r\n',
  'latin1',
)

/** A call to one of the carrier's own numbers, which does what its script says. */
export function takeCall(
  invite: IncomingInvite,
  steps: readonly Step[],
  record: CallRecord,
  parts: CallParts,
): CarrierCall {
  const line = new ScriptedIncomingLine(invite, parts.lineNeeds(steps))
  const call = new ScriptedCall(line, record, parts, {
    garble: () => invite.flow.send(GARBAGE, () => {}),
    ask: (account) => (parts.door.isProved(invite.request, account) ? undefined : parts.door.challenge()),
  })
  void call.play(steps)
  return call
}

/** A call of ours into the platform, and what the caller does once it is answered. */
export function makeCall(
  options: { uri: string; from: string; headers: HeaderInput },
  steps: readonly Step[],
  record: CallRecord,
  parts: CallParts & Required<Pick<CallParts, 'trunk'>>,
): CarrierCall {
  const line = new ScriptedOutgoingLine(
    { uri: options.uri, from: options.from, via: parts.trunk, headers: options.headers },
    { ...parts.lineNeeds(steps), sip: parts.sip },
  )
  const call = new ScriptedCall(line, record, parts, { garble: () => {}, ask: () => undefined })
  void call.dial(line, steps)
  return call
}

class ScriptedCall implements CarrierCall {
  readonly record: CallRecord
  readonly #line: ScriptedLine
  readonly #parts: CallParts
  readonly #run: ScriptRun
  readonly #answered = Promise.withResolvers<boolean>()

  constructor(line: ScriptedLine, record: CallRecord, parts: CallParts, caller: Pick<RunNeeds, 'garble' | 'ask'>) {
    this.record = record
    this.#line = line
    this.#parts = parts
    const { clock, ids, log, heard, speak } = parts
    let back: number | undefined
    this.#run = new ScriptRun({
      ...{ clock, ids, log, line, record, heard, speak, ...caller },
      callBack: (seconds) => {
        back = seconds
      },
    })
    const longest = clock.after(LONGEST_CALL_MS, () => line.hangup(CAUSE.normal))
    line.listen((event) => {
      note(record, event, clock)
      this.#run.on(event)
      if (event.type === 'answered') this.#answered.resolve(true)
      if (event.type !== 'ended') return
      this.#answered.resolve(false)
      longest.cancel()
      parts.over(this)
      if (back !== undefined) parts.callBack(record, back)
    })
  }

  hangUp(cause: number): void {
    this.#line.hangup(cause)
  }

  /** Of a call that came in. */
  async play(steps: readonly Step[]): Promise<void> {
    const line = this.#line as ScriptedIncomingLine
    try {
      const opened = needSound(steps) ? await line.open() : { ok: true as const }
      if (!opened.ok) return line.refuse(opened.status)
    } catch (error) {
      this.#parts.log.warn({ err: error }, 'a call could not be taken')
      return line.refuse(503)
    }
    await this.#run.take(steps)
    if (!line.answered) return line.refuse(480)
    this.#hangUpAfter(LINGER_MS)
  }

  /** Of a call that we make: its script begins with the answer, and it ends with its script. */
  async dial(line: ScriptedOutgoingLine, steps: readonly Step[]): Promise<void> {
    try {
      await line.open()
    } catch (error) {
      this.#parts.log.warn({ err: error }, 'a call could not be made')
      line.hangup(CAUSE.temporaryFailure)
      return
    }
    this.#parts.watch(line.dialog.call_id, this.record)
    line.dial()
    const patience = this.#parts.clock.after(RING_MS, () => line.hangup(CAUSE.noAnswer))
    const answered = await this.#answered.promise
    patience.cancel()
    if (!answered) return
    await this.#run.take(steps)
    line.hangup(CAUSE.normal)
  }

  #hangUpAfter(ms: number): void {
    const line = this.#line
    if (line.ended) return
    const timer = this.#parts.clock.after(ms, () => line.hangup(CAUSE.normal))
    void this.#run.over.then(() => timer.cancel())
  }
}
