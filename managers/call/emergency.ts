/**
 * The numbers of the emergency services by countries (ITU-T E.161.1 and national plans). They are dialled as they stand,
 * belong to no country of a customer's list and cost it nothing: whether they are served is the operator's decision, by a
 * route whose target is the number.
 */
const EMERGENCY_NUMBERS: ReadonlySet<string> = new Set([
  ...['000', '100', '101', '102', '103', '108', '110', '111', '112', '113', '114', '115', '116', '117', '118', '119'],
  ...['120', '122', '123', '125', '127', '128', '130', '131', '132', '133', '140', '141', '143', '144', '150', '155'],
  ...['158', '190', '191', '192', '193', '194', '195', '197', '198', '199', '901', '902', '903', '906', '907', '911'],
  ...['912', '913', '917', '919', '922', '933', '977', '980', '985', '989', '990', '991', '993', '994', '995', '997'],
  ...['998', '999'],
])

/** Whether a telephone number, as it was dialled, is one of the emergency services. */
export function isEmergencyNumber(number: string): boolean {
  return EMERGENCY_NUMBERS.has(number)
}

/** The same of an address. */
export function isEmergency({ type, target = '' }: { type?: string; target?: string }): boolean {
  return type === 'tel' && isEmergencyNumber(target)
}
