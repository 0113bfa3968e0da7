/** One text of a form. */
export interface UploadField {
  kind: 'field'
  name: string
  value: string
}

/** One file of a form. Its octets are read while they come, once; what the handler leaves unread is thrown away. */
export interface UploadFile {
  kind: 'file'
  name: string
  /** As the client sent it, whatever that is: never a path of this machine. */
  fileName: string
  /** As the client declared it, in lower case and without parameters. */
  contentType: string
  content: AsyncIterable<Uint8Array>
}

export type UploadPart = UploadField | UploadFile

/** The body of an endpoint with `upload`: `multipart/form-data` (RFC 7578), never held in memory as a whole. */
export interface Upload {
  /** Octets of the whole body as the client announced them; `undefined` where it announced none. */
  announcedBytes: number | undefined
  /**
   * The parts in the order in which they were sent. Throws `INVALID_FILE_UPLOAD` for a body that is too large or no form,
   * and `REQUEST_CANCELED` where the client went away in the middle. Ask once.
   */
  parts(): AsyncIterable<UploadPart>
}
