import { type Address, isE164 } from '#platform/http'
import { NIL_UUID } from '#platform/ids'
import type { Caller } from './call-checks.ts'
import { callErrors } from './errors.ts'
import type { OutboundConfig } from './outbound-config.ts'

/** A number, as far as it may be shown. */
export interface ShownNumber {
  number: string
  customer_id: string
  type: 'normal' | 'virtual'
  status: string
}

export interface CallSourceNeeds {
  numbers: {
    findByNumber(number: string): Promise<ShownNumber | undefined>
    find(customer: string, id: string): Promise<ShownNumber | undefined>
  }
  outboundConfigs: {
    find(customer: string): Promise<Pick<OutboundConfig, 'default_outgoing_source_number_id'> | undefined>
  }
}

/** Why a source may not be shown. */
type SourceIssue = 'not_a_number' | 'not_yours' | 'virtual' | 'not_active' | 'none_chosen'

/**
 * Who is shown to the telephone network (`calls.md` §5.2): the source where it is a number of the customer's own, else the
 * number that its outbound configuration names. Throws `SOURCE_NOT_ALLOWED`, which says what was tried.
 */
export async function sourceFor(caller: Caller, needs: CallSourceNeeds): Promise<Address> {
  const { customer_id, source, metadata } = caller
  if (metadata?.skip_source_validation) return source
  const { target = '' } = source
  const given = await issueOf(customer_id, target, (number) => needs.numbers.findByNumber(number))
  if (!given) return source
  const config = await needs.outboundConfigs.find(customer_id)
  const id = config?.default_outgoing_source_number_id ?? NIL_UUID
  const chosen = id === NIL_UUID ? undefined : await needs.numbers.find(customer_id, id)
  const issue = id === NIL_UUID ? 'none_chosen' : issueOfNumber(customer_id, chosen)
  if (chosen && !issue) return { type: 'tel', target: chosen.number, target_name: chosen.number }
  throw callErrors.SOURCE_NOT_ALLOWED({
    tried: [
      { source: target, issue: given },
      { source: chosen?.number ?? '', issue: issue ?? 'not_yours' },
    ],
  })
}

async function issueOf(
  customer: string,
  target: string,
  find: (number: string) => Promise<ShownNumber | undefined>,
): Promise<SourceIssue | undefined> {
  return isE164(target) ? issueOfNumber(customer, await find(target)) : 'not_a_number'
}

function issueOfNumber(customer: string, number: ShownNumber | undefined): SourceIssue | undefined {
  if (number?.customer_id !== customer) return 'not_yours'
  if (number.type !== 'normal') return 'virtual'
  return number.status === 'active' ? undefined : 'not_active'
}
