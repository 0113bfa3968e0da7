import { chmod, mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { timestamp } from '#platform/time'
import type { MailTransport, OutgoingMail } from './transport.ts'

const NAME = /^(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d)-[0-9a-f-]{36}\.txt$/

/** Keeps each mail as a text file that its owner alone can read: what happens without a mail server. */
export class MailFolder implements MailTransport {
  readonly outcome = 'kept'
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  async send({ id, createdMs, to, subject, text }: OutgoingMail): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    await chmod(this.#folder, 0o700)
    const content = `To: ${to}\nSubject: ${subject}\nDate: ${timestamp(createdMs)}\n\n${text}`
    await writeFile(join(this.#folder, `${stamp(createdMs)}-${id}.txt`), content, { mode: 0o600 })
  }

  /** Removes the files of mails that are older. */
  async forget(beforeMs: number): Promise<void> {
    const before = stamp(beforeMs)
    for (const name of await this.#names())
      if ((NAME.exec(name)?.[1] ?? before) < before) await rm(join(this.#folder, name), { force: true })
  }

  async #names(): Promise<string[]> {
    try {
      return await readdir(this.#folder)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
      throw error
    }
  }
}

/** A time to the second, as it stands in the name of a file. */
function stamp(ms: number): string {
  return timestamp(ms).slice(0, 19).replaceAll(':', '-')
}
