import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readConfig, SettingsError, settingsTable } from './config.ts'

test('without any setting the platform listens for its API on loopback only', () => {
  const config = readConfig({})
  assert.equal(config.httpHost, '127.0.0.1')
  assert.equal(config.httpPort, 8080)
  assert.equal(config.sipPort, 5060)
  assert.deepEqual(config.rtpPorts, { first: 20_000, last: 30_000 })
  assert.deepEqual(config.roles, ['api', 'call'])
  assert.ok(config.mediaWorkers >= 1)
})

test('all faulty settings are named at once, an unknown one included', () => {
  const read = () => readConfig({ STROWGER_HTTP_PORT: 'x', STROWGER_RTP_PORTS: '9-1', STROWGER_HTPP_HOST: '::1' })
  assert.throws(read, (error: unknown) => {
    assert.ok(error instanceof SettingsError)
    for (const name of ['STROWGER_HTTP_PORT', 'STROWGER_RTP_PORTS', 'STROWGER_HTPP_HOST'])
      assert.match(error.message, new RegExp(name))
    return true
  })
})

test('an empty setting counts as unset, and settings of other programs are left alone', () => {
  assert.equal(readConfig({ STROWGER_HTTP_PORT: ' ', PATH: '/bin' }).httpPort, 8080)
})

test('every setting is documented', () => {
  for (const { name, fallback, meaning } of settingsTable()) {
    assert.match(name, /^STROWGER_[A-Z0-9_]+$/)
    assert.ok(fallback.length > 0 && meaning.length > 0, name)
  }
})
