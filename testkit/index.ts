/** What tests share: real peers, the whole platform, a clock turned by hand, and ways to wait for other programs. */
export { TEST_BASE, TEST_GRACE_DAYS, TEST_PASSWORD, TestAccounts, type TestCustomer } from './accounts.ts'
export { BadLine, type LineFault } from './bad-line.ts'
export { Baresip, type BaresipAccount, type BaresipEvent, type BaresipOptions, MICROPHONE_HZ } from './baresip.ts'
export { type Script, TestCalls } from './calls.ts'
export { type Child, isInstalled, startChild } from './child.ts'
export { freshDatabase, startTestCluster, stopTestCluster, type TestDatabase } from './database.ts'
export { eventually, pause } from './eventually.ts'
export { FakeCallee } from './fake-callee.ts'
export { FakeLine } from './fake-line.ts'
export { FakeCall, FakePhone, type FakePhoneOptions } from './fake-phone.ts'
export { FakeRecorder } from './fake-recorder.ts'
export {
  type Answer,
  type ApiClient,
  apiClient,
  assertReason,
  type ClientCredentials,
  sameButRequestId,
} from './http.ts'
export { Kamailio, type KamailioOptions } from './kamailio.ts'
export { Linphone } from './linphone.ts'
export { MailServer, type MailTreatment, type ReceivedMail } from './mail-server.ts'
export { readMp3File } from './mp3.ts'
export { ownServer, signalServer, tempFolder } from './own-server.ts'
export { type CapturedPacket, PhoneSound } from './phone-sound.ts'
export { openWire } from './phone-wire.ts'
export { type DatabasePlace, type Json, Platform, type SampleCredentials } from './platform.ts'
export { freePort } from './ports.ts'
export { databaseProcesses, familyOf, openFiles, proportionalBytes, signalAll } from './processes.ts'
export { canRecognise, recognise } from './recognise.ts'
export { S3Server } from './s3-server.ts'
export { Sipp, type SippOptions, type SippResult } from './sipp.ts'
export { liftSpendingLimits } from './spending.ts'
export { decodeAlaw, decodeUlaw, levelAt, readWavFile, rms, sine, wavFile } from './tones.ts'
export { Refused, refused, WebSocketClient, type WebSocketClientOptions } from './web-socket-client.ts'
export { type ReceivedWebhook, type Treatment, WebhookReceiver } from './webhook-receiver.ts'
export { readZip } from './zip.ts'
