import { join } from 'node:path'
import type { Ids } from '#platform/ids'
import type { Log } from '#platform/log'
import { type Clock, type Timer, timestamp } from '#platform/time'
import { CAUSE, type LineNeeds, type OutgoingLineNeeds } from '#telecom/line'
import { escapeUser, type Flow, type IncomingInvite, type RemoteAddress, type SipRequest, SipStack } from '#telecom/sip'
import { openBehindBadPath } from './bad-path.ts'
import { CallLog, type CallRecord } from './call-record.ts'
import type { CarrierCall } from './carrier-call.ts'
import { dialledNumber } from './dialled-number.ts'
import { DigestDoor } from './digest-door.ts'
import { carrierErrors } from './errors.ts'
import { HeardFolder } from './heard-folder.ts'
import { MediaOnDemand } from './media-on-demand.ts'
import { passedOn } from './passed-on.ts'
import { Registrations } from './registrations.ts'
import type { Script } from './script.ts'
import { makeCall, takeCall } from './scripted-call.ts'
import { statusOfInvite } from './sent-status.ts'
import type { Step } from './steps.ts'
import { passThrough } from './through-call.ts'
import { Voice } from './voice.ts'

/** The platform that numbers for sale belong to: where its SIP listens, and its base domain. */
export interface Trunk extends RemoteAddress {
  domain: string
}

export interface CarrierOptions {
  clock: Clock
  ids: Ids
  log: Log
  /** An address of this machine alone, e.g. 127.0.0.3. */
  host: string
  /** 0 takes a free one. */
  port: number
  rtpPorts: { first: number; last: number }
  /** For spoken texts and what calls have heard. */
  folder: string
  script: Script
}

/** What a call needs of the carrier. */
export interface CallParts {
  clock: Clock
  ids: Ids
  log: Log
  sip: OutgoingLineNeeds['sip']
  /** The way to the platform. */
  trunk?: { flow: Flow }
  heard: HeardFolder
  door: DigestDoor
  speak: (text: string) => Promise<string>
  /** What a line needs that takes these steps. */
  lineNeeds(steps: readonly Step[]): LineNeeds
  /** The dialog of this Call-ID belongs to the call. */
  watch(callId: string, record: CallRecord): void
  over(call: CarrierCall): void
  callBack(record: CallRecord, seconds: number): void
}

/** More calls than these at once get 503. */
const MOST_CALLS = 1_000
/** A number is called back once in so long: two that call each other back do not go on for ever. */
const CALL_BACK_PAUSE_MS = 10_000

/** A public network that exists on this machine only: real SIP and RTP, and numbers that do what a script says. */
export class Carrier {
  readonly log = new CallLog()
  readonly heard: HeardFolder
  readonly script: Script
  readonly registrations: Registrations
  readonly #options: CarrierOptions
  readonly #sip: SipStack
  readonly #media: MediaOnDemand
  readonly #voice: Voice
  readonly #door: DigestDoor
  readonly #calls = new Map<string, CarrierCall>()
  readonly #timers = new Set<Timer>()
  readonly #calledBack = new Map<string, number>()
  #trunk: Trunk | undefined

  private constructor(options: CarrierOptions) {
    const { clock, ids, log, rtpPorts: ports, folder, script } = options
    this.#options = options
    this.script = script
    this.#media = new MediaOnDemand({ clock, ids, log, ports })
    this.#voice = new Voice({ clock, ids, log, folder: join(folder, 'speech') })
    this.#door = new DigestDoor({ clock, ids })
    this.registrations = new Registrations({ clock, door: this.#door })
    this.heard = new HeardFolder(join(folder, 'heard'))
    const at = { host: options.host, port: options.port }
    this.#sip = new SipStack({
      ...{ clock, ids, log },
      node: 'carrier',
      incarnation: ids.uuid().slice(0, 8),
      listeners: [
        { transport: 'udp', ...at },
        { transport: 'tcp', ...at },
      ],
      user: {
        invite: (invite) => this.#invited(invite),
        request: (request) => this.registrations.register(request),
      },
      product: 'Strowger sandbox carrier',
      tap: (_, data) => this.#tapped(data),
    })
  }

  /** Starts it; rejects where its address is taken. Numbers of the script that call by themselves do so once there is a trunk. */
  static async start(options: CarrierOptions): Promise<Carrier> {
    const carrier = new Carrier(options)
    await carrier.#sip.start()
    return carrier
  }

