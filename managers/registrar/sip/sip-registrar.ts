import type { AnyTransaction, Database } from '#platform/db'
import type { Ids } from '#platform/ids'
import type { Log } from '#platform/log'
import { type Clock, type Timer, timestamp, timestampToMs } from '#platform/time'
import { type Flow, type IncomingRequest, readableText, SipError, type SipRequest } from '#telecom/sip'
import type { ExtensionCredentials } from '../credentials.ts'
import type { Binding, RegisterWish, WantedContact } from './binding.ts'
import { applyRegister } from './bindings.ts'
import type { ExtensionGate } from './extension-gate.ts'
import { PhoneFlows } from './phone-flows.ts'
import { readRegister } from './register-request.ts'
import { RegistrationStore } from './registration-store.ts'
import { readSipDomain } from './sip-domain.ts'

const SWEEP_MS = 60_000
/** REGISTERs that may wait for the database at once; one more is told to come back. */
const MOST_WAITING = 1_000
const RETRY_AFTER = { 'Retry-After': '5' }
const LOOKUP_MS = 3_000
const MOST_PATHS = 8
/** Broken connections that one sweep removes. */
const MOST_AT_ONCE = 1_000
/** Broken connections that are remembered; the oldest is forgotten first, whose bindings then run out by themselves. */
const MOST_BROKEN = 100_000

/**
 * The registrar (RFC 3261 §10): phones say where they are. A binding is on disk before its 200 and survives a restart.
 */
export class SipRegistrar {
  readonly #clock: Clock
  readonly #ids: Ids
  readonly #log: Log
  readonly #db: Database
  readonly #store: RegistrationStore
  readonly #gate: ExtensionGate
  readonly #platform: { base: string; defaultCustomer: string }
  /** Connections over which phones have registered: those alone are looked for when one breaks. */
  readonly #flows = new PhoneFlows()
  /** Broken ones whose bindings could not be removed yet. */
  readonly #broken = new Set<string>()
  #waiting = 0
  #sweeping: Timer | undefined

  constructor(needs: {
    clock: Clock
    ids: Ids
    log: Log
    db: Database
    gate: ExtensionGate
    /** The platform's SIP domain. */
    base: string
    /** Whose phones register with the bare host name or address. */
    defaultCustomer: string
  }) {
    this.#clock = needs.clock
    this.#ids = needs.ids
    this.#log = needs.log
    this.#db = needs.db
    this.#store = new RegistrationStore(needs.db)
    this.#gate = needs.gate
    this.#platform = { base: needs.base, defaultCustomer: needs.defaultCustomer }
  }

  /**
   * Begins to sweep what ran out; `stop` ends it. `life` names this node and its life as connections do: the bindings over
   * connections of an earlier life of it are removed, which no phone can be reached over any more.
   */
  start(life?: { node: string; incarnation: string }): void {
    if (life) {
      this.#store
        .removeEarlier(life)
        .catch((error) => this.#log.warn({ error }, 'bindings of an earlier life are still there'))
    }
    this.#sweeping = this.#clock.after(SWEEP_MS, () => {
      this.start()
      this.sweep().catch((error) => this.#log.warn({ error }, 'registrations were not swept'))
    })
  }

  stop(): void {
    this.#sweeping?.cancel()
  }

  /** Removes what ran out, and what could not be removed when its connection broke; such bindings count as gone before. */
  async sweep(): Promise<void> {
    await this.#store.sweep(this.#now())
    await this.#removeBroken([...this.#broken].slice(0, MOST_AT_ONCE))
  }

