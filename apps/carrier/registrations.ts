import { type Clock, timestamp } from '#platform/time'
import type { IncomingRequest } from '#telecom/sip'
import type { DigestDoor } from './digest-door.ts'

/** Who may register: for trials of a provider that wants a registration. */
export const ACCOUNT = { username: 'sandbox', password: 'sandbox' }

const MOST = 100
/** Seconds: what is asked for, within these bounds. */
const SHORTEST_S = 30
const LONGEST_S = 3_600

export interface Registration {
  contact: string
  tm_expire: string
}

/** The carrier's registrar (RFC 3261 §10): one account that everybody knows, its contacts, and how long they are good. */
export class Registrations {
  readonly #needs: { clock: Clock; door: DigestDoor }
  readonly #contacts = new Map<string, number>()

  constructor(needs: { clock: Clock; door: DigestDoor }) {
    this.#needs = needs
  }

  list(): Registration[] {
    this.#forget()
    return [...this.#contacts].map(([contact, untilMs]) => ({ contact, tm_expire: timestamp(untilMs) }))
  }

  register(asked: Pick<IncomingRequest, 'request' | 'respond'>): void {
    const { request } = asked
    const { door, clock } = this.#needs
    if (!door.isProved(request, ACCOUNT)) return void asked.respond(401, { headers: door.challenge() })
    this.#forget()
    for (const { uri, parameters } of request.contacts) {
      const seconds = Number(parameters.get('expires') ?? request.headers.get('expires') ?? LONGEST_S)
      if (seconds === 0) this.#contacts.delete(uri.text)
      else if (this.#contacts.size < MOST)
        this.#contacts.set(uri.text, clock.wallMs() + Math.min(Math.max(seconds || 0, SHORTEST_S), LONGEST_S) * 1_000)
    }
    if (request.headers.get('contact')?.trim() === '*') this.#contacts.clear()
    const left = (untilMs: number) => Math.ceil((untilMs - clock.wallMs()) / 1_000)
    asked.respond(200, {
      headers: { Contact: [...this.#contacts].map(([contact, untilMs]) => `<${contact}>;expires=${left(untilMs)}`) },
    })
  }

  #forget(): void {
    const now = this.#needs.clock.wallMs()
    for (const [contact, untilMs] of this.#contacts) if (untilMs <= now) this.#contacts.delete(contact)
  }
}
