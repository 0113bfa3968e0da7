import { createHash } from 'node:crypto'
import type { Download } from '#platform/http'

/**
 * The pages that mails link to. They are the same for everybody: the token is read from the address by the program of the
 * page, so nothing that came from outside is ever written into HTML. The program asks this server alone, and a page does
 * nothing until its button is pressed, because mail scanners open links. Without its program a form does nothing (`dialog`):
 * a browser would send the password as a part of an address.
 */

const LOOKS =
  'body{font:16px/1.5 system-ui,sans-serif;max-width:26rem;margin:4rem auto;padding:0 1rem;color-scheme:light dark}' +
  'input,button{font:inherit;display:block;box-sizing:border-box;width:100%;padding:.5rem;margin:.5rem 0 1rem}' +
  '[hidden]{display:none}'

/** A page of a form; what its program finds by `data-` names is all that it needs. */
function pageOf(title: string, ask: string, form: string, again: string): string {
  return (
    `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">` +
    `<meta name="referrer" content="no-referrer"><meta name="robots" content="noindex"><title>${title}</title>` +
    `<style>${LOOKS}</style><h1>${title}</h1>${form}<p role="status" aria-live="polite"></p>` +
    `<form method="dialog" hidden data-again="${again}"><label>${ask}<input name="address" type="email" required autocomplete="username">` +
    '</label><button>Send a new link</button></form>' +
    '<noscript>This page needs JavaScript, or a program that posts the token to its address.</noscript>' +
    '<script src="assets/mailbox.js"></script>'
  )
}

export const VERIFY_PAGE = pageOf(
  'Confirm your e-mail address',
  'The link no longer works. Your e-mail address:',
  '<form method="dialog" data-done="Your e-mail address is confirmed. You have mail with a link to set your password.">' +
    '<button>This e-mail address is mine</button></form>',
  'email',
)

export const PASSWORD_PAGE = pageOf(
  'Set your password',
  'The link no longer works. Your e-mail address:',
  '<form method="dialog" data-done="Your password is set. You can log in with it now."><label>New password, at least 8 characters' +
    '<input name="password" type="password" required minlength="8" maxlength="1024" autocomplete="new-password"></label>' +
    '<button>Set password</button></form>',
  'username',
)

const PROGRAM = `'use strict'
const token = new URLSearchParams(location.search).get('token') ?? ''
const [form, again] = document.querySelectorAll('form')
const status = document.querySelector('[role=status]')
const AGAIN = { email: 'email-verify-resend', username: 'password-forgot' }

async function post(button, path, body) {
  button.disabled = true
  status.textContent = ''
  try {
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(path, { method: 'POST', headers, body: JSON.stringify(body), credentials: 'omit' })
    return { ok: answer.ok, error: answer.ok ? undefined : (await answer.json()).error }
  } catch {
    return { ok: false, error: { message: 'The server cannot be reached. Try again.' } }
  } finally {
    button.disabled = false
  }
}

form.addEventListener('submit', async (event) => {
  event.preventDefault()
  const password = form.elements.password?.value
  const { ok, error } = await post(event.submitter, location.pathname, password === undefined ? { token } : { token, password })
  status.textContent = ok ? form.dataset.done : error.message
  if (!ok && !error.details?.some(({ field }) => field === 'token')) return
  form.hidden = true
  again.hidden = ok
  if (ok) history.replaceState(null, '', location.pathname)
})

again.addEventListener('submit', async (event) => {
  event.preventDefault()
  const name = again.dataset.again
  const { ok, error } = await post(event.submitter, AGAIN[name], { [name]: again.elements.address.value })
  status.textContent = ok ? 'If there is an account for this address, a new link is on its way to it.' : error.message
  if (ok) again.hidden = true
})
`

/** The program of both pages. */
export function pageProgram(): Download {
  const octets = Buffer.from(PROGRAM)
  return {
    bytes: octets.length,
    contentType: 'text/javascript',
    fileName: 'mailbox.js',
    version: createHash('sha256').update(octets).digest('base64url').slice(0, 16),
    async *read(from, to) {
      yield octets.subarray(from, to)
    },
  }
}
