import { flowErrors } from '#managers/flow/errors'
import type { ReferencedFiles, StorageAccounts, StoredFiles } from '#managers/storage'
import { storageErrors } from '#managers/storage/errors'
import { type CommandDoor, NoResponder } from '#platform/bus'
import type { Database } from '#platform/db'
import { apiErrors, type Page, type PageRequest, paginate } from '#platform/http'
import { type Ids, NIL_UUID } from '#platform/ids'
import type { Log } from '#platform/log'
import type { Clock } from '#platform/time'
import type { Call } from './call.ts'
import { CALL_COMMANDS } from './call-commands.ts'
import type { Call as CallView } from './contract.ts'
import { callErrors } from './errors.ts'
import { presentCall } from './present.ts'
import { presentRecording } from './present-recording.ts'
import type { Recording } from './recording.ts'
import type { RecordingAnswer, RecordingCommand } from './recording-commands.ts'
import type { RecordingStart, Recording as RecordingView } from './recording-contract.ts'
import type { RecordingFiles } from './recording-files.ts'
import { RecordingRemover } from './recording-remover.ts'
import { type RecordingFilter, RecordingStore } from './recording-store.ts'
import { CallStore } from './store.ts'

/** How long a live call may take to obey: its media has 6 s to begin or to end. */
const OBEY_MS = 8_000

export interface RecordingServiceNeeds {
  db: Database
  commands: CommandDoor
  clock: Clock
  ids: Ids
  log: Log
  files: RecordingFiles
  /** Refuses where no more is to be kept. */
  accounts: Pick<StorageAccounts, 'refuseWhenFull' | 'isFull'>
  /** Where files go after the end of a recording (`RecordingKeeper`). */
  storage: Pick<ReferencedFiles, 'deleteIn' | 'remove' | 'partsOf' | 'holdsAny'>
  flows: { flowExists(customer: string, flow_id: string): Promise<boolean> }
  /** Gives out the address of what is stored under an id. */
  signer: { urlOf(id: string): string }
}

/** What the API can ask of recordings: live calls are asked through the command door, the rest is rows and files. */
export class RecordingService {
  readonly #needs: RecordingServiceNeeds
  readonly #store: RecordingStore
  readonly #calls: CallStore
  readonly #remover: RecordingRemover

  constructor(needs: RecordingServiceNeeds) {
    this.#needs = needs
    this.#store = new RecordingStore(needs.db)
    this.#calls = new CallStore(needs.db)
    this.#remover = new RecordingRemover(needs)
  }

