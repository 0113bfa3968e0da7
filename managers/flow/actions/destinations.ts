import { Type } from 'typebox'
import { Address, isE164, normaliseTarget } from '#platform/http'
import { isUuid } from '#platform/ids'
import { type OptionFault, optionFault } from './define-action.ts'

/** Whom an action calls; one request dials no more than this. */
export const destinations = Type.Array(Address, {
  minItems: 1,
  maxItems: 100,
  description: 'Addresses of the types tel, sip, extension and agent.',
})

/** Whether the callee sees who calls. */
export const anonymous = Type.Optional(
  Type.Enum(['', 'yes', 'no', 'auto'], {
    description: 'To `tel` destinations; `auto`, the default, does as the caller did.',
  }),
)

/** The value of `anonymous` that counts; what is no known word is `auto`. */
export function anonymousOf(written: string | undefined): 'yes' | 'no' | 'auto' {
  return written === 'yes' || written === 'no' ? written : 'auto'
}

/** What is wrong with destinations that no schema tells (`calls.md` §2). */
export function destinationFaults(list: readonly Address[] = []): OptionFault[] {
  return list.flatMap((address, at) => faultsOf(address, `/destinations/${at}`))
}

function faultsOf({ type = '', target = '', target_name = '' }: Address, pointer: string): OptionFault[] {
  const fault = (member: string, issue: string) => [optionFault(`${pointer}/${member}`, issue)]
  switch (type) {
    case '':
      return fault('type', 'is required')
    case 'tel':
      return isE164(normaliseTarget(type, target)) ? [] : fault('target', 'must be + and 7 to 15 digits')
    case 'sip':
      return isSipTarget(target) ? [] : fault('target', 'must be user@domain')
    case 'agent':
      return isUuid(target) ? [] : fault('target', 'must be the UUID of an agent')
    case 'extension':
      return target_name.trim() !== '' || target.trim() !== '' ? [] : fault('target_name', 'must be an extension')
    case 'ai':
    case 'ai_team':
    case 'conference':
    case 'email':
    case 'line':
    case 'web_session':
    case 'webchat':
    case 'whatsapp':
      return fault('type', 'cannot be called: use tel, sip, extension or agent')
    default:
      return [] // a placeholder, or a word that the schema refuses
  }
}

/** `user@domain`, with or without `sip:`; both parts are there, parameters may follow. */
function isSipTarget(target: string): boolean {
  const [address = ''] = target
    .trim()
    .replace(/^sips?:/i, '')
    .split(/[;?]/, 1)
  return /^[^\s<>"]+@[^\s<>"@]+$/.test(address)
}
