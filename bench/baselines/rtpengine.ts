import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, pause } from '#testkit'
import { NgClient } from './ng-client.ts'

const STARTS_WITHIN_MS = 5_000

/** rtpengine without its kernel module, one thread, with pairs of ends in conversation. */
export class RtpEngine {
  readonly #child: ChildProcess
  readonly #client: NgClient
  readonly #folder: string
  #calls = 0

  private constructor(child: ChildProcess, client: NgClient, folder: string) {
    this.#child = child
    this.#client = client
    this.#folder = folder
  }

  /** `undefined` where it is not installed. */
  static async start(ports: { first: number; last: number }): Promise<RtpEngine | undefined> {
    try {
      execFileSync('rtpengine', ['--version'], { stdio: 'ignore' })
    } catch {
      return undefined
    }
    const port = await freePort('udp')
    const folder = mkdtempSync(join(tmpdir(), 'bench-rtpengine-'))
    const child = spawn(
      'rtpengine',
      [
        ...['--foreground', '--log-stderr', '--log-level=3', '--table=-1', '--interface=127.0.0.1', '--num-threads=1'],
        ...[`--listen-ng=127.0.0.1:${port}`, `--port-min=${ports.first}`, `--port-max=${ports.last}`],
        `--pidfile=${join(folder, 'pid')}`,
      ],
      { stdio: 'ignore' },
    )
    const client = new NgClient(port)
    await client.open()
    const engine = new RtpEngine(child, client, folder)
    for (let waitedMs = 0; ; waitedMs += 100) {
      const there = await Promise.race([client.ask({ command: 'ping' }).catch(() => undefined), pause(100)])
      if (there) return engine
      if (waitedMs > STARTS_WITHIN_MS) {
        await engine.stop()
        return undefined
      }
    }
  }

  get pid(): number {
    return this.#child.pid ?? -1
  }

  /** Its ports for a call's two ends. */
  async bridge(): Promise<[number, number]> {
    const call = { 'call-id': `call${this.#calls++}`, 'from-tag': 'a' }
    const offered = await this.#client.ask({ command: 'offer', ...call, sdp: SDP })
    const answered = await this.#client.ask({ command: 'answer', ...call, 'to-tag': 'b', sdp: SDP })
    // each end is told the port that the other one's sound is to be sent to
    return [portOf(answered.sdp), portOf(offered.sdp)]
  }

  async stop(): Promise<void> {
    const gone = new Promise<void>((resolve) => this.#child.once('exit', () => resolve()))
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill('SIGKILL')
      await gone
    }
    this.#client.close()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** Nobody is at port 9: the phones are found by what they send. */
const SDP =
  'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n' +
  'a=rtpmap:0 PCMU/8000\r\na=ptime:20\r\na=sendrecv\r\n'

function portOf(sdp: unknown): number {
  const port = /^m=audio (\d+)/m.exec(String(sdp))?.[1]
  if (!port) throw new Error('rtpengine gave no port')
  return Number(port)
}
