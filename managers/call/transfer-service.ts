import { NOBODY, type Spender } from '#managers/billing'
import { numberErrors } from '#managers/number/errors'
import { type CommandDoor, NoResponder } from '#platform/bus'
import type { Database } from '#platform/db'
import { apiErrors, type Page, type PageRequest, paginate } from '#platform/http'
import { type Ids, isUuid } from '#platform/ids'
import { calleeOf } from './callee.ts'
import { faultsOfDestinations } from './create-calls.ts'
import { callErrors } from './errors.ts'
import { presentTransfer } from './present-transfer.ts'
import { CallStore } from './store.ts'
import { TRANSFER_COMMANDS, type TransferAnswer, type TransferCommand } from './transfer-commands.ts'
import type { TransferCreate, Transfer as TransferView } from './transfer-contract.ts'
import { TransferStore } from './transfer-store.ts'

/** How long a transfer may take to begin: names of hosts are looked up, rows are written. */
const BEGIN_MS = 10_000

export interface TransferServiceNeeds {
  db: Database
  commands: CommandDoor
  ids: Ids
  customers: { isIdentityVerified(customer: string): Promise<boolean> }
}

/** What the API can ask of transfers: live calls are asked through the command door, the rest is rows. */
export class TransferService {
  readonly #needs: TransferServiceNeeds
  readonly #store: TransferStore
  readonly #calls: CallStore

  constructor(needs: TransferServiceNeeds) {
    this.#needs = needs
    this.#store = new TransferStore(needs.db)
    this.#calls = new CallStore(needs.db)
  }

  /** Hands a conversation over. Answers when those who may take it are being called; a refusal leaves everything as it is. */
  async create(customer_id: string, body: TransferCreate, spender: Spender = NOBODY): Promise<TransferView> {
    const { transfer_type, transferer_call_id, transferee_addresses } = body
    const call_id = transferer_call_id.toLowerCase()
    if (!isUuid(call_id)) throw apiErrors.INVALID_ID({ field: 'transferer_call_id', issue: 'must be a UUID' })
    const faults = faultsOfDestinations(transferee_addresses, 'transferee_addresses')
    if (faults.length > 0) throw apiErrors.INVALID_ARGUMENT({ faults })
    const addresses = transferee_addresses.map(calleeOf)
    const isPaid = addresses.some(({ type }) => type === 'tel')
    if (isPaid && !(await this.#needs.customers.isIdentityVerified(customer_id)))
      throw numberErrors.IDENTITY_VERIFICATION_REQUIRED()
    const id = this.#needs.ids.uuid()
    const answer = await this.#ask({ id, type: 'transfer', customer_id, transfer_type, call_id, addresses, spender })
    return answer.live ? presentTransfer(answer.transfer) : this.#refuseEnded(customer_id, call_id)
  }

  async list(customer: string, page: PageRequest): Promise<Page<TransferView>> {
    const { result, next_page_token } = paginate(await this.#store.list(customer, page), page.size)
    return { result: result.map(presentTransfer), next_page_token }
  }

  async get(customer: string, transfer_id: string): Promise<TransferView> {
    const found = await this.#store.find(customer, transfer_id)
    if (!found) throw callErrors.TRANSFER_NOT_FOUND({ transfer_id })
    return presentTransfer(found)
  }

  async #ask(command: TransferCommand): Promise<TransferAnswer> {
    try {
      return (await this.#needs.commands.ask(TRANSFER_COMMANDS, command, { deadlineMs: BEGIN_MS })) as TransferAnswer
    } catch (error) {
      if (error instanceof NoResponder) return { live: false }
      throw error
    }
  }

  /** The call does not live; one that is not over belongs to a node that cannot be reached. */
  async #refuseEnded(customer: string, call_id: string): Promise<never> {
    const call = await this.#calls.find(customer, call_id)
    if (!call) throw callErrors.CALL_NOT_FOUND({ call_id })
    if (call.status !== 'hangup') throw apiErrors.SERVICE_UNAVAILABLE({})
    throw callErrors.CALL_ALREADY_HANGUP({ call_id, tm_hangup: call.tm_hangup })
  }
}
