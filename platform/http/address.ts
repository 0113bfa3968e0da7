import type { Address } from './wire.ts'

/**
 * The form in which an address is stored and looked up (`platform.md` §8). It never rejects, loses nothing that could be
 * read, and doing it twice changes nothing.
 */
export function normaliseAddress(address: Address): Address {
  const { type, target } = address
  if (target === undefined) return { ...address }
  return { ...address, target: normaliseTarget(type ?? '', target) }
}

/** The same for a target whose type is known apart. */
export function normaliseTarget(type: string, target: string): string {
  switch (type) {
    case 'tel':
    case 'whatsapp':
      return normaliseNumber(target)
    case 'sip':
      return normaliseSip(target)
    case 'email':
      return target.trim().toLowerCase()
    default:
      return target
  }
}

const E164 = /^\+[0-9]{7,15}$/

/** Whether a normalised telephone number is a valid one. */
export function isE164(target: string): boolean {
  return E164.test(target)
}

function normaliseNumber(target: string): string {
  const trimmed = target.trim()
  const digits = trimmed.replace(/[^0-9]/g, '')
  if (digits === '') return target
  return trimmed.startsWith('+') ? `+${digits}` : digits
}

/** Only the host (and port) is case-insensitive: RFC 3261 §19.1.4. */
function normaliseSip(target: string): string {
  const trimmed = target.trim()
  const cut = trimmed.search(/[;?]/)
  const head = cut < 0 ? trimmed : trimmed.slice(0, cut)
  const tail = cut < 0 ? '' : trimmed.slice(cut)
  const at = head.lastIndexOf('@')
  if (at < 0) return trimmed
  return head.slice(0, at + 1) + head.slice(at + 1).toLowerCase() + tail
}
