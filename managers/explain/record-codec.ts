import { promisify } from 'node:util'
import { deflateRaw, inflateRawSync } from 'node:zlib'
import type { CallRecord, RecordedMessage } from './call-record.ts'

const deflate = promisify(deflateRaw)
/** Records are a few kilobytes: zlib's usual tables cost more to lay out than they save. */
const SMALL = { windowBits: 13, memLevel: 6 }
/** What a record may become when it is unpacked: more than a whole ring of messages and facts can be. */
const MOST_UNPACKED = 8 * 1024 * 1024

/** Packs a record; the work of it is done in Node's thread pool. */
export async function packRecord(record: CallRecord): Promise<Buffer> {
  return deflate(Buffer.from(JSON.stringify(withoutTexts(record))), SMALL)
}

/** Unpacks what `packRecord` made; throws where it is none. */
export function unpackRecord(packed: Uint8Array): CallRecord {
  const text = inflateRawSync(packed, { maxOutputLength: MOST_UNPACKED }).toString('utf8')
  return withTexts(JSON.parse(text) as CallRecord)
}

/** A repetition names no text again: it is that of an earlier message. */
function withoutTexts(record: CallRecord): CallRecord {
  const seen = new Map<string, number>()
  const messages = record.messages.map((message, at): RecordedMessage => {
    const first = seen.get(message.text)
    if (message.again && first !== undefined) return { ...message, text: `#${first}` }
    if (first === undefined) seen.set(message.text, at)
    return message
  })
  return { ...record, messages }
}

function withTexts(record: CallRecord): CallRecord {
  const messages = record.messages.map((message) => {
    const reference = message.again ? /^#(\d+)$/.exec(message.text) : null
    return reference ? { ...message, text: record.messages[Number(reference[1])]?.text ?? '' } : message
  })
  return { ...record, messages }
}
