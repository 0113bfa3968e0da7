import type { ReasonedError } from '#platform/errors'
import { apiErrors, envelope, type Identity, translate } from '#platform/http'
import { type ClientMessage, readMessage } from './client-message.ts'
import type { Connection } from './connection.ts'
import { CloseCode, MOST_TOPICS } from './contract.ts'
import type { Feed } from './feed.ts'
import { customerOf, isManager, parseTopic, type Topic } from './topic.ts'

/** Whose agents are: what topics of agents other than oneself need. */
export interface AgentOwners {
  /** By agent; one that never was is left out. */
  customersOf(agent_ids: readonly string[]): Promise<ReadonlyMap<string, string>>
}

export interface SessionNeeds {
  connection: Connection
  identity: Identity
  /** Of the request that became the connection: errors name it. */
  request_id: string
  /** Where the first subscription begins; now, unless said. */
  after: number | undefined
  /** The feed of a customer, if anybody listens to it. */
  feedOf: (customer: string) => Feed | undefined
  /** The same; made when there is none. */
  openFeed: (customer: string) => Feed
  agents: AgentOwners
}

/** Messages that may wait for the ones before them. */
const MOST_WAITING = 64

/** What a client asked for over its connection: reads its messages, one after the other, and holds its topics. */
export class Session {
  readonly #needs: SessionNeeds
  /** The topics by the customer whose events they are held against. */
  readonly #topics = new Map<string, Set<string>>()
  #after: number | undefined
  #work: Promise<void> = Promise.resolve()
  #waiting = 0

  constructor(needs: SessionNeeds) {
    this.#needs = needs
    this.#after = needs.after
  }

  /** Takes a message of the client. */
  receive(text: string): void {
    const message = readMessage(text)
    if ('fault' in message) this.#refuse(CloseCode.BadMessage, message.fault, message.request_id)
    else if (message.type === 'other') this.#passOver(message)
    else if (this.#waiting >= MOST_WAITING) {
      const issue = 'came faster than subscriptions could be made'
      const fault = apiErrors.INVALID_ARGUMENT({ field: 'message', issue })
      this.#refuse(CloseCode.BadMessage, fault, message.request_id)
    } else this.#enqueue(message)
  }

