import { registrarRealm } from '#managers/registrar'
import type { Address } from '#platform/http'
import { readableText, sipUri, writeNameAddr } from '#telecom/sip'
import { sipCallee } from './callee.ts'

const LONGEST_NAME = 255
const NOBODY = writeNameAddr({ displayName: 'Anonymous', uri: 'sip:anonymous@anonymous.invalid' })

/**
 * The From of a leg of ours: whom the callee sees, and whom it would call back. An extension is shown by its number, any
 * other address by its target; the name is the source's `target_name` (an extension's own name where it has one).
 */
export function callerId(source: Address, of: { customer_id: string; base: string }): string {
  const { type = '', target = '', target_name = '', name = '' } = source
  const user = type === 'extension' ? target_name || target : target
  if (user === '') return NOBODY
  const displayName = readableText(type === 'extension' ? name || target_name : target_name, LONGEST_NAME)
  const sip = type === 'sip' ? sipCallee(target) : undefined
  const uri = sip
    ? sipUri({ user: sip.user, host: sip.host, port: sip.port })
    : sipUri({ user: readableText(user, LONGEST_NAME), host: registrarRealm(of.customer_id, of.base) })
  return writeNameAddr({ displayName, uri })
}
