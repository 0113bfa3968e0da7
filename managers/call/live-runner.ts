import { NOBODY, type Spender } from '#managers/billing'
import type { WriteLanes } from '#platform/db'
import type { ReasonedError } from '#platform/errors'
import type { Ids } from '#platform/ids'
import type { Log } from '#platform/log'
import type { Clock, Stopwatch } from '#platform/time'
import type { AskedTransfer, Line } from '#telecom/line'
import type { StreamTarget } from '#telecom/media'
import type { Attempt, AttemptEvent } from './attempt.ts'
import { type Call, type CallAction, type HangupReason, isEnding } from './call.ts'
import { CallActor } from './call-actor.ts'
import { CallAudience } from './call-audience.ts'
import type { CallEffect } from './call-effect.ts'
import type { CallInput } from './call-input.ts'
import type { CallLimits } from './call-limits.ts'
import { CallTimers } from './call-timers.ts'
import type { CallWitness, EndAsker, MatchedRule } from './call-witness.ts'
import { CallWriter } from './call-writer.ts'
import { type CallOut, type ConnectingCaller, ConnectRunner } from './connect-runner.ts'
import type { Control, ControlRefusal } from './control.ts'
import type { PeerInput } from './conversation.ts'
import type { DialableLine } from './dialable-line.ts'
import type { DialledWay } from './dialling.ts'
import type { CallEvent } from './events.ts'
import { Followers } from './followers.ts'
import { MAX_FORWARDS } from './hops.ts'
import type {
  ConnectOptions,
  LiveCall,
  LiveCallInput,
  PreparedFlow,
  RecordingOptions,
  SayOptions,
} from './live-call.ts'
import type { Meter } from './meter.ts'
import { meteredLeg } from './metered-leg.ts'
import type { Metering } from './metering.ts'
import type { MoveInput } from './move.ts'
import { OpenQuestions } from './open-questions.ts'
import { type RecordingNeeds, RecordingRunner } from './recording-runner.ts'
import { RouteAttempts } from './route-attempt.ts'
import { routeAttemptWrite } from './route-attempt-store.ts'
import { type SoundFetcher, SoundPreparer, type Speech } from './sound-preparer.ts'

export interface LiveNeeds {
  clock: Clock
  ids: Ids
  log: Log
  lanes: WriteLanes
  speech: Speech
  sounds: SoundFetcher
  recordings: RecordingNeeds
  /** Reserves what costs something. */
  metering: Pick<Metering, 'begin' | 'beginRecording'>
  node: string
  incarnation: string
  limits?: Partial<CallLimits>
  callOut: CallOut
  /** Another live leg of this node. */
  leg(call_id: string): LiveRunner | undefined
  /** The phone of a leg asks for a transfer: it is accepted or refused through its line. */
  transferAsked(live: LiveRunner, transfer: AskedTransfer): void
  /** The call is over. */
  release(live: LiveRunner): void
  witness?: CallWitness
}

/** A way to a callee; each has a line of its own. */
export interface DialableWay extends DialledWay {
  line(): DialableLine
}

export interface LiveParts {
  call: Call
  line: Line | DialableLine
  watch: Stopwatch
  /** Nobody proved who began this: nothing that follows dials a paid destination. */
  free_only: boolean
  /** On whose account it makes others be called. */
  spender?: Spender
  /** Watches what it costs; a leg that is free has none. */
  meter?: Meter
  /** It is a phone of the customer's own, which may ask for more than to be talked with. */
  isOwnPhone?: boolean
  /** Of the INVITE that began it. */
  maxForwards?: number
  /** How often it has left for a carrier. */
  hops?: number
  /** What let its caller in. */
  rule?: MatchedRule
  /** The caller asked not to be shown. */
  isPrivate?: boolean
  /** Limits of this call, where they are not the usual ones. */
  limits?: Partial<CallLimits>
  /** The ways to a callee, the one of `line` first. */
  ways?: readonly DialableWay[]
  /** What a call of ours runs when it is answered, with `early` when it rings. */
  flow?: { prepared: PreparedFlow; early: boolean }
  /** Hears what comes of a leg of ours; without one its answer counts by itself. */
  report?: (event: AttemptEvent) => void
}

/**
 * Runs one call's actor: gives it its inputs one at a time, does what it wants done, and writes what it says, in order.
 * What subscribers hear is told between two turns, never from inside a command.
 */
