import assert from 'node:assert/strict'
import { once } from 'node:events'
import http, { type RequestListener } from 'node:http'
import https from 'node:https'
import net, { type AddressInfo, type Server, type Socket } from 'node:net'
import { after, test } from 'node:test'
import { systemClock } from '#platform/time'
import { OutboundClient, type OutboundClientOptions } from './outbound-client.ts'
import type { OutboundResult } from './outbound-request.ts'
import { TEST_CERTIFICATE, TEST_KEY } from './test-certificate.ts'

const closing: (() => void)[] = []
after(() => {
  for (const close of closing) close()
})

function client(options: Partial<OutboundClientOptions> = {}): OutboundClient {
  const made = new OutboundClient({ clock: systemClock, allowPrivate: ['127.0.0.0/8'], ...options })
  closing.push(() => made.close())
  return made
}

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closing.push(() => {
    server.close()
    if (server instanceof http.Server) server.closeAllConnections()
  })
  return (server.address() as AddressInfo).port
}

const serve = (answer: RequestListener) => listening(http.createServer(answer))

/** A server that speaks raw bytes to whoever connects. */
function serveBytes(speak: (socket: Socket) => void): Promise<number> {
  const server = net.createServer((socket) => {
    socket.on('error', () => {})
    closing.push(() => socket.destroy())
    speak(socket)
  })
  return listening(server)
}

function failure(result: OutboundResult): string {
  return result.ok ? `answered ${result.status}` : result.failure
}

test('method, headers and body arrive, and the answer comes back as data', async () => {
  const port = await serve(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    response.setHeader('x-seen', `${request.method} ${request.headers['x-one']} ${body}`)
    response.writeHead(201).end('made')
  })
  const result = await client().request({
    url: `http://127.0.0.1:${port}/a?b=c`,
    method: 'PUT',
    headers: { 'X-One': '1' },
    body: 'tëxt',
  })
  assert.ok(result.ok)
  assert.deepEqual([result.status, result.headers['x-seen'], String(result.body)], [201, 'PUT 1 tëxt', 'made'])
})

test('without an allow-list nothing on this machine is reached, by address or by name', async () => {
  let reached = 0
  const port = await serve((_, response) => {
    reached++
    response.end()
  })
  const strict = client({ allowPrivate: [] })
  for (const host of ['127.0.0.1', 'localhost', '2130706433', '0x7f.1', '[::1]', '[::ffff:127.0.0.1]', '0.0.0.0'])
    assert.equal(failure(await strict.request({ url: `http://${host}:${port}/`, method: 'GET' })), 'blocked', host)
  assert.equal(reached, 0)
})

test('a name is judged by the address that is connected to, at the moment of connecting', async () => {
  let asked = 0
  const port = await serve((_, response) => response.end())
  const rebinding = client({
    allowPrivate: [],
    resolve: async () => (asked++ === 0 ? ['127.0.0.1'] : ['8.8.8.8']),
  })
  const result = await rebinding.request({ url: `http://rebind.example:${port}/`, method: 'GET' })
  assert.deepEqual([failure(result), asked], ['blocked', 1])
})

test('of a name with several addresses only the allowed ones are used', async () => {
  const port = await serve((_, response) => response.end('here'))
  const mixed = client({ resolve: async () => ['10.1.2.3', '127.0.0.1'] })
  const result = await mixed.request({ url: `http://mixed.example:${port}/`, method: 'GET' })
  assert.ok(result.ok)
  assert.equal(String(result.body), 'here')
})

test('a redirect to a forbidden address is refused', async () => {
  const port = await serve((_, response) =>
    response.writeHead(302, { location: 'http://169.254.169.254/latest' }).end(),
  )
  const result = await client().request({ url: `http://127.0.0.1:${port}/`, method: 'POST', body: 'x' })
  assert.equal(failure(result), 'blocked')
})

for (const scheme of ['file:///etc/passwd', 'ftp://example.com/', 'gopher://127.0.0.1/', 'javascript:1', '/path', ''])
  test(`"${scheme}" is no target`, async () => {
    assert.equal(failure(await client().request({ url: scheme, method: 'GET' })), 'invalid_url')
  })

