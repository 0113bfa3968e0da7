import { once } from 'node:events'
import { globSync, mkdirSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Child, startChild } from './child.ts'
import { eventually } from './eventually.ts'
import { freePort } from './ports.ts'
import { familyOf, signalAll } from './processes.ts'
import { sine, wavFile } from './tones.ts'

/** What a phone's microphone hums, unless it is told otherwise. */
export const MICROPHONE_HZ = 440
const MICROPHONE = 'microphone.wav'
const LAUNCH_MS = 5_000
const MOST_LAUNCHES = 3

/** An account of the phone: host is where it registers. */
export interface BaresipAccount {
  user: string
  password: string
  /** `host:port` of the registrar. */
  server: string
  codecs?: string
}

export interface BaresipOptions {
  /** False leaves the registration out. */
  register?: boolean
  /** What its microphone hums; default `MICROPHONE_HZ`. */
  microphoneHz?: number
  /** Whether it answers calls by itself (default), or waits for the command `accept`. */
  answers?: 'by itself' | 'when told'
  /** Milliseconds of sound per packet that it sends; default 20. */
  ptimeMs?: number
  /** Default UDP. */
  transport?: 'udp' | 'tcp'
}

export interface BaresipEvent {
  type: string
  param?: string
}

/** A real SIP phone (baresip, headless) steered over its control port. */
export class Baresip {
  readonly events: BaresipEvent[] = []
  readonly folder: string
  #child: Child
  #socket: net.Socket
  #pending = new Map<string, (answer: { ok: boolean; data: string }) => void>()
  #buffer = Buffer.alloc(0)
  #next = 0

  private constructor(folder: string, child: Child, socket: net.Socket) {
    this.folder = folder
    this.#child = child
    this.#socket = socket
    socket.on('data', (chunk) => this.#read(chunk))
    socket.on('error', () => {})
  }

  /** Starts the phone and waits until it can be steered. Its microphone hums for two minutes. */
  static async start(account: BaresipAccount, options: BaresipOptions = {}): Promise<Baresip> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await Baresip.#launch(account, options)
      } catch (error) {
        // somebody may have taken one of its ports meanwhile
        if (attempt === MOST_LAUNCHES) throw error
      }
    }
  }

  static async #launch(account: BaresipAccount, options: BaresipOptions): Promise<Baresip> {
    const folder = await mkdtemp(join(tmpdir(), 'strowger-baresip-'))
    const [sipPort, controlPort, rtpPort] = await Promise.all([freePort('udp'), freePort('tcp'), freePort('udp')])
    mkdirSync(join(folder, 'rec'))
    writeFileSync(join(folder, 'contacts'), '')
    writeFileSync(join(folder, 'accounts'), '')
    writeFileSync(join(folder, 'config'), configuration(folder, sipPort, controlPort, rtpPort))
    writeFileSync(join(folder, MICROPHONE), wavFile(sine([options.microphoneHz ?? MICROPHONE_HZ], 120_000)))
    const child = startChild('timeout', ['-k', '2', '180', 'baresip', '-f', folder])
    const socket = await eventually(
      'the phone answers on its control port',
      () => connect(controlPort),
      LAUNCH_MS,
    ).catch(async (error: Error) => {
      await child.stop('SIGKILL')
      await rm(folder, { recursive: true, force: true })
      throw new Error(`${error.message}: ${child.output()}`)
    })
    const phone = new Baresip(folder, child, socket)
    // only now: one that cannot be steered is ended, and may not have registered before
    await phone.command('uanew', accountLine(account, options))
    return phone
  }

  /** Sends a command (`dial`, `hangup`, `sndcode`, `reginfo`, …) and gives its answer. */
  async command(command: string, params = ''): Promise<{ ok: boolean; data: string }> {
    const token = String(this.#next++)
    const answered = new Promise<{ ok: boolean; data: string }>((resolve) => this.#pending.set(token, resolve))
    const text = JSON.stringify({ command, params, token })
    this.#socket.write(`${Buffer.byteLength(text)}:${text},`)
    return answered
  }

  /** Resolves with the first event of this type (among those that have come already, too). */
  async event(type: string, withinMs = 10_000): Promise<BaresipEvent> {
    return eventually(
      `the phone says ${type}; it said ${this.events.map((event) => event.type).join(' ')}`,
      () => this.events.find((event) => event.type === type),
      withinMs,
    )
  }

  /** Resolves when the phone is registered. Asked for, because it may be so before we hear its events. */
  async registered(): Promise<void> {
    await eventually(`the phone registers: ${this.output()}`, async () => {
      const { data } = await this.command('reginfo')
      return data.includes('OK ')
    })
  }

  /** The file in which the phone kept what it heard in its latest call. */
  heard(): string | undefined {
    return globSync(join(this.folder, 'rec', '*-dec.wav'))
      .sort()
      .at(-1)
  }

  /** What the phone printed. */
  output(): string {
    return this.#child.output()
  }

  /** Ends the phone and removes its folder. */
  stop(): Promise<void> {
    return this.#end('SIGTERM')
  }

  /** The same without a word to anybody: its connections break. */
  crash(): Promise<void> {
    return this.#end('SIGKILL')
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    this.#socket.destroy()
    if (signal === 'SIGKILL') signalAll(familyOf(this.#child.pid), signal)
    await this.#child.stop(signal, 3_000)
    await rm(this.folder, { recursive: true, force: true })
  }

  #read(chunk: Buffer) {
    this.#buffer = Buffer.concat([this.#buffer, chunk])
    for (;;) {
      const colon = this.#buffer.indexOf(':')
      if (colon < 0) return
      const length = Number(this.#buffer.toString('latin1', 0, colon))
      if (this.#buffer.length < colon + length + 2) return
      const message = JSON.parse(this.#buffer.toString('utf8', colon + 1, colon + 1 + length))
      this.#buffer = this.#buffer.subarray(colon + length + 2)
      if (message.event) this.events.push(message)
      else this.#pending.get(message.token)?.(message)
    }
  }
}

function accountLine(account: BaresipAccount, options: BaresipOptions): string {
  return (
    `<sip:${account.user}@${account.server};transport=${options.transport ?? 'udp'}>;auth_user=${account.user};` +
    `auth_pass=${account.password};regint=${options.register === false ? 0 : 60};` +
    `audio_codecs=${account.codecs ?? 'pcmu,pcma'};ptime=${options.ptimeMs ?? 20};` +
    `answermode=${options.answers === 'when told' ? 'manual' : 'auto'}`
  )
}

async function connect(port: number): Promise<net.Socket | undefined> {
  const socket = net.connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return socket
  } catch {
    return undefined
  }
}

function configuration(folder: string, sipPort: number, controlPort: number, rtpPort: number) {
  const rtpFirst = rtpPort & ~1
  return `poll_method epoll
sip_listen 127.0.0.1:${sipPort}
sip_trans_def udp
call_local_timeout 120
call_max_calls 10
audio_player aubridge,nil
audio_alert aubridge,nil2
audio_source aufile,${join(folder, MICROPHONE)}
ausrc_srate 8000
auplay_srate 8000
audio_level no
rtp_ports ${rtpFirst}-${rtpFirst + 20}
rtp_stats yes
module_path /usr/lib/baresip/modules
module g711.so
module aufile.so
module aubridge.so
module sndfile.so
snd_path ${join(folder, 'rec')}
module_tmp uuid.so
module_tmp account.so
module_app contact.so
module_app debug_cmd.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:${controlPort}
`
}
