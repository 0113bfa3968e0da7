import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { NIL_UUID, systemIds } from '#platform/ids'
import { silentLog } from '#platform/log'
import { Metrics } from '#platform/metrics'
import { ManualClock } from '#platform/time'
import { eventually, freshDatabase, MailServer } from '#testkit'
import { MailOutbox, MailSender, type MailTransport, type Message, mailMigrations, SmtpTransport } from './index.ts'
import type { MailRecord } from './mail.ts'

const HOUR = 3_600_000
const FROM = { name: 'Strowger', address: 'no-reply@strowger.test' }

const server = await MailServer.start()
after(() => server.close())

/** An outbox with senders over it. A mail says which time it is written. */
async function outbox() {
  const { db } = await freshDatabase(mailMigrations)
  const clock = new ManualClock()
  const mails = new MailOutbox({ clock, ids: systemIds })
  server.treat = () => 'take'
  server.received.length = 0
  server.asked.length = 0
  let written = 0
  const templates = {
    hello: async ({ recipient }: { recipient: string }): Promise<Message> => ({
      to: recipient,
      subject: 'Hello',
      text: `secret ${++written}\n`,
    }),
    nothing: async () => undefined,
    injected: async ({ recipient }: { recipient: string }) => ({
      to: recipient,
      subject: 'a\r\nBcc: b@c.test',
      text: '',
    }),
  }
  const sender = (transport: MailTransport = new SmtpTransport({ url: server.url, from: FROM })) => {
    const metrics = new Metrics()
    const made = new MailSender({ db, clock, ids: systemIds, log: silentLog, metrics, transport, templates })
    return Object.assign(made, { metrics })
  }
  return {
    db,
    clock,
    sender,
    post: (to: string, kind = 'hello') => db.transaction((trx) => mails.post(trx, { kind, to, customer_id: NIL_UUID })),
    rows: () => db.query<MailRecord>('select * from mails order by tm_create, id'),
    mails,
  }
}

test('a mail arrives once, with one recipient, one id and the mark of a program', async () => {
  const { post, sender, rows } = await outbox()
  await post('ann@example.com')
  const one = sender()
  await one.flush()
  await one.flush()
  await sender().flush()
  assert.equal(server.received.length, 1)
  const [mail] = server.received
  const [row] = await rows()
  assert.deepEqual(mail?.to, ['ann@example.com'])
  assert.equal(mail?.from, FROM.address)
  assert.equal(mail?.headers.get('from'), 'Strowger <no-reply@strowger.test>')
  assert.equal(mail?.headers.get('to'), 'ann@example.com')
  assert.equal(mail?.headers.get('subject'), 'Hello')
  assert.equal(mail?.headers.get('auto-submitted'), 'auto-generated')
  assert.equal(mail?.headers.get('message-id'), `<${row?.id}@strowger.test>`)
  assert.equal(mail?.text.trim(), 'secret 1')
  assert.equal(row?.status, 'sent')
  assert.equal(row?.content, '', 'what was sent is kept by nobody')
})

test('a mail is not sent when what caused it did not happen', async () => {
  const { db, mails, sender } = await outbox()
  const mail = { kind: 'hello', to: 'ann@example.com', customer_id: NIL_UUID }
  const failing = db.transaction(async (trx) => {
    await mails.post(trx, mail)
    throw new Error('it did not happen')
  })
  await assert.rejects(failing)
  await sender().flush()
  assert.equal(server.received.length, 0)
})

test('a sender that runs sends a mail as soon as its cause is committed', async () => {
  const { post, sender, clock } = await outbox()
  const running = sender()
  running.start()
  await post('ann@example.com')
  await eventually('the mail arrives', () => server.received.length === 1)
  await running.stop()
  assert.equal(clock.pending, 0)
})

test('a mailbox or a message that is refused for good (5xx) is not tried again, and the super admin can see it', async () => {
  for (const treatment of [{ recipient: 550 }, { message: 554 }]) {
    const { post, sender, rows, clock } = await outbox()
    server.treat = () => treatment
    await post('gone@example.com')
    const one = sender()
    await one.flush()
    clock.advance(25 * HOUR)
    await one.flush()
    const [row] = await rows()
    assert.equal(row?.status, 'failed')
    assert.equal(row?.attempts, 1)
    assert.match(row?.issue ?? '', /^the mail server answered 55[04] /)
    assert.equal(row?.content, '')
    assert.match(await one.metrics.text(), /strowger_mails_total\{kind="hello",outcome="failed"\} 1/)
    assert.match(await one.metrics.text(), /strowger_mails_unsent\{status="failed"\} 1/)
  }
})

