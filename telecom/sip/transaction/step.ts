/** The timers of RFC 3261 §17 (Table 4) and RFC 6026. */
export type TimerName = 'A' | 'B' | 'D' | 'E' | 'F' | 'G' | 'H' | 'I' | 'J' | 'K' | 'L' | 'M'

/** What a machine asks of its runner. `Tell` is what the user of the transaction hears. */
export type Order<Message, Tell> =
  | { readonly do: 'send'; readonly message: Message; readonly again: boolean }
  | { readonly do: 'start'; readonly timer: TimerName; readonly afterMs: number }
  | { readonly do: 'stop'; readonly timer: TimerName }
  | { readonly do: 'tell'; readonly tell: Tell }

/** Where a machine goes, and what is to be done on the way. */
export interface Step<State, Message, Tell> {
  readonly state: State
  readonly orders: readonly Order<Message, Tell>[]
}

/** A machine as its runner sees it; `State` names where it is, `terminated` ends it. */
export interface Machine<State extends { readonly at: string }, Input, Message, Tell> {
  begin(): Step<State, Message, Tell>
  next(state: State, input: Input): Step<State, Message, Tell>
}

export const send = <Message>(message: Message) => ({ do: 'send', message, again: false }) as const
export const resend = <Message>(message: Message) => ({ do: 'send', message, again: true }) as const
export const start = (timer: TimerName, afterMs: number) => ({ do: 'start', timer, afterMs }) as const
export const stop = (timer: TimerName) => ({ do: 'stop', timer }) as const
export const tell = <Tell>(what: Tell) => ({ do: 'tell', tell: what }) as const

/** All that a server machine knows of a response. */
export interface WithStatus {
  readonly status: number
}

/** What a client transaction tells its user. */
export type ClientTell<Response> =
  | { readonly type: 'response'; readonly response: Response }
  | { readonly type: 'timeout' }
  | { readonly type: 'transport failed'; readonly error: Error }

/** What happens to a client transaction. */
export type ClientInput<Response> =
  | { readonly type: 'response'; readonly response: Response }
  | { readonly type: 'timer'; readonly timer: TimerName }
  | { readonly type: 'transport failed'; readonly error: Error }
