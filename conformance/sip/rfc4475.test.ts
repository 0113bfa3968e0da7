/**
 * The torture test messages of RFC 4475, sent over UDP and TCP to a running stack: whole, and again and again with damage.
 * The messages are read from `../shared/conformance/rfc4475` byte for byte; without that folder the test is skipped.
 */
import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { systemIds } from '#platform/ids'
import { silentLog } from '#platform/log'
import { systemClock } from '#platform/time'
import { type IncomingRequest, parseMessage, SipResponse, SipStack } from '#telecom/sip'
import { eventually } from '#testkit'

const FOLDER = fileURLToPath(new URL('../../../shared/conformance/rfc4475/', import.meta.url))

/** What the user of the stack answers to what the stack lets through. */
const CALLED = 480
const REGISTERED = 200

/** The section of RFC 4475, and the answer that it asks for; `ignored` = none. */
const EXPECTED: Readonly<Record<string, readonly [section: string, answer: number | 'ignored', why: string]>> = {
  wsinv: ['3.1.1.1', 481, 'well formed; its To has a tag, and there is no such dialog'],
  intmeth: ['3.1.1.2', 501, 'endpoints generate a 501 with Allow'],
  esc01: ['3.1.1.3', CALLED, 'well formed: reaches the callee'],
  escnull: ['3.1.1.4', REGISTERED, 'well formed: reaches the registrar'],
  esc02: ['3.1.1.5', 501, 'RE%47IST%45R is not REGISTER'],
  lwsdisp: ['3.1.1.6', 200, 'accepted as well formed'],
  longreq: ['3.1.1.7', CALLED, 'well formed: reaches the callee'],
  dblreq: ['3.1.1.8', REGISTERED, 'the octets behind the REGISTER are ignored'],
  semiuri: ['3.1.1.9', 200, 'well formed'],
  transports: ['3.1.1.10', 200, 'processed as if the other Vias were of UDP'],
  mpart01: ['3.1.1.11', 405, 'well formed; MESSAGE is not for us'],
  unreason: ['3.1.1.12', 'ignored', 'a response that answers no request of ours'],
  noreason: ['3.1.1.13', 'ignored', 'a response that answers no request of ours'],
  badinv01: ['3.1.2.1', 400, 'extraneous separators'],
  clerr: ['3.1.2.2', 400, 'Content-Length larger than the datagram'],
  ncl: ['3.1.2.3', 400, 'negative Content-Length'],
  scalar02: ['3.1.2.4', 400, 'CSeq above 2**32-1'],
  scalarlg: ['3.1.2.5', 'ignored', 'a broken response is discarded'],
  quotbal: ['3.1.2.6', 400, 'unterminated quoted string'],
  ltgtruri: ['3.1.2.7', 400, '<> around the Request-URI'],
  lwsruri: ['3.1.2.8', 400, 'a blank in the Request-URI'],
  lwsstart: ['3.1.2.9', 400, 'two blanks in the Request-Line'],
  trws: ['3.1.2.10', 400, 'blanks behind the Request-Line'],
  escruri: ['3.1.2.11', 400, 'headers in the Request-URI'],
  baddate: ['3.1.2.12', CALLED, 'a Date that nobody looks at is no reason to refuse'],
  regbadct: ['3.1.2.13', 400, 'a Contact with "?" outside of <>'],
  badaspec: ['3.1.2.14', 400, 'blanks within an addr-spec'],
  baddn: ['3.1.2.15', 400, 'a comma in an unquoted display name'],
  badvers: ['3.1.2.16', 505, 'SIP/7.0'],
  mismatch01: ['3.1.2.17', 400, 'CSeq names another method'],
  mismatch02: ['3.1.2.18', 501, 'an unknown method, whatever CSeq names'],
  bigcode: ['3.1.2.19', 'ignored', 'a response with a code above 699 is dropped'],
  badbranch: ['3.2.1', 200, 'falls back to the rules of RFC 2543 for identifying the transaction'],
  insuf: ['3.3.1', 400, 'no Call-ID, From and To'],
  unkscm: ['3.3.2', 416, 'unknown scheme in the Request-URI'],
  novelsc: ['3.3.3', 416, 'a known scheme that is never meaningful here'],
  unksm2: ['3.3.4', 400, 'an address of record that is no SIP URI'],
  bext01: ['3.3.5', 420, 'Require of unknown extensions'],
  invut: ['3.3.6', 415, 'a body of unknown type'],
  regaut01: ['3.3.7', REGISTERED, 'reaches the registrar, which sees no Digest credentials'],
  multi01: ['3.3.8', 400, 'several Call-ID, To, From, Max-Forwards and CSeq'],
  mcl01: ['3.3.9', 400, 'conflicting Content-Length'],
  bcast: ['3.3.10', 'ignored', 'a response with a second Via is discarded'],
  zeromf: ['3.3.11', 200, 'an endpoint does not mind Max-Forwards 0'],
  cparam01: ['3.3.12', REGISTERED, 'reaches the registrar'],
  cparam02: ['3.3.13', REGISTERED, 'reaches the registrar'],
  regescrt: ['3.3.14', REGISTERED, 'reaches the registrar'],
  sdp01: ['3.3.15', 406, 'Accept leaves no type for an answer'],
  inv2543: ['3.4.1', CALLED, 'accepted although it is of RFC 2543'],
}

