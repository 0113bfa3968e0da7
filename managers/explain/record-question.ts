import { isUuid } from '#platform/ids'

/** Where the call role says what it has noted of a call. */
export const RECORDS = 'call.record'

export interface RecordQuestion {
  customer_id: string
  call_id: string
}

/** Reads a question from the bus; `undefined` where it is none. */
export function readRecordQuestion(body: unknown): RecordQuestion | undefined {
  if (typeof body !== 'object' || body === null) return undefined
  const { customer_id, call_id } = body as Partial<Record<keyof RecordQuestion, unknown>>
  const isWhole = typeof customer_id === 'string' && typeof call_id === 'string' && isUuid(call_id)
  return isWhole ? { customer_id, call_id } : undefined
}
