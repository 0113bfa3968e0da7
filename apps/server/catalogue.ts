import { agentErrors } from '#managers/agent/errors'
import { billingErrors } from '#managers/billing/errors'
import { callErrors } from '#managers/call/errors'
import { customerErrors } from '#managers/customer/errors'
import { directErrors } from '#managers/direct/errors'
import { flowErrors } from '#managers/flow/errors'
import { numberErrors } from '#managers/number/errors'
import { provisioningErrors } from '#managers/provisioning/errors'
import { registrarErrors } from '#managers/registrar/errors'
import { storageErrors } from '#managers/storage/errors'
import { tagErrors } from '#managers/tag/errors'
import { ttsErrors } from '#managers/tts/errors'
import type { Catalogue } from '#platform/errors'
import { apiErrors } from '#platform/http'

/** Every reason of the platform, whoever declares it: what `GET /v1.0/errors` serves and the command door carries. */
export const catalogues: readonly Catalogue[] = [
  apiErrors,
  agentErrors,
  billingErrors,
  callErrors,
  customerErrors,
  directErrors,
  flowErrors,
  numberErrors,
  provisioningErrors,
  registrarErrors,
  storageErrors,
  tagErrors,
  ttsErrors,
]
