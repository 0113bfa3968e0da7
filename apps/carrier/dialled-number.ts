import type { Uri } from '#telecom/sip'

/**
 * The number that a request dials, with its `+`, and what stood before it: platforms put a tech prefix before numbers of the
 * sandbox, and may leave out the `+`.
 */
export function dialledNumber(uri: Uri): { number: string; prefix: string } {
  const dialled = uri.kind === 'sip' ? uri.user : uri.kind === 'tel' ? uri.number : ''
  const sandbox = /^(.*?)\+?(999\d{9})$/.exec(dialled)
  if (sandbox) return { number: `+${sandbox[2]}`, prefix: sandbox[1] ?? '' }
  return { number: dialled, prefix: '' }
}
