import type { AnyTransaction } from '#platform/db'
import type { PhoneNumber } from './contract.ts'

/** What the routing of incoming calls asks of numbers. */
export interface NumberRouting {
  /** Platform-wide: the live number of this exact E.164 text, whoever owns it. */
  findByNumber(number: string): Promise<PhoneNumber | undefined>
}

/** What numbers ask of flows; handed in when the parts are joined, because flows stand above numbers. */
export interface FlowLookup {
  /** Whether the customer has a live flow of this id. With a transaction: and nobody deletes it until that ends. */
  flowExists(customer: string, flow_id: string, trx?: AnyTransaction): Promise<boolean>
}