export class LiveRunner implements LiveCall, Attempt, ConnectingCaller {
  readonly kind = 'call'
  readonly free_only: boolean
  readonly spender: Spender
  readonly isOwnPhone: boolean
  readonly maxForwards: number
  readonly hops: number
  readonly isPrivate: boolean
  /** How often whoever is on this leg was transferred. */
  transfers = 0
  readonly #needs: LiveNeeds
  readonly #actor: CallActor
  readonly #writer: CallWriter
  readonly #recordings: RecordingRunner
  readonly #sounds: SoundPreparer
  readonly #connecting: ConnectRunner
  readonly #report: LiveParts['report']
  readonly #rule: MatchedRule | undefined
  readonly #meter: Meter | undefined
  #line: Line | DialableLine
  readonly #ways: readonly DialableWay[]
  readonly #routes: RouteAttempts
  /** The flow of a call of ours that has not begun. */
  #flow: LiveParts['flow']
  readonly #followers = new Followers((call_ids) => this.#take({ type: 'chain', call_ids }))
  readonly #audience: CallAudience
  readonly #timers: CallTimers
  readonly #questions = new OpenQuestions()
  readonly #queue: CallInput[] = []
  #running = false
  #released = false
  readonly #onStored: (() => void)[] = []

  constructor(needs: LiveNeeds, parts: LiveParts) {
    const { call, line, watch, ways = [] } = parts
    this.#needs = needs
    this.#line = line
    this.#report = parts.report
    this.#rule = parts.rule
    this.#meter = parts.meter
    this.spender = parts.spender ?? NOBODY
    this.#flow = parts.flow
    this.#ways = ways
    this.#routes = new RouteAttempts(() => watch.now())
    this.free_only = parts.free_only
    this.isOwnPhone = parts.isOwnPhone ?? false
    this.maxForwards = parts.maxForwards ?? MAX_FORWARDS
    this.hops = parts.hops ?? 0
    this.isPrivate = parts.isPrivate ?? false
    this.#audience = new CallAudience({ call_id: call.id, log: needs.log })
    this.#timers = new CallTimers(needs.clock, (timer) => this.#take({ type: 'timer', timer }))
    this.#writer = new CallWriter(needs, () => this.#take({ type: 'stored' }))
    const take = (input: CallInput) => this.#take(input)
    this.#recordings = new RecordingRunner(needs, {
      ...{ line: () => this.#line, writer: this.#writer, take },
      spender: parts.spender ?? NOBODY,
    })
    this.#connecting = new ConnectRunner(needs, { caller: this, take })
    this.#sounds = new SoundPreparer(needs, { call_id: call.id, take })
    this.#actor = new CallActor(call, {
      ids: needs.ids,
      now: () => watch.now(),
      ...(parts.ways ? { ways } : {}),
      isEarly: parts.flow?.early ?? false,
      limits: { ...needs.limits, ...parts.limits },
    })
  }

  get id(): string {
    return this.#actor.call.id
  }

  /** Its line, for the leg that hears it. */
  get line(): Line {
    return this.#line
  }

  get customer_id(): string {
    return this.#actor.call.customer_id
  }

  /** Resolves when everything written so far is on disk (or can never be). */
  get written(): Promise<void> {
    return this.#writer.written
  }

  get codec(): string | undefined {
    return this.#line.codec
  }

  get worker(): number | undefined {
    return this.#line.worker
  }

  /** The first step: its row and events are on their way to the disk; a caller rings, a callee is dialled after that. */
  begin(): void {
    this.#needs.witness?.began(this.#actor.call, this.#line, this.#rule)
    this.#run(this.#actor.begin())
    this.#listen(this.#line)
  }

  snapshot(): Call {
    return structuredClone(this.#actor.call)
  }

  answer(key: string): void {
    this.#take({ type: 'answer', key })
  }

  say(key: string, text: string, voice: SayOptions = {}): void {
    this.#take({ type: 'say', key, text, voice })
  }

  play(key: string, urls: readonly string[]): void {
    this.#take({ type: 'play', key, urls })
  }

  playPrompt(key: string, files: readonly string[]): void {
    this.#take({ type: 'prompt', key, files })
  }

  beep(key: string): void {
    this.#take({ type: 'beep', key })
  }

  sendDigits(key: string, digits: string, options: { duration_ms: number; interval_ms: number }): void {
    this.#take({ type: 'digits', key, digits, ...options })
  }

  echo(key: string, duration_ms: number): void {
    this.#take({ type: 'echo', key, duration_ms })
  }

  stopPlaying(): void {
    this.#take({ type: 'stop_playing' })
  }

  hangup(reason: HangupReason, cause?: number, by?: EndAsker): void {
    // what ends already has been ended by somebody else
    if (by && !isEnding(this.#actor.call)) this.#needs.witness?.endAsked(this.id, by)
    this.#take({ type: 'hangup', reason, ...(cause === undefined ? {} : { cause }) })
  }

  connect(key: string, options: ConnectOptions): void {
    this.#take({ type: 'connect', key, options })
  }

  startRecording(key: string, options: RecordingOptions): void {
    this.#take({ type: 'start_recording', key, options })
  }

  stopRecording(key: string): void {
    this.#take({ type: 'stop_recording', key })
  }

  detectMachine(key: string, options: { hangup: boolean }): void {
    this.#take({ type: 'detect', key, ...options })
  }

  /**
   * Asks for something beside what its flow does. Resolves when it is done (words: when they begin to sound), or with why it
   * is not. A repeat under the key of one that is under way shares its answer.
   */
  control(key: string, control: Control): Promise<ControlRefusal | undefined> {
    return this.#questions.ask(key, () => this.#take({ type: 'control', key, control }))
  }

  /** Joins a program that hears and speaks. Resolves when it is there, or with why it is not. */
  startStream(key: string, stream: StreamTarget): Promise<ControlRefusal | undefined> {
    return this.#questions.ask(key, () => this.#take({ type: 'start_stream', key, stream }))
  }

  /** Ends one of these, or all of them. */
  stopStream(key: string, stream_id?: string): Promise<ControlRefusal | undefined> {
    const which = stream_id === undefined ? {} : { stream_id }
    return this.#questions.ask(key, () => this.#take({ type: 'stop_stream', key, ...which }))
  }

  /** Why what was asked for under this key is not recorded, where that has a reason of its own; told once. */
  whyNotRecorded(key: string): ReasonedError | undefined {
    return this.#recordings.whyNot(key)
  }

  /** What the leg that it is joined with does. */
  steer(input: PeerInput): void {
    this.#take(input)
  }

  get mayLead(): boolean {
    return !isEnding(this.#actor.call)
  }

  lead(follower: Attempt): void {
    this.#followers.lead(follower)
  }

  get isUp(): boolean {
    return this.#actor.call.status === 'progressing'
  }

  /** The leg that it talks with. */
  get peer(): string | undefined {
    return this.#actor.peer
  }

  /** Whether its flow, or it alone, waits for the end of a conversation. */
  get isConnected(): boolean {
    return this.#actor.isConnected
  }

  /** A transfer moves it to another conversation. */
  move(input: MoveInput): void {
    this.#take(input)
  }

  /** This leg, and the groups that it is among, do not end with ours any more; gives what followed us for it. */
  letGo(call_id: string): readonly Attempt[] {
    return this.#followers.letGo(call_id)
  }

  /** What was let go follows us again. */
  leadAgain(followers: readonly Attempt[]): void {
    this.#followers.leadAgain(followers)
  }

  holds(call_id: string): boolean {
    return call_id === this.id
  }

  /** Its answer is the one that counts: its flow begins. */
  win(): void {
    const flow = this.#flow
    this.#flow = undefined
    flow?.prepared.start(this)
  }

  setAction(action: CallAction): void {
    this.#take({ type: 'action', action })
  }

  subscribe(handler: (input: LiveCallInput) => void): () => void {
    return this.#audience.subscribe(handler)
  }

  /** Calls `done` once the call is over, its recordings too, and its row is on disk; at once (in the next turn) when it is. */
  whenStored(done: () => void): void {
    if (!this.#released) this.#onStored.push(done)
    else void this.#writer.written.then(done)
  }

  /** Calls `done` once a recording is over and on disk; at once (in the next turn) when it is. */
  whenRecordingStored(recording_id: string, done: () => void): void {
    if (this.#actor.isRecording(recording_id)) this.#recordings.whenOver(recording_id, done)
    else void this.#writer.written.then(done)
  }

  /** One input at a time: what comes while another is being handled waits. */
  #take(input: CallInput): void {
    this.#queue.push(input)
    if (this.#running) return
    this.#running = true
    try {
      for (let at = this.#queue.shift(); at; at = this.#queue.shift()) this.#run(this.#actor.on(at))
    } finally {
      this.#running = false
    }
  }

  #run(effects: readonly CallEffect[]): void {
    for (const effect of effects) this.#do(effect)
  }

  #do(effect: CallEffect) {
    switch (effect.do) {
      case 'ring':
        return this.#line.ring()
      case 'answer':
        this.#line.answer()
        return
      case 'dial':
        if ('dial' in this.#line) this.#line.dial() // a line that came in is up already
        return
      case 'redial':
        return this.#redial(effect.way)
      case 'note_route':
        return this.#noteRoute(effect)
      case 'play':
        return this.#line.play(effect.sound, effect.parts)
      case 'echo':
        return this.#line.echo()
      case 'silence':
        return this.#line.silence()
      case 'detect':
        return this.#line.detect()
      case 'hold':
        return this.#line.hold(effect.on)
      case 'cover':
        return effect.by === 'moh' ? this.#line.coverMusic(effect.on) : this.#line.coverSilence(effect.on)
      case 'mute':
        return this.#line.mute(effect.direction === '' ? undefined : effect.direction)
      case 'announce':
        return this.#line.announce(effect.sound, effect.parts)
      case 'stream':
        return this.#line.stream(effect.stream)
      case 'end_stream':
        return this.#line.endStream(effect.stream_id)
      case 'controlled':
        return this.#questions.answered(effect.key, effect.refusal)
      case 'ringback':
        return this.#line.ringback()
      case 'music':
        return this.#line.music()
      case 'bridge':
        return this.#bridge(effect.peer)
      case 'steer':
        return this.#needs.leg(effect.peer)?.steer({ ...effect.input, peer: this.id })
      case 'call_out':
        return this.#connecting.callOut(effect.key, effect.options)
      case 'win_attempt':
      case 'end_attempt':
      case 'end_other_attempts':
        return this.#connecting.do(effect)
      case 'report':
        return this.#tellWhoCalled(effect.event)
      case 'ask_transfer':
        return this.#needs.transferAsked(this, effect.transfer)
      case 'end_chain':
        return this.#followers.endAll()
      case 'hangup':
        return this.#line.hangup(effect.cause)
      case 'render':
        return this.#sounds.render(effect.sound, effect.text, effect.voice)
      case 'fetch':
        return this.#sounds.fetch(effect.sound, effect.urls)
      case 'abort':
        return this.#sounds.abort(effect.sound)
      case 'prepare_recording':
        return this.#recordings.prepare(effect.key, effect.recording)
      case 'record':
        return this.#recordings.record(effect.recording, effect.endOfSilenceMs)
      case 'stop_recording':
        return this.#recordings.stop()
      case 'measure_recording':
        return this.#recordings.measure(effect.recording)
      case 'discard_recording':
        return this.#recordings.discard(effect.recording)
      case 'save_recording':
        return this.#recordings.save(effect.recording, effect.events)
      case 'recording_over':
        return this.#recordings.over(effect.recording)
      case 'save':
        return this.#save(effect.call, effect.events)
      case 'tell':
        return this.#audience.post(effect.input)
      case 'start':
        return this.#timers.start(effect.timer, effect.ms)
      case 'stop':
        return this.#timers.stop(effect.timer)
      case 'release':
        return this.#release()
    }
  }

  #listen(line: Line): void {
    line.listen((event) => {
      if (line !== this.#line) return
      this.#needs.witness?.lineSaid(this.id, event, line.codec)
      this.#take({ type: 'line', event })
    })
  }

  /** A leg that has gone is silence. */
  #bridge(peer: string): void {
    const line = this.#needs.leg(peer)?.line
    if (line) this.#line.bridge(line)
    else this.#line.silence()
  }

  #redial(at: number): void {
    const way = this.#ways[at]
    if (!way) {
      this.#take({ type: 'redial_failed' })
      return
    }
    const line = way.line()
    line.open().then(
      () => {
        this.#line = line
        this.#needs.witness?.redialled(this.id, line)
        this.#listen(line)
        this.#take({ type: 'redial_ready' })
      },
      (error: unknown) => {
        this.#needs.log.warn({ call_id: this.id, error }, 'another way to a callee could not be tried')
        this.#take({ type: 'redial_failed' })
      },
    )
  }

  #noteRoute(effect: CallEffect & { do: 'note_route' }): void {
    const { call } = this.#actor
    this.#writer.append(call.id, [routeAttemptWrite(this.#routes.note(call, effect))])
  }

  /** The flow begins with the answer that counts, an early one with the ringing; with neither it ends without a step. */
  #tellWhoCalled(event: AttemptEvent): void {
    if (event.type === 'ringing' && this.#flow?.early) this.win()
    if (event.type === 'ended') {
      this.#flow?.prepared.cancel()
      this.#flow = undefined
    }
    if (this.#report) this.#report(event)
    else if (event.type === 'answered') this.win()
  }

  #save(call: Call, events: readonly CallEvent[]): void {
    this.#writer.save(call, call.status === 'hangup' ? null : this.#line.dialog, events)
    if (events.includes('call_progressing')) this.#meter?.begin(meteredLeg(this, this.#needs.leg))
    if (call.status !== 'hangup') return
    this.#meter?.over()
    this.#needs.witness?.over(call)
  }

  #release(): void {
    this.#released = true
    this.#timers.stopAll()
    this.#sounds.abortAll()
    void this.#writer.written.then(() => {
      for (const done of this.#onStored.splice(0)) done()
    })
    this.#needs.release(this)
  }
}
