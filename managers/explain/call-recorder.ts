import type { Call, CallWitness, EndAsker, MatchedRule, RefusedInvite, WitnessedLine } from '#managers/call'
import type { Bus, Subscription } from '#platform/bus'
import type { WriteLanes } from '#platform/db'
import type { Log } from '#platform/log'
import type { Clock, Timer } from '#platform/time'
import type { LineEvent } from '#telecom/line'
import type { MediaEvent } from '#telecom/media'
import { messageIdsOf, type SipTap } from '#telecom/sip'
import {
  type CallRecord,
  LINE_EVENTS,
  MEDIA_EVENTS,
  type RecordedFact,
  type WitnessedLineEvent,
  type WitnessedMediaEvent,
} from './call-record.ts'
import type { Captures } from './captures.ts'
import { callerNameOf, LineIndex } from './line-index.ts'
import { LiveRecord } from './live-record.ts'
import { LONGEST_MESSAGE, MessageRing } from './message-ring.ts'
import { PendingRings } from './pending-rings.ts'
import { RECORDS, type RecordQuestion, readRecordQuestion } from './record-question.ts'
import { RecordWriter } from './record-writer.ts'

/** Short, so that only a few records are masked in one turn of the loop. */
const TICK_MS = 200
/** After its end the last answers and the figures of its sound still come. */
const LINGER_MS = 2_000
/** A call that lives longer is written so often, so that a crash costs no more than that. */
const EVERY_MS = 60_000
/** Records of calls that are over and could not be written yet; the oldest is lost beyond. */
const MOST_OVER = 5_000

/** Days of captures are forgotten by another role. */
const COUNT_MS = 600_000

export interface CallRecorderNeeds {
  clock: Clock
  log: Log
  lanes: WriteLanes
  bus: Bus
  captures: Captures
  /** Hears of INVITEs that were refused before there was a call. */
  onRefused?: (refused: RefusedInvite) => void
}

/** What the recorder has done so far, for the metrics. */
export interface CallRecorderCounts {
  live: number
  written: number
  lost: number
  messages_dropped: number
}

/**
 * Notes what was on the wire and what became of each call, in memory, and writes it as one row when the call is over, each
 * minute while it lives, and at a stop. Noting costs a search and a copy per message; packing and masking come after the call,
 * and no call waits for them. Lives in the call role.
 */
export class CallRecorder implements CallWitness {
  readonly #needs: CallRecorderNeeds
  readonly #clock: Clock
  readonly #writer: RecordWriter
  readonly #pending: PendingRings
  readonly #records = new Map<string, LiveRecord>()
  readonly #lines = new LineIndex()
  readonly #byLine = new Map<string, LiveRecord>()
  readonly #over = new Map<string, LiveRecord>()
  #lost = 0
  #countedMs = 0
  #timer: Timer | undefined
  #answers: Subscription | undefined

  constructor(needs: CallRecorderNeeds) {
    this.#needs = needs
    this.#clock = needs.clock
    this.#writer = new RecordWriter(needs)
    this.#pending = new PendingRings(needs.clock)
  }

  /** Writes from now on, and answers who asks for the record of a call that lives here. */
  start(): void {
    this.#answers = this.#needs.bus.respond(RECORDS, (body) => this.#answer(readRecordQuestion(body)))
    this.#count(() => this.#needs.captures.measure())
    this.#tick()
  }

