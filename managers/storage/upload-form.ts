import { apiErrors, type Upload, type UploadFile } from '#platform/http'
import { contentType } from './content-type.ts'
import { fileName } from './file-name.ts'
import type { Spool, Spooled } from './spool.ts'

/** What came with a form; a text that was not sent is `undefined`. */
export interface UploadForm {
  file: (Spooled & { filename: string; content_type: string }) | undefined
  type: string | undefined
  name: string | undefined
  detail: string | undefined
}

const LONGEST_TEXT = 255

/** Reads a form to its end, its file to the disk. Parts that nobody asked for are ignored. */
export async function readForm(upload: Upload, spool: Spool): Promise<UploadForm> {
  const form: UploadForm = { file: undefined, type: undefined, name: undefined, detail: undefined }
  try {
    for await (const part of upload.parts()) {
      if (part.kind === 'file' && part.name === 'file') form.file = await takeFile(form, part, spool)
      else if (part.kind === 'field' && isText(part.name)) form[part.name] ??= part.value
    }
    return form
  } catch (error) {
    if (form.file) await spool.discard(form.file)
    throw error
  }
}

/** The form's file, if it has this type; throws what is wrong, in the order of the API's description. */
export function checkedForm(form: UploadForm, type: 'rag' | 'talk') {
  const { file } = form
  if (!file) throw apiErrors.INVALID_FILE_UPLOAD({ field: 'file', issue: 'is required' })
  if (form.type !== type)
    throw apiErrors.INVALID_FILE_TYPE({ field: 'type', issue: form.type ? `must be ${type}` : 'is required' })
  return { file, name: checkedText('name', form.name), detail: checkedText('detail', form.detail) }
}

async function takeFile(form: UploadForm, part: UploadFile, spool: Spool): Promise<UploadForm['file']> {
  if (form.file) throw apiErrors.INVALID_FILE_UPLOAD({ field: 'file', issue: 'is there more than once' })
  const spooled = await spool.take(part.content)
  return { ...spooled, filename: fileName(part.fileName), content_type: contentType(part.contentType) }
}

function isText(name: string): name is 'type' | 'name' | 'detail' {
  return name === 'type' || name === 'name' || name === 'detail'
}

function checkedText(field: string, value: string | undefined): string | undefined {
  if (value === undefined) return undefined
  if (value.length > LONGEST_TEXT)
    throw apiErrors.INVALID_ARGUMENT({ field, issue: `must have at most ${LONGEST_TEXT} characters` })
  if (value.includes('\0') || !value.isWellFormed())
    throw apiErrors.INVALID_ARGUMENT({ field, issue: 'must not contain the character NUL' })
  return value
}
