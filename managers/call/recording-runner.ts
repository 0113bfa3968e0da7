import type { Spender } from '#managers/billing'
import { billingErrors } from '#managers/billing/errors'
import { InvariantError, ReasonedError } from '#platform/errors'
import { eventWrite } from '#platform/events'
import { NIL_UUID } from '#platform/ids'
import type { Log } from '#platform/log'
import type { Clock } from '#platform/time'
import type { Line } from '#telecom/line'
import type { CallWriter } from './call-writer.ts'
import { callErrors } from './errors.ts'
import type { Meter } from './meter.ts'
import type { Metering } from './metering.ts'
import { type Recording, recordingVariables } from './recording.ts'
import { type RecordingEvent, recordingEvent } from './recording-events.ts'
import type { RecordedSound, RecordingFiles } from './recording-files.ts'
import type { RecordingInput, RecordingRefusal } from './recording-machine.ts'
import { endDoneWrite, endDueWrite, type RecordingOwner, recordingWrite } from './recording-store.ts'

/** The flow that follows a recording. */
export interface FlowAfterRecording {
  /** The same for a repeat: nothing is started twice. */
  key: string
  customer_id: string
  flow_id: string
  /** What it is bound to: the recording. */
  reference_type: 'recording'
  reference_id: string
  /** The activeflow of what was recorded; the nil UUID = none. */
  reference_activeflow_id: string
  variables: Readonly<Record<string, string>>
}

/** The hook that the server plugs in: starts it; resolves when that is on disk. Rejects = it is tried again. */
export type OnRecordingEnded = (next: FlowAfterRecording) => Promise<unknown>

export interface RecordingNeeds {
  files: RecordingFiles
  /** Whether nothing more is to be kept for a customer; what is recorded already always is. */
  storage: { isFull(customer: string): Promise<boolean> }
  onEnded: OnRecordingEnded
}

/** How long the disk may take to say what is there. */
const MEASURE_MS = 2_000
/** The hook is tried so often, with so much time between; the next life of the node tries again. */
const TRIES = 10
const AGAIN_MS = 5_000

/** What the flow at the end of a recording is started with. */
export function flowAfter(recording: Recording): FlowAfterRecording {
  return {
    key: `recording_end:${recording.id}`,
    customer_id: recording.customer_id,
    flow_id: recording.on_end_flow_id,
    reference_type: 'recording',
    reference_id: recording.id,
    reference_activeflow_id: recording.activeflow_id,
    variables: recordingVariables(recording),
  }
}

interface RunnerNeeds extends RecordingOwner {
  recordings: RecordingNeeds
  metering: Pick<Metering, 'beginRecording'>
  clock: Clock
  log: Log
}

/** Does for one live call what its recordings want done. */
export class RecordingRunner {
  readonly #needs: RunnerNeeds
  readonly #line: () => Line
  readonly #writer: Pick<CallWriter, 'append' | 'written'>
  readonly #take: (input: RecordingInput) => void
  readonly #waiting = new Map<string, (() => void)[]>()
  readonly #spender: Spender
  /** What recordings that are not over cost, by their ids. */
  readonly #meters = new Map<string, Meter>()
  /** Those that were discarded before it was known what they cost. */
  readonly #unwanted = new Set<string>()
  /** Why one was refused, by the key that asked for it. */
  readonly #reasons = new Map<string, ReasonedError>()

  constructor(
    needs: RunnerNeeds,
    parts: {
      /** The call's line as it is now. */
      line: () => Line
      writer: Pick<CallWriter, 'append' | 'written'>
      take: (input: RecordingInput) => void
      /** On whose account they are made. */
      spender: Spender
    },
  ) {
    this.#needs = needs
    this.#spender = parts.spender
    this.#line = parts.line
    this.#writer = parts.writer
    this.#take = parts.take
  }

