import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Node, SourceFile } from 'typescript/unstable/ast'
import {
  isBinaryExpression,
  isCallExpression,
  isIdentifier,
  isNewExpression,
  isPropertyAccessExpression,
  isThrowStatement,
} from 'typescript/unstable/ast/is'
import { API, type Type } from 'typescript/unstable/sync'

/**
 * How the code fails, read by the compiler: whatever can end a request is a reason of the catalogue, an invariant, or something
 * that our own code catches by its type; and nobody finds out what happened by reading the text of an error.
 */

const root = fileURLToPath(new URL('../..', import.meta.url))
const api = new API({ cwd: root })
const snapshot = api.updateSnapshot({ openProjects: [`${root}tsconfig.json`] })
const project = snapshot.getProjects()[0]
assert.ok(project)
const { program, checker } = project
test.after(() => api.close())

const shipped = program
  .getSourceFileNames()
  .filter(
    (name) => name.startsWith(root) && !/\/node_modules\/|\.(test|bench)\.ts$|\/test-[^/]+\.ts$|\/testing\//.test(name),
  )
const below = (...folders: string[]) =>
  shipped
    .filter((name) => folders.some((folder) => name.startsWith(`${root}${folder}/`)))
    .map((name) => program.getSourceFile(name))
    .filter((file) => file !== undefined)

/** Where a request can end. */
const requests = below('managers', 'platform/http', 'apps/server')
const everything = below('managers', 'platform', 'telecom', 'apps', 'sdk')

/** What the reason, and the mistake, of an error are thrown as. */
const CATALOGUE = ['ReasonedError', 'InvariantError']
/** Ways to look for words in a text. */
const SEARCHES = [
  'includes',
  'match',
  'matchAll',
  'startsWith',
  'endsWith',
  'indexOf',
  'search',
  'test',
  'exec',
  'localeCompare',
]

test('every throw is a reason of the catalogue, an invariant, a repeat of what was caught, or a class caught by its type', () => {
  const caught = new Set(everything.flatMap((file) => collect(file, typesAskedFor)))
  const throws = requests.flatMap((file) => collect(file, (node) => (isThrowStatement(node) ? [{ file, node }] : [])))
  const others = throws.filter(({ node }) => !isAllowed(node.expression, caught))
  assert.ok(throws.length > 250, `${throws.length} throws`)
  assert.deepEqual(
    others.map(({ file, node }) => place(file, node)),
    [],
  )
})

test('nobody reads the text of an error to find out what happened', () => {
  const read = everything.flatMap((file) =>
    collect(file, (node) => (isPropertyAccessExpression(node) && isJudged(node) ? [place(file, node)] : [])),
  )
  assert.deepEqual(read, [])
})

function isAllowed(thrown: Node, caught: ReadonlySet<string>): boolean {
  const type = checker.getTypeAtLocation(thrown)
  const names = type ? classesOf(type) : []
  if (isNewExpression(thrown)) return names.every((name) => CATALOGUE.includes(name) || caught.has(name))
  // an error that somebody else made: passed on as it is
  const isKnown = names.length > 0 && names.every((name) => CATALOGUE.includes(name))
  return isKnown || isPassedOn(thrown)
}

/** A variable or a member, or the first of several that is there: nothing new is made here. */
function isPassedOn(node: Node): boolean {
  if (isCallExpression(node)) {
    const type = checker.getTypeAtLocation(node)
    return type !== undefined && classesOf(type).every((name) => CATALOGUE.includes(name))
  }
  if (isIdentifier(node) || isPropertyAccessExpression(node)) return true
  if (isNewExpression(node)) return false
  const parts: Node[] = []
  node.forEachChild((child) => {
    parts.push(child)
    return undefined
  })
  return parts.every((part) => isPassedOn(part) || !('expression' in part || 'text' in part))
}

/** The names of the classes that a type stands for. */
function classesOf(type: Type): string[] {
  return checker
    .typeToString(type)
    .split(' | ')
    .map((name) => name.replace(/<.*$/, ''))
}

/** `error instanceof X`. */
function typesAskedFor(node: Node): string[] {
  if (!isBinaryExpression(node) || node.operatorToken.getText() !== 'instanceof') return []
  const name = node.right.getText()
  // a class of the language says nothing about who threw it
  return name in globalThis ? [] : [name]
}

/** Whether it is the message of an error, and something is searched in it or compared with it. */
function isJudged(node: Node & { name: Node; expression: Node }): boolean {
  if (node.name.getText() !== 'message') return false
  const { parent } = node
  const isSearched =
    isPropertyAccessExpression(parent) &&
    (parent.expression as Node) === node &&
    SEARCHES.includes(parent.name.getText())
  const isGiven =
    isCallExpression(parent) &&
    (parent.expression as Node) !== node &&
    isPropertyAccessExpression(parent.expression) &&
    SEARCHES.includes(parent.expression.name.getText())
  const isCompared = isBinaryExpression(parent) && /^[!=]==?$/.test(parent.operatorToken.getText())
  if (!isSearched && !isGiven && !isCompared) return false
  const type = checker.getTypeAtLocation(node.expression)
  return type !== undefined && checker.getPropertyOfType(type, 'stack') !== undefined
}

function collect<T>(file: SourceFile, find: (node: Node) => T[]): T[] {
  const found: T[] = []
  const visit = (node: Node): undefined => {
    found.push(...find(node))
    node.forEachChild(visit)
    return undefined
  }
  file.forEachChild(visit)
  return found
}

function place(file: SourceFile, node: Node): string {
  const line = file.text.slice(0, node.getStart()).split('\n').length
  return `${file.fileName.slice(root.length)}:${line}: ${node.getText().split('\n')[0]}`
}