test('what is refused for now (4xx) is tried again later and later, and written anew each time', async () => {
  for (const treatment of [{ recipient: 450 }, { message: 451 }]) {
    const { post, sender, rows, clock } = await outbox()
    server.treat = () => treatment
    await post('busy@example.com')
    const one = sender()
    await one.flush()
    await one.flush()
    assert.equal(server.asked.length, 1)
    clock.advance(15_000)
    await one.flush()
    assert.equal(server.asked.length, 2)
    clock.advance(15_000)
    await one.flush()
    assert.equal(server.asked.length, 2, 'the second wait is longer')
    server.treat = () => 'take'
    clock.advance(15_000)
    await one.flush()
    assert.equal(server.received[0]?.text.trim(), 'secret 3')
    assert.deepEqual(
      (await rows()).map(({ status, attempts, issue }) => [status, attempts, issue]),
      [['sent', 3, '']],
    )
  }
})

test('a mail server that is away, or that cuts the connection, gets the mail when it is back', async () => {
  const { post, sender, rows, clock } = await outbox()
  const one = sender()
  await server.close()
  await post('ann@example.com')
  await one.flush()
  assert.equal((await rows())[0]?.status, 'waiting')
  assert.match((await rows())[0]?.issue ?? '', /^the mail server cannot be used \(E[A-Z]+\)$/)
  await server.open()
  server.treat = () => 'cut'
  clock.advance(15_000)
  await one.flush()
  assert.equal((await rows())[0]?.attempts, 2)
  server.treat = () => 'take'
  clock.advance(30_000)
  await one.flush()
  assert.equal(server.received.length, 1)
  assert.equal((await rows())[0]?.status, 'sent')
})

test('after a day without success a mail has failed', async () => {
  const { post, sender, rows, clock } = await outbox()
  server.treat = () => ({ recipient: 450 })
  await post('busy@example.com')
  const one = sender()
  for (let hours = 0; hours < 25; hours += 0.5) {
    await one.flush()
    clock.advance(HOUR / 2)
  }
  const [row] = await rows()
  assert.equal(row?.status, 'failed')
  assert.ok(server.asked.length > 40 && server.asked.length < 60, `${server.asked.length} attempts`)
})

test('a mail whose sender vanished in the middle is sent by another one, and not before it is certain', async () => {
  const { db, post, sender, rows } = await outbox()
  await post('ann@example.com')
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
  const { promise: lost, reject: fail } = Promise.withResolvers<void>()
  const vanished = sender({
    outcome: 'sent',
    send: () => {
      begin()
      return lost
    },
  })
  const sending = vanished.flush()
  await begun
  await sender().flush()
  assert.equal(server.received.length, 0, 'it may be on its way already')
  await db.query(`update mails set tm_lease = now() - interval '1 second'`)
  await sender().flush()
  assert.equal(server.received.length, 1)
  fail(new Error('it has come back, and nothing was sent'))
  await sending
  assert.equal((await rows())[0]?.status, 'sent', 'who comes back too late changes nothing')
})

test('a server that never answers is given up after a minute', async () => {
  const { post, sender, rows, clock } = await outbox()
  await post('ann@example.com')
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
  const one = sender({
    outcome: 'sent',
    send: () => {
      begin()
      return new Promise(() => {})
    },
  })
  const sending = one.flush()
  await begun
  clock.advance(60_000)
  await sending
  assert.deepEqual(
    (await rows()).map(({ status, issue }) => [status, issue]),
    [['waiting', 'the mail server cannot be used (ETIMEDOUT)']],
  )
})

test('one mail that cannot be written or sent keeps no other one', async () => {
  const { post, sender, rows } = await outbox()
  await post('a@example.com', 'unknown')
  await post('b@example.com', 'injected')
  await post('c@example.com', 'nothing')
  for (let at = 0; at < 6; at++) await post(`d${at}@example.com`)
  await sender().flush()
  assert.equal(server.received.length, 6)
  const left = (await rows()).filter(({ status }) => status !== 'sent')
  assert.deepEqual(left.map(({ kind, status }) => [kind, status]).sort(), [
    ['injected', 'waiting'],
    ['unknown', 'waiting'],
  ])
})

test('nothing but a mailbox can become a recipient', async () => {
  const { post } = await outbox()
  for (const to of [
    'a@b.test\r\nBcc: c@d.test',
    'a@b.test, c@d.test',
    'A <a@b.test>',
    '"a b"@b.test',
    'a@b.test\n',
    'a@b.test ',
    '',
    'a',
    '@b.test',
    'ä@b.test',
    `${'a'.repeat(65)}@b.test`,
  ])
    await assert.rejects(post(to), /no mailbox/, JSON.stringify(to))
})
