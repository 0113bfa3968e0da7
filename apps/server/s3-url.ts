import type { S3Settings } from '#managers/storage'

/**
 * Reads `https://key:secret@host/bucket?region=…` (or a host that has the bucket in its name). Without key and secret the
 * store is asked without a signature. `undefined` where it is no such URL.
 */
export function readS3Url(text: string): S3Settings | undefined {
  if (!URL.canParse(text)) return undefined
  const url = new URL(text)
  const { protocol, hostname, username, password, searchParams, hash } = url
  const isWhole = (username === '') === (password === '')
  const knows = [...searchParams.keys()].every((name) => name === 'region')
  if (!/^https?:$/.test(protocol) || hostname === '' || !isWhole || !knows || hash !== '') return undefined
  return {
    base: `${url.origin}${url.pathname}`,
    region: searchParams.get('region') ?? 'us-east-1',
    credentials:
      username === '' ? undefined : { key: decodeURIComponent(username), secret: decodeURIComponent(password) },
  }
}
