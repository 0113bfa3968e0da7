/**
 * The dialog that shall be replaced (RFC 3891), as we know it: `to_tag` is our tag in it, `from_tag` the phone's. Find its
 * line by `LineDirectory.find`.
 */
export interface ReplacedDialog {
  readonly call_id: string
  readonly to_tag: string
  readonly from_tag: string
  /** Only while it is not answered. */
  readonly early_only: boolean
}

/** What a phone asks of us by REFER: to call somebody in its place. Plain data. */
export interface AskedTransfer {
  /** Names it to `acceptTransfer`, `tellTransfer` and `refuseTransfer` of the line that told of it. */
  readonly id: string
  /** Whom to call: a SIP, SIPS or tel URI without headers. */
  readonly target: string
  /** An attended transfer: instead of calling the target, who is at the other end of this dialog is joined. */
  readonly replaces?: ReplacedDialog
  /** The URI of Referred-By, as the phone claims it; `''` where it says nothing. */
  readonly referred_by: string
}
