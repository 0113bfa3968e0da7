import type { LineEvent } from '#telecom/line'
import type { StreamTarget } from '#telecom/media'
import type { Call } from './call.ts'
import type { CallEffect } from './call-effect.ts'
import { refusalOf } from './control-machine.ts'

/** Programs that may hear and speak at the same time (`media.md` §3). */
export const MOST_STREAMS = 5

/** What a live call is asked about programs that hear and speak; `controlled` with the same key answers it. */
export type StreamInput =
  | { type: 'start_stream'; key: string; stream: StreamTarget }
  /** Without an id: all of them. */
  | { type: 'stop_stream'; key: string; stream_id?: string }

/** The programs that hear one live call and speak into it. Part of the call's actor. */
export class StreamMachine {
  /** By stream, with the key of the request that is not answered yet. */
  readonly #streams = new Map<string, string | undefined>()

  /** `isCut`: the leg is being ended, although the status does not say so yet. */
  on(call: Call, input: StreamInput, isCut: boolean): CallEffect[] {
    const { key } = input
    if (input.type === 'stop_stream') return [...this.#stop(input.stream_id), { do: 'controlled', key }]
    const refusal = refusalOf(call, isCut)
    if (refusal) return [{ do: 'controlled', key, refusal }]
    const { stream } = input
    if (this.#streams.has(stream.stream_id)) return [{ do: 'controlled', key }]
    if (this.#streams.size >= MOST_STREAMS) return [{ do: 'controlled', key, refusal: { why: 'too_many_streams' } }]
    this.#streams.set(stream.stream_id, key)
    return [{ do: 'stream', stream }]
  }

  onLine(event: LineEvent): CallEffect[] {
    if (event.type === 'stream_started') {
      const key = this.#streams.get(event.stream_id)
      if (key === undefined) return []
      this.#streams.set(event.stream_id, undefined)
      return [{ do: 'controlled', key }]
    }
    return event.type === 'stream_ended' ? this.#gone(event.stream_id, 'no_program') : []
  }

  callEnded(): CallEffect[] {
    return [...this.#streams.keys()].flatMap((id) => this.#gone(id, 'over'))
  }

  #stop(stream_id: string | undefined): CallEffect[] {
    const meant = [...this.#streams.keys()].filter((id) => stream_id === undefined || id === stream_id)
    return meant.map((id) => ({ do: 'end_stream', stream_id: id }))
  }

  #gone(stream_id: string, why: 'over' | 'no_program'): CallEffect[] {
    const key = this.#streams.get(stream_id)
    this.#streams.delete(stream_id)
    return key === undefined ? [] : [{ do: 'controlled', key, refusal: { why } }]
  }
}
