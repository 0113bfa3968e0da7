import type { Spender } from '#managers/billing'
import type { LiveCall, PlaceCallsRequest, Travelled } from '#managers/call'
import { ReasonedError } from '#platform/errors'
import type { Ids } from '#platform/ids'
import type { Log } from '#platform/log'
import type { Clock, Timer } from '#platform/time'
import type { Command, Input, PlaceOutcome } from './engine/index.ts'
import { fetchedActions, MOST_FETCHED_BYTES } from './fetched-actions.ts'
import type { FlowStore } from './flow-store.ts'
import type { Ask, AskOutcome, Asks, HangupReasonOf, PlaceCalls, SendWebhook, WebhookOutcome } from './needs.ts'

/** What effects reach. */
export interface EffectsNeeds {
  clock: Clock
  ids: Ids
  log: Log
  flows: Pick<FlowStore, 'find'>
  sendWebhook: SendWebhook
  placeCalls: PlaceCalls
  hangupReasonOf?: HangupReasonOf
  asks?: Asks
}

/** How long a flow that could not be read is left alone before the next try. Milliseconds. */
const READ_AGAIN_MS = 1_000
/** How long a server may take to answer with actions. Milliseconds. */
const FETCH_MS = 10_000

/** Carries out the commands of one execution; what comes of them goes back to it as inputs, never from inside a command. */
export class Effects {
  readonly #needs: EffectsNeeds
  readonly #of: { id: string; customer_id: string; spender: Spender; travelled?: Travelled }
  /** The call that is steered, if there is one (by now). */
  readonly #call: () => LiveCall | undefined
  readonly #tell: (input: Input) => void
  readonly #timers = new Map<string, Timer>()

  constructor(
    needs: EffectsNeeds,
    of: { id: string; customer_id: string; spender: Spender; travelled?: Travelled },
    call: () => LiveCall | undefined,
    tell: (input: Input) => void,
  ) {
    this.#needs = needs
    this.#of = of
    this.#call = call
    this.#tell = tell
  }

  carryOut(command: Command): void {
    switch (command.type) {
      case 'timer':
        this.#start(command.key, command.after_ms, () => this.#tell({ type: 'timer', key: command.key }))
        break
      case 'send_webhook':
        this.#sendWebhook(command)
        break
      case 'fetch_actions':
        this.#fetchActions(command)
        break
      case 'ask':
        this.#ask(command)
        break
      case 'fetch_flow':
        this.#fetchFlow(command)
        break
      case 'place_calls':
        this.#placeCalls(command)
        break
      case 'complete':
        break // written together with the end
      default: {
        const call = this.#call()
        if (call) this.#steer(call, command)
      }
    }
  }

  /** Cancels the timers that nobody waits for any more. */
  keepTimers(awaited: readonly { key: string }[]): void {
    for (const [key, timer] of this.#timers) {
      if (awaited.some((each) => each.key === key)) continue
      timer.cancel()
      this.#timers.delete(key)
    }
  }

