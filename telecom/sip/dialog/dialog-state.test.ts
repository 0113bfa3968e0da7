import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Headers } from '../message/headers.ts'
import { SipRequest, SipResponse } from '../message/message.ts'
import { parseMessage } from '../message/parser.ts'
import { dialogRequest } from './dialog-request.ts'
import { type DialogState, inOrder, nextHopUri, uacDialog, uasDialog } from './dialog-state.ts'

const ours = {
  localTag: 'me',
  contact: 'sip:n.i@192.0.2.1:5060',
  flow: 'f',
  flowSecure: false,
  routing: 'flow',
} as const

function headersOf(lines: Record<string, string>): Headers {
  const headers = new Headers()
  headers.appendAll(lines)
  return headers
}

const INVITE = new SipRequest({
  method: 'INVITE',
  uri: 'sip:bob@example.com',
  headers: headersOf({
    Via: 'SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKx',
    'Record-Route': '<sip:p1.example.com;lr>, <sip:p2.example.com;lr>',
    From: '"A" <sip:alice@example.com;x=1>;tag=them',
    To: 'sip:bob@example.com',
    'Call-ID': 'c',
    CSeq: '42 INVITE',
    Contact: '<sip:alice@192.0.2.9:5070>;expires=3',
  }),
})

test('a Record-Route that no database can keep makes no dialog', () => {
  const text = `INVITE sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\r\nFrom: <sip:a@b>;tag=1\r
To: <sip:c@d>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\nRecord-Route: "\\\0" <sip:p1.example.com;lr>\r\n\r\n`
  const invite = parseMessage(Buffer.from(text))
  assert.ok(invite instanceof SipRequest)
  assert.throws(() => uasDialog(invite, ours), { issue: 'malformed header', status: 400 })
})

test('the callee keeps Record-Route in order, the caller turns it round (RFC 3261 §12.1)', () => {
  const uas = uasDialog(INVITE, ours)
  assert.deepEqual(uas, {
    call_id: 'c',
    local_tag: 'me',
    remote_tag: 'them',
    local_uri: 'sip:bob@example.com',
    remote_uri: 'sip:alice@example.com;x=1',
    local_cseq: 0,
    remote_cseq: 42,
    route_set: ['<sip:p1.example.com;lr>', '<sip:p2.example.com;lr>'],
    remote_target: 'sip:alice@192.0.2.9:5070',
    local_contact: 'sip:n.i@192.0.2.1:5060',
    flow: 'f',
    routing: 'flow',
    secure: false,
    role: 'uas',
  })
  const headers = INVITE.headers.clone()
  headers.set('To', '<sip:bob@example.com>;tag=bob')
  headers.set('Contact', '<sip:bob@198.51.100.4>')
  const uac = uacDialog(INVITE, new SipResponse({ status: 200, reason: 'OK', headers }), { ...ours, localTag: 'them' })
  assert.deepEqual(uac.route_set, ['<sip:p2.example.com;lr>', '<sip:p1.example.com;lr>'])
  assert.deepEqual(
    [uac.remote_tag, uac.remote_target, uac.local_cseq, uac.remote_cseq],
    ['bob', 'sip:bob@198.51.100.4', 42, -1],
  )
})

const request = (state: DialogState) =>
  dialogRequest(state, { method: 'INFO', cseq: 7, via: 'SIP/2.0/UDP h;branch=z9hG4bKy' })

test('a loose router leaves the Request-URI alone, a strict one becomes it (§12.2.1.1)', () => {
  const loose = request(uasDialog(INVITE, ours))
  assert.equal(loose.uriText, 'sip:alice@192.0.2.9:5070')
  assert.deepEqual(loose.headers.list('route'), ['<sip:p1.example.com;lr>', '<sip:p2.example.com;lr>'])
  assert.deepEqual([loose.fromTag, loose.toTag, loose.callId], ['me', 'them', 'c'])
  const state = { ...uasDialog(INVITE, ours), route_set: ['<sip:old.example.com>', '<sip:p2.example.com;lr>'] }
  const strict = request(state)
  assert.equal(strict.uriText, 'sip:old.example.com')
  assert.deepEqual(strict.headers.list('route'), ['<sip:p2.example.com;lr>', '<sip:alice@192.0.2.9:5070>'])
  assert.equal(nextHopUri(state), 'sip:old.example.com')
})

test('the peer may leave out CSeq numbers but not go back (§12.2.2)', () => {
  const state = uasDialog(INVITE, ours)
  assert.deepEqual(
    [41, 42, 43, 4_000_000_000].map((cseq) => inOrder(state, cseq)),
    [false, true, true, true],
  )
})

test('an INVITE without Contact and From tag (RFC 2543) makes a dialog that is reached at its From', () => {
  const headers = INVITE.headers.clone()
  headers.delete('Contact')
  headers.delete('Record-Route')
  headers.set('From', '<sip:old@192.0.2.9>')
  const state = uasDialog(new SipRequest({ method: 'INVITE', uri: 'sip:b@c', headers }), ours)
  assert.deepEqual([state.remote_tag, state.remote_target], ['', 'sip:old@192.0.2.9'])
  assert.equal(request(state).headers.get('to'), '<sip:old@192.0.2.9>')
})
