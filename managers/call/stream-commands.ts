import { isIP } from 'node:net'
import { apiErrors } from '#platform/http'
import { isUuid } from '#platform/ids'
import type { StreamTarget } from '#telecom/media'
import { type ControlAnswer, reasonOf } from './control-commands.ts'
import type { LiveRunner } from './live-runner.ts'

/** What the API asks of a live call about programs that hear and speak: answered when the program is there, or gone. */
export type StreamCommand = {
  /** Chosen by who asks. */
  id: string
  customer_id: string
  call_id: string
} & (
  | { type: 'stream_start'; stream: StreamTarget }
  | /** Without an id: all of them. */ { type: 'stream_stop'; stream_id?: string }
)

/** Reads a command from the bus; `undefined` where it is another one. */
export function readStreamCommand(body: unknown): StreamCommand | undefined {
  if (typeof body !== 'object' || body === null) return undefined
  const { id, type, customer_id, call_id, stream, stream_id } = body as Record<string, unknown>
  if (typeof id !== 'string' || typeof customer_id !== 'string') return undefined
  if (typeof call_id !== 'string' || !isUuid(call_id)) return undefined
  const to = { id, customer_id, call_id }
  if (type === 'stream_start' && isTarget(stream)) return { ...to, type, stream }
  if (type === 'stream_stop' && typeof stream_id === 'string') return { ...to, type, stream_id }
  return undefined
}

/** Does it. Throws the reason of what is refused. */
export async function carryOutStream(live: LiveRunner, command: StreamCommand): Promise<ControlAnswer> {
  if (command.type === 'stream_start' && !isTarget(command.stream))
    throw apiErrors.INVALID_ARGUMENT({ field: 'stream', issue: 'must name an address and a port from 1 to 65535' })
  const refusal =
    command.type === 'stream_start'
      ? await live.startStream(command.id, command.stream)
      : await live.stopStream(command.id, command.stream_id)
  if (refusal) throw reasonOf(live, refusal)
  return { live: true }
}

const isPort = (port: unknown) => Number.isInteger(port) && (port as number) >= 1 && (port as number) <= 65_535

function isTarget(value: unknown): value is StreamTarget {
  if (typeof value !== 'object' || value === null) return false
  const { stream_id, address, port, listen, speak } = value as Record<string, unknown>
  return (
    typeof stream_id === 'string' &&
    isUuid(stream_id) &&
    typeof address === 'string' &&
    isIP(address) > 0 &&
    isPort(port) &&
    (listen === 'none' || listen === 'in' || listen === 'out' || listen === 'both') &&
    typeof speak === 'boolean'
  )
}
