import type { RefusedInvite } from '#managers/call'
import type { WriteLanes } from '#platform/db'
import type { Ids } from '#platform/ids'
import { type Clock, timestamp } from '#platform/time'
import { readableText } from '#telecom/sip'
import { refusedWrite } from './refused-store.ts'

/** So many are kept each second: of one customer, and together. Whoever scans for passwords shall not fill a disk. */
const PER_CUSTOMER = 5
const TOGETHER = 50
/** While the database is behind, calls come first. */
const OLDEST_WRITE_MS = 500
const LONGEST = 255

/** Keeps refused INVITEs as rows, within bounds. */
export class RefusalRecorder {
  readonly #clock: Clock
  readonly #ids: Ids
  readonly #lanes: WriteLanes
  #second = -1
  #together = 0
  readonly #perCustomer = new Map<string, number>()
  readonly counts = { kept: 0, passed_over: 0 }

  constructor(needs: { clock: Clock; ids: Ids; lanes: WriteLanes }) {
    this.#clock = needs.clock
    this.#ids = needs.ids
    this.#lanes = needs.lanes
  }

  /** Notes one; returns at once. */
  note({ customer_id, refusal, status, request, source }: RefusedInvite): void {
    if (!this.#mayKeep(customer_id)) {
      this.counts.passed_over++
      return
    }
    const id = this.#ids.uuid()
    const row = {
      id,
      customer_id,
      reason: refusal,
      status,
      dialled: shown(request.uriText),
      caller: shown(request.headers.get('from') ?? ''),
      source_ip: source.address,
      source_port: source.port,
      sip_call_id: shown(request.headers.get('call-id') ?? ''),
      tm_create: timestamp(this.#clock.wallMs()),
    }
    this.#lanes.write(id, [refusedWrite(row)]).then(
      () => this.counts.kept++,
      () => this.counts.passed_over++,
    )
  }

  #mayKeep(customer: string): boolean {
    const second = Math.floor(this.#clock.monotonicMs() / 1_000)
    if (second !== this.#second) {
      this.#second = second
      this.#together = 0
      this.#perCustomer.clear()
    }
    const mine = this.#perCustomer.get(customer) ?? 0
    if (mine >= PER_CUSTOMER || this.#together >= TOGETHER || this.#lanes.oldestMs > OLDEST_WRITE_MS) return false
    this.#perCustomer.set(customer, mine + 1)
    this.#together++
    return true
  }
}

/** What a stranger wrote, as a database can keep it. */
function shown(text: string): string {
  return readableText(text, LONGEST)
}
