import type { Command, CommandDoor, Subscription } from '#platform/bus'
import { ReasonedError } from '#platform/errors'
import { apiErrors } from '#platform/http'
import type { Ids } from '#platform/ids'
import { timestamp } from '#platform/time'
import type { Carriers } from './carriers.ts'
import { provisioningErrors } from './errors.ts'
import { type ProbeNeeds, probeCarrier, probePbx } from './probe.ts'
import { PROBE_REASONS, type ProbeResult, type ProviderProbe, type TrunkProbe } from './probe-contract.ts'

/** Where the call role, which speaks SIP, takes requests to try providers and trunks out. */
const PROBE_COMMANDS = 'provisioning.probe'
const DEADLINE_MS = 15_000

type Wanted = { type: 'provider'; provider_id: string } | { type: 'trunk'; addresses: readonly string[] }
type ProbeCommand = Command & Wanted
type Verdict = Omit<ProviderProbe, 'provider_id'>

/** Answers probes from now on. */
export function answerProbes(needs: ProbeNeeds & { commands: CommandDoor; carriers: Carriers }): Subscription {
  return needs.commands.answer(PROBE_COMMANDS, async (command): Promise<Verdict> => {
    const tm_create = timestamp(needs.clock.wallMs())
    const { reason, steps } = await probe(command as ProbeCommand, needs)
    return { reason, ...PROBE_REASONS[reason], steps, tm_create }
  })
}

async function probe(wanted: Wanted, needs: ProbeNeeds & { carriers: Carriers }): Promise<ProbeResult> {
  if (wanted.type === 'trunk') return probePbx(wanted.addresses, needs)
  await needs.carriers.refresh()
  const carrier = needs.carriers.find(wanted.provider_id)
  if (!carrier) throw provisioningErrors.PROVIDER_NOT_FOUND(wanted)
  return probeCarrier(carrier, needs)
}

export interface ProbesNeeds {
  commands: CommandDoor
  ids: Ids
  /** Trunks of customers; `get` throws `TRUNK_NOT_FOUND`. */
  trunks: { get(customer: string, id: string): Promise<{ id: string; allowed_ips: readonly string[] }> }
}

/** Asks the call role to try providers and trunks out. */
export class Probes {
  readonly #needs: ProbesNeeds

  constructor(needs: ProbesNeeds) {
    this.#needs = needs
  }

  /** Throws `PROVIDER_NOT_FOUND`; `SERVICE_UNAVAILABLE` where nobody speaks SIP at the moment. */
  async ofProvider(provider_id: string): Promise<ProviderProbe> {
    return { provider_id, ...(await this.#ask({ type: 'provider', provider_id })) }
  }

  /** Throws `TRUNK_NOT_FOUND`; `SERVICE_UNAVAILABLE` where nobody speaks SIP at the moment. */
  async ofTrunk(customer: string, trunk_id: string): Promise<TrunkProbe> {
    const { id, allowed_ips: addresses } = await this.#needs.trunks.get(customer, trunk_id)
    return { trunk_id: id, ...(await this.#ask({ type: 'trunk', addresses })) }
  }

  async #ask(wanted: Wanted): Promise<Verdict> {
    const { commands, ids } = this.#needs
    const command: ProbeCommand = { id: ids.uuid(), ...wanted }
    try {
      return (await commands.ask(PROBE_COMMANDS, command, { deadlineMs: DEADLINE_MS })) as Verdict
    } catch (cause) {
      if (cause instanceof ReasonedError) throw cause
      throw apiErrors.SERVICE_UNAVAILABLE({}, { cause })
    }
  }
}
