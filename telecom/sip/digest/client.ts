import { type Ids, randomHex } from '#platform/ids'
import { hasLineBreak } from '../message/characters.ts'
import type { HeaderInput } from '../message/headers.ts'
import type { SipRequest, SipResponse } from '../message/message.ts'
import { SipError } from '../message/sip-error.ts'
import { answerTo } from './answer.ts'
import { parseAuthorization } from './credentials.ts'
import { type OfferedChallenge, offeredChallenges } from './offered.ts'

/** Who we are to somebody else's server, and to which realm of his alone we say so. */
export interface Credentials {
  readonly username: string
  readonly password: string
  readonly realm: string
}

/** The two kinds of challenge (RFC 3261 §22.2 and §22.3): by status, where they stand and where they are answered. */
const KINDS = [
  { status: 401, challenge: 'www-authenticate', answer: 'Authorization' },
  { status: 407, challenge: 'proxy-authenticate', answer: 'Proxy-Authorization' },
] as const

type Kind = (typeof KINDS)[number]

/** How often one request is sent again: for its challenge, and once for a nonce that was too old. */
const MOST_ANSWERS = 2

/**
 * Our side of digest authentication (RFC 3261 §22, RFC 7616) for one call or one request. What we prove ourselves with is
 * worth guessing at, so it is shown to nobody but the peers that were dialled, for no realm but the one that is agreed with
 * them: somebody behind a carrier who challenges our call learns nothing.
 */
export class DigestClient {
  readonly #credentials: Credentials
  readonly #peers: ReadonlySet<string>
  readonly #ids: Ids
  /** The latest challenge of each kind, and how often it has been answered. */
  readonly #taken = new Map<Kind, { readonly challenge: OfferedChallenge; uses: number }>()

  /** `peers`: the addresses that were dialled. Throws a `SipError` for credentials that cannot be shown. */
  constructor(credentials: Credentials, peers: Iterable<string>, ids: Ids) {
    checkCredentials(credentials)
    this.#credentials = credentials
    this.#peers = new Set(peers)
    this.#ids = ids
  }

  /**
   * Whether a refused request is worth another try, with an answer: then the challenge counts from now on. `tries`: how
   * often this request has been sent again for that reason. A nonce that an answer was refused with is not answered again.
   */
  take(request: SipRequest, response: SipResponse, tries: number): boolean {
    const kind = KINDS.find(({ status }) => status === response.status)
    const from = response.receivedFrom?.address
    if (!kind || from === undefined || !this.#peers.has(from) || tries >= MOST_ANSWERS) return false
    const challenge = offeredChallenges(response.headers.all(kind.challenge)).find(
      ({ realm }) => realm === this.#credentials.realm,
    )
    if (!challenge) return false
    const shown = nonceOf(request, kind)
    // an answer that was refused, and not for its age: another nonce makes the secret no better
    if (shown === challenge.nonce || (shown !== undefined && tries > 0 && !challenge.stale)) return false
    this.#taken.set(kind, { challenge, uses: 0 })
    return true
  }

  /** What a request to this address shows of us; nothing before the first challenge, and nothing to anybody else. */
  headersFor(request: { readonly method: string; readonly uri: string; readonly address: string }): HeaderInput {
    if (!this.#peers.has(request.address)) return {}
    const headers: Record<string, string> = {}
    for (const [kind, taken] of this.#taken) {
      taken.uses++
      const { method, uri } = request
      const cnonce = randomHex(this.#ids, 16)
      const answer = answerTo(taken.challenge, { method, uri, cnonce, nc: taken.uses, secret: this.#credentials })
      if (answer !== undefined) headers[kind.answer] = answer
    }
    return headers
  }

  /** §13.2.2.4: the ACK of a 2xx shows what its INVITE showed, to the same peers. */
  headersOfAck(invite: SipRequest, address: string): HeaderInput {
    if (!this.#peers.has(address)) return {}
    const lines = KINDS.map(({ answer }) => [answer, invite.headers.get(answer)] as const)
    return Object.fromEntries(lines)
  }
}

/** Throws a `SipError` where the name or the realm holds what would end a header line. */
export function checkCredentials({ username, realm }: Credentials): void {
  if (hasLineBreak(username) || hasLineBreak(realm))
    throw new SipError('forbidden characters', 'credentials hold CR, LF or NUL')
}

/** The nonce that a request of ours has answered. */
function nonceOf(request: SipRequest, kind: Kind): string | undefined {
  const line = request.headers.get(kind.answer)
  return line === undefined ? undefined : parseAuthorization(line).parameters.get('nonce')
}
