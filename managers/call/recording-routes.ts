import { handle, pageRequest, type Route } from '#platform/http'
import {
  deleteRecording,
  getRecording,
  getRecordingFile,
  listRecordings,
  startCallRecording,
  stopCallRecording,
} from './recording-contract.ts'
import type { RecordingService } from './recording-service.ts'

/** `/recordings`, `/recordingfiles`, and what a call can be asked about them. */
export function recordingRoutes(recordings: RecordingService): Route[] {
  return [
    handle(startCallRecording, ({ customer, params, body }) => recordings.start(customer, params.id, body)),
    handle(stopCallRecording, ({ customer, params }) => recordings.stop(customer, params.id)),
    handle(listRecordings, ({ customer, query }) => recordings.list(customer, pageRequest(query), query)),
    handle(getRecording, ({ customer, params }) => recordings.get(customer, params.id)),
    handle(deleteRecording, ({ customer, params }) => recordings.delete(customer, params.id)),
    handle(getRecordingFile, ({ customer, params, query }) => recordings.fileUrl(customer, params.id, query.format)),
  ]
}