const skip = existsSync(FOLDER) ? false : `the messages of RFC 4475 are not there: ${FOLDER}`
if (skip) console.log(`skipped: ${skip}`)

/** A stack on a real socket, and a socket beside it that sends datagrams and hears the answers. */
async function target(t: TestContext) {
  const registers: IncomingRequest[] = []
  const stack = new SipStack({
    clock: systemClock,
    ids: systemIds,
    log: silentLog,
    node: 'n1',
    incarnation: 'i1',
    listeners: (['udp', 'tcp'] as const).map((transport) => ({ transport, host: '127.0.0.1', port: 0 })),
    user: {
      invite: (call) => call.reject(CALLED),
      request(request) {
        registers.push(request)
        request.respond(REGISTERED)
      },
    },
  })
  await stack.start()
  const port = stack.listeners[0]?.local.port ?? 0
  const socket = createSocket('udp4')
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  t.after(async () => {
    socket.close()
    await stack.stop()
  })
  const answers: SipResponse[] = []
  let wake = () => {}
  socket.on('message', (data) => {
    const message = parseMessage(data)
    if (message instanceof SipResponse) answers.push(message)
    wake()
  })
  const send = (data: Buffer) =>
    new Promise<void>((resolve, reject) => {
      socket.send(data, port, '127.0.0.1', (error) => (error ? reject(error) : resolve()))
    })

  /** Sends a probe that the stack must answer, so that everything sent before it has been handled too. */
  let probes = 0
  const settle = async () => {
    const callId = `probe${++probes}`
    await send(
      Buffer.from(
        `OPTIONS sip:x@y SIP/2.0\r\nVia: SIP/2.0/UDP probe;branch=z9hG4bK${callId};rport\r\nFrom: <sip:p@q>;tag=1\r\n` +
          `To: <sip:x@y>\r\nCall-ID: ${callId}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n`,
      ),
    )
    const deadlineMs = systemClock.monotonicMs() + 5_000
    while (!answers.some((answer) => answer.headers.get('call-id') === callId)) {
      const leftMs = deadlineMs - systemClock.monotonicMs()
      assert.ok(leftMs > 0, 'the stack does not answer any more')
      await new Promise<void>((resolve) => {
        const timer = systemClock.after(leftMs, resolve)
        wake = () => {
          timer.cancel()
          resolve()
        }
      })
    }
    return answers.splice(0).filter((answer) => answer.headers.get('call-id') !== callId)
  }
  return { stack, send, settle, registers, port }
}

