import type { FakePhone } from '#testkit'
import {
  answer,
  type Caller,
  calleesBye,
  dials,
  early,
  pause,
  proves,
  provisional,
  response,
  scenario,
  sound,
  within,
} from './scenario.ts'

/** What callers of the soak do; of twenty calls so many each. */
export const CALLERS = {
  /** Presses a key in a menu, which speaks and hangs up. */
  menu: 6,
  /** The same, recorded. */
  recorded: 2,
  /** Talks with another extension and hangs up. */
  extension: 4,
  /** Is connected with the first of three who ring; the others are busy or rung off. */
  group: 2,
  /** Gives up while it rings. */
  cancel: 2,
  /** Calls who is busy. */
  busy: 2,
  /** Hands who it called over to a third phone (REFER) and hangs up. */
  transfer: 1,
  /** Puts the other on hold and comes back. */
  hold: 1,
} as const
export type CallerName = keyof typeof CALLERS
export const CALLER_NAMES = Object.keys(CALLERS) as CallerName[]
export const ALL_SHARES = Object.values(CALLERS).reduce((sum, share) => sum + share, 0)

/** What phones that are called do. */
export const CALLEES = ['answers', 'rings', 'busy', 'leaves', 'third'] as const
export type CalleeName = (typeof CALLEES)[number]

/** How many calls reach each phone for one call of each caller. */
export const REACHES: Record<CallerName, readonly CalleeName[]> = {
  menu: [],
  recorded: [],
  extension: ['answers'],
  group: ['answers', 'rings', 'busy'],
  cancel: ['rings'],
  busy: ['busy'],
  transfer: ['leaves', 'third'],
  hold: ['answers'],
}

/** Whom the callers dial, by extension or number. */
export type Dialled = Record<CallerName, string>

/** Who calls a number from somewhere else, and is asked for nothing. */
const STRANGER: Caller = { extension: 'outside', password: '' }

const SPEAKS = sound('rtpstream_audio_port')
const HEARS = sound('media_port')

/** The scenario of a caller. `voice` is a file of raw µ-law. */
export function callerScenario(name: CallerName, caller: Caller, voice: string, third: FakePhone['aor']): string {
  const speaks = `<nop><action><exec rtp_stream="${voice},-1,0"/></action></nop>`
  const bye = (cseq: number, who = caller) => [within('BYE', cseq, who), response(200)]
  const fromOutside = [
    early('INVITE', 1, STRANGER, { sdp: SPEAKS }),
    provisional,
    response(200, ' rrs="true"'),
    within('ACK', 1, STRANGER),
  ]
  const menu = [
    ...fromOutside,
    speaks,
    pause(400),
    within('INFO', 2, STRANGER, { content: ['application/dtmf-relay', 'Signal=1\nDuration=160'] }),
    response(200),
    '<recv request="BYE"/>',
    answer('200 OK'),
  ]
  const steps: Record<CallerName, readonly string[]> = {
    menu,
    recorded: menu,
    extension: [...dials(caller, SPEAKS), speaks, pause(3_000), ...bye(3)],
    group: [...fromOutside, speaks, pause(2_000), ...bye(2, STRANGER)],
    cancel: [
      ...proves(caller, SPEAKS),
      response(100, ' optional="true"'),
      response(180),
      pause(700),
      early('CANCEL', 2, caller),
      response(200),
      response(487),
      early('ACK', 2, caller),
    ],
    busy: [...proves(caller, SPEAKS), provisional, response(486), early('ACK', 2, caller)],
    transfer: [
      ...dials(caller, SPEAKS),
      speaks,
      pause(1_000),
      within('REFER', 3, caller, { lines: [`Refer-To: <${third}>`] }),
      response(202),
      '<label id="1"/>',
      response(202, ' optional="true"'), // again, where ours was lost
      '<recv request="NOTIFY"><action><ereg regexp="terminated" search_in="hdr" header="Subscription-State:" assign_to="over"/></action></recv>',
      answer('200 OK', { attributes: ' next="2" test="over"' }),
      '<nop next="1"/>',
      '<label id="2"/>',
      ...bye(4),
    ],
    hold: [
      ...dials(caller, SPEAKS),
      speaks,
      pause(700),
      ...again(3, caller, 'sendonly'),
      pause(700),
      ...again(4, caller, 'sendrecv'),
      pause(700),
      ...bye(5),
    ],
  }
  return scenario(name, steps[name])
}

/** Offers another direction. */
function again(cseq: number, caller: Caller, direction: string): string[] {
  return [
    within('INVITE', cseq, caller, { sdp: sound('rtpstream_audio_port', direction) }),
    provisional,
    response(200),
    within('ACK', cseq, caller),
  ]
}

const INVITED =
  '<recv request="INVITE" rrs="true"><action>' +
  '<ereg regexp=".*" search_in="hdr" header="From:" assign_to="caller"/>' +
  '<ereg regexp=".*" search_in="hdr" header="CSeq:" assign_to="invited"/></action></recv>'
const ANSWERED = [
  INVITED,
  answer('180 Ringing', { tag: true }),
  pause(150),
  answer('200 OK', { tag: true, sdp: HEARS }),
  '<recv request="ACK"/>',
]
const IS_ENDED = ['<recv request="BYE"/>', answer('200 OK')]

/** The scenario of a phone that is called. */
export function calleeScenario(name: CalleeName): string {
  const steps: Record<CalleeName, readonly string[]> = {
    answers: [...ANSWERED, ...IS_ENDED],
    third: [...ANSWERED, ...IS_ENDED],
    // talks until well after it was handed over, and hangs up then
    leaves: [...ANSWERED, pause(6_000), calleesBye(), response(200)],
    rings: [
      INVITED,
      answer('180 Ringing', { tag: true }),
      '<recv request="CANCEL"/>',
      answer('200 OK'),
      answer('487 Request Terminated', { tag: true, cseq: 'CSeq:[$invited]' }),
      '<recv request="ACK"/>',
    ],
    busy: [INVITED, answer('486 Busy Here', { tag: true }), '<recv request="ACK"/>'],
  }
  return scenario(name, steps[name], 'caller,invited')
}
