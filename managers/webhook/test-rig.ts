import { after } from 'node:test'
import { threadHub } from '#platform/bus'
import { appendEvents, LEDGER_MOVED, type NewEvent, PublicEvents } from '#platform/events'
import { type Ids, NIL_UUID, systemIds } from '#platform/ids'
import { silentLog } from '#platform/log'
import { OutboundClient, type OutboundClientOptions } from '#platform/outbound'
import { type Clock, type ManualClock, systemClock } from '#platform/time'
import { eventually, freshDatabase, type TestDatabase, WebhookReceiver } from '#testkit'
import {
  type CustomerTarget,
  migrations,
  WebhookDelivery,
  type WebhookDeliveryNeeds,
  WebhookService,
  type WebhookTarget,
} from './index.ts'

export const SECRET = 'a secret'
export const uuid = () => systemIds.uuid()

/** Randomness that is always in the middle: no delay is moved. */
export const steadyIds: Ids = { ...systemIds, integer: (below) => (below - 1) / 2 }

/** A ledger, targets and the delivery between them, on a database of its own. */
export class Rig {
  readonly bus = threadHub({ clock: systemClock, log: silentLog, reasons: new Map() })
  readonly customers = new Map<string, CustomerTarget>()
  readonly activeflows = new Map<string, WebhookTarget>()
  readonly outbound: OutboundClient
  readonly database: TestDatabase
  readonly clock: Clock
  delivery!: WebhookDelivery
  readonly webhooks: WebhookService
  onAttempt: NonNullable<WebhookDeliveryNeeds['onAttempt']> = () => {}

  static async start(clock: Clock = systemClock, options: Partial<OutboundClientOptions> = {}): Promise<Rig> {
    const rig = new Rig(await freshDatabase(migrations), clock, options)
    rig.run()
    after(async () => {
      await rig.delivery.stop()
      rig.outbound.close()
    })
    await eventually('it delivers', () => rig.delivery.counts.delivering)
    return rig
  }

  private constructor(database: TestDatabase, clock: Clock, options: Partial<OutboundClientOptions>) {
    this.database = database
    this.clock = clock
    const allowPrivate = ['127.0.0.0/8']
    this.outbound = new OutboundClient({ clock: systemClock, allowPrivate, ...options })
    const { bus } = this
    const events = new PublicEvents({ db: database.db, bus, clock: systemClock })
    this.webhooks = new WebhookService({ ...this.needs, events })
  }

  get needs() {
    const { bus, clock, database, onAttempt, outbound } = this
    const targets = {
      customer: async (id: string) => this.customers.get(id),
      activeflow: async (_: string, id: string) => this.activeflows.get(id),
    }
    return { db: database.db, bus, clock, ids: steadyIds, log: silentLog, outbound, targets, onAttempt }
  }

  run(): void {
    this.delivery = new WebhookDelivery(this.needs)
    this.delivery.start()
  }

  async restart(): Promise<void> {
    await this.delivery.stop()
    this.run()
    await eventually('it delivers again', () => this.delivery.counts.delivering)
  }

  customer(uri: string, method = ''): string {
    const id = uuid()
    this.customers.set(id, { uri, method, secrets: { current: SECRET, previous: '' } })
    return id
  }

  /** Announces events and numbers them at once; `poke` false leaves the finding to the poll. */
  async announce(customer_id: string, events: readonly Partial<NewEvent>[], poke = true): Promise<void> {
    await this.database.db.transaction((trx) =>
      appendEvents(
        trx,
        events.map((event) => ({
          customer_id,
          type: 'call_updated',
          resource: 'call',
          resource_id: event.resource_id ?? NIL_UUID,
          public: true,
          activeflow_id: NIL_UUID,
          data: { id: event.resource_id },
          ...event,
        })),
      ),
    )
    await this.database.db.query('SELECT ledger_move(10000)')
    if (poke) this.bus.publish(LEDGER_MOVED, { customers: [customer_id] })
  }

  rows<Row extends object>(columns: string): Promise<Row[]> {
    return this.database.db.query<Row>(`SELECT ${columns} FROM webhook_deliveries ORDER BY position, key`)
  }

  async cursor(customer: string): Promise<number> {
    const rows = await this.database.db.query<{ position: number }>(
      `SELECT position FROM ledger_cursors WHERE reader = 'webhook' AND customer_id = $1`,
      [customer],
    )
    return rows[0]?.position ?? 0
  }
}

/** Lets time pass on the clock, as much as it takes, until it is so. */
export function inTime<T>(
  clock: ManualClock,
  what: string,
  probe: () => T | undefined | false | Promise<T | undefined | false>,
) {
  return eventually(what, () => {
    clock.advance(250)
    return probe()
  })
}

export async function receiver(): Promise<WebhookReceiver> {
  const made = await WebhookReceiver.start()
  after(() => made.stop())
  return made
}

/** The first page of a customer's deliveries, newest first. */
export async function deliveriesOf(rig: Rig, customer: string, filter: { status?: 'failed' | 'pending' } = {}) {
  return (await rig.webhooks.list(customer, { size: 100 }, filter)).result
}
