import { CAUSE, IncomingLine, type Line, OutgoingLine } from '#telecom/line'
import type { Dialog } from '#telecom/sip'

/** A line that can also do what a well-behaved one never does. */
export interface ScriptedLine extends Line {
  /** Asks for another codec by a re-INVITE; one that the other side refuses changes nothing. */
  changeCodec(codec: 'PCMU' | 'PCMA'): void
  /** Is gone from one moment to the next: no BYE, no packet any more. */
  vanish(): void
}

/** The part of a line's offer/answer machine that a change of codec takes. */
interface Session {
  readonly offering: boolean
  offerAgain(prefer: 'PCMU' | 'PCMA'): string
  accept(answer: string): object
  forgetOffer(): void
}

export class ScriptedIncomingLine extends IncomingLine implements ScriptedLine {
  changeCodec(codec: 'PCMU' | 'PCMA'): void {
    offerCodec(codec, this.established, this.session, () => this.renegotiated())
  }

  vanish(): void {
    this.end('local', CAUSE.normal, 'bye')
  }
}

export class ScriptedOutgoingLine extends OutgoingLine implements ScriptedLine {
  changeCodec(codec: 'PCMU' | 'PCMA'): void {
    offerCodec(codec, this.established, this.session, () => this.renegotiated())
  }

  vanish(): void {
    this.end('local', CAUSE.normal, 'bye')
  }
}

function offerCodec(
  codec: 'PCMU' | 'PCMA',
  dialog: Dialog | undefined,
  session: Session | undefined,
  renegotiated: () => void,
): void {
  if (!dialog || !session || session.offering) return
  dialog.reinvite(session.offerAgain(codec), undefined, (outcome) => {
    const answer = outcome.type === 'response' && outcome.response.status < 300 ? outcome.response.sdp : undefined
    if (answer && 'negotiated' in session.accept(answer.toString('utf8'))) renegotiated()
    else session.forgetOffer()
  })
}
