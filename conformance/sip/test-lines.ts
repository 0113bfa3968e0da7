import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { systemIds } from '#platform/ids'
import { silentLog } from '#platform/log'
import { systemClock } from '#platform/time'
import { IncomingLine, LineDirectory, type LineEvent, OutgoingLine, type OutgoingLineNeeds } from '#telecom/line'
import { type DialogUser, type IncomingInvite, SipStack, type Timers } from '#telecom/sip'
import { eventually, isInstalled, Sipp } from '#testkit'

/** Why the scenarios cannot run here; `false` = they can. */
export const skip = isInstalled('sipp') ? false : 'SIPp is not installed (scripts/install-test-peers.sh)'

export interface Options {
  /** What becomes of a call that comes in. */
  invite?: (invite: IncomingInvite, at: SippLines) => void
  timers?: Partial<Timers>
  sessionTimer?: { intervalSeconds: number; minSeconds: number }
}

export type SippLines = Awaited<ReturnType<typeof sippLines>>

/** Stack and lines as the platform has them, without anything above and without sound, for SIPp to talk to. */
export async function sippLines(t: TestContext, { invite, ...options }: Options = {}) {
  const stack: SipStack = new SipStack({
    ...{ clock: systemClock, ids: systemIds, log: silentLog, node: 'n1', incarnation: 'i1' },
    listeners: [{ transport: 'udp', host: '127.0.0.1', port: 0 }],
    user: { invite: (call) => invite?.(call, at), request() {} },
    ...options,
  })
  await stack.start()
  t.after(() => stack.stop())
  const local = stack.listeners[0]?.local
  assert.ok(local)
  const needs: OutgoingLineNeeds = {
    ...{ clock: systemClock, ids: systemIds, log: silentLog, sip: stack, directory: new LineDirectory() },
    media: {
      open: async ({ id, address = '127.0.0.1' }) => ({
        ...{ id, address, port: 20_000, worker: 0 },
        want() {},
        press() {},
        detect() {},
        statistics: () => Promise.reject(new Error('nothing is heard here')),
        close: async () => {},
      }),
    },
  }
  const events: LineEvent[] = []
  const types = () => events.map(({ type }) => type)
  /** Takes a call in and notes what it tells. */
  const incoming = async (call: IncomingInvite): Promise<IncomingLine> => {
    const line = new IncomingLine(call, needs)
    line.listen((event) => events.push(event))
    assert.deepEqual(await line.open(), { ok: true })
    return line
  }
  /** Calls SIPp, which waits there. */
  const call = async (port: number): Promise<OutgoingLine> => {
    const via = { target: { address: '127.0.0.1', port } }
    const line = new OutgoingLine({ uri: `sip:callee@127.0.0.1:${port}`, from: '<sip:us@127.0.0.1>', via }, needs)
    line.listen((event) => events.push(event))
    await line.open()
    line.dial()
    return line
  }
  const told = (type: LineEvent['type'], withinMs = 8_000) =>
    eventually(`${type} is told`, () => events.find((event) => event.type === type), withinMs)
  const at = { stack, needs, events, types, incoming, call, told, target: `127.0.0.1:${local.port}` }
  return at
}

/** Runs a scenario of `dialogs/` to its end: one call, of which everything was as it says. */
export async function runs(scenario: string, parts: { target?: string; port?: number } = {}): Promise<void> {
  const sipp = await Sipp.start({
    scenario: new URL(`dialogs/${scenario}.xml`, import.meta.url).pathname,
    calls: 1,
    service: 'callee',
    timeoutSeconds: 60,
    ...parts,
  })
  const { exitCode, successful, failed, unexpected, output } = await sipp.finish()
  assert.deepEqual(
    { exitCode, successful, failed },
    { exitCode: 0, successful: 1, failed: 0 },
    `${unexpected}\n${output}`,
  )
}

/** The owner of a dialog that answers what it is asked, and nothing more. */
export const PLAIN: DialogUser = {
  bye() {},
  info: (request) => request.respond(200),
  reinvite: (change) => change.accept({ sdp: 'v=0' }),
  update: (change) => change.accept({ sdp: 'v=0' }),
  other: (request) => request.respond(405),
}
