import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { AwsV4Signer } from 'aws4fetch'
import { apiErrors, contentDisposition } from '#platform/http'
import type { Log } from '#platform/log'
import type { Clock } from '#platform/time'
import type { Content } from '../content.ts'
import type { LocalFile, ObjectStore, ServedAs } from './object-store.ts'

/** An S3-compatible store. */
export interface S3Settings {
  /** Where the bucket is, e.g. `https://s3.example.com/bucket` or `https://bucket.s3.amazonaws.com`; no credentials in it. */
  base: string
  region: string
  /** Without them requests are not signed, and nobody can be given an address. */
  credentials: { key: string; secret: string } | undefined
}

/** Until the store begins to answer; what it is sent may come as slowly as half a megabyte in a second. */
const ANSWER_MS = 20_000
const BYTES_PER_MS = 500
const TRIES = 3
const AGAIN_MS = 250

/** What the store was asked and did not do. */
class StoreRefused extends Error {
  override name = 'StoreRefused'
}

/** Objects are those of a bucket; five requests of the S3 API, signed with AWS Signature 4. */
export class S3Store implements ObjectStore {
  readonly signedBy: 'store' | 'nobody'
  readonly #settings: S3Settings
  readonly #clock: Clock
  readonly #log: Log

  constructor(settings: S3Settings, needs: { clock: Clock; log: Log }) {
    this.#settings = settings
    this.#clock = needs.clock
    this.#log = needs.log
    this.signedBy = settings.credentials ? 'store' : 'nobody'
  }

  async put(object: string, { path, bytes }: LocalFile): Promise<void> {
    const headers = { 'content-length': String(bytes) }
    const answerMs = ANSWER_MS + bytes / BYTES_PER_MS
    const response = await this.#ask('PUT', object, headers, { open: () => createReadStream(path), answerMs })
    await response.body?.cancel()
  }

  async inPlace(): Promise<string | undefined> {
    return undefined
  }

  content(object: string, bytes: number): Content {
    return { bytes, read: (from, to) => this.#read(object, from, to) }
  }

  async holds(object: string): Promise<boolean> {
    return (await this.#ask('HEAD', object)).status === 200
  }

  async remove(object: string): Promise<void> {
    const response = await this.#ask('DELETE', object)
    await response.body?.cancel()
  }

  async addressOf(object: string, { fileName, contentType }: ServedAs, validSeconds: number): Promise<string> {
    const url = this.#urlOf(object)
    url.searchParams.set('X-Amz-Expires', String(validSeconds))
    url.searchParams.set('response-content-disposition', contentDisposition(fileName))
    url.searchParams.set('response-content-type', contentType)
    return (await this.#signed('GET', url, {}, true)).url.href
  }

  async *#read(object: string, from: number, to: number): AsyncGenerator<Uint8Array, void, void> {
    if (from >= to) return
    const response = await this.#ask('GET', object, { range: `bytes=${from}-${to - 1}` })
    // a store may answer with the whole
    let skip = response.headers.has('content-range') ? 0 : from
    let left = to - from
    for await (const chunk of response.body ?? []) {
      const wanted = chunk.subarray(skip, skip + left)
      skip -= Math.min(skip, chunk.length)
      left -= wanted.length
      if (wanted.length > 0) yield wanted
      if (left === 0) return
    }
    throw new StoreRefused(`the object ends ${left} bytes early`)
  }

  /** 2xx, or 404 where nothing was to be read; everything else is `SERVICE_UNAVAILABLE` after some tries. */
  async #ask(
    method: string,
    object: string,
    headers: Record<string, string> = {},
    body?: { open: () => Readable; answerMs: number },
  ): Promise<Response> {
    for (let tries = 1; ; tries++)
      try {
        return await this.#askOnce(method, object, headers, body?.answerMs ?? ANSWER_MS, body?.open())
      } catch (cause) {
        if (tries === TRIES || (cause instanceof StoreRefused && !isPassing(cause))) {
          this.#log.warn({ err: cause, method, object }, 'the object store did not do what it was asked')
          throw apiErrors.SERVICE_UNAVAILABLE(undefined, { cause })
        }
        await new Promise<void>((resolve) => this.#clock.after(AGAIN_MS * 4 ** (tries - 1), resolve))
      }
  }

  async #askOnce(
    method: string,
    object: string,
    headers: Record<string, string>,
    answerMs: number,
    body?: Readable,
  ): Promise<Response> {
    const late = new AbortController()
    const timer = this.#clock.after(answerMs, () => late.abort(new StoreRefused('no answer in time', { cause: 503 })))
    try {
      const signed = await this.#signed(method, this.#urlOf(object), headers)
      const response = await fetch(signed.url, {
        method,
        headers: signed.headers,
        redirect: 'manual',
        signal: late.signal,
        ...(body ? { body, duplex: 'half' } : {}),
      })
      const { status } = response
      if (response.ok || (status === 404 && (method === 'HEAD' || method === 'DELETE'))) return response
      await response.body?.cancel()
      throw new StoreRefused(`${method} was answered with ${status}`, { cause: status })
    } finally {
      timer.cancel()
      body?.destroy()
    }
  }

  async #signed(method: string, url: URL, headers: Record<string, string>, signQuery = false) {
    const { credentials, region } = this.#settings
    if (!credentials) return { url, headers: new Headers(headers) }
    const datetime = new Date(this.#clock.wallMs()).toISOString().replace(/[:-]|\.\d{3}/g, '')
    const { key: accessKeyId, secret: secretAccessKey } = credentials
    const signer = new AwsV4Signer({
      ...{ method, url: url.href, headers, accessKeyId, secretAccessKey, service: 's3', region, datetime, signQuery },
    })
    return signer.sign()
  }

  #urlOf(object: string): URL {
    return new URL(`${this.#settings.base.replace(/\/$/, '')}/${object.split('/').map(encodeURIComponent).join('/')}`)
  }
}

function isPassing({ cause }: StoreRefused): boolean {
  return cause === 429 || (typeof cause === 'number' && cause >= 500)
}
