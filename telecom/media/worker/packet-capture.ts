import { close, fstat, open, write } from 'node:fs'
import { type Endpoint, pcapHeader, pcapRecord, udpPacket } from '#telecom/pcap'
import type { CaptureTarget } from '../wanted-media.ts'

/** So much is written at once, or what has come within this time. */
const CHUNK_BYTES = 64 * 1024
const FLUSH_MS = 1_000
/** What may wait for the disk; packets beyond it are left out. */
const MOST_WAITING = 1024 * 1024

/** Of the bytes so many (one of ten) are for what came from strangers or was no sound: it may be why a call is silent. */
const FOREIGN_PART = 10

/**
 * Writes the datagrams of one endpoint to a capture file, up to a number of bytes. Sound never waits for it: the file is
 * opened and written behind its back, and a disk that does not follow costs packets of the capture. A file that is there
 * already is continued.
 */
export class PacketCapture {
  readonly target: CaptureTarget
  readonly #local: Endpoint
  #fd: number | undefined
  #isBusy = true
  #closing = false
  #waiting: Buffer[] = []
  #waitingBytes = 0
  #leftBytes: number
  #leftForeignBytes: number
  #flushedMs = 0

  constructor(target: CaptureTarget, local: Endpoint) {
    this.target = target
    this.#local = local
    this.#leftBytes = target.maxBytes
    this.#leftForeignBytes = target.maxBytes / FOREIGN_PART
    open(target.file, 'a', 0o600, (error, fd) => {
      if (error) this.#giveUp()
      else fstat(fd, (failed, stats) => this.#opened(fd, failed ? 0 : stats.size))
    })
  }

  /** A datagram from or to `remote` (`foreign`: one that came and was not accepted); `port` is ours. It may be used again at once. */
  add(direction: 'in' | 'out' | 'foreign', packet: Uint8Array, port: number, remote: Endpoint, wallMs: number): void {
    if (this.#leftBytes <= 0 || this.#closing || this.#waitingBytes > MOST_WAITING) return
    const local = { address: this.#local.address, port }
    const made = direction === 'out' ? udpPacket(local, remote, packet) : udpPacket(remote, local, packet)
    const record = pcapRecord(wallMs, made)
    if (direction === 'foreign') {
      if (record.length > this.#leftForeignBytes) return
      this.#leftForeignBytes -= record.length
    }
    this.#keep(record)
    if (this.#waitingBytes >= CHUNK_BYTES || wallMs - this.#flushedMs >= FLUSH_MS) {
      this.#flushedMs = wallMs
      this.#flush()
    }
  }

  /** Writes what waits and closes the file. */
  close(): void {
    this.#closing = true
    this.#flush()
  }

  #opened(fd: number, bytes: number): void {
    this.#fd = fd
    this.#leftBytes -= bytes
    this.#isBusy = false
    if (bytes === 0) this.#waiting.unshift(pcapHeader())
    this.#flush()
  }

  #keep(record: Buffer): void {
    this.#leftBytes -= record.length
    if (this.#leftBytes < 0) return
    this.#waiting.push(record)
    this.#waitingBytes += record.length
  }

  #flush(): void {
    const fd = this.#fd
    if (this.#isBusy || fd === undefined) return
    if (this.#waiting.length === 0) {
      if (this.#closing) this.#giveUp()
      return
    }
    const chunk = Buffer.concat(this.#waiting.splice(0))
    this.#waitingBytes = 0
    this.#isBusy = true
    this.#write(fd, chunk)
  }

  #write(fd: number, chunk: Buffer): void {
    write(fd, chunk, (error, written) => {
      if (error) return this.#giveUp()
      if (written < chunk.length) return this.#write(fd, chunk.subarray(written))
      this.#isBusy = false
      if (this.#closing) this.#flush()
    })
  }

  #giveUp(): void {
    const fd = this.#fd
    this.#fd = undefined
    this.#leftBytes = 0
    this.#waiting = []
    if (fd !== undefined) close(fd, () => {})
  }
}
