/** For tests: a call, and the messages of one that was challenged, answered and hung up. */
import type { Call } from '#managers/call'
import { NIL_UUID } from '#platform/ids'
import type { DialogState } from '#telecom/sip'

export function testCall(id: string, more: Partial<Call> = {}): Call {
  const nil = ['owner_id', 'flow_id', 'activeflow_id', 'master_call_id', 'recording_id', 'groupcall_id'].map((name) => [
    name,
    NIL_UUID,
  ])
  return {
    ...Object.fromEntries(nil),
    ...{ id, customer_id: '00000000-0000-4000-8000-000000000001', owner_type: '', type: 'flow', status: 'ringing' },
    ...{ chained_call_ids: [], recording_ids: [], source: {}, destination: {}, metadata: {}, direction: 'incoming' },
    ...{ action: { id: NIL_UUID, next_id: NIL_UUID, type: '' }, mute_direction: '', hangup_by: '', hangup_reason: '' },
    ...{ tm_create: '2026-01-02T03:04:05.000000Z', tm_ringing: null, tm_progressing: null, tm_hangup: null },
    ...{ tm_update: null, tm_delete: null },
    ...more,
  } as Call
}

const OURS = ';tag=ours'
const SDP = [
  ...['v=0', 'o=- 1 1 IN IP4 192.0.2.2', 's=-', 'c=IN IP4 192.0.2.2', 't=0 0', 'm=audio 4000 RTP/AVP 0 8 101'],
  ...['a=rtpmap:0 PCMU/8000', 'a=rtpmap:8 PCMA/8000', 'a=rtpmap:101 telephone-event/8000', 'a=sendrecv', ''],
].join('\r\n')
const PROOF =
  'Authorization: Digest username="1000", realm="x.registrar.example.com", nonce="0123456789abcdef0123456789abcdef", ' +
  'uri="sip:1001@example.com", response="0123456789abcdef0123456789abcdef", algorithm=MD5, qop=auth, nc=00000001, cnonce="ab"'
const CHALLENGE =
  'WWW-Authenticate: Digest realm="x.registrar.example.com", nonce="0123456789abcdef0123456789abcdef", algorithm=MD5, qop="auth"'

/** The dialog of those messages, as the line of it knows it. */
export function testDialog(sipCallId: string, more: Partial<DialogState> = {}): DialogState {
  return {
    ...{ call_id: sipCallId, local_tag: 'ours', remote_tag: '0123456789', role: 'uas', routing: 'flow', secure: false },
    ...{ local_uri: 'sip:1001@example.com', remote_uri: 'sip:1000@example.com', local_cseq: 0, remote_cseq: 2 },
    ...{ route_set: [], remote_target: 'sip:1000@192.0.2.2:5062', local_contact: 'sip:192.0.2.1' },
    flow: 'udp;192.0.2.1;5060;192.0.2.2;5062',
    ...more,
  }
}

/** Come from and go to 192.0.2.2:5062. */
export function testMessages(sipCallId: string): { direction: 'in' | 'out'; data: Buffer }[] {
  const message = (direction: 'in' | 'out', start: string, cseq: string, lines: string[] = [], body = '', to = '') => ({
    direction,
    data: Buffer.from(
      [
        ...[start, 'Via: SIP/2.0/UDP 192.0.2.2:5062;branch=z9hG4bK0123456789;rport', 'Max-Forwards: 70'],
        'From: "Ann" <sip:1000@example.com>;tag=0123456789',
        `To: <sip:1001@example.com>${to}`,
        ...[`Call-ID: ${sipCallId}`, `CSeq: ${cseq}`, 'Contact: <sip:1000@192.0.2.2:5062>'],
        ...[
          'User-Agent: A phone that says its name and version 1.2.3',
          'Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, INFO',
        ],
        ...[
          ...lines,
          ...(body === '' ? [] : ['Content-Type: application/sdp']),
          `Content-Length: ${body.length}`,
          '',
          body,
        ],
      ].join('\r\n'),
    ),
  })
  return [
    message('in', 'INVITE sip:1001@example.com SIP/2.0', '1 INVITE', [], SDP),
    message('out', 'SIP/2.0 401 Unauthorized', '1 INVITE', [CHALLENGE], '', ';tag=of-401'),
    message('in', 'ACK sip:1001@example.com SIP/2.0', '1 ACK', [], '', ';tag=of-401'),
    message('in', 'INVITE sip:1001@example.com SIP/2.0', '2 INVITE', [PROOF], SDP),
    message('out', 'SIP/2.0 100 Trying', '2 INVITE'),
    message('out', 'SIP/2.0 180 Ringing', '2 INVITE', [], '', OURS),
    message('out', 'SIP/2.0 200 OK', '2 INVITE', [], SDP, OURS),
    message('in', 'ACK sip:1001@example.com SIP/2.0', '2 ACK', [], '', OURS),
    message('in', 'BYE sip:1001@example.com SIP/2.0', '3 BYE', [], '', OURS),
    message('out', 'SIP/2.0 200 OK', '3 BYE', [], '', OURS),
  ]
}
