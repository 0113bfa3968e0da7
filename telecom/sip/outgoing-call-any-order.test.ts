import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { sequentialIds } from '#platform/ids'
import { silentLog } from '#platform/log'
import { ManualClock } from '#platform/time'
import { SipRequest } from './message/message.ts'
import { SipStack } from './stack.ts'
import type { Dialog, DialogUser, EarlyDialog, OutgoingCall } from './transaction-user.ts'
import { UdpPeer, until } from './udp-peer.ts'

/** What can happen to a call of ours, in whatever order. */
type Happening =
  | { does: 'phone answers'; status: number; fork: string; extra: readonly string[] }
  | { does: 'phone asks'; method: string; fork: string }
  | { does: 'phone replies'; status: number }
  | { does: 'we cancel' }
  | { does: 'we hang up' }
  | { does: 'we offer anew' }
  | { does: 'we offer by UPDATE' }
  | { does: 'time passes'; ms: number }

const fork = fc.constantFrom('f1', 'f2', 'f3')
const happening: fc.Arbitrary<Happening> = fc.oneof(
  fc.record({
    does: fc.constant('phone answers' as const),
    status: fc.constantFrom(100, 180, 183, 200, 200, 302, 401, 422, 486, 487, 603),
    fork,
    extra: fc.constantFrom(
      [],
      ['Require: 100rel', 'RSeq: 1'],
      ['Require: 100rel', 'RSeq: 2', 'Content-Type: application/sdp'],
      ['Session-Expires: 90;refresher=uac', 'Allow: UPDATE', 'Min-SE: 3000'],
      ['Session-Expires: 90;refresher=uas'],
    ),
  }),
  fc.record({
    does: fc.constant('phone asks' as const),
    method: fc.constantFrom('BYE', 'UPDATE', 'INFO', 'INVITE', 'PRACK'),
    fork,
  }),
  fc.record({ does: fc.constant('phone replies' as const), status: fc.constantFrom(200, 481, 491) }),
  fc.record({
    does: fc.constantFrom(
      'we cancel' as const,
      'we hang up' as const,
      'we offer anew' as const,
      'we offer by UPDATE' as const,
    ),
  }),
  fc.record({ does: fc.constant('time passes' as const), ms: fc.constantFrom(0, 400, 4_000, 6_000, 33_000) }),
)

/** A stack that has room for one dialog, and the phone that it calls. */
class Scene {
  readonly clock: ManualClock
  readonly stack: SipStack
  readonly phone: UdpPeer
  #sent = 0
  #branches = 0

  private constructor(clock: ManualClock, stack: SipStack, phone: UdpPeer) {
    this.clock = clock
    this.stack = stack
    this.phone = phone
  }

  static async open(): Promise<Scene> {
    const clock = new ManualClock()
    const stack = new SipStack({
      clock,
      ids: sequentialIds(),
      log: silentLog,
      node: 'n1',
      incarnation: 'i7',
      listeners: [{ transport: 'udp', host: '127.0.0.1', port: 0 }],
      user: { invite() {}, request() {} },
      limits: { dialogs: 1 },
    })
    await stack.start()
    const local = stack.listeners[0]?.local
    assert.ok(local)
    return new Scene(clock, stack, await UdpPeer.open(local))
  }

  async close(): Promise<void> {
    await this.phone.close()
    await this.stack.stop()
  }

  /** The phone says something; comes back when the stack has heard it and the phone all that follows. */
  async say(text: string): Promise<void> {
    this.#sent++
    await this.phone.send(text)
    await this.settle()
  }

  async settle(): Promise<void> {
    const { counters } = this.stack
    await until('all is heard', () => counters.requests_received + counters.responses_received === this.#sent)
    await until('all is seen', () => this.phone.received.length === counters.requests_sent + counters.responses_sent)
  }

  async wait(ms: number): Promise<void> {
    this.clock.advance(ms)
    await this.settle()
  }

  branch(): string {
    return `z9hG4bKp${++this.#branches}`
  }
}

/** One call, what its phone was told, and what its owner was told. */
class Story {
  readonly call: OutgoingCall
  readonly ends: string[] = []
  dialog: Dialog | undefined
  cancelled = false
  readonly #scene: Scene
  readonly #invite: Promise<SipRequest>
  #cseq = 0
  readonly #replied = new Set<string>()
  #answered = false
  #early: EarlyDialog | undefined

  constructor(scene: Scene) {
    this.#scene = scene
    const { phone, stack } = scene
    this.call = stack.invite(
      {
        uri: `sip:bob@127.0.0.1:${phone.port}`,
        from: 'sip:alice@example.com',
        via: { target: { address: '127.0.0.1', port: phone.port } },
        sdp: 'offer',
      },
      {
        dialog: OWNER,
        progressed: (_, early) => {
          assert.ok(!this.cancelled, 'nothing of it is heard once it was given up')
          this.#early = early ?? this.#early
        },
        answered: (_, dialog) => {
          assert.ok(!this.cancelled, 'what was given up is not answered')
          this.ends.push('answered')
          this.dialog = dialog
        },
        failed: (failure) => this.ends.push(failure.type),
      },
    )
    this.call.send()
    this.#invite = phone.request('INVITE')
  }

