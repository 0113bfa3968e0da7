import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Child, startChild } from './child.ts'
import { pause } from './eventually.ts'
import { freePort } from './ports.ts'

/** What SIPp counted. */
export interface SippResult {
  exitCode: number | string
  /** Calls that it began, or that reached it. */
  created: number
  successful: number
  failed: number
  retransmissions: number
  output: string
  /** The first messages that its scenario did not expect. */
  unexpected: string
  /** What came to it, in order, as it was; empty unless that was asked for. */
  received: string[]
}

const MOST_ERROR_TEXT = 6_000
const MOST_AT_ONCE = 1_000
/** It writes its counts once a second. */
const COUNTED_MS = 2_200

export interface SippOptions {
  /** `host:port` to call; left out by a scenario that is called (`uas`). */
  target?: string
  /** The user part that is dialled. */
  service?: string
  /** A built-in scenario (`uac`, `uas`) or the path of an XML file. */
  scenario: string
  /** It ends after so many; a scenario that is called goes on until `halt` where this is left out. */
  calls?: number
  callsPerSecond?: number
  /** Sends back the sound that comes to its `[media_port]`. */
  echoes?: boolean
  /** Its own port; default a free one. */
  port?: number
  /** Its own address; default 127.0.0.1. */
  host?: string
  /** Who it is, where it is asked to prove that. */
  credentials?: { user: string; password: string }
  /** Milliseconds that the built-in caller stays on the line. */
  durationMs?: number
  /** Most calls at once; default: all of them. */
  atOnce?: number
  timeoutSeconds?: number
  /** Keeps what comes to it, to be read afterwards. */
  keepsReceived?: boolean
  /** UDP where left out; over TCP one connection for all calls, or one for each. */
  transport?: 'one connection' | 'a connection each'
}

/** SIPp under way: real calls by (or to) a foreign SIP stack. */
export class Sipp {
  readonly child: Child
  readonly #folder: string

  private constructor(child: Child, folder: string) {
    this.child = child
    this.#folder = folder
  }

  /** Starts it. It is ended for certain a little after `timeoutSeconds`. */
  static async start(options: SippOptions): Promise<Sipp> {
    const folder = mkdtempSync(join(tmpdir(), 'strowger-sipp-'))
    const [port, mediaPort] = await Promise.all([options.port ?? freePort('sip'), freePort('udp')])
    const seconds = options.timeoutSeconds ?? 60
    const scenario = options.scenario.endsWith('.xml') ? ['-sf', options.scenario] : ['-sn', options.scenario]
    const { target, service, credentials, callsPerSecond, calls, host = '127.0.0.1' } = options
    const args = [
      ...['-k', '2', String(seconds + 5), 'sipp', ...(target === undefined ? [] : [target]), ...scenario],
      ...(service === undefined ? [] : ['-s', service]),
      ...(credentials === undefined ? [] : ['-au', credentials.user, '-ap', credentials.password]),
      ...['-i', host, '-mi', host, '-p', String(port), '-mp', String(Math.min(mediaPort, 60_000))],
      ...(calls === undefined ? [] : ['-m', String(calls)]),
      ...['-l', String(options.atOnce ?? calls ?? MOST_AT_ONCE)],
      ...(callsPerSecond === undefined ? [] : ['-r', String(callsPerSecond)]),
      ...(options.echoes ? ['-rtp_echo'] : []),
      ...(options.durationMs === undefined ? [] : ['-d', String(options.durationMs)]),
      ...(options.transport === undefined
        ? []
        : ['-t', options.transport === 'one connection' ? 't1' : 'tn', '-max_socket', '1000']),
      ...['-nostdin', '-timeout', String(seconds), '-trace_stat', '-stf', join(folder, 'stat.csv'), '-fd', '1'],
      // what it did not expect, so that a failed run says why
      ...['-trace_err', '-error_file', join(folder, 'errors.log')],
      ...(options.keepsReceived ? ['-trace_msg', '-message_file', join(folder, 'messages.log')] : []),
    ]
    return new Sipp(startChild('timeout', args, { cwd: folder }), folder)
  }

  /** Waits for its end and reads what it counted. */
  async finish(): Promise<SippResult> {
    const exitCode = await this.child.ended
    const counts = this.#counts()
    const unexpected = this.#read('errors.log').slice(0, MOST_ERROR_TEXT)
    const received = receivedOf(this.#read('messages.log'))
    rmSync(this.#folder, { recursive: true, force: true })
    return { exitCode, ...counts, output: this.child.output(), unexpected, received }
  }

  /** Lets it write its counts, ends it, and reads them. */
  async halt(): Promise<SippResult> {
    await pause(COUNTED_MS)
    await this.child.stop()
    return this.finish()
  }

  /** Ends it. */
  async stop(): Promise<void> {
    await this.child.stop()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #counts() {
    const lines = this.#read('stat.csv').trim().split('\n')
    const names = lines[0]?.split(';') ?? []
    const values = lines.at(-1)?.split(';') ?? []
    const count = (name: string) => Number(values[names.indexOf(name)] ?? 0)
    return {
      created: count('TotalCallCreated'),
      successful: count('SuccessfulCall(C)'),
      failed: count('FailedCall(C)'),
      retransmissions: count('Retransmissions(C)'),
    }
  }

  /** A file that it wrote; empty where it ended before it wrote anything. */
  #read(name: string): string {
    try {
      return readFileSync(join(this.#folder, name), 'utf8')
    } catch {
      return ''
    }
  }
}

/** The messages that came, of a log that has a dashed line before each. */
function receivedOf(log: string): string[] {
  return log
    .split(/^-{20,} .*$/m)
    .filter((entry) => /^\s*\S+ message received/.test(entry))
    .map((entry) => entry.slice(entry.indexOf(':') + 1).trimStart())
}
