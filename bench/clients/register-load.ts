/** Phones that refresh their registration as fast as they are answered, with digest; a nonce is used as long as it serves. */
import { answerChallenge } from '#telecom/sip'
import { Samples } from '../samples.ts'
import { options, say } from './report.ts'
import { header, Uac } from './uac.ts'

export interface RegisterLoad {
  port: number
  domain: string
  phones: { extension: string; password: string }[]
  warmUpMs: number
  measureMs: number
}

export interface RegisterFigures {
  perSecond: number
  medianMs: number
  p99Ms: number
  /** Registrations altogether, warm-up included. */
  served: number
  /** 401 answers: the first of each phone, and one for each nonce that grew too old. */
  challenged: number
  failed: Record<string, number>
}

const load = options<RegisterLoad>()
const uac = await Uac.open(load.port)
const took = new Samples()
const failed: Record<string, number> = {}
let challenged = 0
let served = 0
const fromMs = performance.now() + load.warmUpMs
const endMs = fromMs + load.measureMs

await Promise.all(load.phones.map(refresh))
say({
  perSecond: took.count / (load.measureMs / 1_000),
  medianMs: took.median,
  p99Ms: took.percentile(0.99),
  served,
  challenged,
  failed,
} satisfies RegisterFigures)

async function refresh({ extension, password }: { extension: string; password: string }): Promise<void> {
  const uri = `sip:${load.domain}`
  const contact = `Contact: <sip:${extension}@127.0.0.1:${uac.port}>\r\nExpires: 300\r\n`
  let challenge = ''
  let nc = 0
  for (let cseq = 1; performance.now() < endMs; cseq++) {
    const proof =
      challenge &&
      answerChallenge({
        challenges: [challenge],
        method: 'REGISTER',
        uri,
        secret: { username: extension, password },
        cnonce: `${extension}-${cseq}`,
        nc: ++nc,
      })
    const authorization = proof ? `Authorization: ${proof}\r\n` : ''
    const sentMs = performance.now()
    const aor = `sip:${extension}@${load.domain}`
    const { status, message } = await uac.request(
      'REGISTER',
      uri,
      aor,
      `reg-${extension}`,
      cseq,
      contact + authorization,
    )
    const nowMs = performance.now()
    if (status === 401) {
      challenged++
      challenge = header(message, 'WWW-Authenticate')
      nc = 0
      continue
    }
    if (status === 200) served++
    if (nowMs >= fromMs && nowMs < endMs) {
      if (status === 200) took.add(nowMs - sentMs)
      else failed[status || 'lost'] = (failed[status || 'lost'] ?? 0) + 1
    }
  }
}
