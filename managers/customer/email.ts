const EMAIL =
  /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)+$/

/** Whether a text has the form of an e-mail address with a full domain (RFC 5321 without quoted parts, 254 long). */
export function isEmail(text: string): boolean {
  return text.length <= 254 && EMAIL.test(text)
}