  /** Where its SIP listens, UDP and TCP. */
  get address(): RemoteAddress {
    const [listener] = this.#sip.listeners
    return listener?.local ?? { address: this.#options.host, port: this.#options.port }
  }

  get trunk(): Trunk | undefined {
    return this.#trunk
  }

  /** Tells it which platform it serves, in place of any other; the first one starts the calls of the script. */
  serve(trunk: Trunk): void {
    const isFirst = this.#trunk === undefined
    this.#trunk = trunk
    if (!isFirst) return
    for (const { after_seconds, from, to, steps } of this.script.calls)
      this.#later(after_seconds * 1_000, () => this.call({ from, to, steps }))
  }

  /** Calls a number of the platform; throws a reason of `carrierErrors`. */
  call({ from, to, steps }: { from: string; to: string; steps: readonly Step[] }): CallRecord {
    const trunk = this.#trunk
    if (!trunk) throw carrierErrors.NO_TRUNK()
    if (this.#calls.size >= MOST_CALLS) throw carrierErrors.TOO_MANY_CALLS({ limit: MOST_CALLS })
    const record = this.#record('outgoing', from, to)
    const call = makeCall(this.#into(trunk, from, to), steps, record, { ...this.#parts(), ...this.#way(trunk) })
    this.#calls.set(record.id, call)
    return record
  }

  /** Ends a call. False where there is none of this id. */
  hangUp(id: string): boolean {
    const call = this.#calls.get(id)
    call?.hangUp(CAUSE.normal)
    return call !== undefined
  }

  /** Ends every call by BYE, and stops. */
  async stop(): Promise<void> {
    for (const timer of this.#timers) timer.cancel()
    for (const call of this.#calls.values()) call.hangUp(CAUSE.normal)
    await this.#sip.stop()
    await Promise.all([this.#media.stop(), this.#voice.stop()])
    await this.heard.clear()
  }

  #invited(invite: IncomingInvite): void {
    if (this.#calls.size >= MOST_CALLS) {
      invite.reject(503)
      return
    }
    const { number, prefix } = dialledNumber(invite.request.uri)
    const from = callerOf(invite.request)
    const isOurs = !/^\+999[1-9]/.test(number)
    const record = this.#record(isOurs ? 'incoming' : 'through', from, number)
    if (prefix !== '') record.prefix = prefix
    this.log.watch(invite.request.callId, record)
    const steps = isOurs ? this.script.numbers.stepsFor(number) : undefined
    const call = isOurs
      ? takeCall(invite, steps ?? [{ do: 'refuse', status: 404, cause: 1 }], record, this.#parts())
      : this.#passOn(invite, record)
    if (call && record.state !== 'ended') this.#calls.set(record.id, call)
  }

  #passOn(invite: IncomingInvite, record: CallRecord): CarrierCall {
    const trunk = this.#trunk
    const refused: readonly Step[] = [{ do: 'refuse', status: 404, cause: 1 }]
    if (!trunk) return takeCall(invite, refused, record, this.#parts())
    const { headers, ...into } = this.#into(trunk, record.from, record.to)
    const onwards = { ...into, headers: { ...headers, ...passedOn(invite.request) } }
    return passThrough(invite, onwards, record, { ...this.#parts(), ...this.#way(trunk) })
  }

  #parts(): CallParts {
    const { clock, ids, log } = this.#options
    const { heard } = this
    return {
      ...{ clock, ids, log, sip: this.#sip, heard, door: this.#door },
      speak: (text) => this.#voice.speak(text),
      lineNeeds: (steps) => this.#lineNeeds(steps),
      watch: (callId, record) => this.log.watch(callId, record),
      over: ({ record }) => {
        this.#calls.delete(record.id)
        this.log.unwatch(record)
      },
      callBack: (record, seconds) => this.#callBack(record, seconds),
    }
  }

  #lineNeeds(steps: readonly Step[]): LineNeeds {
    const { clock, ids, log, host } = this.#options
    const path = steps.find((step) => step.do === 'impair')
    const media = this.#media
    return {
      ...{ clock, ids, log },
      media: path
        ? { open: (options) => openBehindBadPath(media, { address: host, ...options }, path, { clock, ids }) }
        : media,
    }
  }

  /** Over a flow: nothing of the call takes another way, whatever the platform says of its address outside. */
  #way(trunk: Trunk): { trunk: { flow: Flow } } {
    const flow = this.#sip.flowTo(trunk)
    if (!flow) throw carrierErrors.NO_TRUNK()
    return { trunk: { flow } }
  }

  #into(trunk: Trunk, from: string, to: string) {
    const { address, port } = this.address
    const identity = `<sip:${escapeUser(from)}@${address}:${port}>`
    return {
      uri: `sip:${escapeUser(to)}@pstn.${trunk.domain}`,
      from: identity,
      headers: { 'p-asserted-identity': identity },
    }
  }

  #callBack({ from, to }: CallRecord, seconds: number): void {
    const now = this.#options.clock.monotonicMs()
    if (now - (this.#calledBack.get(from) ?? -CALL_BACK_PAUSE_MS) < CALL_BACK_PAUSE_MS) return
    for (const [number, atMs] of this.#calledBack) if (now - atMs > CALL_BACK_PAUSE_MS) this.#calledBack.delete(number)
    this.#calledBack.set(from, now)
    this.#later(seconds * 1_000, () => this.call({ from: to, to: from, steps: CALLING_BACK }))
  }

  #later(ms: number, run: () => unknown): void {
    const timer = this.#options.clock.after(ms, () => {
      this.#timers.delete(timer)
      try {
        run()
      } catch (error) {
        this.#options.log.warn({ err: error }, 'a call of the script was not made')
      }
    })
    this.#timers.add(timer)
  }

  #record(direction: CallRecord['direction'], from: string, to: string): CallRecord {
    const { ids, clock } = this.#options
    const record: CallRecord = {
      ...{ id: ids.uuid(), direction, from, to, state: 'dialing', statuses: [], steps: [], digits: '' },
      tm_create: timestamp(clock.wallMs()),
    }
    this.log.add(record)
    return record
  }

  /** Statuses of calls that came in were sent by us, and of those that we made were received. */
  #tapped(data: Buffer): void {
    const found = this.log.watching ? statusOfInvite(data) : undefined
    if (found) this.log.noteStatus(found.callId, found.status)
  }
}

const CALLING_BACK: readonly Step[] = [
  { do: 'say', text: 'Hello. You have called me, and I am calling you back.' },
  { do: 'wait', seconds: 5 },
]

/** Who calls, as the From says. */
function callerOf(request: SipRequest): string {
  const uri = request.from.uri
  return uri.kind === 'sip' ? uri.user : uri.kind === 'tel' ? uri.number : uri.text
}