  /** The connection is over. */
  end(): void {
    for (const customer of this.#topics.keys()) this.#needs.feedOf(customer)?.leave(this.#needs.connection)
    this.#topics.clear()
  }

  #enqueue(message: ClientMessage): void {
    this.#waiting++
    this.#work = this.#work.then(async () => {
      if (!this.#needs.connection.closed) await this.#carryOut(message)
      this.#waiting--
    })
  }

  async #carryOut(message: ClientMessage): Promise<void> {
    try {
      const byCustomer = await this.#permitted(message)
      if (!byCustomer || this.#needs.connection.closed) return
      if (message.type === 'unsubscribe') this.#unsubscribe(message, byCustomer)
      else await this.#subscribe(message, byCustomer)
    } catch (error) {
      this.#fail(translate(error), message)
    }
  }

  /** All topics of the message, by the customer whose events they are held against; or none: then it is over. */
  async #permitted({ topics, request_id }: ClientMessage): Promise<Map<string, string[]> | undefined> {
    const parsed: Topic[] = []
    for (const [at, text] of topics.entries()) {
      const topic = parseTopic(text)
      if (!topic) return this.#refuse(CloseCode.Topic, noTopic(at), request_id)
      parsed.push(topic)
    }
    const owners = await this.#ownersOf(parsed)
    const byCustomer = new Map<string, string[]>()
    for (const topic of parsed) {
      const customer = customerOf(topic, this.#needs.identity, owners)
      if (customer === undefined) return this.#refuse(CloseCode.Topic, apiErrors.PERMISSION_DENIED(), request_id)
      byCustomer.set(customer, [...(byCustomer.get(customer) ?? []), topic.prefix])
    }
    return byCustomer
  }

  /** Whose the agents are that topics are about, where it is not the caller itself. */
  async #ownersOf(topics: readonly Topic[]): Promise<ReadonlyMap<string, string>> {
    const { agents, identity } = this.#needs
    if (!isManager(identity)) return new Map()
    const ids = topics.flatMap((topic) =>
      topic.owner === 'agent_id' && topic.owner_id !== identity.agent_id ? [topic.owner_id] : [],
    )
    return ids.length === 0 ? new Map() : agents.customersOf([...new Set(ids)])
  }

  async #subscribe(message: ClientMessage, byCustomer: ReadonlyMap<string, readonly string[]>): Promise<void> {
    const { connection, openFeed } = this.#needs
    if (this.#countWith(byCustomer) > MOST_TOPICS) {
      const issue = `would make more than ${MOST_TOPICS} topics of this connection`
      const fault = apiErrors.INVALID_ARGUMENT({ field: 'topics', issue })
      return this.#refuse(CloseCode.BadMessage, fault, message.request_id)
    }
    const after = this.#after
    if (byCustomer.size > 0) this.#after = undefined
    const begins: (number | undefined)[] = []
    for (const [customer, prefixes] of byCustomer) {
      if (connection.closed) return
      this.#topics.set(customer, new Set([...(this.#topics.get(customer) ?? []), ...prefixes]))
      begins.push(await openFeed(customer).subscribe(connection, prefixes, after))
    }
    // numbers are a customer's own: with several there is none to say
    this.#acknowledge(message, begins.length === 1 ? begins[0] : undefined)
  }

  #unsubscribe(message: ClientMessage, byCustomer: ReadonlyMap<string, readonly string[]>): void {
    for (const [customer, prefixes] of byCustomer) {
      const held = this.#topics.get(customer)
      if (!held) continue
      for (const prefix of prefixes) held.delete(prefix)
      if (held.size === 0) this.#topics.delete(customer)
      this.#needs.feedOf(customer)?.unsubscribe(this.#needs.connection, prefixes)
    }
    this.#acknowledge(message, undefined)
  }

  #countWith(more: ReadonlyMap<string, readonly string[]>): number {
    let count = 0
    for (const customer of new Set([...this.#topics.keys(), ...more.keys()]))
      count += new Set([...(this.#topics.get(customer) ?? []), ...(more.get(customer) ?? [])]).size
    return count
  }

  #acknowledge({ type, topics, request_id }: ClientMessage, sequence: number | undefined): void {
    if (request_id === undefined) return
    const data = { type, topics, ...(sequence === undefined ? {} : { sequence }) }
    this.#needs.connection.say(JSON.stringify({ type: 'ack', request_id, data }))
  }

  /** It could not be done for the moment. Who did not ask for an answer would not know otherwise: it is closed. */
  #fail(error: ReasonedError, { request_id }: ClientMessage): void {
    if (request_id === undefined) this.#refuse(CloseCode.TryAgain, error, undefined)
    else this.#answerError(error, request_id)
  }

  #passOver({ request_id }: ClientMessage): void {
    this.#answerError(
      apiErrors.INVALID_ARGUMENT({ field: 'type', issue: 'must be subscribe or unsubscribe' }),
      request_id,
    )
  }

  #answerError(error: ReasonedError, request_id: string | undefined): void {
    if (request_id !== undefined) this.#needs.connection.say(this.#errorText(error, request_id))
  }

  #refuse(code: CloseCode, error: ReasonedError, request_id: string | undefined): undefined {
    const lastWords = request_id === undefined ? undefined : this.#errorText(error, request_id)
    this.#needs.connection.close(code, error.reason, lastWords)
    return undefined
  }

  /** The error as REST would send it, beside the client's own id. */
  #errorText(error: ReasonedError, request_id: string): string {
    const body = JSON.parse(envelope(error, this.#needs.request_id))
    return JSON.stringify({ type: 'error', request_id, ...body })
  }
}

function noTopic(at: number): ReasonedError {
  return apiErrors.INVALID_ARGUMENT({ field: `topics[${at}]`, issue: 'is not a topic' })
}