  /** Takes a REGISTER from the SIP stack and answers it. */
  register(incoming: IncomingRequest) {
    if (this.#waiting >= MOST_WAITING || !this.#db.available()) return incoming.respond(503, { headers: RETRY_AFTER })
    this.#waiting++
    this.#db
      .withDeadline(LOOKUP_MS, () => this.#register(incoming))
      .catch((error: unknown) => this.#failed(incoming, error))
      .finally(() => {
        this.#waiting--
      })
  }

  /** Where the extension's phones are now, the oldest binding first. */
  bindings(customer: string, extension_id: string): Promise<Binding[]> {
    return this.#store.live(customer, extension_id, this.#now())
  }

  /** A connection broke: the bindings over it are gone at once. */
  flowClosed(flow: Flow): void {
    if (this.#flows.has(flow.key)) this.#forget(flow)
  }

  /**
   * The flow (its key) by which the phone is reached now that a call was made with over `flow`, a connection that has broken:
   * that of its own instance, else the one that registered last for its extension. `undefined` while it is not back.
   */
  async flowInstead(flow: string): Promise<string | undefined> {
    for (const { customer, extension_id, instance } of this.#flows.phonesOf(flow)) {
      const now = (await this.bindings(customer, extension_id)).filter((binding) => binding.flow !== flow)
      const same = instance === '' ? undefined : now.findLast((binding) => binding.instance === instance)
      const found = same ?? now.at(-1)
      if (found) return found.flow
    }
    return undefined
  }

  #forget(flow: Flow): void {
    this.#broken.add(flow.key)
    dropOldest(this.#broken)
    this.#db
      .withDeadline(LOOKUP_MS, () => this.#removeBroken([flow.key]))
      .catch((error: unknown) => this.#log.warn({ error }, 'the bindings of a broken connection are still there'))
  }

  async #removeBroken(flows: string[]): Promise<void> {
    if (flows.length === 0) return
    await this.#store.removeFlows(flows)
    for (const flow of flows) this.#broken.delete(flow)
  }

  /** Remembers that bindings of these contacts may stand on a connection. */
  #watch(flow: Flow, customer: string, extension_id: string, wish: RegisterWish): void {
    if (!flow.reliable || wish.type !== 'set') return
    for (const { instance } of wish.contacts) this.#flows.note(flow.key, { customer, extension_id, instance })
  }

  async #register(incoming: IncomingRequest): Promise<void> {
    const { request, source } = incoming
    const customer = this.#customerOf(request)
    if (customer === undefined) return incoming.respond(404)
    const answer = await this.#gate.check(request, customer, source)
    if (answer.outcome === 'challenge') return incoming.respond(401, { headers: answer.headers })
    if (answer.outcome === 'blocked') return incoming.respond(403)
    // §10.3 step 4: whoever is known may change his own address of record only
    const aor = request.to.uri
    if (aor.kind !== 'sip' || aor.user !== answer.extension.extension) return incoming.respond(403)
    const read = readRegister(request)
    if (!read.ok) return incoming.respond(read.status, read.headers ? { headers: read.headers } : {})
    const changed = await this.#change(incoming, answer.extension, read.wish)
    if (changed === 'unproved') return this.#register(incoming)
    if (changed === 'late') return incoming.respond(500, { reason: 'CSeq Out Of Order' })
    incoming.respond(200, { headers: this.#headers(request, changed) })
  }

  #customerOf(request: SipRequest): string | undefined {
    if (request.uri.kind !== 'sip') return undefined
    const domain = readSipDomain(request.uri.host, this.#platform)
    return domain.kind === 'registrar' || domain.kind === 'bare' ? domain.customer : undefined
  }

  /**
   * The bindings afterwards; `late` where a later request came before this one, `unproved` where the password was changed
   * since it was checked.
   */
  async #change(
    incoming: IncomingRequest,
    extension: ExtensionCredentials,
    wish: RegisterWish,
  ): Promise<Binding[] | 'late' | 'unproved'> {
    const { customer_id: customer, extension_id } = extension
    if (wish.type === 'fetch') return this.bindings(customer, extension_id)
    const { flow } = incoming
    this.#watch(flow, customer, extension_id, wish)
    try {
      return await this.#db.transaction(async (trx: AnyTransaction) => {
        const current = await this.#store.lock(trx, extension, this.#now())
        if (!current) return 'unproved'
        const { request } = incoming
        const change = applyRegister(current, wish, {
          call_id: request.callId,
          cseq: request.cseq.number,
          make: (contact, before) => this.#make(incoming, customer, extension_id, contact, before),
        })
        if (!change.ok) return 'late'
        await this.#store.replace(trx, customer, extension_id, change)
        return change.bindings
      })
    } finally {
      // it broke while its binding was written: the row may have come after the removal
      if (!flow.alive) this.#forget(flow)
    }
  }

  #make(
    { request, flow }: IncomingRequest,
    customer_id: string,
    extension_id: string,
    contact: WantedContact,
    before: Binding | undefined,
  ): Binding {
    const now = this.#now()
    return {
      id: before?.id ?? this.#ids.uuid(),
      customer_id,
      extension_id,
      uri: contact.uri,
      flow: flow.key,
      path: pathOf(request),
      instance: contact.instance,
      reg_id: contact.reg_id,
      q: contact.q,
      call_id: request.callId,
      cseq: request.cseq.number,
      user_agent: readableText(request.headers.get('user-agent') ?? '', 255),
      tm_expire: timestamp(this.#clock.wallMs() + contact.expiresSeconds * 1_000),
      tm_create: before?.tm_create ?? now,
      tm_update: now,
    }
  }

  /** §10.3 step 8: every binding with what is left of its time. */
  #headers(request: SipRequest, bindings: readonly Binding[]) {
    const nowMs = this.#clock.wallMs()
    const contacts = bindings.map((binding) => {
      const left = Math.max(1, Math.ceil(((timestampToMs(binding.tm_expire) ?? nowMs) - nowMs) / 1_000))
      const instance = binding.instance === '' ? '' : `;+sip.instance="<${binding.instance.replace(/["\\]/g, '')}>"`
      const reg = binding.reg_id === 0 ? '' : `;reg-id=${binding.reg_id}`
      const q = binding.q === 1_000 ? '' : `;q=${binding.q / 1_000}`
      return `<${binding.uri}>;expires=${left}${q}${instance}${reg}`
    })
    const path = request.headers.list('path', MOST_PATHS)
    return {
      ...(contacts.length > 0 ? { Contact: contacts } : {}),
      ...(path.length > 0 ? { Path: path } : {}),
      Date: new Date(nowMs).toUTCString(),
    }
  }

  #failed(incoming: IncomingRequest, error: unknown) {
    if (error instanceof SipError) return incoming.respond(error.status)
    this.#log.warn({ error }, 'a registration could not be stored')
    incoming.respond(503, { headers: RETRY_AFTER })
  }

  #now() {
    return timestamp(this.#clock.wallMs())
  }
}

/** Path as it is kept (RFC 3327). Throws a `SipError` where it cannot be: a quoted text may hold a NUL. */
function pathOf(request: SipRequest): string[] {
  const path = request.headers.list('path', MOST_PATHS)
  if (path.some((value) => value.includes('\0')))
    throw new SipError('malformed header', 'Path holds a NUL', { header: 'Path' })
  return path
}

/** Keeps a set that grows with what others do within bounds. */
function dropOldest(flows: Set<string>): void {
  const oldest = flows.keys().next()
  if (flows.size > MOST_BROKEN && !oldest.done) flows.delete(oldest.value)
}
