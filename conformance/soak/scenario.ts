/** Pieces of SIPp scenarios: what the phones of the soak send and expect. */

/** Who calls, and with what it proves that. */
export interface Caller {
  extension: string
  password: string
}

interface More {
  lines?: string[]
  sdp?: string
  /** A body that is no SDP: its type and its text. */
  content?: [type: string, text: string]
}

const SDP_HEAD = [
  'v=0',
  'o=phone 4711 1 IN IP[local_ip_type] [local_ip]',
  's=-',
  'c=IN IP[media_ip_type] [media_ip]',
  't=0 0',
]
const SDP_FORMATS = ['a=rtpmap:0 PCMU/8000', 'a=rtpmap:101 telephone-event/8000', 'a=fmtp:101 0-15']

/** A description of a phone that speaks by `rtp_stream`, or of one that hears and echoes. */
export function sound(port: 'rtpstream_audio_port' | 'media_port', direction = 'sendrecv'): string {
  return [...SDP_HEAD, `m=audio [${port}] RTP/AVP 0 101`, ...SDP_FORMATS, `a=${direction}`].join('\n')
}

/** A whole scenario as SIPp reads it; `variables` are those that are set and never read. */
export function scenario(name: string, steps: readonly string[], variables = ''): string {
  const reference = variables === '' ? '' : `<Reference variables="${variables}"/>\n`
  return `<?xml version="1.0" encoding="ISO-8859-1" ?>\n<!DOCTYPE scenario SYSTEM "sipp.dtd">\n<scenario name="${name}">\n${steps.join('\n')}\n${reference}</scenario>\n`
}

/** Waits for a response; provisional ones may come before. */
export function response(status: number, attributes = ''): string {
  return `<recv response="${status}"${attributes}/>`
}
export const provisional = [100, 180, 183].map((status) => response(status, ' optional="true"')).join('\n')

export function pause(ms: number): string {
  return `<pause milliseconds="${ms}"/>`
}

/** A request outside of a dialog or to end one that never began: INVITE, CANCEL, and the ACK of a refusal. */
export function early(method: string, cseq: number, { extension }: Caller, { lines = [], ...more }: More = {}): string {
  return message(method !== 'ACK', [
    ...head(method, cseq, extension, 'sip:[service]@[remote_ip]:[remote_port]', `x${cseq}`),
    method === 'ACK' ? '[last_To:]' : 'To: <sip:[service]@[remote_ip]:[remote_port]>',
    ...lines,
    ...body(more),
  ])
}

/** A request of the caller within the dialog. */
export function within(
  method: string,
  cseq: number,
  { extension }: Caller,
  { lines = [], ...more }: More = {},
): string {
  return message(method !== 'ACK', [
    ...head(method, cseq, extension, '[next_url]', `x${cseq}${method}`),
    'To: <sip:[service]@[remote_ip]:[remote_port]>[peer_tag_param]',
    ...lines,
    ...body(more),
  ])
}

/** An answer to the latest request of the other side. `tag` begins a dialog, `cseq` answers an earlier request. */
export function answer(
  status: string,
  more: More & { tag?: boolean; cseq?: string; attributes?: string } = {},
): string {
  const { lines = [], sdp, tag = false, cseq = '[last_CSeq:]', attributes = '' } = more
  const text = [
    `SIP/2.0 ${status}`,
    '[last_Via:]',
    '[last_From:]',
    `[last_To:]${tag ? ';tag=[pid]SIPpTag01[call_number]' : ''}`,
    '[last_Call-ID:]',
    cseq,
    'Contact: <sip:phone@[local_ip]:[local_port]>',
    ...lines,
    ...body(more),
  ]
  return `<send${sdp === undefined ? '' : ' retrans="500"'}${attributes}><![CDATA[\n${text.join('\n')}\n]]></send>`
}

/** The BYE of who was called; `$caller` holds the value of the INVITE's From. */
export function calleesBye(): string {
  return message(true, [
    'BYE [next_url] SIP/2.0',
    'Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=z9hG4bK[pid]xbye[call_number]',
    'From: <sip:phone@[local_ip]:[local_port]>;tag=[pid]SIPpTag01[call_number]',
    'To:[$caller]',
    'Call-ID: [call_id]',
    'CSeq: 77 BYE',
    'Max-Forwards: 70',
    ...body({}),
  ])
}

/** A phone of an extension dials: the password when it is asked for, and the call is answered. */
export function dials(caller: Caller, sdp: string): string[] {
  return [...proves(caller, sdp), provisional, response(200, ' rrs="true"'), within('ACK', 2, caller)]
}

/** The same until its INVITE with the password is sent. */
export function proves(caller: Caller, sdp: string): string[] {
  const { extension, password } = caller
  const authentication = `[authentication username=${extension} password=${password}]`
  return [
    early('INVITE', 1, caller, { sdp }),
    response(100, ' optional="true"'),
    response(401, ' auth="true"'),
    early('ACK', 1, caller),
    early('INVITE', 2, caller, { sdp, lines: [authentication] }),
  ]
}

function head(method: string, cseq: number, extension: string, uri: string, branch: string): string[] {
  return [
    `${method} ${uri} SIP/2.0`,
    `Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=z9hG4bK[pid]n[call_number]${branch}`,
    `From: <sip:${extension}@[remote_ip]:[remote_port]>;tag=[pid]SIPpTag00[call_number]`,
    'Call-ID: [call_id]',
    `CSeq: ${cseq} ${method}`,
    `Contact: <sip:${extension}@[local_ip]:[local_port]>`,
    'Max-Forwards: 70',
  ]
}

function body({ sdp, content = sdp === undefined ? undefined : ['application/sdp', sdp] }: More): string[] {
  if (content === undefined) return ['Content-Length: 0', '']
  return [`Content-Type: ${content[0]}`, 'Content-Length: [len]', '', content[1]]
}

function message(isRepeated: boolean, lines: readonly string[]): string {
  return `<send${isRepeated ? ' retrans="500"' : ''}><![CDATA[\n${lines.join('\n')}\n]]></send>`
}