test('RFC 4475 has 49 messages, and the table above names them all', { skip }, () => {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith('.dat'))
  assert.deepEqual(files.map((name) => name.slice(0, -4)).sort(), Object.keys(EXPECTED).sort())
  assert.equal(files.length, 49)
})

for (const [name, [section, expected, why]] of Object.entries(EXPECTED)) {
  test(`RFC 4475 §${section} ${name}: ${expected} (${why})`, { skip }, async (t) => {
    const { send, settle, registers } = await target(t)
    const data = readFileSync(`${FOLDER}${name}.dat`)
    await send(data)
    const finals = (await settle()).filter((answer) => answer.status >= 200)
    const statuses = finals.map((answer) => answer.status)
    assert.deepEqual(statuses, expected === 'ignored' ? [] : [expected])
    const [final] = finals
    if (final?.status === 501 || final?.status === 405) assert.ok(final.headers.get('Allow')?.includes('INVITE'))
    if (name === 'bext01')
      assert.equal(final?.headers.get('Unsupported'), 'nothingSupportsThis, nothingSupportsThisEither')
    if (name === 'invut') assert.equal(final?.headers.get('Accept'), 'application/sdp')
    if (name === 'escnull') {
      const contacts = registers[0]?.request.contacts.map((contact) => contact.uri.text)
      assert.deepEqual(contacts, ['sip:%00@host5.example.com', 'sip:%00%00@host5.example.com'])
    }
    if (name === 'cparam01' || name === 'cparam02') {
      const [contact] = registers[0]?.request.contacts ?? []
      const inUri = contact?.uri.kind === 'sip' && contact.uri.parameters.has('unknownparam')
      assert.deepEqual([inUri, contact?.parameters.has('unknownparam')], [name === 'cparam02', name === 'cparam01'])
    }
    if (name === 'regescrt') {
      const [contact] = registers[0]?.request.contacts ?? []
      assert.equal(contact?.uri.text, 'sip:user@example.com?Route=%3Csip:sip.example.com%3E')
    }
  })
}

test('all 49 messages, sent to one stack over and over, get the same answers each time', { skip }, async (t) => {
  const { stack, send, settle } = await target(t)
  for (let round = 0; round < 3; round++) {
    for (const [name, [, expected]] of Object.entries(EXPECTED)) {
      await send(readFileSync(`${FOLDER}${name}.dat`))
      const finals = (await settle()).filter((answer) => answer.status >= 200)
      assert.deepEqual(
        finals.map((answer) => answer.status),
        expected === 'ignored' ? [] : [expected],
        `${name}, round ${round}`,
      )
    }
  }
  assert.equal(stack.counters.handler_errors, 0)
})

