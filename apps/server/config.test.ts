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

test('events are kept for a year unless said, and never shorter than a webhook may be under way', () => {
  assert.equal(readConfig({}).eventDays, 366)
  assert.equal(readConfig({ STROWGER_EVENT_DAYS: '30' }).eventDays, 30)
  assert.throws(() => readConfig({ STROWGER_EVENT_DAYS: '7' }), /STROWGER_EVENT_DAYS/)
})

test('captured sound has a bound of each call, of each customer and day, and altogether', () => {
  const bounds = ({
    rtpDebugMegabytes,
    rtpDebugCustomerMegabytes,
    rtpDebugTotalMegabytes,
  }: ReturnType<typeof readConfig>) => [rtpDebugMegabytes, rtpDebugCustomerMegabytes, rtpDebugTotalMegabytes]
  assert.deepEqual(bounds(readConfig({})), [5, 100, 1_000])
  const said = { STROWGER_RTP_DEBUG_CUSTOMER_MEGABYTES: '7', STROWGER_RTP_DEBUG_TOTAL_MEGABYTES: '8' }
  assert.deepEqual(bounds(readConfig(said)), [5, 7, 8])
  for (const name of Object.keys(said)) assert.throws(() => readConfig({ [name]: '-1' }), new RegExp(name))
})

test('every setting is documented', () => {
  for (const { name, fallback, meaning } of settingsTable()) {
    assert.match(name, /^STROWGER_[A-Z0-9_]+$/)
    assert.ok(fallback.length > 0 && meaning.length > 0, name)
  }
})

test('a store for files is one URL, whose credentials are apart from its address', () => {
  const { s3 } = readConfig({ STROWGER_S3_URL: 'https://AKIA1:a%2Fb+c@s3.example.com/files?region=eu-west-1' })
  assert.deepEqual(s3, {
    base: 'https://s3.example.com/files',
    region: 'eu-west-1',
    credentials: { key: 'AKIA1', secret: 'a/b+c' },
  })
  assert.equal(readConfig({ STROWGER_S3_URL: 'http://10.0.0.1:9000/files' }).s3?.credentials, undefined)
  assert.equal(readConfig({}).s3, undefined)
})

test('a faulty setting that holds a secret is named, and the secret is not repeated', () => {
  for (const [name, value] of [
    ['STROWGER_S3_URL', 'ftp://key:hidden-word@host/files'],
    ['STROWGER_S3_URL', 'https://hidden-word@host/files'],
    ['STROWGER_S3_URL', 'https://key:hidden-word@host/files?regio=x'],
    ['STROWGER_DATABASE_URL', 'mysql://user:hidden-word@host/db'],
    ['STROWGER_ADMIN_PASSWORD', 'hidden'],
  ] as const)
    assert.throws(
      () => readConfig({ [name]: value }),
      (error: unknown) => {
        assert.ok(error instanceof SettingsError)
        assert.match(error.message, new RegExp(name))
        assert.doesNotMatch(error.message, /hidden/)
        return true
      },
    )
})

test('without a mail server nothing is set; with one, its URL, the sender and the address of links are read', () => {
  const unset = readConfig({})
  assert.deepEqual([unset.smtpUrl, unset.mailFrom, unset.publicUrl], [undefined, undefined, undefined])
  assert.equal(unset.signupChecksEmail, true)
  assert.equal(unset.customersStartVerified, false)
  const config = readConfig({
    STROWGER_SMTP_URL: 'smtps://user:p%40ss@mail.example.com:465',
    STROWGER_MAIL_FROM: 'Acme Phones <no-reply@example.com>',
    STROWGER_PUBLIC_URL: 'https://example.com/phones/',
    STROWGER_SIGNUP_CHECKS_EMAIL: 'off',
    STROWGER_CUSTOMERS_START_VERIFIED: 'on',
  })
  assert.equal(config.smtpUrl, 'smtps://user:p%40ss@mail.example.com:465')
  assert.deepEqual(config.mailFrom, { name: 'Acme Phones', address: 'no-reply@example.com' })
  assert.equal(config.publicUrl, 'https://example.com/phones')
  assert.equal(config.signupChecksEmail, false)
  assert.equal(config.customersStartVerified, true)
  assert.deepEqual(readConfig({ STROWGER_MAIL_FROM: 'a@b.example' }).mailFrom, { name: '', address: 'a@b.example' })
})

test('a mail setting that would become something else in a mail is refused', () => {
  for (const [name, value] of [
    ['STROWGER_SMTP_URL', 'http://hidden-word@mail.example.com'],
    ['STROWGER_SMTP_URL', 'mail.example.com:25'],
    ['STROWGER_MAIL_FROM', 'nobody'],
    ['STROWGER_MAIL_FROM', 'A <a@b.example>, B <b@b.example>'],
    ['STROWGER_MAIL_FROM', 'A\r\nBcc: c@d.example <a@b.example>'],
    ['STROWGER_PUBLIC_URL', 'ftp://example.com'],
    ['STROWGER_PUBLIC_URL', 'https://example.com/?x=1'],
    ['STROWGER_SIGNUP_CHECKS_EMAIL', 'maybe'],
    ['STROWGER_CUSTOMERS_START_VERIFIED', 'yes'],
  ] as const)
    assert.throws(
      () => readConfig({ [name]: value }),
      (error: unknown) => {
        assert.ok(error instanceof SettingsError, value)
        assert.match(error.message, new RegExp(name))
        assert.doesNotMatch(error.message, /hidden/)
        return true
      },
    )
})
