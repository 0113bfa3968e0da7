import { createSocket } from 'node:dgram'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '#platform/time'
import { type Child, startChild } from './child.ts'
import { eventually } from './eventually.ts'
import { freePort } from './ports.ts'

const MODULES = '/usr/lib/x86_64-linux-gnu/kamailio/modules/'

/** A foreign proxy (Kamailio) that puts itself into the route of every call and passes it on to the next hop. */
export class Kamailio {
  readonly port: number
  readonly #child: Child
  readonly #folder: string

  private constructor(port: number, child: Child, folder: string) {
    this.port = port
    this.#child = child
    this.#folder = folder
  }

  /** Starts it on UDP and TCP of 127.0.0.1. `next` is where requests without a route go. */
  static async start(next: { port: number; transport: 'udp' | 'tcp' }): Promise<Kamailio> {
    const folder = await mkdtemp(join(tmpdir(), 'strowger-kamailio-'))
    const port = await freePort('tcp')
    const file = join(folder, 'kamailio.cfg')
    await writeFile(file, configuration(port, next))
    const args = ['-k', '2', '120', 'kamailio', '-f', file, '-DD', '-E', '-m', '32', '-M', '4', '-Y', folder]
    const child = startChild('timeout', [...args, '-P', join(folder, 'kamailio.pid')])
    const proxy = new Kamailio(port, child, folder)
    await eventually('the proxy answers', () => proxy.#answers(), 10_000)
    return proxy
  }

  /** What it printed. */
  output(): string {
    return this.#child.output()
  }

  async stop(): Promise<void> {
    await this.#child.stop('SIGTERM', 3_000)
    await rm(this.#folder, { recursive: true, force: true })
  }

  async #answers(): Promise<boolean> {
    const socket = createSocket('udp4')
    const answered = new Promise<boolean>((resolve) => socket.once('message', () => resolve(true)))
    socket.bind(0, '127.0.0.1', () => {
      const lines = [
        `OPTIONS sip:ping@127.0.0.1:${this.port} SIP/2.0`,
        `Via: SIP/2.0/UDP 127.0.0.1:${socket.address().port};branch=z9hG4bKping;rport`,
        'From: <sip:test@127.0.0.1>;tag=1',
        'To: <sip:ping@127.0.0.1>',
        'Call-ID: ping@127.0.0.1',
        'CSeq: 1 OPTIONS',
        'Max-Forwards: 0',
        'Content-Length: 0',
      ]
      socket.send(`${lines.join('\r\n')}\r\n\r\n`, this.port, '127.0.0.1')
    })
    const silence = new Promise<boolean>((resolve) => systemClock.after(200, () => resolve(false)))
    try {
      return await Promise.race([answered, silence])
    } finally {
      socket.close()
    }
  }
}

function configuration(port: number, next: { port: number; transport: string }): string {
  return `#!KAMAILIO
debug=1
log_stderror=yes
fork=yes
children=1
listen=udp:127.0.0.1:${port}
listen=tcp:127.0.0.1:${port}
auto_aliases=no
enable_sctp=0
mpath="${MODULES}"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "textops.so"
loadmodule "siputils.so"
modparam("rr", "enable_full_lr", 1)
modparam("rr", "enable_double_rr", 1)
request_route {
  if (!mf_process_maxfwd_header("70")) { sl_send_reply("483", "Too Many Hops"); exit; }
  if (is_method("CANCEL")) { if (t_check_trans()) t_relay(); exit; }
  if (has_totag()) {
    if (loose_route()) { t_relay(); exit; }
    if (is_method("ACK")) { if (t_check_trans()) t_relay(); exit; }
    sl_send_reply("404", "Not here"); exit;
  }
  t_check_trans();
  if (is_method("INVITE")) record_route();
  $du = "sip:127.0.0.1:${next.port};transport=${next.transport}";
  t_relay();
}
`
}