test('a redirect to another scheme leads nowhere', async () => {
  const port = await serve((_, response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end())
  assert.equal(failure(await client().request({ url: `http://127.0.0.1:${port}/`, method: 'GET' })), 'redirects')
})

test('307 and 308 keep method and body, 301, 302 and 303 become GET without a body', async () => {
  const port = await serve(async (request, response) => {
    const status = Number(request.url?.slice(1))
    if (status > 0) return void response.writeHead(status, { location: '/' }).end()
    let body = ''
    for await (const chunk of request) body += chunk
    response.end(`${request.method} ${body} ${request.headers['content-type'] ?? 'untyped'}`)
  })
  const seen = async (status: number) => {
    const headers = { 'Content-Type': 'text/plain' }
    const url = `http://127.0.0.1:${port}/${status}`
    const result = await client().request({ url, method: 'POST', headers, body: 'data' })
    return result.ok ? String(result.body) : result.failure
  }
  for (const status of [307, 308]) assert.equal(await seen(status), 'POST data text/plain')
  for (const status of [301, 302, 303]) assert.equal(await seen(status), 'GET  untyped')
})

test('at most three requests are made in a chain of redirects', async () => {
  let requests = 0
  const port = await serve((request, response) => {
    requests++
    const left = Number(request.url?.slice(1))
    if (left > 0) response.writeHead(302, { location: `/${left - 1}` }).end()
    else response.end('arrived')
  })
  const get = (left: number) => client().request({ url: `http://127.0.0.1:${port}/${left}`, method: 'GET' })
  assert.ok((await get(2)).ok)
  requests = 0
  assert.equal(failure(await get(3)), 'redirects')
  assert.equal(requests, 3)
})

test('user and password of a URL go to their own origin only', async () => {
  const other = await serve((request, response) => response.end(request.headers.authorization ?? 'none'))
  const port = await serve((request, response) => {
    if (request.url === '/here') return void response.end(request.headers.authorization)
    const location = request.url === '/away' ? `http://127.0.0.1:${other}/` : '/here'
    response.writeHead(302, { location }).end()
  })
  const text = async (path: string) => {
    const result = await client().request({ url: `http://me:s%20cret@127.0.0.1:${port}${path}`, method: 'GET' })
    assert.ok(result.ok)
    assert.doesNotMatch(result.url, /cret/)
    return String(result.body)
  }
  assert.equal(await text('/stay'), `Basic ${Buffer.from('me:s cret').toString('base64')}`)
  assert.equal(await text('/away'), 'none')
})

test('a body beyond the bound is cut off with its connection, or refused', async () => {
  let sent = 0
  const port = await serve((_, response) => {
    const more = () => {
      while (!response.destroyed && sent < 1e9) {
        sent += 65_536
        if (!response.write(Buffer.alloc(65_536))) return void response.once('drain', more)
      }
    }
    more()
  })
  const url = `http://127.0.0.1:${port}/`
  const cut = await client().request({ url, method: 'GET', maxBodyBytes: 1_000 })
  assert.ok(cut.ok)
  assert.deepEqual([cut.body.length, cut.truncated], [1_000, true])
  assert.equal(
    failure(await client().request({ url, method: 'GET', maxBodyBytes: 1_000, whenTooLarge: 'fail' })),
    'too_large',
  )
  assert.ok(sent < 1e8, 'the flood was read to its end')
})

test('who needs the status only does not wait for a dripping body', async () => {
  const port = await serve((_, response) => {
    response.writeHead(200).write('x') // and never the rest
  })
  const result = await client().request({
    url: `http://127.0.0.1:${port}/`,
    method: 'POST',
    body: '{}',
    maxBodyBytes: 0,
  })
  assert.ok(result.ok && result.durationMs < 1_000)
})

test('of an answer that is no success only the beginning is read, whether it drips, floods or breaks off', async () => {
  const port = await serve(({ url }, response) => {
    response.writeHead(url === '/fine' ? 200 : 500)
    if (url === '/short') return void response.end('try later')
    response.write('why it failed')
    if (url === '/broken') return void setImmediate(() => response.destroy())
    if (url === '/flood') for (let count = 0; count < 200; count++) response.write(Buffer.alloc(65_536, 'x'))
  })
  const ask = async (path: string) => {
    const url = `http://127.0.0.1:${port}${path}`
    const result = await client().request({ url, method: 'POST', maxBodyBytes: 0, refusalBytes: 20 })
    assert.ok(result.ok && result.durationMs < 3_000)
    return [result.status, result.body.toString()]
  }
  assert.deepEqual(await ask('/short'), [500, 'try later'])
  assert.deepEqual(await ask('/drip'), [500, 'why it failed'])
  assert.deepEqual(await ask('/flood'), [500, 'why it failedxxxxxxx'])
  assert.equal((await ask('/broken'))[0], 500)
  assert.deepEqual(await ask('/fine'), [200, ''])
})

test('each part has its time limit', async () => {
  const limits = { connectMs: 400, tlsMs: 150, headersMs: 150, totalMs: 700 }
  const mute = await serveBytes(() => {})
  const slow = client({ timeouts: limits, resolve: () => new Promise(() => {}) })
  const drip = await serve((_, response) => {
    response.writeHead(200)
    const more = () => {
      if (response.write('x')) systemClock.after(50, () => !response.destroyed && more())
    }
    more()
  })
  const loop = await serve((request, response) => {
    systemClock.after(140, () => response.writeHead(302, { location: request.url ?? '/' }).end())
  })
  const detail = async (url: string, by = client({ timeouts: limits })) => {
    const result = await by.request({ url, method: 'GET' })
    return result.ok ? result.status : `${result.failure} ${result.detail}`
  }
  const found = await Promise.all([
    detail('http://never.example/', slow),
    detail(`https://127.0.0.1:${mute}/`),
    detail(`http://127.0.0.1:${mute}/`),
    detail(`http://127.0.0.1:${drip}/`),
    detail(`http://127.0.0.1:${loop}/`, client({ timeouts: { ...limits, headersMs: 600, totalMs: 300 } })),
  ])
  assert.deepEqual(found, ['timeout connect', 'timeout tls', 'timeout headers', 'timeout total', 'timeout total'])
})

test('floods of headers and of interim answers end the request', async () => {
  const headers = await serveBytes((socket) => {
    socket.write('HTTP/1.1 200 OK\r\n')
    const more = () => {
      while (!socket.destroyed) if (!socket.write(`X-${'a'.repeat(500)}: b\r\n`)) return void socket.once('drain', more)
    }
    more()
  })
  const interim = await serveBytes((socket) => {
    const more = () => {
      while (!socket.destroyed)
        if (!socket.write('HTTP/1.1 103 Early Hints\r\n\r\n')) return void socket.once('drain', more)
    }
    socket.once('data', more)
  })
  for (const port of [headers, interim])
    assert.equal(failure(await client().request({ url: `http://127.0.0.1:${port}/`, method: 'GET' })), 'protocol')
})

test('what is not HTTP, breaks off or refuses is told apart', async () => {
  const nonsense = await serveBytes((socket) => socket.once('data', () => socket.write('SSH-2.0-OpenSSH_9\r\n')))
  const broken = await serveBytes((socket) => socket.once('data', () => socket.destroy()))
  const half = await serve((_, response) => {
    response.writeHead(200, { 'content-length': '100' }).write('half')
    setImmediate(() => response.destroy())
  })
  const upgrade = await serveBytes((socket) =>
    socket.once('data', () => socket.write('HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n')),
  )
  const gone = await serve(() => {})
  closing.pop()?.()
  const get = async (port: number) =>
    failure(await client().request({ url: `http://127.0.0.1:${port}/`, method: 'GET' }))
  assert.equal(await get(nonsense), 'protocol')
  assert.equal(await get(broken), 'closed')
  assert.equal(await get(half), 'closed')
  assert.equal(await get(upgrade), 'protocol')
  assert.equal(await get(gone), 'connect')
  const nowhere = client({ resolve: async () => Promise.reject(new Error('SERVFAIL')) })
  assert.equal(failure(await nowhere.request({ url: 'http://no.example/', method: 'GET' })), 'dns')
})

test('a certificate is verified, and TLS below 1.2 is refused', async () => {
  const answer: RequestListener = (_, response) => response.end('secret')
  const options = { key: TEST_KEY, cert: TEST_CERTIFICATE }
  const port = await listening(https.createServer(options, answer))
  const old = await listening(https.createServer({ ...options, minVersion: 'TLSv1', maxVersion: 'TLSv1.1' }, answer))
  const get = async (url: string, trust?: string) =>
    failure(await client(trust === undefined ? {} : { trust }).request({ url, method: 'GET' }))
  assert.equal(await get(`https://localhost:${port}/`), 'tls')
  assert.equal(await get(`https://localhost:${port}/`, TEST_CERTIFICATE), 'answered 200')
  assert.equal(await get(`https://other.localhost:${port}/`, TEST_CERTIFICATE), 'tls')
  assert.equal(await get(`https://localhost:${old}/`, TEST_CERTIFICATE), 'tls')
})

test('a caller can give up', async () => {
  const mute = await serveBytes(() => {})
  const controller = new AbortController()
  const result = client().request({ url: `http://127.0.0.1:${mute}/`, method: 'GET', signal: controller.signal })
  controller.abort()
  assert.equal(failure(await result), 'aborted')
})

test('connections are used again, and one that was closed meanwhile costs no request', async () => {
  const sockets = new Set<Socket>()
  const server = http.createServer((request, response) => {
    sockets.add(request.socket)
    response.end('ok')
  })
  const port = await listening(server)
  const one = client()
  const get = async () => failure(await one.request({ url: `http://127.0.0.1:${port}/`, method: 'POST', body: '{}' }))
  for (let count = 0; count < 3; count++) assert.equal(await get(), 'answered 200')
  assert.equal(sockets.size, 1)
  // closes on the next request without reading it, as a server does whose keep-alive has just run out
  for (const socket of sockets) {
    server.removeAllListeners('request')
    socket.removeAllListeners('data')
    socket.destroySoon()
  }
  server.on('request', (_, response) => response.end('ok'))
  assert.equal(await get(), 'answered 200')
})
