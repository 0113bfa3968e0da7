import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
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

test('a start that finds its SIP port taken over TCP alone says so too, and ends with 1', async () => {
  const other = await Platform.prepare({ LOG_LEVEL: 'silent' })
  const port = Number(other.sip.split(':').at(-1))
  const taken = createServer().listen(port, '127.0.0.1')
  await once(taken, 'listening')
  const child = other.launch()
  assert.equal(await child.ended, 1)
  assert.match(child.output(), new RegExp(`listens on 127\\.0\\.0\\.1 port ${port} already`))
  taken.close()
  await other.stop()
})
