import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Child, startChild } from './child.ts'
import { eventually } from './eventually.ts'
import { freePort } from './ports.ts'

export interface KamailioOptions {
  /** `host:port` to which it sends what begins a call, and over what. */
  next: string
  transport: 'udp' | 'tcp'
}

/** A real SIP proxy (Kamailio) that stays in the way of each call (Record-Route), listening on UDP and TCP of one port. */
export class Kamailio {
  readonly port: number
  readonly #child: Child
  readonly #folder: string

  private constructor(port: number, child: Child, folder: string) {
    this.port = port
    this.#child = child
    this.#folder = folder
  }

  /** Starts it and waits until it listens. */
  static async start(options: KamailioOptions): Promise<Kamailio> {
    const folder = mkdtempSync(join(tmpdir(), 'strowger-kamailio-'))
    const port = await freePort('sip')
    const file = join(folder, 'kamailio.cfg')
    writeFileSync(file, configuration(port, options))
    const args = ['-f', file, '-DD', '-E', '-m', '16', '-M', '4', '-Y', folder, '-w', folder, '-P', join(folder, 'pid')]
    const child = startChild('kamailio', args, { cwd: folder })
    const kamailio = new Kamailio(port, child, folder)
    await eventually(`the proxy listens: ${child.output()}`, async () => !(await isFree(port)) || undefined)
    return kamailio
  }

  /** `host:port` of it. */
  get address(): string {
    return `127.0.0.1:${this.port}`
  }

  /** What it printed. */
  output(): string {
    return this.#child.output()
  }

  /** Ends it and removes its folder. */
  async stop(): Promise<void> {
    await this.#child.stop('SIGTERM', 3_000)
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** Whether nothing listens on a TCP port, which is the last thing that the proxy opens. */
async function isFree(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return false
  } catch {
    return true
  } finally {
    socket.destroy()
  }
}

function configuration(port: number, { next, transport }: KamailioOptions): string {
  return `debug=-1
log_stderror=yes
children=1
tcp_children=1
auto_aliases=no
dns=no
rev_dns=no
listen=udp:127.0.0.1:${port}
listen=tcp:127.0.0.1:${port}
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "siputils.so"
loadmodule "textops.so"
loadmodule "maxfwd.so"
modparam("rr", "enable_double_rr", 1)

request_route {
  if (!mf_process_maxfwd_header("10")) {
    sl_send_reply("483", "Too Many Hops");
    exit;
  }
  if (has_totag()) {
    if (loose_route() || (is_method("ACK") && t_check_trans())) t_relay();
    else if (!is_method("ACK")) sl_send_reply("404", "Not Here");
    exit;
  }
  if (is_method("CANCEL")) {
    if (t_check_trans()) t_relay();
    exit;
  }
  record_route();
  $du = "sip:${next};transport=${transport}";
  if (!t_relay()) sl_reply_error();
}
`
}
