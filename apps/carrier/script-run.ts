import type { Ids } from '#platform/ids'
import type { Log } from '#platform/log'
import type { Clock } from '#platform/time'
import { CAUSE, digitsPart, type LineEvent, reasonHeader, sipStatusOfCause } from '#telecom/line'
import type { PromptPart } from '#telecom/media'
import type { HeaderInput } from '#telecom/sip'
import type { CallRecord } from './call-record.ts'
import type { HeardFolder } from './heard-folder.ts'
import type { ScriptedLine } from './scripted-line.ts'
import { SOUNDS } from './sounds.ts'
import type { Step } from './steps.ts'

const KEY = { durationMs: 120, gapMs: 80 }
/** How long the files of a recording that was stopped may take to be closed. */
const CLOSE_MS = 3_000

export interface RunNeeds {
  clock: Clock
  ids: Ids
  log: Log
  line: ScriptedLine
  record: CallRecord
  heard: HeardFolder
  /** Speaks a text into a WAV file. */
  speak: (text: string) => Promise<string>
  /** What refuses whoever called as long as he does not prove this password; `undefined` for who does. */
  ask: (account: { username: string; password: string }) => HeaderInput | undefined
  /** Sends what is no SIP to whoever called. */
  garble: () => void
  /** Calls whoever called, so long after this call. */
  callBack: (seconds: number) => void
}

/** The headers of a refusal: a challenge with those that have one (RFC 3261 §21.4.2), and the Reason. */
const CHALLENGE: Readonly<Record<number, string>> = { 401: 'WWW-Authenticate', 407: 'Proxy-Authenticate' }

/** Whether any of the steps sounds or hears: a call without needs no ports. */
export function needSound(steps: readonly Step[]): boolean {
  return !steps.every((step) => ['ring', 'wait', 'refuse', 'challenge', 'garble', 'call_back'].includes(step.do))
}

/** Takes the steps of a script on a line, one after the other; each ends early when the call does. */
export class ScriptRun {
  readonly #needs: RunNeeds
  /** Resolves when the call is over. */
  readonly over: Promise<void>
  #end: () => void = () => {}
  readonly #waiting = new Map<string, () => void>()
  #willListen = false
  /** A recording that nobody wants: it has the thread that writes recordings started before the first word counts. */
  #rehearsal: string | undefined

  constructor(needs: RunNeeds) {
    this.#needs = needs
    this.over = new Promise((resolve) => {
      this.#end = resolve
    })
  }

  /** What the line tells, all of it. */
  on(event: LineEvent): void {
    if (event.type === 'played') this.#waiting.get(event.id)?.()
    else if (event.type === 'recording_ended') void this.#recorded(event.recording_id)
    else if (event.type === 'ended') this.#end()
  }

  /** Resolves when the steps are through, or the call is over. */
  async take(steps: readonly Step[]): Promise<void> {
    this.#willListen = steps.some((step) => step.do === 'listen')
    for (const step of steps) {
      if (this.#needs.line.ended) return
      this.#needs.record.steps.push(step.do)
      try {
        await this.#take(step)
      } catch (error) {
        this.#needs.log.warn({ err: error, step: step.do }, 'a step of a script failed')
      }
    }
  }

  #take(step: Step): Promise<void> | void {
    const { line } = this.#needs
    switch (step.do) {
      case 'ring':
        return line.ring()
      case 'wait':
        return this.#wait(step.seconds)
      case 'challenge':
        return this.#challenge(step)
      case 'answer':
        return this.#answer()
      case 'refuse':
        return this.#refuse(step)
      case 'play':
        return this.#sound(SOUNDS[step.sound], step.seconds)
      case 'tone':
        return this.#play([{ tone: { hz: [step.hz], durationMs: step.seconds * 1_000 } }])
      case 'say':
        return this.#say(step.text)
      case 'press':
        return this.#play([digitsPart(step.keys, KEY)])
      case 'echo':
        return this.#echo(step.seconds)
      case 'listen':
        return this.#listen(step)
      case 'hold':
        return this.#hold(step.seconds)
      case 'codec':
        return line.changeCodec(step.codec)
      case 'impair':
        return // the path is bad from the beginning of the call on
      case 'call_back':
        return this.#needs.callBack(step.seconds)
      case 'hangup':
        return line.hangup(step.cause ?? CAUSE.normal)
      case 'vanish':
        return line.vanish()
      case 'garble':
        return this.#needs.garble()
    }
  }

