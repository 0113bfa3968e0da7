import type { Command, CommandDoor, Subscription } from '#platform/bus'
import { apiErrors } from '#platform/http'
import type { Ids } from '#platform/ids'
import { type Clock, timestamp } from '#platform/time'
import type { CarrierSip } from './carrier-sip.ts'
import type { Carriers } from './carriers.ts'
import { provisioningErrors } from './errors.ts'
import { probeCarrier } from './probe.ts'
import { PROBE_REASONS, type ProviderProbe } from './probe-contract.ts'

/** Where the call role, which speaks SIP, takes requests to try a provider out. */
const PROBE_COMMANDS = 'provisioning.probe'
const DEADLINE_MS = 15_000

interface ProbeCommand extends Command {
  type: 'probe'
  provider_id: string
}

/** Answers probes from now on. */
export function answerProbes(needs: {
  commands: CommandDoor
  carriers: Carriers
  sip: CarrierSip
  clock: Clock
}): Subscription {
  const { commands, carriers, clock } = needs
  return commands.answer(PROBE_COMMANDS, async (command): Promise<ProviderProbe> => {
    const { provider_id } = command as ProbeCommand
    await carriers.refresh()
    const carrier = carriers.find(provider_id)
    if (!carrier) throw provisioningErrors.PROVIDER_NOT_FOUND({ provider_id })
    const tm_create = timestamp(clock.wallMs())
    const { reason, steps } = await probeCarrier(carrier, needs)
    return { provider_id, reason, ...PROBE_REASONS[reason], steps, tm_create }
  })
}

/** Asks the call role to try providers out. */
export class ProviderProbes {
  readonly #commands: CommandDoor
  readonly #ids: Ids

  constructor(needs: { commands: CommandDoor; ids: Ids }) {
    this.#commands = needs.commands
    this.#ids = needs.ids
  }

  /** Throws `PROVIDER_NOT_FOUND`; `SERVICE_UNAVAILABLE` where nobody speaks SIP at the moment. */
  async probe(provider_id: string): Promise<ProviderProbe> {
    const command: ProbeCommand = { id: this.#ids.uuid(), type: 'probe', provider_id }
    try {
      return (await this.#commands.ask(PROBE_COMMANDS, command, { deadlineMs: DEADLINE_MS })) as ProviderProbe
    } catch (cause) {
      if (provisioningErrors.PROVIDER_NOT_FOUND.is(cause)) throw cause
      throw apiErrors.SERVICE_UNAVAILABLE({}, { cause })
    }
  }
}
