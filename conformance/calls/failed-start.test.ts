import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { Platform } from '#testkit'

let platform: Platform

before(async () => {
  platform = await Platform.start()
})
after(() => platform?.stop())

for (const [what, setting, port] of [
  ['the port of its API', 'HTTP_PORT', () => platform.http.split(':').at(-1)],
  ['its SIP port', 'SIP_PORT', () => platform.sip.split(':').at(-1)],
] as const)
  test(`a start that finds ${what} taken says so, ends with 1, and leaves no database running`, async () => {
    const taken = port() ?? ''
    const other = await Platform.prepare({ [setting]: taken, LOG_LEVEL: 'silent' })
    const child = other.launch()
    assert.equal(await child.ended, 1)
    assert.match(child.output(), new RegExp(`listens on 127\\.0\\.0\\.1 port ${taken} already`))
    assert.equal(existsSync(`${other.postgresDir()}/postmaster.pid`), false)
    await other.stop()
  })