  #steer(call: LiveCall, command: Command): void {
    const { key } = command
    switch (command.type) {
      case 'answer':
        call.answer(key)
        break
      case 'say':
        call.say(key, command.text, command.voice)
        break
      case 'play':
        call.play(key, command.sources)
        break
      case 'beep':
        call.beep(key)
        break
      case 'send_digits': {
        const { digits, duration_ms, interval_ms } = command
        call.sendDigits(key, digits, { duration_ms, interval_ms })
        break
      }
      case 'echo':
        call.echo(key, command.duration_ms)
        break
      case 'stop_playing':
        call.stopPlaying()
        break
      case 'detect_machine':
        call.detectMachine(key, { hangup: command.hangup })
        break
      case 'connect': {
        const { key: _, type: __, ...options } = command
        call.connect(key, options)
        break
      }
      case 'start_recording': {
        const { key: _, type: __, ...options } = command
        call.startRecording(key, options)
        break
      }
      case 'stop_recording':
        call.stopRecording(key)
        break
      case 'hangup':
        this.#hangUp(call, command)
        break
    }
  }

  #hangUp(call: LiveCall, { reason, reference_id, cause }: Command & { type: 'hangup' }): void {
    const { hangupReasonOf } = this.#needs
    if (reference_id === undefined || !hangupReasonOf) {
      call.hangup(reason, cause)
      return
    }
    hangupReasonOf(this.#of.customer_id, reference_id).then(
      (found) => call.hangup(found ?? 'normal'),
      () => call.hangup('normal'),
    )
  }

  #sendWebhook({ type: _, ...request }: Command & { type: 'send_webhook' }): void {
    const { key } = request
    this.#needs.sendWebhook(this.#of.customer_id, request).then(
      (outcome) => this.#tell({ type: 'webhook_sent', key, outcome }),
      (error) => {
        this.#needs.log.warn({ activeflow_id: this.#of.id, error }, 'webhook_send failed')
        this.#tell({ type: 'webhook_sent', key, outcome: { ok: false, cause: 'not_sent' } })
      },
    )
  }

  /** Signed and under its key like every request of a flow; no longer than the flow waits. */
  #fetchActions({ key, url, method, data }: Command & { type: 'fetch_actions' }): void {
    const { log, ids, sendWebhook } = this.#needs
    const request = { uri: url, method, data_type: 'application/json', data, sync: true, key }
    const tell = (answer: WebhookOutcome) =>
      this.#tell({ type: 'actions_fetched', key, outcome: fetchedActions(answer, ids) })
    sendWebhook(this.#of.customer_id, { ...request, most_bytes: MOST_FETCHED_BYTES, within_ms: FETCH_MS }).then(
      tell,
      (error) => {
        log.warn({ activeflow_id: this.#of.id, error }, 'fetch failed')
        tell({ ok: false, cause: 'not_sent' })
      },
    )
  }

  #ask({ type: _, key, ...asked }: Command & { type: 'ask' }): void {
    const { asks = {}, log } = this.#needs
    const ask = asks[asked.action] ?? nobody
    const tell = (outcome: AskOutcome) => this.#tell({ type: 'asked', key, outcome })
    ask(this.#of.customer_id, asked, key).then(tell, (error) => {
      log.warn({ activeflow_id: this.#of.id, action: asked.action, error }, 'an action of another manager failed')
      tell({ ok: false, cause: error instanceof ReasonedError ? error.reason : `${asked.action}_failed` })
    })
  }

  #placeCalls({ type: _, key, chained, ...asked }: Command & { type: 'place_calls' }): void {
    const { id, customer_id, spender, travelled } = this.#of
    const master = chained ? this.#call()?.snapshot() : undefined
    const request: PlaceCallsRequest = {
      ...{ customer_id, spender },
      ...(travelled ? { travelled } : {}),
      ...asked,
      variables: {},
      ...(master && master.status !== 'hangup' ? { master_call_id: master.id } : {}),
    }
    const tell = (outcome: PlaceOutcome) => this.#tell({ type: 'calls_placed', key, outcome })
    this.#needs.placeCalls(customer_id, request, key).then(
      ({ calls, groupcalls, skipped }) => {
        const passed = skipped.map(({ index, reason }) => `[${index}] ${reason}`)
        if (calls.length + groupcalls.length > 0) tell({ ok: true, skipped: passed })
        else tell({ ok: false, cause: passed.join(', ') })
      },
      (error) => {
        this.#needs.log.info({ activeflow_id: id, error }, 'the calls of a flow could not be made')
        tell({ ok: false, cause: error instanceof ReasonedError ? error.reason : 'not_placed' })
      },
    )
  }

  #fetchFlow(command: Command & { type: 'fetch_flow' }): void {
    const { flow_id, key } = command
    this.#needs.flows.find(this.#of.customer_id, flow_id).then(
      (flow) => {
        const found = flow && { flow_id, actions: flow.actions, on_complete_flow_id: flow.on_complete_flow_id }
        this.#tell({ type: 'flow_fetched', key, flow: found })
      },
      (error) => {
        this.#needs.log.warn({ activeflow_id: this.#of.id, flow_id, error }, 'a flow could not be read; trying again')
        this.#start(key, READ_AGAIN_MS, () => this.#fetchFlow(command))
      },
    )
  }

  #start(key: string, afterMs: number, run: () => void): void {
    this.#timers.set(key, this.#needs.clock.after(afterMs, run))
  }
}

/** Stands for the manager that is not there. */
const nobody: Ask = async (_, { action }) => ({ ok: false, cause: `action_not_available: ${action}` })
