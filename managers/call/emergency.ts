import { isShortNumber } from '#managers/provisioning'

/**
 * Whether a short number is served as one of the emergency services: the operator's decision, by a route of the customer's or
 * of everybody's whose target is the number.
 */
export interface EmergencyRoutes {
  servesEmergency(customer: string, number: string): boolean
}

/**
 * The best known numbers of the emergency services (ITU-T E.161.1 and national plans): who dials one that no route serves is
 * told so. Any other short number is one as soon as a route says it.
 */
const EMERGENCY_NUMBERS: ReadonlySet<string> = new Set([
  ...['000', '100', '101', '102', '103', '108', '110', '111', '112', '113', '114', '115', '116', '117', '118', '119'],
  ...['120', '122', '123', '125', '127', '128', '130', '131', '132', '133', '140', '141', '143', '144', '150', '155'],
  ...['158', '190', '191', '192', '193', '194', '195', '197', '198', '199', '901', '902', '903', '906', '907', '911'],
  ...['912', '913', '917', '919', '922', '933', '977', '980', '985', '989', '990', '991', '993', '994', '995', '997'],
  ...['998', '999'],
])

/** Whether a number is known for an emergency service somewhere, be it served or not. */
export function isKnownForHelp(number: string): boolean {
  return EMERGENCY_NUMBERS.has(number)
}

/**
 * Whether an address has the form of an emergency number. It is dialled as it stands, belongs to no country of a customer's
 * list and costs nothing; no other number is short, and one that no route serves is not called at all.
 */
export function isEmergency({ type, target = '' }: { type?: string; target?: string }): boolean {
  return type === 'tel' && isShortNumber(target)
}
