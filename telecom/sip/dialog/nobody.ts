import type { DialogUser } from '../transaction-user.ts'

/** The user of a dialog that nobody wants: one that is ended as soon as it was made, or whose owner hears of its end only. */
export const NOBODY: DialogUser = {
  bye() {},
  info: (request) => request.respond(481),
  reinvite: (change) => change.reject(481),
  update: (change) => change.reject(481),
  other: (request) => request.respond(481),
}
