import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { sequentialIds } from '#platform/ids'
import { silentLog } from '#platform/log'
import { ManualClock } from '#platform/time'
import type { SipRequest, SipResponse } from './message/message.ts'
import { SipStack } from './stack.ts'
import type { SipStackOptions } from './stack-options.ts'
import type {
  Dialog,
  DialogRequest,
  DialogUser,
  IncomingInvite,
  IncomingRequest,
  SessionChange,
  TransactionUser,
} from './transaction-user.ts'
import { UdpPeer, until } from './udp-peer.ts'

/** The stack on a real socket with a clock turned by hand, a phone, and notes of what the user of the stack was told. */
export async function testStack(t: TestContext, options: Partial<SipStackOptions> = {}) {
  const clock = new ManualClock()
  const calls: IncomingInvite[] = []
  const requests: IncomingRequest[] = []
  const events: string[] = []
  const changes: SessionChange[] = []
  const infos: DialogRequest[] = []
  const user: TransactionUser = {
    invite(call) {
      calls.push(call)
      call.attach({
        cancelled: (by) => events.push(`cancelled by ${by.method}`),
        acked: () => events.push('acked'),
        ackTimeout: () => events.push('ack timeout'),
        pracked: (prack) => events.push(`pracked ${prack.body}`),
        dialog: dialogUser,
      })
    },
    request: (request) => requests.push(request),
  }
  const dialogUser: DialogUser = {
    bye: () => events.push('bye'),
    info: (request) => infos.push(request),
    reinvite: (change) => changes.push(change),
    update: (change) => changes.push(change),
    other: (request) => infos.push(request),
    ended: (cause) => events.push(`ended: ${cause}`),
  }
  const stack = new SipStack({
    clock,
    ids: sequentialIds(),
    log: silentLog,
    node: 'n1',
    incarnation: 'i7',
    listeners: [{ transport: 'udp', host: '127.0.0.1', port: 0 }],
    user,
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
  const lastCall = async () => {
    const known = calls.length
    await until('a call comes in', () => calls.length > known || (known > 0 && calls.length === known))
    const call = calls.at(-1)
    assert.ok(call)
    return call
  }
  return { stack, clock, phone, calls, requests, events, changes, infos, dialogUser, lastCall, local }
}

export type Test = Awaited<ReturnType<typeof testStack>>

export interface Parts {
  branch?: string
  callId?: string
  cseq?: number
  fromTag?: string
  toTag?: string
  rport?: boolean
  via?: string
  uri?: string
  extra?: string[]
  body?: string
}

let branches = 0

export function text(phone: UdpPeer, method: string, parts: Parts = {}): string {
  const branch = parts.branch ?? `z9hG4bK${++branches}`
  return [
    `${method} ${parts.uri ?? 'sip:bob@example.com'} SIP/2.0`,
    `Via: ${parts.via ?? `SIP/2.0/UDP 127.0.0.1:${phone.port}`};branch=${branch}${parts.rport ? ';rport' : ''}`,
    'Max-Forwards: 70',
    `From: <sip:alice@example.com>;tag=${parts.fromTag ?? 'a1'}`,
    `To: <sip:bob@example.com>${parts.toTag ? `;tag=${parts.toTag}` : ''}`,
    `Call-ID: ${parts.callId ?? 'c1'}`,
    `CSeq: ${parts.cseq ?? 1} ${method}`,
    `Contact: <sip:alice@127.0.0.1:${phone.port}>`,
    ...(parts.body ? ['Content-Type: application/sdp'] : []),
    ...(parts.extra ?? []),
    `Content-Length: ${(parts.body ?? '').length}`,
    '',
    parts.body ?? '',
  ].join('\r\n')
}

export const ackOf = (phone: UdpPeer, response: SipResponse, parts: Parts = {}) =>
  text(phone, 'ACK', { cseq: response.cseq.number, toTag: response.toTag, ...parts })

/** A call that has been answered and acknowledged. */
export async function answered(at: Test, parts: Parts = {}): Promise<{ dialog: Dialog; ok: SipResponse }> {
  await at.phone.send(text(at.phone, 'INVITE', { body: 'offer', ...parts }))
  await at.phone.response(100)
  await until('the call comes in', () => at.calls.length > 0)
  const dialog = at.calls.at(-1)?.accept({ sdp: 'answer', user: at.dialogUser })
  assert.ok(dialog)
  const ok = await at.phone.response(200)
  await at.phone.send(ackOf(at.phone, ok))
  await until('the ACK comes', () => at.events.includes('acked'))
  return { dialog, ok }
}

/** A response of the phone to a request of ours. */
export function reply(request: SipRequest, status: number, extra: string[] = [], body = ''): string {
  const copied = ['Via', 'From', 'To', 'Call-ID', 'CSeq'].map((name) => `${name}: ${request.headers.get(name)}`)
  return [`SIP/2.0 ${status} X`, ...copied, ...extra, `Content-Length: ${body.length}`, '', body].join('\r\n')
}