  get counts(): CallRecorderCounts {
    const { written, lost } = this.#writer.counts
    return { live: this.#records.size, written, lost: lost + this.#lost, messages_dropped: this.#pending.dropped }
  }

  /** Writes everything that is not written, and resolves when it is on disk, or can never be. */
  async stop(): Promise<void> {
    this.#timer?.cancel()
    this.#answers?.unsubscribe()
    const left = [...this.#records.values()]
    await Promise.all(left.map((record) => this.#writer.write(record, record.overMs !== undefined)))
  }

  /** What has been noted of a call so far, without its secrets; `undefined` where it is not in memory. */
  snapshotOf(call_id: string): CallRecord | undefined {
    return this.#records.get(call_id)?.snapshot()
  }

  /** For the SIP stack: hears every message. */
  readonly tap: SipTap = (direction, data, transport, local, remote) => {
    const ids = messageIdsOf(data)
    if (!ids) return
    const record = this.#lines.find(ids, direction, remote)
    const ring = record?.ring ?? this.#pending.find(ids, { direction, data, remote })
    if (!ring) return
    const cut = data.length - LONGEST_MESSAGE
    ring.add({
      at: this.#clock.wallMs(),
      direction,
      transport,
      local,
      remote,
      text: data.toString('latin1', 0, LONGEST_MESSAGE),
      ...(cut > 0 ? { cut } : {}),
    })
    if (record) record.isNew = true
  }

  /** For the lines: hears what the sound of each tells. */
  readonly mediaWitness = (line_id: string, event: MediaEvent): void => {
    if (MEDIA_EVENTS.has(event.type))
      this.#note(this.#byLine.get(line_id), {
        at: this.#clock.wallMs(),
        kind: 'media',
        event: event as WitnessedMediaEvent,
      })
  }

  refused(refused: RefusedInvite): void {
    this.#needs.onRefused?.(refused)
  }

  began(call: Call, line: WitnessedLine, rule?: MatchedRule): void {
    const ring = this.#pending.take(callerNameOf(line.dialog)) ?? new MessageRing()
    const record = new LiveRecord(call, { rule: rule ?? null, ring, nowMs: this.#clock.monotonicMs() })
    this.#records.set(call.id, record)
    this.#follow(record, line)
    if (!call.metadata.rtp_debug) return
    const { id: call_id, customer_id } = call
    const capture = this.#needs.captures.make({ day: call.tm_create.slice(0, 10), customer_id, call_id })
    if (!capture) return
    if (typeof capture === 'string') {
      this.#note(record, { at: this.#clock.wallMs(), kind: 'not_captured', why: capture })
      return
    }
    record.capture = capture
    line.capture(capture.target)
  }

  redialled(call_id: string, line: WitnessedLine): void {
    const record = this.#records.get(call_id)
    if (!record) return
    this.#follow(record, line)
    if (record.capture) line.capture(record.capture.target)
    this.#note(record, { at: this.#clock.wallMs(), kind: 'redialled' })
  }

  lineSaid(call_id: string, event: LineEvent, codec: string | undefined): void {
    if (!LINE_EVENTS.has(event.type)) return
    const said = event as WitnessedLineEvent
    const fact: RecordedFact = { at: this.#clock.wallMs(), kind: 'line', event: said, ...(codec ? { codec } : {}) }
    this.#note(this.#records.get(call_id), fact)
  }

  endAsked(call_id: string, by: EndAsker): void {
    const record = this.#records.get(call_id)
    // whoever asks for the end of a call that is over has not ended it
    if (record?.overMs === undefined) this.#note(record, { at: this.#clock.wallMs(), kind: 'end_asked', by })
  }

  connectRefused(call_id: string, reason: string): void {
    this.#note(this.#records.get(call_id), { at: this.#clock.wallMs(), kind: 'connect_refused', reason })
  }

  over(call: Call): void {
    const record = this.#records.get(call.id)
    if (!record || record.overMs !== undefined) return
    record.overMs = this.#clock.monotonicMs()
    record.isNew = true
    this.#over.set(call.id, record)
  }

  #note(record: LiveRecord | undefined, fact: RecordedFact): void {
    record?.note(fact)
  }

  #follow(record: LiveRecord, line: WitnessedLine): void {
    this.#lines.add(record, line.dialog)
    record.lines.push(line.id)
    this.#byLine.set(line.id, record)
  }

  #forget(record: LiveRecord): void {
    this.#records.delete(record.call_id)
    this.#over.delete(record.call_id)
    this.#lines.delete(record)
    if (record.capture) void this.#needs.captures.settle(record.capture.name)
    for (const id of record.lines) this.#byLine.delete(id)
  }

  #tick(): void {
    const nowMs = this.#clock.monotonicMs()
    this.#pending.sweep(nowMs)
    if (nowMs - this.#countedMs >= COUNT_MS) this.#count(() => this.#needs.captures.recount())
    if (this.#writer.mayWrite()) {
      for (const record of this.#over.values()) {
        if (nowMs - (record.overMs ?? nowMs) < LINGER_MS) break // in the order in which they ended
        this.#over.delete(record.call_id)
        void this.#writer.write(record, true).then(() => this.#forget(record))
      }
      for (const record of this.#records.values()) this.#checkpoint(record, nowMs)
    }
    for (const record of this.#over.values()) {
      if (this.#over.size <= MOST_OVER) break
      this.#lost++
      this.#forget(record)
    }
    this.#timer = this.#clock.after(TICK_MS, () => this.#tick())
  }

  /** What captures take on disk. */
  #count(work: () => Promise<void>): void {
    this.#countedMs = this.#clock.monotonicMs()
    work().catch((error: unknown) => this.#needs.log.warn({ error }, 'captured sound could not be counted'))
  }

  #checkpoint(record: LiveRecord, nowMs: number): void {
    if (record.overMs !== undefined || !record.isNew || nowMs - record.writtenMs < EVERY_MS) return
    record.writtenMs = nowMs
    record.isNew = false
    void this.#writer.write(record, false)
  }

  /** The record of a call of this customer that lives here, or is not on disk yet; a foreign one is none. */
  #answer(question: RecordQuestion | undefined): { record: CallRecord; over: boolean } | null {
    const record = question && this.#records.get(question.call_id)
    if (record?.customer_id !== question?.customer_id || !record) return null
    return { record: record.snapshot(), over: record.overMs !== undefined }
  }
}