/** Foreseeable noise (mulberry32), so that a failure can be repeated. */
function noise(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

/** One kind of damage: cut short, bytes changed, a piece doubled, taken out or taken from another message. */
function damage(data: Buffer, other: Buffer, random: (below: number) => number): Buffer {
  const at = random(data.length)
  const end = at + random(Math.min(80, data.length - at) + 1)
  switch (random(5)) {
    case 0:
      return data.subarray(0, at)
    case 1: {
      const changed = Buffer.from(data)
      for (let times = 1 + random(8); times > 0; times--) changed[random(changed.length)] = random(256)
      return changed
    }
    case 2:
      return Buffer.concat([data.subarray(0, end), data.subarray(at)])
    case 3:
      return Buffer.concat([data.subarray(0, at), data.subarray(end)])
    default:
      return Buffer.concat([data.subarray(0, at), other.subarray(random(other.length)), data.subarray(end)])
  }
}

test('damaged in 10,000 ways the messages end nothing, leave nothing behind and hide nothing', { skip }, async (t) => {
  const { stack, send, settle } = await target(t)
  const messages = Object.keys(EXPECTED).map((name) => readFileSync(`${FOLDER}${name}.dat`))
  const random = noise(4475)
  for (let round = 0; round < 205; round++) {
    for (const message of messages) {
      const other = messages[random(messages.length)] ?? message
      await send(damage(message, other, random))
    }
    await settle()
  }
  assert.equal(stack.counters.handler_errors, 0, 'only typed errors come out of damage')
  assert.ok(stack.counters.malformed_answered > 1_000)
  assert.equal(stack.counters.dialogs, 0)
  assert.ok(stack.counters.dropped_malformed + stack.counters.dropped_not_sip > 100)
  assert.ok(stack.counters.server_transactions <= stack.counters.requests_received)
})

/** What a stream makes of a message otherwise than a datagram. */
const OVER_TCP: Readonly<Record<string, readonly [answers: number[], closed: boolean, why: string]>> = {
  clerr: [[], false, 'what Content-Length promises may still come'],
  baddn: [[], false, 'it has no empty line, which may still come'],
  dblreq: [[REGISTERED, CALLED], true, 'the octets behind the REGISTER are an INVITE, and then no SIP'],
  inv2543: [[400], true, 'a stream needs Content-Length'],
  ncl: [[400], true, 'nothing behind it can be read'],
  mcl01: [[400], true, 'nothing behind it can be read'],
}

/** One connection: what came over it, and whether the stack has closed it. */
async function connection(port: number) {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  let heard = ''
  const state = { closed: false }
  socket.on('error', () => {})
  socket.on('data', (chunk) => {
    heard += chunk.toString('latin1')
  })
  socket.on('close', () => {
    state.closed = true
  })
  const statuses = () => [...heard.matchAll(/^SIP\/2\.0 (\d{3}) /gm)].map(([, status]) => Number(status))
  return { socket, state, finals: () => statuses().filter((status) => status >= 200) }
}

for (const [name, [section, expected]] of Object.entries(EXPECTED)) {
  const usual = [expected === 'ignored' ? [] : [expected], false, 'as over UDP'] as const
  const [answers, closed, why] = OVER_TCP[name] ?? usual
  test(`RFC 4475 §${section} ${name} over TCP: ${answers.join(', ') || 'ignored'} (${why})`, { skip }, async (t) => {
    const { stack, port, settle } = await target(t)
    const { socket, state, finals } = await connection(port)
    const data = readFileSync(`${FOLDER}${name}.dat`)
    for (let at = 0; at < data.length; at += 7) socket.write(data.subarray(at, at + 7))
    const received = () => stack.counters.bytes_received >= data.length || state.closed
    await eventually('it has come', () => (received() && finals().length >= answers.length) || undefined)
    if (closed) await eventually('it is closed', () => state.closed || undefined)
    await settle()
    assert.deepEqual([finals(), state.closed], [answers, closed])
    assert.equal(stack.counters.handler_errors, 0)
    socket.destroy()
  })
}

test('damaged in 3,000 ways over TCP the messages end nothing and leave no connection behind', { skip }, async (t) => {
  const { stack, port, settle } = await target(t)
  const messages = Object.keys(EXPECTED).map((name) => readFileSync(`${FOLDER}${name}.dat`))
  const random = noise(3261)
  for (let round = 0; round < 500; round++) {
    const { socket } = await connection(port)
    for (let count = 0; count < 6; count++) {
      const [message, other] = [messages[random(messages.length)], messages[random(messages.length)]]
      if (message && other) socket.write(damage(message, other, random))
    }
    socket.end()
    if (round % 50 === 49) await settle()
  }
  await eventually('every connection is over', () => stack.counters.connections === 0 || undefined)
  assert.equal(stack.counters.connections_accepted, 500)
  assert.equal(stack.counters.handler_errors, 0, 'only typed errors come out of damage')
  assert.ok(stack.counters.stream_faults > 100)
})
