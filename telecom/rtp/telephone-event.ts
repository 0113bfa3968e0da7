/** Telephone events: keys as RTP payload (RFC 4733 §2.3): event, E R and volume, duration in timestamp units. */

const KEYS = '0123456789*#ABCD'

export const TELEPHONE_EVENT_BYTES = 4
/** −10 dBm0, the customary strength. */
const VOLUME = 10

/** The key of an event code; `undefined` for flash, tones and everything else. */
export const keyOfEvent = (code: number): string | undefined => KEYS[code]

/** The event code of a key (`0-9 A-D * #`, small letters too); −1 where it is none. */
export function eventOfKey(key: string): number {
  return key.length === 1 ? KEYS.indexOf(key.toUpperCase()) : -1
}

/** Writes an event payload at `offset`. */
export function writeTelephoneEvent(into: Buffer, offset: number, code: number, end: boolean, duration: number): void {
  into[offset] = code
  into[offset + 1] = (end ? 0x80 : 0) | VOLUME
  into.writeUInt16BE(Math.min(duration, 0xffff), offset + 2)
}
