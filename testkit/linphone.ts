import { mkdirSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BaresipAccount } from './baresip.ts'
import { type Child, startChild } from './child.ts'
import { eventually, pause } from './eventually.ts'
import { freePort } from './ports.ts'
import { sine, wavFile } from './tones.ts'

const LINPHONE_HZ = 1_000
/** How often it is asked whether it is registered: it does not say so by itself. */
const ASKED_MS = 200
const MICROPHONE = 'microphone.wav'

/** A real SIP phone (linphonec, headless) steered by the lines that are typed into it; it numbers its calls 1, 2, … */
export class Linphone {
  readonly #child: Child
  readonly #folder: string

  private constructor(child: Child, folder: string) {
    this.#child = child
    this.#folder = folder
  }

  /** Starts the phone and waits until it is registered. Its microphone hums. */
  static async start({ user, password, server }: BaresipAccount): Promise<Linphone> {
    const folder = await mkdtemp(join(tmpdir(), 'strowger-linphone-'))
    const [sipPort, rtpPort] = await Promise.all([freePort('udp'), freePort('udp')])
    mkdirSync(join(folder, '.local/share/linphone'), { recursive: true }) // its database
    writeFileSync(join(folder, 'linrc'), configuration(sipPort, rtpPort))
    writeFileSync(join(folder, MICROPHONE), wavFile(sine([LINPHONE_HZ], 120_000)))
    const env = { ...process.env, HOME: folder }
    const args = ['-k', '2', '180', 'linphonec', '-c', join(folder, 'linrc')]
    const phone = new Linphone(startChild('timeout', args, { cwd: folder, env, isSteered: true }), folder)
    try {
      await phone.says(/linphonec> /)
      phone.type('soundcard use files')
      phone.type(`play ${join(folder, MICROPHONE)}`)
      phone.type(`register sip:${user}@${server} sip:${server} ${password}`)
      await eventually('linphone registers', async () => {
        phone.type('status register')
        await pause(ASKED_MS)
        return /registered, identity=/.test(phone.output()) || undefined
      })
    } catch (error) {
      await phone.stop()
      throw error
    }
    return phone
  }

  /** Types a command: `call URI`, `pause 1`, `transfer 1 --to-call 2`, `terminate`, a digit. */
  type(command: string): void {
    this.#child.process.stdin?.write(`${command}\n`)
  }

  /** Resolves when it has printed this. */
  async says(text: RegExp, withinMs = 15_000): Promise<void> {
    await eventually(`linphone says ${text}`, () => text.test(this.output()) || undefined, withinMs).catch((error) => {
      throw new Error(`${error.message}; it said ${this.output()}`)
    })
  }

  output(): string {
    return this.#child.output()
  }

  /** Ends the phone and removes its folder. */
  async stop(): Promise<void> {
    await this.#child.stop('SIGTERM', 3_000)
    await rm(this.#folder, { recursive: true, force: true })
  }
}

function configuration(sipPort: number, rtpPort: number): string {
  return `[sip]
sip_port=${sipPort}
sip_tcp_port=0
sip_tls_port=0
guess_hostname=1
contact=sip:phone@127.0.0.1
use_ipv6=0
register_only_when_network_is_up=0
[rtp]
audio_rtp_port=${rtpPort & ~1}
[video]
enabled=0
capture=0
display=0
automatically_initiate=0
automatically_accept=0
`
}
