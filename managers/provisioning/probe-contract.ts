import { type Static, Type } from 'typebox'
import { adminOrManager, endpoint, idParams, superAdminOnly, Timestamp, Uuid } from '#platform/http'
import { provisioningErrors } from './errors.ts'

/** What can be wrong with a provider, and what is to be done about it. */
export const PROBE_REASONS = {
  ok: { meaning: 'It answers.', fix: '' },
  host_not_found: {
    meaning: 'Its host name leads to no address that may be called.',
    fix: 'Verify the host name; of a private address, allow its network (ALLOW_PRIVATE_TARGETS).',
  },
  not_reachable: { meaning: 'Nothing takes requests at its address.', fix: 'Verify port and transport.' },
  no_answer: {
    meaning: 'It was sent OPTIONS and said nothing for five seconds.',
    fix: 'Verify port and transport, that it knows our address, and that no firewall is between.',
  },
  credentials_needed: {
    meaning: 'It wants to know who we are, or does not let our address in.',
    fix: 'Set user name, password and realm, or have our address allowed there.',
  },
  credentials_refused: {
    meaning: 'It does not take who we say we are.',
    fix: 'Verify user name and password, and that the realm is the one that it asks for.',
  },
  out_of_service: { meaning: 'It says that it takes no calls now (503).', fix: 'Ask the provider.' },
  no_common_codec: { meaning: 'It has none of the codecs that are set.', fix: 'Set codecs that it has, or none.' },
  no_address: {
    meaning: 'None of its addresses is a single one that could be asked: it calls us.',
    fix: 'Call through it to try it out, or add the address of the PBX to allowed_ips.',
  },
  address_not_asked: {
    meaning: 'Its address is a private one, and those are not asked from here.',
    fix: 'Call through it to try it out, or have the operator allow its network (ALLOW_PRIVATE_TARGETS).',
  },
} as const
export type ProbeReason = keyof typeof PROBE_REASONS

const REASONS = Object.keys(PROBE_REASONS) as ProbeReason[]

const verdict = {
  reason: Type.Enum(REASONS, { description: '`ok`, or what is wrong first.' }),
  meaning: Type.String(),
  fix: Type.String({ description: 'What to do about it; empty where nothing is wrong.' }),
  steps: Type.Array(
    Type.Object({
      step: Type.Enum(['resolve', 'transport', 'options', 'codecs']),
      result: Type.Enum(['passed', 'failed', 'skipped']),
      detail: Type.String({ examples: ['udp 192.0.2.1:5060'] }),
      sip_status: Type.Integer({ description: 'Of its answer; 0 where there was none.' }),
      duration_ms: Type.Integer(),
    }),
    { description: 'What was tried, in order; it ends with the first that fails.' },
  ),
  tm_create: Timestamp,
}

export const ProviderProbe = Type.Object({ provider_id: Uuid, ...verdict }, { $id: 'ProviderProbe' })
export type ProviderProbe = Static<typeof ProviderProbe>

export const TrunkProbe = Type.Object({ trunk_id: Uuid, ...verdict }, { $id: 'TrunkProbe' })
export type TrunkProbe = Static<typeof TrunkProbe>

/** What a probe finds; the first step that fails is the verdict. */
export type ProbeResult = Pick<ProviderProbe, 'reason' | 'steps'>

export const probeProvider = endpoint({
  method: 'POST',
  path: '/providers/{id}/probe',
  summary: 'Try a provider out now, step by step, as super admin',
  allow: superAdminOnly,
  params: idParams,
  returns: ProviderProbe,
  errors: [provisioningErrors.PROVIDER_NOT_FOUND],
})

export const probeTrunk = endpoint({
  method: 'POST',
  path: '/trunks/{id}/probe',
  summary: 'Ask the addresses of a trunk whether a PBX answers there, step by step',
  allow: adminOrManager,
  params: idParams,
  returns: TrunkProbe,
  errors: [provisioningErrors.TRUNK_NOT_FOUND],
})
