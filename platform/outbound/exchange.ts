import http, { type IncomingMessage } from 'node:http'
import https from 'node:https'
import { isIP, type LookupFunction, type Socket } from 'node:net'
import type { Clock, Timer } from '#platform/time'
import type { AddressGuard } from './address-guard.ts'
import { readBeginning, readBody } from './body.ts'
import { AddressBlocked } from './guarded-agents.ts'
import type { OutboundFailure } from './outbound-request.ts'
import { NameNotResolved } from './resolve-host.ts'
import type { OutboundTimeouts } from './timeouts.ts'

/** One request of a chain. */
export interface Hop {
  url: URL
  method: string
  headers: Readonly<Record<string, string>>
  body: Buffer | undefined
}

export interface HopAnswer {
  status: number
  headers: Readonly<Record<string, string>>
  body: Buffer
  truncated: boolean
}

export interface HopFault {
  failure: OutboundFailure
  detail: string
  /** The connection had been used before and was closed on us unheard: worth one more try on a new one. */
  stale: boolean
}

export interface Means {
  agent: http.Agent
  lookup: LookupFunction
  guard: AddressGuard
  clock: Clock
  timeouts: OutboundTimeouts
  /** Aborted with the failure as its reason (`timeout`, `aborted`). */
  signal: AbortSignal
  maxBodyBytes: number
  refusalBytes: number
  whenTooLarge: 'cut' | 'fail'
}

/** From this status on an answer is no success. */
const FIRST_REFUSAL = 300
/** Statuses with a `Location` to follow. */
const REDIRECTS = [301, 302, 303, 307, 308]
/** All headers of an answer together. */
const MOST_HEADER_BYTES = 16_384
/** Interim answers (100, 103) before the final one. */
const MOST_INTERIM = 8

type Stage = 'connect' | 'tls' | 'headers' | 'body'

/** Makes one request and reads its answer; resolves in any case, within the time limits. */
export function exchange(hop: Hop, means: Means): Promise<HopAnswer | HopFault> {
  const { clock, guard, signal, timeouts } = means
  const { url } = hop
  const host = hostOf(url)
  if (isIP(host) !== 0 && !guard.allows(host)) return settled('blocked', host)
  if (signal.aborted) return settled(abortReason(signal), 'total')

  return new Promise((resolve) => {
    let stage: Stage = 'connect'
    let timer: Timer | undefined
    let interim = 0
    let ended = false

    const end = (result: HopAnswer | HopFault) => {
      if (ended) return
      ended = true
      timer?.cancel()
      signal.removeEventListener('abort', abort)
      resolve(result)
    }
    const fail = (failure: OutboundFailure, detail: string, stale = false) => {
      end({ failure, detail, stale })
      request.destroy()
    }
    const abort = () => fail(abortReason(signal), 'total')
    const enter = (next: Stage, withinMs?: number) => {
      stage = next
      timer?.cancel()
      timer = withinMs === undefined ? undefined : clock.after(withinMs, () => fail('timeout', next))
    }

    let request: http.ClientRequest
    try {
      request = (url.protocol === 'https:' ? https : http).request({
        protocol: url.protocol,
        hostname: host,
        ...(url.port === '' ? {} : { port: Number(url.port) }),
        path: `${url.pathname}${url.search}`,
        method: hop.method,
        headers: hop.headers,
        agent: means.agent,
        lookup: means.lookup,
        maxHeaderSize: MOST_HEADER_BYTES,
      })
    } catch (error) {
      resolve({ failure: 'protocol', detail: codeOf(error), stale: false }) // a header that cannot be written
      return
    }
    signal.addEventListener('abort', abort)
    enter('connect', timeouts.connectMs)

    request.on('socket', (socket) => {
      leaveTogether(socket)
      const connected = () => {
        const address = socket.remoteAddress
        if (address !== undefined && !guard.allows(address)) return fail('blocked', address)
        if (url.protocol === 'https:' && stage === 'connect') enter('tls', timeouts.tlsMs)
        else enter('headers', timeouts.headersMs)
      }
      if (request.reusedSocket || !socket.connecting) return enter('headers', timeouts.headersMs)
      socket.once('connect', connected)
      if (url.protocol === 'https:') socket.once('secureConnect', () => enter('headers', timeouts.headersMs))
    })
    request.on('information', () => {
      if (++interim > MOST_INTERIM) fail('protocol', 'too many interim answers')
    })
    request.on('upgrade', (_, socket) => {
      socket.destroy()
      fail('protocol', 'an upgrade that nobody asked for')
    })
    request.on('error', (error) => {
      const stale = request.reusedSocket && stage === 'headers'
      fail(judge(error, stage), codeOf(error), stale)
    })
    request.on('close', () => {
      if (stage !== 'body') fail('closed', stage) // the body's reader sees its own end
    })
    request.on('response', (response) => {
      enter('body')
      const headers = headersOf(response)
      const status = response.statusCode ?? 0
      if (REDIRECTS.includes(status) && headers.location !== undefined) {
        end({ status, headers, body: Buffer.alloc(0), truncated: false })
        request.destroy()
        return
      }
      if (means.refusalBytes > 0 && status >= FIRST_REFUSAL) {
        readBeginning(response, means.refusalBytes, clock).then((body) =>
          end({ status, headers, body, truncated: false }),
        )
        return
      }
      if (means.maxBodyBytes === 0) end({ status, headers, body: Buffer.alloc(0), truncated: false })
      readBody(response, means).then((read) => {
        if ('failure' in read) return fail(read.failure, read.detail)
        end({ status, headers, body: read.body, truncated: read.truncated })
      })
    })
    request.end(hop.body)
  })
}

/** What is written in this turn of the event loop leaves at its end: whoever receives several requests is woken once. */
function leaveTogether(socket: Socket): void {
  socket.cork()
  setImmediate(() => socket.uncork())
}

/** The host as a socket takes it: IPv6 without its brackets. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '')
}

function settled(failure: OutboundFailure, detail: string): Promise<HopFault> {
  return Promise.resolve({ failure, detail, stale: false })
}

function abortReason(signal: AbortSignal): OutboundFailure {
  return signal.reason === 'timeout' ? 'timeout' : 'aborted'
}

function judge(error: Error, stage: Stage): OutboundFailure {
  if (error instanceof AddressBlocked) return 'blocked'
  if (error instanceof NameNotResolved) return 'dns'
  const code = codeOf(error)
  if (stage === 'connect') return code === '' ? 'blocked' : 'connect' // without a code: the filtering agent's refusal
  if (stage === 'tls') return 'tls'
  return code.startsWith('HPE_') ? 'protocol' : 'closed'
}

function codeOf(error: unknown): string {
  if (error instanceof AddressBlocked || error instanceof NameNotResolved) return error.message
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

function headersOf(response: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(response.headers))
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value
  return headers
}