  #answer(): void {
    const { line, ids, heard } = this.#needs
    if (!line.answer() || !this.#willListen) return
    this.#rehearsal = ids.uuid()
    line.record({ recording_id: this.#rehearsal, ...heard.filesOf(this.#rehearsal) })
  }

  #challenge(account: Step & { do: 'challenge' }): void {
    const headers = this.#needs.ask(account)
    if (headers) this.#needs.line.refuse(401, headers)
  }

  #refuse({ status, cause }: Step & { do: 'refuse' }): void {
    const final = status ?? sipStatusOfCause(cause ?? CAUSE.rejected)
    const challenge = CHALLENGE[final]
    this.#needs.line.refuse(final, {
      ...(cause === undefined ? {} : { Reason: reasonHeader(cause) }),
      ...(challenge === undefined ? {} : { [challenge]: `Digest realm="sandbox", nonce="${this.#needs.ids.uuid()}"` }),
    })
  }

  async #say(text: string): Promise<void> {
    const file = await this.#needs.speak(text)
    await this.#play([{ file }])
  }

  async #sound(sound: readonly PromptPart[], seconds: number | undefined): Promise<void> {
    if (seconds === undefined) return this.#play(sound)
    const times = Math.ceil((seconds * 1_000) / durationOf(sound))
    void this.#play(Array.from({ length: times }, () => sound).flat())
    await this.#wait(seconds)
    this.#needs.line.silence()
  }

  async #echo(seconds: number): Promise<void> {
    this.#needs.line.echo()
    await this.#wait(seconds)
    this.#needs.line.silence()
  }

  async #hold(seconds: number): Promise<void> {
    this.#needs.line.hold(true)
    await this.#wait(seconds)
    this.#needs.line.hold(false)
  }

  async #listen({ seconds, silence }: Step & { do: 'listen' }): Promise<void> {
    const { ids, line, heard } = this.#needs
    const recording_id = ids.uuid()
    const done = this.#told(recording_id)
    line.record({
      ...{ recording_id, ...heard.filesOf(recording_id) },
      ...(silence === undefined ? {} : { endOfSilenceMs: silence * 1_000 }),
    })
    await Promise.race([done, this.#wait(seconds)])
    line.stopRecording()
    await Promise.race([done, this.#wait(CLOSE_MS / 1_000)])
  }

  async #recorded(recording_id: string): Promise<void> {
    const { record, heard, log } = this.#needs
    if (recording_id === this.#rehearsal) return heard.forget(recording_id)
    try {
      record.heard = await heard.keep(record.id, recording_id)
    } catch (error) {
      log.warn({ err: error }, 'what a call heard could not be read')
    }
    this.#waiting.get(recording_id)?.()
  }

  async #play(parts: readonly PromptPart[]): Promise<void> {
    const id = this.#needs.ids.uuid()
    const played = this.#told(id)
    this.#needs.line.play(id, parts)
    await Promise.race([played, this.over])
  }

  #told(id: string): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.set(id, () => {
        this.#waiting.delete(id)
        resolve()
      })
    })
  }

  async #wait(seconds: number): Promise<void> {
    const { clock } = this.#needs
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = clock.after(seconds * 1_000, resolve)
    await Promise.race([promise, this.over])
    timer.cancel()
  }
}

function durationOf(parts: readonly PromptPart[]): number {
  return parts.reduce(
    (sum, part) => sum + ('tone' in part ? part.tone.durationMs : 'silenceMs' in part ? part.silenceMs : 0),
    0,
  )
}