  async take(what: Happening): Promise<void> {
    switch (what.does) {
      case 'phone answers':
        this.#answered = true
        await this.#invite
        return this.#scene.say(this.#response(this.#lastInvite, what.status, what.fork, what.extra))
      case 'phone asks':
        return this.#scene.say(this.#request(what.method, what.fork))
      case 'phone replies':
        return this.#reply(what.status)
      case 'we cancel':
        this.cancelled ||= this.ends.length === 0
        this.call.cancel()
        return this.#scene.settle()
      case 'we hang up':
        this.dialog?.bye()
        return this.#scene.settle()
      case 'we offer anew':
        this.dialog?.reinvite('offer')
        return this.#scene.settle()
      case 'we offer by UPDATE':
        ;(this.dialog ?? this.#early)?.update('offer')
        return this.#scene.settle()
      case 'time passes':
        return this.#scene.wait(what.ms)
    }
  }

  /** Whatever is left is given up, and the phone answers nothing any more. */
  async close(): Promise<void> {
    await this.take({ does: 'we cancel' })
    await this.take({ does: 'we hang up' })
    for (let times = 0; times < 6; times++) await this.#scene.wait(33_000)
  }

  /** Requests of ours in this call, without repetitions. */
  requests(method: string): SipRequest[] {
    const { call_id } = this.call.dialogState
    const byBranch = new Map<string, SipRequest>()
    for (const one of this.#scene.phone.received) {
      if (!(one instanceof SipRequest) || one.method !== method || one.callId !== call_id) continue
      byBranch.set(one.topVia.branch, one)
    }
    return [...byBranch.values()]
  }

  get #lastInvite(): SipRequest {
    const last = this.requests('INVITE').findLast(({ toTag }) => toTag === '')
    assert.ok(last)
    return last
  }

  async #reply(status: number): Promise<void> {
    const { call_id } = this.call.dialogState
    for (const one of [...this.#scene.phone.received]) {
      if (!(one instanceof SipRequest) || one.callId !== call_id || one.method === 'ACK') continue
      const { branch } = one.topVia
      if (this.#replied.has(`${branch}${one.method}`) || (one.method === 'INVITE' && one.toTag === '')) continue
      this.#replied.add(`${branch}${one.method}`)
      await this.#scene.say(this.#response(one, status, one.toTag))
    }
  }

  #response(request: SipRequest, status: number, tag: string, extra: readonly string[] = []): string {
    const { port } = this.#scene.phone
    const lines = ['via', 'from', 'call-id', 'cseq'].map((name) => `${name}: ${request.headers.get(name)}`)
    const to = `to: ${request.headers.get('to')}${request.toTag === '' && status > 100 && tag ? `;tag=${tag}` : ''}`
    const contact = `Contact: <sip:${tag || 'bob'}@127.0.0.1:${port}>`
    const body = extra.some((line) => line.endsWith('/sdp')) ? 'answer' : ''
    const length = `Content-Length: ${body.length}`
    return [`SIP/2.0 ${status} X`, ...lines, to, contact, ...extra, length, '', body].join('\r\n')
  }

  #request(method: string, tag: string): string {
    const { dialogState: state } = this.call
    const { phone } = this.#scene
    const body = method === 'INVITE' || method === 'UPDATE' ? 'offer' : ''
    return [
      `${method} ${state.local_contact} SIP/2.0`,
      `Via: SIP/2.0/UDP 127.0.0.1:${phone.port};branch=${this.#scene.branch()}`,
      'Max-Forwards: 70',
      `From: <${state.remote_uri}>;tag=${tag}`,
      `To: <${state.local_uri}>;tag=${state.local_tag}`,
      `Call-ID: ${state.call_id}`,
      `CSeq: ${++this.#cseq} ${method}`,
      `Contact: <sip:${tag}@127.0.0.1:${phone.port}>`,
      ...(body === '' ? [] : ['Content-Type: application/sdp']),
      `Content-Length: ${body.length}`,
      '',
      body,
    ].join('\r\n')
  }

  /** What must hold once everything is over. */
  async check(): Promise<void> {
    // one, or a further one for each 422
    const branches = new Set(this.requests('INVITE').flatMap((one) => (one.toTag === '' ? [one.topVia.branch] : [])))
    assert.equal(this.ends.length, 1, `told once how it ended, not ${this.ends}`)
    const cancels = this.requests('CANCEL')
    assert.ok(cancels.length <= 1, 'one CANCEL at most')
    for (const cancel of cancels) {
      assert.ok(this.#answered, 'no CANCEL before the other side has said anything')
      assert.ok(branches.has(cancel.topVia.branch))
    }
    const winner = this.dialog?.state.remote_tag
    const ended = new Set(this.requests('BYE').map((bye) => bye.toTag))
    const ours = this.requests('ACK').filter((ack) => !branches.has(ack.topVia.branch))
    for (const { toTag } of ours)
      if (toTag !== winner) assert.ok(ended.has(toTag), `${toTag} was acknowledged and has to be ended`)
    const { counters } = this.#scene.stack
    assert.equal(counters.dialogs, 0, 'no dialog is left')
    assert.equal(counters.client_transactions, 0, 'no transaction of ours is left')
    assert.equal(counters.server_transactions, 0, 'no transaction of theirs is left')
    assert.equal(this.#scene.clock.pending, 0, 'no timer is left')
  }
}

const OWNER: DialogUser = {
  bye() {},
  info: (request) => request.respond(200),
  reinvite: (change) => change.accept({ sdp: 'answer' }),
  update: (change) => change.reject(488),
  other: (request) => request.respond(405),
}

test('whatever happens in whatever order, a call of ours is told of once and nothing of it stays behind', () =>
  fc.assert(
    fc.asyncProperty(fc.array(happening, { maxLength: 12 }), async (happenings) => {
      const scene = await Scene.open()
      try {
        const story = new Story(scene)
        await scene.settle()
        for (const one of happenings) await story.take(one)
        await story.close()
        await story.check()
        new Story(scene).call.cancel() // there is room for the next one
        await scene.settle()
      } finally {
        await scene.close()
      }
    }),
    { numRuns: 300 },
  ))
