import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { sequentialIds } from '#platform/ids'
import { silentLog } from '#platform/log'
import { ManualClock } from '#platform/time'
import type { MediaEndpoint, MediaEvent, OpenEndpoint, WantedMedia } from '#telecom/media'
import { type IncomingInvite, type SipRequest, SipStack } from '#telecom/sip'
import { LineDirectory } from './line-directory.ts'
import type { LineEvent } from './line-event.ts'
import { OutgoingLine, type OutgoingLineOptions } from './outgoing-line.ts'
import { TestPhone, until } from './test-phone.ts'

/** An endpoint that notes what it is told, and says what a test wants it to have heard. */
export interface Sound {
  wanted: WantedMedia[]
  presses: string[]
  closed: boolean
  on(event: MediaEvent): void
}

export async function lines(t: TestContext) {
  const clock = new ManualClock()
  const ids = sequentialIds()
  const sounds = new Map<string, Sound>()
  const invites: IncomingInvite[] = []
  const sip = new SipStack({
    clock,
    ids,
    log: silentLog,
    node: 'n1',
    incarnation: 'i7',
    listeners: [{ transport: 'udp', host: '127.0.0.1', port: 0 }],
    user: { invite: (invite) => invites.push(invite), request() {} },
  })
  await sip.start()
  const local = sip.listeners[0]?.local
  assert.ok(local)
  const phone = await TestPhone.open(local)
  t.after(async () => {
    await phone.close()
    await sip.stop()
    assert.equal(clock.pending, 0, 'no timer is left')
  })
  const media = {
    async open(options: OpenEndpoint): Promise<MediaEndpoint> {
      const sound: Sound = { wanted: [], presses: [], closed: false, on: options.on }
      sounds.set(options.id, sound)
      return {
        id: options.id,
        address: options.address ?? '127.0.0.1',
        port: 20_000 + 2 * sounds.size,
        worker: options.workerHint ?? 0,
        want: (wanted) => sound.wanted.push(wanted),
        detect: () => {},
        press: (digit, durationMs) => sound.presses.push(`${digit} ${durationMs}`),
        statistics: () => Promise.reject(new Error('none')),
        close: async () => {
          sound.closed = true
        },
      }
    },
  }
  const directory = new LineDirectory()
  const needs = { clock, ids, log: silentLog, media, sip, directory }
  const line = (options: Partial<OutgoingLineOptions> = {}) =>
    new OutgoingLine(
      {
        uri: `sip:bob@127.0.0.1:${phone.port}`,
        from: '<sip:alice@example.com>',
        via: { target: { address: '127.0.0.1', port: phone.port } },
        ...options,
      },
      needs,
    )
  const soundOf = (id: string): Sound => {
    const sound = sounds.get(id)
    assert.ok(sound)
    return sound
  }
  return { clock, phone, sip, needs, line, soundOf, invites, directory }
}

export type Test = Awaited<ReturnType<typeof lines>>

export async function dialled(at: Test, options: Partial<OutgoingLineOptions> = {}) {
  const line = at.line(options)
  await line.open()
  const events: LineEvent[] = []
  line.listen((event) => events.push(event))
  line.dial()
  const invite = await at.phone.request('INVITE')
  const told = async <T extends LineEvent['type']>(type: T) => {
    await until(`${type} is told`, () => events.some((event) => event.type === type))
    return events.find((event): event is LineEvent & { type: T } => event.type === type)
  }
  const types = () => events.map(({ type }) => type)
  return { line, events, invite, told, types, sound: at.soundOf(line.id) }
}

export async function talking(at: Test, description = sdp()) {
  const leg = await dialled(at)
  await reply(at.phone, leg.invite, 200, { tag: 'b1', sdp: description })
  await at.phone.request('ACK')
  await leg.told('answered')
  return leg
}

/** A description of the phone's. */
export function sdp(options: { port?: number; payloads?: string; lines?: string } = {}): string {
  const { port = 4_000, payloads = '0 101', lines: extra = '' } = options
  return `v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio ${port} RTP/AVP ${payloads}\r\n${payloads.includes('101') ? 'a=rtpmap:101 telephone-event/8000\r\n' : ''}${extra}`
}

export interface Reply {
  tag?: string
  sdp?: string
  extra?: string[]
}

export function reply(phone: TestPhone, request: SipRequest, status: number, options: Reply = {}) {
  const { tag = '', sdp: body = '', extra = [] } = options
  const lines = ['via', 'from', 'call-id', 'cseq'].map((name) => `${name}: ${request.headers.get(name)}`)
  const to = `to: ${request.headers.get('to')}${tag && request.toTag === '' ? `;tag=${tag}` : ''}`
  const type = body === '' ? [] : ['Content-Type: application/sdp']
  return phone.send(
    [
      `SIP/2.0 ${status} X`,
      ...lines,
      to,
      `Contact: <sip:bob@127.0.0.1:${phone.port}>`,
      ...type,
      ...extra,
      `Content-Length: ${body.length}`,
      '',
      body,
    ].join('\r\n'),
  )
}

let branches = 0

export function inDialog(
  at: Test,
  line: Pick<OutgoingLine, 'dialog'>,
  method: string,
  cseq: number,
  body = '',
): string {
  const { dialog: state } = line
  return [
    `${method} ${state.local_contact} SIP/2.0`,
    `Via: SIP/2.0/UDP 127.0.0.1:${at.phone.port};branch=z9hG4bKo${++branches}`,
    'Max-Forwards: 70',
    `From: <${state.remote_uri}>;tag=${state.remote_tag}`,
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
