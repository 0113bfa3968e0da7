/**
 * A text as bytes in memory of its own. What a transaction keeps for half a minute would, as a part of the memory that Node.js
 * shares out among small buffers, keep all of that alive: 64 KiB for one response. `room`: bytes that are left behind it.
 */
export function ownBytes(text: string, room = 0): Buffer {
  const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text) + room)
  bytes.write(text)
  return bytes
}
