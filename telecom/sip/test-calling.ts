import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { sequentialIds } from '#platform/ids'
import { silentLog } from '#platform/log'
import { ManualClock } from '#platform/time'
import type { SipRequest } from './message/message.ts'
import { SipStack } from './stack.ts'
import type { SipStackOptions } from './stack-options.ts'
import type { Dialog, DialogUser, EarlyDialog, OutgoingInvite, SessionChange } from './transaction-user.ts'
import type { RemoteAddress } from './transport/flow.ts'
import { UdpPeer, until } from './udp-peer.ts'

/** The stack, a phone that it calls, and notes of what the caller was told. */
export async function calling(
  t: TestContext,
  parts: Partial<OutgoingInvite> | ((phone: UdpPeer, local: RemoteAddress) => Promise<Partial<OutgoingInvite>>) = {},
  options: Partial<SipStackOptions> = {},
  restate: DialogUser['restate'] = () => undefined,
) {
  const clock = new ManualClock()
  const stack = new SipStack({
    clock,
    ids: sequentialIds(),
    log: silentLog,
    node: 'n1',
    incarnation: 'i7',
    listeners: [{ transport: 'udp', host: '127.0.0.1', port: 0 }],
    user: { invite() {}, request() {} },
    ...options,
  })
  await stack.start()
  const local = stack.listeners[0]?.local
  assert.ok(local)
  const phone = await UdpPeer.open(local)
  t.after(async () => {
    await phone.close()
    await stack.stop()
    assert.equal(clock.pending, 0, 'a stopped stack leaves no timer')
  })
  const events: string[] = []
  const dialogs: Dialog[] = []
  const changes: SessionChange[] = []
  const early: (EarlyDialog | undefined)[] = []
  const call = stack.invite(
    {
      uri: `sip:bob@127.0.0.1:${phone.port}`,
      from: '"Alice" <sip:alice@example.com>',
      via: { target: { address: '127.0.0.1', port: phone.port } },
      sdp: 'offer',
      ...(typeof parts === 'function' ? await parts(phone, local) : parts),
    },
    {
      dialog: {
        bye: () => events.push('bye'),
        info: (request) => {
          events.push('info')
          request.respond(200)
        },
        reinvite: (change) => changes.push(change),
        update: (change) => changes.push(change),
        other: (request) => request.respond(405),
        ended: (cause) => events.push(`ended: ${cause}`),
        restate,
      },
      progressed: (response, dialog) => {
        early.push(dialog)
        events.push(`progressed ${response.status}`)
      },
      answered: (_, dialog) => {
        events.push('answered')
        dialogs.push(dialog)
      },
      failed: (failure) =>
        events.push(failure.type === 'refused' ? `refused ${failure.response.status}` : failure.type),
    },
  )
  const told = (event: string) => until(`${event} is told`, () => events.includes(event))
  return { stack, clock, phone, call, events, dialogs, changes, early, told }
}

export type Test = Awaited<ReturnType<typeof calling>>

/** The phone's answer to a request. */
export function reply(phone: UdpPeer, request: SipRequest, status: number, tag = '', extra: string[] = [], body = '') {
  const lines = ['via', 'from', 'call-id', 'cseq'].map((name) => `${name}: ${request.headers.get(name)}`)
  const to = `to: ${request.headers.get('to')}${tag && request.toTag === '' ? `;tag=${tag}` : ''}`
  const contact = `Contact: <sip:${tag || 'bob'}@127.0.0.1:${phone.port}>`
  const described = body === '' ? [] : ['Content-Type: application/sdp']
  const text = [`SIP/2.0 ${status} X`, ...lines, to, contact, ...extra, ...described, `Content-Length: ${body.length}`]
  return phone.send([...text, '', body].join('\r\n'))
}

export function inDialog(at: Test, method: string, tag: string, parts: { cseq?: number; body?: string } = {}): string {
  const { dialogState: state } = at.call
  const { cseq = 1, body = '' } = parts
  return [
    `${method} ${state.local_contact} SIP/2.0`,
    `Via: SIP/2.0/UDP 127.0.0.1:${at.phone.port};branch=z9hG4bK${method}${tag}${cseq}`,
    'Max-Forwards: 70',
    `From: <${state.remote_uri}>;tag=${tag}`,
    `To: <${state.local_uri}>;tag=${state.local_tag}`,
    `Call-ID: ${state.call_id}`,
    `CSeq: ${cseq} ${method}`,
    `Contact: <sip:bob@127.0.0.1:${at.phone.port}>`,
    ...(body === '' ? [] : ['Content-Type: application/sdp']),
    `Content-Length: ${body.length}`,
    '',
    body,
  ].join('\r\n')
}

export async function sent(at: Test): Promise<SipRequest> {
  at.call.send()
  return at.phone.request('INVITE')
}

export async function ringing(at: Test): Promise<SipRequest> {
  const invite = await sent(at)
  await reply(at.phone, invite, 180, 'b1')
  await at.told('progressed 180')
  return invite
}
