import type { IncomingMessage } from 'node:http'
import { Busboy, type BusboyFileStream, type BusboyInstance } from '@fastify/busboy'
import type { ReasonedError } from '#platform/errors'
import { apiErrors } from './errors.ts'
import type { Upload, UploadPart } from './upload.ts'

/** More parts than any form of ours has; what comes beyond is refused. */
const MOST_PARTS = 32
/** Of one text of the form. */
const FIELD_BYTES = 4_096
/** Of the headers of one part; further ones are not read. */
const HEADER_BYTES = 8_192
const HEADER_LINES = 64

const FORM = /^multipart\/form-data\s*(?:;|$)/i

export interface MultipartOptions {
  /** Of the whole body. */
  maxBytes: number
  /** Ends the reading: the client went away or the deadline has passed. */
  signal: AbortSignal
  /** Called whenever octets have come. */
  onBytes: () => void
}

/** The body of a request as a form. */
export class MultipartUpload implements Upload {
  readonly announcedBytes: number | undefined
  readonly #request: IncomingMessage
  readonly #options: MultipartOptions

  /** Throws `INVALID_FILE_UPLOAD` where the client announces too much. */
  constructor(request: IncomingMessage, options: MultipartOptions) {
    const { 'content-length': announced } = request.headers
    this.announcedBytes = announced === undefined ? undefined : Number(announced)
    if ((this.announcedBytes ?? 0) > options.maxBytes) throw tooLarge(options.maxBytes)
    this.#request = request
    this.#options = options
  }

  async *parts(): AsyncGenerator<UploadPart, void, void> {
    const reader = new PartReader(this.#request, this.#options)
    try {
      for (let part = await reader.next(); part; part = await reader.next()) yield part
    } finally {
      reader.stop()
    }
  }
}

/**
 * Between a request and the parser. It never destroys the request: its connection still has to carry the answer. It reads
 * no faster than the handler does.
 */
class PartReader {
  readonly #request: IncomingMessage
  readonly #options: MultipartOptions
  readonly #parser: BusboyInstance
  readonly #found: { part: UploadPart; stream?: BusboyFileStream }[] = []
  /** The file that the handler has been given last. */
  #file: BusboyFileStream | undefined
  #bytes = 0
  #isOver = false
  #failure: unknown
  #wake: (() => void) | undefined

  constructor(request: IncomingMessage, options: MultipartOptions) {
    this.#request = request
    this.#options = options
    this.#parser = this.#listen(parserOf(request))
    request.on('data', this.#take).on('end', this.#end).on('close', this.#closed).on('error', this.#closed)
    options.signal.addEventListener('abort', this.#aborted, { once: true })
    if (options.signal.aborted) this.#aborted()
  }

  /** The next part, once what is left of the one before has been thrown away; `undefined` after the last. */
  async next(): Promise<UploadPart | undefined> {
    this.#file?.resume()
    for (;;) {
      const found = this.#found.shift()
      this.#file = found?.stream
      if (found) return found.part
      if (this.#failure !== undefined) throw this.#failure
      if (this.#isOver) return undefined
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  /** Lets go of the request. */
  stop(): void {
    this.#fail(apiErrors.REQUEST_CANCELED())
  }

  #listen(parser: BusboyInstance): BusboyInstance {
    return parser
      .on('field', (name, value, _isNameCut, isCut) => {
        if (isCut) this.#fail(malformed(name, `is longer than ${FIELD_BYTES} bytes`))
        else this.#add({ part: { kind: 'field', name: name ?? '', value } })
      })
      .on('file', (name, stream, fileName, _encoding, contentType) => {
        stream.on('error', () => {}) // told to whoever reads it
        const content = this.#contentOf(stream)
        this.#add({ part: { kind: 'file', name: name ?? '', fileName: fileName ?? '', contentType, content }, stream })
      })
      .on('drain', () => this.#request.resume())
      .on('partsLimit', () => this.#fail(malformed('', `has more than ${MOST_PARTS} parts`)))
      .on('finish', () => this.#finish())
      .on('error', (cause) => this.#fail(malformed('', 'is no complete form: its last boundary is missing', cause)))
  }

  async *#contentOf(stream: BusboyFileStream): AsyncGenerator<Uint8Array, void, void> {
    try {
      yield* stream.iterator({ destroyOnReturn: false })
    } catch (cause) {
      throw this.#failure ?? malformed('', 'ends in the middle of a file', cause)
    }
  }

  readonly #take = (chunk: Buffer) => {
    this.#bytes += chunk.length
    if (this.#bytes > this.#options.maxBytes) return this.#fail(tooLarge(this.#options.maxBytes))
    this.#options.onBytes()
    if (!this.#parser.write(chunk)) this.#request.pause()
  }

  readonly #end = () => {
    this.#parser.end()
  }

  readonly #closed = () => {
    if (!this.#request.complete) this.#fail(apiErrors.REQUEST_CANCELED())
  }

  readonly #aborted = () => {
    this.#fail(this.#options.signal.reason)
  }

  #add(found: { part: UploadPart; stream?: BusboyFileStream }): void {
    this.#found.push(found)
    this.#wakeUp()
  }

  #finish(): void {
    this.#isOver = true
    this.#detach()
    this.#wakeUp()
  }

  #fail(failure: unknown): void {
    if (this.#failure !== undefined || this.#isOver) return
    this.#failure = failure
    this.#detach()
    for (const stream of [this.#file, ...this.#found.map((found) => found.stream)]) stream?.destroy(failure as Error)
    this.#found.length = 0
    this.#wakeUp()
  }

  #detach(): void {
    const request = this.#request
    request.off('data', this.#take).off('end', this.#end).off('close', this.#closed).off('error', this.#closed)
    request.on('error', () => {}) // the connection may still break while the answer leaves
    this.#options.signal.removeEventListener('abort', this.#aborted)
  }

  #wakeUp(): void {
    this.#wake?.()
    this.#wake = undefined
  }
}

function parserOf({ headers }: IncomingMessage): BusboyInstance {
  const { 'content-type': contentType = '' } = headers
  if (!FORM.test(contentType)) throw noForm()
  const limits = {
    parts: MOST_PARTS,
    fieldSize: FIELD_BYTES,
    headerSize: HEADER_BYTES,
    headerPairs: HEADER_LINES,
  }
  try {
    return new Busboy({ headers: { 'content-type': contentType }, limits, preservePath: true })
  } catch (cause) {
    throw noForm(cause)
  }
}

function noForm(cause?: unknown): ReasonedError {
  return malformed('', 'must have the Content-Type multipart/form-data with a boundary', cause)
}

function tooLarge(maxBytes: number): ReasonedError {
  return malformed('', `is larger than ${maxBytes} bytes`)
}

function malformed(field: string | undefined, issue: string, cause?: unknown): ReasonedError {
  return apiErrors.INVALID_FILE_UPLOAD({ field: field ?? '', issue }, cause === undefined ? {} : { cause })
}
