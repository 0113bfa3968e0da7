import { handle, type Route } from '#platform/http'
import * as contract from './control-contract.ts'
import type { CallControlService } from './control-service.ts'

/** What can be asked of a call that is up: `/calls/{id}/hold`, `/moh`, `/silence`, `/mute` and `/talk`. */
export function callControlRoutes(controls: CallControlService): Route[] {
  return [
    handle(contract.holdCall, ({ customer, params }) => controls.cover(customer, params.id, 'hold', true)),
    handle(contract.unholdCall, ({ customer, params }) => controls.cover(customer, params.id, 'hold', false)),
    handle(contract.playMusic, ({ customer, params }) => controls.cover(customer, params.id, 'moh', true)),
    handle(contract.stopMusic, ({ customer, params }) => controls.cover(customer, params.id, 'moh', false)),
    handle(contract.silenceCall, ({ customer, params }) => controls.cover(customer, params.id, 'silence', true)),
    handle(contract.unsilenceCall, ({ customer, params }) => controls.cover(customer, params.id, 'silence', false)),
    handle(contract.muteCall, ({ customer, params, body }) => controls.mute(customer, params.id, body, true)),
    handle(contract.unmuteCall, ({ customer, params, body }) => controls.mute(customer, params.id, body, false)),
    handle(contract.talkToCall, ({ customer, params, body }) => controls.talk(customer, params.id, body)),
  ]
}
