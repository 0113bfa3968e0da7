import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { systemIds } from '#platform/ids'
import { silentLog } from '#platform/log'
import { systemClock } from '#platform/time'
import { eventually, FakePhone, type Json } from '#testkit'
import type { CallRecord } from './call-record.ts'
import { RunningCarrier } from './running-carrier.ts'
import { readScript, type Script } from './script.ts'

/** A carrier in this process on free ports, and phones that dial it; all of it ends with the test file. */
export class TestCarrier {
  readonly running: RunningCarrier

  private constructor(running: RunningCarrier) {
    this.running = running
  }

  static async start(script: Script = readScript()): Promise<TestCarrier> {
    const folder = mkdtempSync(join(tmpdir(), 'strowger-carrier-'))
    const first = 40_000 + systemIds.integer(100) * 200
    const running = await RunningCarrier.start({
      ...{ clock: systemClock, ids: systemIds, log: silentLog, script, folder },
      ...{ host: '127.0.0.3', port: 0, apiPort: 0, rtpPorts: { first, last: first + 199 } },
    })
    after(async () => {
      await running.stop()
      rmSync(folder, { recursive: true, force: true })
    })
    return new TestCarrier(running)
  }

  async phone(): Promise<FakePhone> {
    const { address, port } = this.running.sip
    const phone = await FakePhone.start({ server: `${address}:${port}`, user: '+15551230000' })
    after(() => phone.close())
    return phone
  }

  /** A phone that stands where the platform would: calls to numbers for sale reach it. */
  async platform(): Promise<FakePhone> {
    const phone = await this.phone()
    this.running.serve({ address: '127.0.0.1', port: phone.port, domain: 'strowger.test' })
    return phone
  }

  async api(method: string, path: string, body?: object) {
    const response = await fetch(`${this.running.api}${path}`, {
      method,
      ...(body ? { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } : {}),
    })
    return { status: response.status, body: (await response.json()) as Json }
  }

  /** The newest call with this number, once it is what is asked for. */
  async call(to: string, isSo: (call: CallRecord) => boolean = () => true): Promise<CallRecord> {
    const find = async () => {
      const { body } = await this.api('GET', '/calls')
      const [call] = (body.result as CallRecord[]).filter((each) => each.to === to)
      return call && isSo(call) ? call : undefined
    }
    const call = await eventually(`a call to ${to} in the log`, find, 5_000)
    assert.ok(call)
    return call
  }
}