  /** Records a call. Answers when the recording has begun. */
  async start(customer: string, call_id: string, wanted: RecordingStart): Promise<CallView> {
    const { format = 'wav', end_of_silence = 0, end_of_key = '', duration = 0, on_end_flow_id = NIL_UUID } = wanted
    if (on_end_flow_id !== NIL_UUID && !(await this.#needs.flows.flowExists(customer, on_end_flow_id))) {
      await this.#call(customer, call_id)
      throw flowErrors.FLOW_NOT_FOUND({ flow_id: on_end_flow_id })
    }
    if (await this.#needs.accounts.isFull(customer)) {
      await this.#call(customer, call_id)
      await this.#needs.accounts.refuseWhenFull(customer)
    }
    const options = { format, end_of_silence, end_of_key, duration, on_end_flow_id, beep_start: false }
    const answer = await this.#ask({ ...this.#to(customer, call_id), type: 'recording_start', options })
    if (answer.live) return presentCall(answer.call)
    const { tm_hangup } = await this.#endedCall(customer, call_id)
    throw callErrors.CALL_ALREADY_HANGUP({ call_id, tm_hangup })
  }

  /** Ends the recording of a call. Answers when it has begun to end; the end itself is an event. */
  async stop(customer: string, call_id: string): Promise<CallView> {
    const answer = await this.#ask({ ...this.#to(customer, call_id), type: 'recording_stop' })
    if (answer.live) return presentCall(answer.call)
    await this.#endedCall(customer, call_id)
    throw callErrors.RECORDING_NOT_ACTIVE()
  }

  async list(customer: string, page: PageRequest, filter: RecordingFilter): Promise<Page<RecordingView>> {
    const { result, next_page_token } = paginate(await this.#store.list(customer, page, filter), page.size)
    return { result: result.map(presentRecording), next_page_token }
  }

  async get(customer: string, recording_id: string): Promise<RecordingView> {
    return presentRecording(await this.#find(customer, recording_id))
  }

  /**
   * Deletes a recording with its files; one that goes on is ended first. What is said to be deleted is not on the disk any
   * more. Announces `recording_deleted`.
   */
  async delete(customer: string, recording_id: string): Promise<RecordingView> {
    let recording = await this.#find(customer, recording_id)
    if (recording.status !== 'ended') {
      const to = this.#to(customer, recording.reference_id)
      await this.#ask({ ...to, type: 'recording_end', recording_id: recording.id })
      recording = await this.#find(customer, recording_id)
      if (recording.status !== 'ended') throw apiErrors.SERVICE_UNAVAILABLE() // its node cannot be reached
    }
    return presentRecording((await this.#remover.remove(recording)) ?? noRecording(recording_id))
  }

  /** The address at which the files can be fetched for a day. */
  async fileUrl(customer: string, recording_id: string, form?: 'zip' | 'wav'): Promise<string> {
    const { files, signer, storage } = this.#needs
    const recording = await this.#find(customer, recording_id)
    const { status, format } = recording
    if (status !== 'ended') throw apiErrors.STATE_INVALID({ issue: 'The recording has not ended yet.' })
    if (form === 'wav' && format !== 'wav')
      throw apiErrors.INVALID_ARGUMENT({ field: 'format', issue: `must be zip: the recording is kept as ${format}` })
    const isKept = await storage.holdsAny(recording.id)
    const isWritten = !isKept && (await files.measure(recording)).size > 0
    if (isWritten && format !== 'wav') throw apiErrors.STATE_INVALID({ issue: `The ${format} files are being made.` })
    const isThere = isKept || isWritten
    if (!isThere) throw storageErrors.FILE_NOT_FOUND({ id: recording_id })
    return `${signer.urlOf(recording.id)}${form === 'wav' ? '&format=wav' : ''}`
  }

  /** The files behind a signed address, whoever asks: a `FileSource`. */
  readonly filesOf = async (recording_id: string): Promise<StoredFiles | undefined> => {
    const recording = await this.#store.findForDownload(recording_id)
    if (!recording) return undefined
    const isWav = recording.format === 'wav'
    const stored = await this.#needs.storage.partsOf(recording_id)
    const written = isWav ? this.#needs.files.of(recording) : []
    return { name: recording.recording_name, files: stored.length > 0 ? stored : written, isWav }
  }

  #to(customer_id: string, call_id: string) {
    return { id: this.#needs.ids.uuid(), customer_id, call_id: call_id.toLowerCase() }
  }

  async #ask(command: RecordingCommand): Promise<RecordingAnswer> {
    try {
      const options = { deadlineMs: OBEY_MS }
      return (await this.#needs.commands.ask(CALL_COMMANDS, command, options)) as RecordingAnswer
    } catch (error) {
      if (error instanceof NoResponder) return { live: false }
      throw error
    }
  }

  async #find(customer: string, recording_id: string): Promise<Recording> {
    return (await this.#store.find(customer, recording_id)) ?? noRecording(recording_id)
  }

  async #call(customer: string, call_id: string): Promise<Call> {
    const call = await this.#calls.find(customer, call_id)
    if (!call) throw callErrors.CALL_NOT_FOUND({ call_id })
    return call
  }

  /** A call that does not live and is not over belongs to a node that cannot be reached. */
  async #endedCall(customer: string, call_id: string): Promise<Call> {
    const call = await this.#call(customer, call_id)
    if (call.status !== 'hangup') throw apiErrors.SERVICE_UNAVAILABLE()
    return call
  }
}

function noRecording(recording_id: string): never {
  throw callErrors.RECORDING_NOT_FOUND({ recording_id })
}
