import type { Address } from '#platform/http'
import type { Call } from './call.ts'

/**
 * Whom to call to reach the party of this leg again: who called us, or whom we called. A phone of the customer's own is
 * called by its extension, wherever it is registered by then.
 */
export function recallAddress({ direction, source, destination }: Call, isOwnPhone: boolean): Address {
  if (direction === 'incoming') return source
  const { target_name = '' } = destination
  return isOwnPhone && target_name !== '' ? { type: 'extension', target_name } : destination
}

/** Whom that party sees then: the other end of the leg that it had. */
export function recallSource({ direction, source, destination }: Call): Address {
  return direction === 'incoming' ? destination : source
}
