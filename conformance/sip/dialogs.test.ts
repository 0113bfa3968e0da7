import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '#platform/time'
import type { LineEvent } from '#telecom/line'
import type { IncomingInvite } from '#telecom/sip'
import { eventually, freePort } from '#testkit'
import { PLAIN, runs, type SippLines, sippLines, skip } from './test-lines.ts'

/** Rings and answers. */
async function answers(invite: IncomingInvite, at: SippLines): Promise<void> {
  const line = await at.incoming(invite)
  line.ring()
  assert.ok(line.answer())
}

const SESSION = 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 20000 RTP/AVP 0\r\n'

test('PRACK and UPDATE before the answer, as the one who is called', { skip }, async (t) => {
  const at = await sippLines(t, {
    invite: async (invite, { incoming }) => {
      const line = await incoming(invite)
      line.ringback()
      // the caller moves its sound by UPDATE, and is answered then
      await eventually('the UPDATE came', () => invite.early?.state.remote_cseq === 5 || undefined)
      line.answer()
    },
  })
  await runs('caller-100rel', at)
  assert.deepEqual(at.types(), ['answered', 'held', 'acked', 'ended'])
})

test('a reliable 183 without a PRACK: 504', { skip }, async (t) => {
  const at = await sippLines(t, {
    timers: { t1Ms: 50 },
    invite: async (invite, { incoming }) => (await incoming(invite)).ringback(),
  })
  await runs('caller-100rel-lost', at)
  assert.deepEqual(at.events, [{ type: 'ended', by: 'local', cause: 102, why: 'no_ack' }])
  assert.ok(at.stack.counters.responses_sent >= 6, 'it was resent')
})

test('a caller with session timers: 422, refreshes by both ways, and BYE when they end', { skip }, async (t) => {
  const at = await sippLines(t, { sessionTimer: { intervalSeconds: 4, minSeconds: 4 }, invite: answers })
  await runs('caller-session-timer', at)
  assert.deepEqual(at.events.at(-1), { type: 'ended', by: 'local', cause: 102, why: 'peer_gone' })
})

test('a callee with session timers: 422, our re-INVITEs with 491 between, UPDATE once it takes that', {
  skip,
}, async (t) => {
  const at = await sippLines(t, { sessionTimer: { intervalSeconds: 4, minSeconds: 4 } })
  const port = await freePort('sip')
  const sipp = runs('callee-session-timer', { port })
  await pauseForSipp()
  const line = await at.call(port)
  await at.told('answered')
  const refreshes = () => at.stack.counters.requests_sent
  await eventually('the UPDATE was sent', () => refreshes() >= 9 || undefined, 30_000)
  await systemPause(200)
  line.hangup(16)
  await sipp
})

test('a phone that transfers: what is wrong is refused, NOTIFYs tell of the rest, and the call lives on', {
  skip,
}, async (t) => {
  const at = await sippLines(t, {
    invite: async (invite, lines) => {
      const line = await lines.incoming(invite)
      line.answer()
      const asked = () => lines.events.filter((event): event is Asked => event.type === 'transfer_asked')
      const first = (await eventually('the transfer', () => asked()[0])).transfer
      assert.equal(first.replaces?.call_id, '12')
      assert.deepEqual(lines.needs.directory?.find(first.replaces), { status: 481 })
      line.acceptTransfer(first.id)
      await systemPause(200)
      line.tellTransfer(first.id, 180)
      await systemPause(500)
      line.tellTransfer(first.id, 486)
      const second = (await eventually('the other transfer', () => asked()[1])).transfer
      line.acceptTransfer(second.id)
      line.tellTransfer(second.id, 200)
    },
  })
  await runs('caller-refer', at)
  assert.deepEqual(at.events.at(-1), { type: 'ended', by: 'remote', cause: 16, why: 'bye' })
})

type Asked = LineEvent & { type: 'transfer_asked' }

test('INVITEs with Replaces', { skip }, async (t) => {
  const at = await sippLines(t, {
    invite: async (invite, { incoming, needs }) => {
      const line = await incoming(invite)
      const found = line.replaces && needs.directory?.find(line.replaces)
      line.refuse(found && 'status' in found ? found.status : 500)
    },
  })
  await runs('caller-replaces', at)
})

