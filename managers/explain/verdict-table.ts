/** Who has to act, or whose doing it was; `none` = it went as it should. */
export const BLAMES = ['none', 'caller', 'callee', 'carrier', 'network', 'flow', 'configuration', 'platform'] as const
export type Blame = (typeof BLAMES)[number]

interface Row {
  blame: Blame
  /** What happened, for people. */
  meaning: string
  /** What to do; empty where there is nothing. */
  fix: string
}

/** Each way in which a call can have ended, and what to do about it. Reasons are never renamed: programs compare them. */
export const VERDICTS = {
  in_progress: { blame: 'none', meaning: 'The call is going on.', fix: '' },

  // ── answered ──
  hung_up_by_caller: { blame: 'none', meaning: 'The call was answered, and the caller hung up.', fix: '' },
  hung_up_by_callee: { blame: 'none', meaning: 'The call was answered, and whoever was called hung up.', fix: '' },
  ended_by_flow: { blame: 'none', meaning: 'The call was answered, and its flow came to its end or hung up.', fix: '' },
  ended_by_request: { blame: 'none', meaning: 'Somebody ended the call by the API.', fix: '' },
  ended_by_transfer: {
    blame: 'none',
    meaning:
      'A transfer ended this leg: its conversation was handed over, another call took its place, or nobody was left to talk with.',
    fix: '',
  },
  ended_with_other_leg: {
    blame: 'none',
    meaning: 'The call that this one belonged to ended, and this one with it.',
    fix: '',
  },
  answering_machine: {
    blame: 'none',
    meaning: 'An answering machine was detected, and the flow wanted to end then.',
    fix: '',
  },
  longest_duration: {
    blame: 'configuration',
    meaning: 'The call reached the longest duration that a call may have.',
    fix: 'Call again. Where calls must last longer, have the limit raised.',
  },
  balance_exhausted: {
    blame: 'configuration',
    meaning:
      'The balance did not cover the next interval, so both sides were warned and the call ended with the one that was paid.',
    fix: 'Add credit to the billing account.',
  },
  spending_limit_reached: {
    blame: 'configuration',
    meaning:
      'The next interval would have passed a limit on spending, so both sides were warned and the call ended with the one that went on.',
    fix: 'See what is used with GET /spending_limits, and wait or have the limit raised.',
  },
  billing_unavailable: {
    blame: 'platform',
    meaning: 'The database was away for so long that a paid call could not be allowed to go on.',
    fix: 'Call again. The time that a call may talk on is set by UNDECIDED_SECONDS.',
  },
  sound_lost: {
    blame: 'network',
    meaning: 'The phone sent no sound for so long that the call was given up.',
    fix: 'Look at the network of the phone: it lost its connection, changed its address without saying so, or a NAT forgot it. Have the phone send sound also while it is silent.',
  },
  no_sound_received: {
    blame: 'network',
    meaning: 'The call was answered, but not one packet of sound came from the phone.',
    fix: 'Let the phone send UDP to our RTP ports: open its firewall, switch off SIP ALG in its router, and see in the SDP of the account which address it names. Behind a NAT of ours, set the public address.',
  },
  answer_not_acknowledged: {
    blame: 'network',
    meaning: 'Our 200 OK was repeated for 32 seconds, and no ACK came.',
    fix: "The caller cannot reach the address in our Contact, or our answers do not reach the caller. Set the platform's public address where it is behind a NAT, and open the firewall for SIP.",
  },
  phone_lost_call: {
    blame: 'callee',
    meaning: 'The phone does not know the call any more: it restarted, or answered 481 or 408 inside of the call.',
    fix: 'Look at the phone: it restarted, crashed or lost its network.',
  },
  sound_failed: {
    blame: 'platform',
    meaning: 'The ports for the sound of the call were lost.',
    fix: 'Call again. If it happens again, look at the logs of the platform and at the number of free RTP ports.',
  },

  // ── a caller who was not answered ──
  canceled_by_caller: {
    blame: 'caller',
    meaning: 'The caller gave up before the call was answered.',
    fix: 'Answer sooner, or let the flow answer before it does what takes long.',
  },
  rejected_by_flow: {
    blame: 'flow',
    meaning: 'The flow hung up before it answered.',
    fix: 'If that was not meant, look at the steps of the flow in this account.',
  },
  flow_ended_unanswered: {
    blame: 'flow',
    meaning: 'The flow came to its end and never answered, so the caller was refused.',
    fix: 'Let the flow begin with the action answer, or with one that answers.',
  },
  flow_failed: {
    blame: 'flow',
    meaning: 'An action of the flow failed, and its failure ends the flow.',
    fix: 'See the failed step in this account, with its cause, and mend the action.',
  },
  flow_limit: {
    blame: 'flow',
    meaning: 'The flow took more steps than a flow may take.',
    fix: 'Look for a loop in the flow that never ends.',
  },

  // ── somebody who was called and did not answer ──
  callee_busy: { blame: 'callee', meaning: 'Whoever was called is busy (486 or 600).', fix: 'Call again later.' },
  callee_declined: {
    blame: 'callee',
    meaning: 'Whoever was called declined the call (603), or their phone is set to refuse such calls (403).',
    fix: 'Ask whoever was called; phones have lists of numbers that they refuse.',
  },
  callee_no_answer: {
    blame: 'callee',
    meaning: 'It rang, or could not ring, and nobody answered in time (408, 480, or our limit of a minute).',
    fix: 'Call again later, or let the flow try somebody else.',
  },
  callee_not_registered: {
    blame: 'callee',
    meaning: 'No phone of the extension is registered.',
    fix: 'Switch the phone on and look at its registration with GET /extensions/{id}.',
  },
  callee_unreachable: {
    blame: 'network',
    meaning: 'Nothing at all came back from the address that was called.',
    fix: 'The phone has lost its network, or a firewall or NAT is in the way. Have it register more often (every minute or two), or by TCP.',
  },
  answered_elsewhere: {
    blame: 'none',
    meaning: 'Somebody else who was called for the same call answered first.',
    fix: '',
  },
  canceled_before_answer: {
    blame: 'caller',
    meaning: 'Whoever had this leg called gave up before it was answered.',
    fix: '',
  },
  number_not_found: {
    blame: 'configuration',
    meaning: 'There is nobody under what was called (404, 410, 484, 604).',
    fix: 'Verify the number or address. Numbers need their country code: +14155550100.',
  },
  destination_not_allowed: {
    blame: 'configuration',
    meaning: 'The customer may not call this destination.',
    fix: 'Have its country allowed in the outbound configuration, and the identity verified.',
  },
  insufficient_balance: {
    blame: 'configuration',
    meaning: 'Nobody was called, because the balance does not cover the first interval (INSUFFICIENT_BALANCE).',
    fix: 'Add credit to the billing account.',
  },
  account_suspended: {
    blame: 'configuration',
    meaning: 'Nobody was called, because the billing account is suspended (ACCOUNT_SUSPENDED).',
    fix: 'Have the billing account recovered.',
  },
  spending_limit_refused: {
    blame: 'configuration',
    meaning: 'Nobody was called, because that would have passed a limit on spending (SPENDING_LIMIT_REACHED).',
    fix: 'See what is used with GET /spending_limits, and wait or have the limit raised.',
  },
  spending_not_allowed: {
    blame: 'configuration',
    meaning:
      'Nobody was called, because nothing may be spent in this way or on this destination (SPENDING_NOT_ALLOWED).',
    fix: 'See what is allowed with GET /spending_limits, and have it allowed if it is meant.',
  },
  identity_not_verified: {
    blame: 'configuration',
    meaning:
      'Nobody was called, because the identity of the customer is not verified (IDENTITY_VERIFICATION_REQUIRED).',
    fix: 'Have the identity verified.',
  },
  source_not_allowed: {
    blame: 'configuration',
    meaning:
      'Nobody was called, because the number that was to be shown is not one of the customer (SOURCE_NOT_ALLOWED).',
    fix: 'Call from a number of your own, or choose one in the outbound configuration.',
  },
  no_route: {
    blame: 'configuration',
    meaning: 'Nothing leads to this destination.',
    fix: 'Have a route to a carrier configured, or call another kind of address.',
  },
  credentials_refused: {
    blame: 'configuration',
    meaning: 'The other side asked for a password, which we do not have or which is wrong (401, 407).',
    fix: 'Let the other side accept calls from our address, or configure the credentials that it expects.',
  },
  no_common_codec: {
    blame: 'configuration',
    meaning: 'The two sides have no codec or no kind of media in common (415, 488, 606).',
    fix: 'Switch PCMU or PCMA on in the phone, and SRTP off where it is compulsory.',
  },
  callee_moved: {
    blame: 'configuration',
    meaning: 'The other side sent us to another address (3xx), which is not followed.',
    fix: 'Call the address that its Contact names, or switch call forwarding in the phone off and let the flow forward.',
  },
  callee_failed: {
    blame: 'callee',
    meaning: 'The other side failed (5xx).',
    fix: 'Try again later. If it stays so, show the SIP messages of this account to whoever runs the other side.',
  },
  callee_refused: {
    blame: 'callee',
    meaning: 'The other side refused the call with a status that says no more than that.',
    fix: 'See the SIP status and its reason phrase in this account.',
  },

  // ── us ──
  account_closed: {
    blame: 'configuration',
    meaning: 'The customer was frozen or deleted, which ends its calls.',
    fix: 'Have the customer recovered.',
  },
  platform_stopped: {
    blame: 'platform',
    meaning: 'The platform was stopped, which ends its calls.',
    fix: 'Stop it with DRAIN_SECONDS set, so that calls can end by themselves.',
  },
  platform_restarted: {
    blame: 'platform',
    meaning: 'The program that had the call ended without a word; the call was closed when it was back.',
    fix: 'Look at why it ended: the log of the platform, and that of the machine (memory).',
  },
  unexplained: {
    blame: 'platform',
    meaning: 'Nothing that was kept says why the call ended.',
    fix: 'Records are kept for some days only. If the call is younger, report it with this account.',
  },
} as const satisfies Record<string, Row>
export type VerdictReason = keyof typeof VERDICTS
export const VERDICT_REASONS = Object.keys(VERDICTS) as VerdictReason[]

