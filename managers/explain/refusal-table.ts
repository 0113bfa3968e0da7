import type { Refusal } from '#managers/call'
import type { Blame } from './verdict-table.ts'

interface Row {
  blame: Blame
  meaning: string
  fix: string
}

/** Why an INVITE was refused before there was a call, whose doing it was and what to do. */
export const REFUSAL_VERDICTS: Record<Refusal, Row> = {
  scheme_not_served: {
    blame: 'caller',
    meaning: 'The Request-URI is neither sip nor tel (416).',
    fix: 'Dial a sip or tel URI.',
  },
  domain_not_served: {
    blame: 'configuration',
    meaning: 'Nothing is served under the domain that was called (404).',
    fix: 'Call sip.{base}, the domain of the customer’s phones, or the bare address.',
  },
  not_a_carrier: {
    blame: 'configuration',
    meaning: 'Only the addresses of carriers may call this domain (403).',
    fix: 'Call another domain, or have the address added to the provider.',
  },
  carriers_not_resolved: {
    blame: 'platform',
    meaning: 'The address may be that of a carrier whose host name could not be looked up so far (503).',
    fix: 'See whether the name servers answer, or write the addresses of the carrier into addresses of the provider.',
  },
  blocked_after_wrong_passwords: {
    blame: 'caller',
    meaning: 'Too many wrong passwords came from this address; it is blocked for a while (403).',
    fix: 'Set the password of the extension in the phone, and wait for some minutes.',
  },
  credentials_refused: {
    blame: 'configuration',
    meaning: 'The password was wrong, or the extension does not exist (401).',
    fix: 'Set the user name and the password of the extension or the trunk in the phone or PBX.',
  },
  address_not_allowed: {
    blame: 'configuration',
    meaning: 'The trunk is called by address alone, and the call came from another one (403).',
    fix: 'Add the address to allowed_ips of the trunk, or let it take a password too (auth_types).',
  },
  number_not_found: {
    blame: 'configuration',
    meaning: 'Nobody is under what was dialled, or a number has no flow (404).',
    fix: 'Verify the number, and that it has a call_flow_id.',
  },
  number_without_flow: {
    blame: 'configuration',
    meaning: 'The number has no flow that answers its calls (404).',
    fix: 'Set its call_flow_id: PUT /numbers/{id}/flow_ids.',
  },
  loop_detected: {
    blame: 'configuration',
    meaning: 'The call had left for a carrier and come back five times: the number leads to itself (482).',
    fix: 'Let the flow of the number connect to another destination.',
  },
  too_many_strangers: {
    blame: 'caller',
    meaning: 'Too many calls without credentials came for this number from this address (503).',
    fix: 'Call with an extension, or have the limits raised (ANONYMOUS_CALLS_PER_SECOND, ANONYMOUS_CALLS_AT_ONCE).',
  },
  owner_not_active: {
    blame: 'configuration',
    meaning: 'The customer is frozen or deleted (403).',
    fix: 'Have the customer recovered.',
  },
  insufficient_balance: {
    blame: 'configuration',
    meaning: 'The balance is too low for this call (603).',
    fix: 'Add credit to the billing account.',
  },
  spending_limit_reached: {
    blame: 'configuration',
    meaning: 'A limit on what the customer may spend would have been passed (603).',
    fix: 'See what is used with GET /spending_limits, and wait or have the limit raised.',
  },
  flow_not_found: {
    blame: 'configuration',
    meaning: 'The flow of the number or hash does not exist any more (404).',
    fix: 'Set another flow.',
  },
  session_not_acceptable: {
    blame: 'configuration',
    meaning: 'The session that was offered cannot be (400, 488): no codec or no kind of media in common.',
    fix: 'Switch PCMU or PCMA on in the phone, and SRTP off where it is compulsory.',
  },
  platform_unavailable: {
    blame: 'platform',
    meaning: 'The platform had no room for the call (503).',
    fix: 'Call again. If it stays so, look at the number of free RTP ports and at the database.',
  },
}