for (const [scenario, what] of [
  ['caller-offerless', 'the offer is ours, the answer comes in the ACK'],
  ['caller-late-cancel', 'a CANCEL that crosses the 200'],
] as const)
  test(what, { skip }, async (t) => {
    const at = await sippLines(t, { invite: answers })
    await runs(scenario, at)
    assert.deepEqual(at.types(), ['answered', 'acked', 'ended'])
  })

test('a CANCEL in time', { skip }, async (t) => {
  const at = await sippLines(t, { invite: async (invite, { incoming }) => (await incoming(invite)).ring() })
  await runs('caller-cancel', at)
  assert.deepEqual(at.events, [{ type: 'ended', by: 'remote', cause: 16, why: 'cancelled' }])
})

test('both sides offer at once: 491 both ways, and we come back after a while', { skip }, async (t) => {
  const outcomes: string[] = []
  const at = await sippLines(t, {
    invite: (invite) => {
      invite.attach({ cancelled() {}, acked() {}, ackTimeout() {} })
      const offer = () =>
        dialog?.reinvite(SESSION, {}, (outcome) => {
          outcomes.push(outcome.type === 'response' ? String(outcome.response.status) : outcome.type)
          const { retryInMs } = 'retryInMs' in outcome ? outcome : {}
          if (retryInMs !== undefined) systemClock.after(retryInMs, offer)
        })
      const info = (request: Parameters<typeof PLAIN.info>[0]) => {
        request.respond(200)
        offer()
      }
      const dialog = invite.accept({ sdp: SESSION, user: { ...PLAIN, info } })
    },
  })
  await runs('caller-glare', at)
  assert.deepEqual(outcomes, ['491', '200'])
})

test('whatever is sent twice reaches nobody twice', { skip }, async (t) => {
  const infos: string[] = []
  const at = await sippLines(t, {
    invite: (invite) => {
      invite.attach({ cancelled() {}, acked: () => infos.push('acked'), ackTimeout() {} })
      const info = (request: Parameters<typeof PLAIN.info>[0]) => {
        infos.push('info')
        request.respond(200)
      }
      invite.progress(180)
      invite.accept({ sdp: SESSION, user: { ...PLAIN, info, bye: () => infos.push('bye') } })
    },
  })
  await runs('caller-again', at)
  assert.deepEqual(infos, ['acked', 'info', 'bye'])
  // SIPp takes a repeated answer for a reason to repeat what it said then
  assert.ok(at.stack.counters.retransmissions_received >= 2)
})

for (const [scenario, what, types] of [
  ['callee-100rel', 'PRACK and UPDATE before the answer, as the one who calls', ['early_media', 'answered']],
  ['callee-forks', 'of two forks the first answer wins', ['ringing', 'early_media', 'answered']],
] as const)
  test(what, { skip }, async (t) => {
    const at = await sippLines(t)
    const port = await freePort('sip')
    const sipp = runs(scenario, { port })
    await pauseForSipp()
    const line = await at.call(port)
    await at.told('answered')
    await systemPause(300)
    line.hangup(16)
    await sipp
    await at.told('ended')
    assert.deepEqual(
      at.types().filter((type) => type !== 'dialog_changed' && type !== 'ended'),
      types,
    )
  })

test('a redirection is a refusal, and not followed', { skip }, async (t) => {
  const at = await sippLines(t)
  const port = await freePort('sip')
  const sipp = runs('callee-redirect', { port })
  await pauseForSipp()
  await at.call(port)
  await sipp
  const ended = await at.told('ended')
  assert.ok(ended.type === 'ended' && ended.why === 'refused')
  assert.equal(ended.status, 302)
})

/** SIPp says nothing when it listens; an INVITE that comes before is sent again. */
const pauseForSipp = () => systemPause(300)

function systemPause(ms: number): Promise<void> {
  return new Promise((resolve) => systemClock.after(ms, resolve))
}
