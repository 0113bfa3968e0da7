import { isIP } from 'node:net'
import type { Flow } from '#telecom/sip'

/**
 * The address that goes into our SDP: what the listener advertises where that is an address, else the one that its
 * socket is bound to.
 */
export function mediaAddress(flow: Flow): string {
  const { advertised, local } = flow.listener
  const host = advertised.host.replace(/^\[|\]$/g, '')
  return isIP(host) > 0 ? host : local.address
}