/** What else is worth knowing of a call that went well or not. */
export const WARNINGS = {
  packets_lost: {
    meaning: 'More than 3 % of the packets of the phone were lost.',
    fix: "Look at the phone's network: Wi-Fi, a full line, or a firewall that drops UDP.",
  },
  high_jitter: {
    meaning: 'The packets of the phone came with a jitter above 50 ms.',
    fix: "Look at the phone's network, and give sound priority there.",
  },
  source_changed: {
    meaning: 'The sound of the phone came from another address than before.',
    fix: 'That is usual for a phone that changes its network. If it should not, look at the NAT in front of it.',
  },
  key_by_sound: {
    meaning: 'Keys came as tones in the sound and not as telephone events, which is less certain.',
    fix: 'Switch DTMF by RFC 4733 (RFC 2833) on in the phone.',
  },
  sound_worker_restarted: {
    meaning: 'The part of the platform that carries the sound was restarted during the call.',
    fix: 'Look at the log of the platform.',
  },
  flow_step_failed: {
    meaning: 'A step of the flow failed, and the flow went on.',
    fix: 'See the step in this account, with its cause.',
  },
  webhook_failed: {
    meaning: 'An event of this call could not be delivered to a webhook.',
    fix: 'See the attempts in this account, and mend the receiver.',
  },
} as const satisfies Record<string, Omit<Row, 'blame'>>
export type WarningReason = keyof typeof WARNINGS
export const WARNING_REASONS = Object.keys(WARNINGS) as WarningReason[]
