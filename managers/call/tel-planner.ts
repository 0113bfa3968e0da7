import type { CarrierRoute } from '#managers/provisioning'
import type { Address } from '#platform/http'
import type { Caller } from './call-checks.ts'
import { type CallSourceNeeds, sourceFor } from './call-source.ts'
import { type Resolve, wayOver } from './carrier-way.ts'
import { isEmergency } from './emergency.ts'
import { callErrors } from './errors.ts'
import type { LegPlan } from './way.ts'

/** Which providers lead to a number, in the order in which they are tried. */
export interface CarrierSelection {
  /** Resolves when changes of routes that were told of count. */
  current(): Promise<void>
  select(customer: string, number: string, forced?: readonly string[]): readonly CarrierRoute[]
}

export interface TelPlannerNeeds extends CallSourceNeeds {
  numbers: CallSourceNeeds['numbers'] & {
    /** An active number of the customer's own that is none of our virtual ones; `undefined` where there is none. */
    anyToShow(customer: string): Promise<{ number: string } | undefined>
  }
  carriers: CarrierSelection
  resolve: Resolve
}

/** Finds the ways to numbers of the telephone network: the routes of the customer, and who is shown to call. */
export class TelPlanner {
  readonly #needs: TelPlannerNeeds

  constructor(needs: TelPlannerNeeds) {
    this.#needs = needs
  }

  /** Throws `NO_ROUTE_TO_DESTINATION` or `SOURCE_NOT_ALLOWED`. */
  async plan(caller: Caller, destination: Address, owner_id: string): Promise<LegPlan> {
    const { target = '' } = destination
    await this.#needs.carriers.current()
    const routes = this.#needs.carriers.select(caller.customer_id, target, caller.metadata?.route_provider_ids)
    const isHelp = isEmergency(destination)
    if (routes.length === 0)
      throw callErrors.NO_ROUTE_TO_DESTINATION({
        destination: target,
        issue: isHelp ? 'emergency_not_routed' : 'no_route',
      })
    const [source, ...found] = await Promise.all([
      isHelp ? this.#anySource(caller) : sourceFor(caller, this.#needs),
      ...routes.map((route) => wayOver(route, target, this.#needs.resolve)),
    ])
    const [first, ...others] = found.filter((way) => way !== undefined)
    if (!first) throw callErrors.NO_ROUTE_TO_DESTINATION({ destination: target, issue: 'providers_not_reachable' })
    return { kind: 'call', destination, owner_id, ways: [first, ...others], source }
  }

  /**
   * A call for help is not lost over who may be shown: the customer's number as usual, else any active one of its, by which it
   * can be called back; else nobody, and never a number that may be somebody else's.
   */
  async #anySource(caller: Caller): Promise<Address> {
    try {
      return await sourceFor(caller, this.#needs)
    } catch (error) {
      if (!callErrors.SOURCE_NOT_ALLOWED.is(error)) throw error
      const own = await this.#needs.numbers.anyToShow(caller.customer_id)
      return own ? { type: 'tel', target: own.number, target_name: own.number } : {}
    }
  }
}