  /** Asks balance and disk; the answer is an input. */
  prepare(key: string, recording: Recording): void {
    this.#refusalOf(key, recording)
      .catch((error: unknown): RecordingRefusal => {
        this.#needs.log.warn({ recording_id: recording.id, error }, 'a recording could not be made ready')
        return 'unavailable'
      })
      .then((refusal) => this.#take({ type: 'recording_prepared', key, ...(refusal ? { refusal } : {}) }))
  }

  record(recording: Recording, endOfSilenceMs: number): void {
    const [incoming, outgoing] = this.#needs.recordings.files.of(recording)
    if (!incoming || !outgoing) throw new InvariantError(`recording ${recording.id} has no two directions`)
    this.#line().record({
      recording_id: recording.id,
      in: incoming.path,
      out: outgoing.path,
      ...(endOfSilenceMs > 0 ? { endOfSilenceMs } : {}),
    })
  }

  stop(): void {
    this.#line().stopRecording()
  }

  /** Looks what is on the disk; the answer is an input. A disk that does not answer counts as an empty one. */
  measure(recording: Recording): void {
    const { recordings, clock } = this.#needs
    const nothing: RecordedSound = { size: 0, duration: 0 }
    const late = new Promise<RecordedSound>((resolve) => clock.after(MEASURE_MS, () => resolve(nothing)))
    Promise.race([recordings.files.measure(recording), late])
      .catch(() => nothing)
      .then((sound) => this.#take({ type: 'recording_measured', id: recording.id, sound }))
  }

  /** Why this was refused, where that has a reason of its own; told once. */
  whyNot(key: string): ReasonedError | undefined {
    const reason = this.#reasons.get(key)
    this.#reasons.delete(key)
    return reason
  }

  discard(recording: Recording): void {
    const meter = this.#meters.get(recording.id)
    if (meter) meter.discard()
    else this.#unwanted.add(recording.id)
    this.#meters.delete(recording.id)
    this.#needs.recordings.files
      .remove(recording)
      .catch((error) => this.#needs.log.warn({ recording_id: recording.id, error }, 'a folder was left behind'))
  }

  /** Row and events in one write; with the last one the note that its flow has to be started. */
  save(recording: Recording, events: readonly RecordingEvent[]): void {
    const { node, incarnation } = this.#needs
    const tm_create = recording.tm_update ?? recording.tm_create
    this.#meter(recording, events)
    this.#writer.append(recording.reference_id, [
      recordingWrite({ ...recording, node, incarnation }),
      ...events.map((type) => eventWrite({ ...recordingEvent(type, recording), tm_create })),
      ...(isFollowed(recording) ? [endDueWrite(recording.id, { node, incarnation })] : []),
    ])
  }

  /** The recording has ended and its last row is on its way. */
  over(recording: Recording): void {
    void this.#writer.written.then(() => {
      for (const done of this.#waiting.get(recording.id) ?? []) done()
      this.#waiting.delete(recording.id)
      if (isFollowed(recording)) void this.#follow(recording)
    })
  }

  /** Calls `done` when a recording that goes on is over and on disk. */
  whenOver(id: string, done: () => void): void {
    this.#waiting.set(id, [...(this.#waiting.get(id) ?? []), done])
  }

  async #refusalOf(key: string, recording: Recording): Promise<RecordingRefusal | undefined> {
    const { files, storage } = this.#needs.recordings
    if (await storage.isFull(recording.customer_id)) return 'storage_full'
    try {
      const meter = await this.#needs.metering.beginRecording(recording, this.#spender)
      if (this.#unwanted.delete(recording.id)) meter?.discard()
      else if (meter) this.#meters.set(recording.id, meter)
    } catch (error) {
      if (!(error instanceof ReasonedError)) throw error
      this.#reasons.set(key, error)
      if (billingErrors.ACCOUNT_SUSPENDED.is(error)) return 'account_suspended'
      return callErrors.INSUFFICIENT_BALANCE.is(error) ? 'insufficient_balance' : 'spending_limit_reached'
    }
    await files.prepare(recording)
    return undefined
  }

  /** It costs something from its beginning to its end; one that nobody can pay any more is stopped. */
  #meter({ id, status }: Recording, events: readonly RecordingEvent[]): void {
    const meter = this.#meters.get(id)
    const end = () => this.#take({ type: 'stop_recording', key: `unpaid:${id}` })
    if (events.includes('recording_started')) meter?.begin({ warn: () => {}, end })
    if (status !== 'ended') return
    meter?.over()
    this.#meters.delete(id)
  }

  async #follow(recording: Recording): Promise<void> {
    const { recordings, clock, log, node, incarnation } = this.#needs
    for (let left = TRIES; left > 0; left--)
      try {
        await recordings.onEnded(flowAfter(recording))
        return this.#writer.append(recording.reference_id, [endDoneWrite(recording.id, { node, incarnation })])
      } catch (error) {
        log.warn({ recording_id: recording.id, left, error }, 'the flow after a recording could not be started')
        await new Promise<void>((resolve) => clock.after(AGAIN_MS, resolve))
      }
  }
}

/** Whether a flow is to be started now that it has ended. */
function isFollowed({ status, on_end_flow_id }: Recording): boolean {
  return status === 'ended' && on_end_flow_id !== NIL_UUID
}
