import { eventually } from '#testkit'

/** What one thread of the platform holds, right after its garbage was collected. Bytes. */
export interface Heap {
  heapUsed: number
  external: number
  arrayBuffers: number
  rss: number
}

interface Answer {
  id?: number
  method?: string
  params?: { sessionId: string; message: string; workerInfo: { url: string } }
  result?: { result?: { value?: string } }
}

const READ = { expression: 'JSON.stringify(process.memoryUsage())', returnByValue: true }

/** Looks into a running platform through Node's inspector: all of its threads, by the names of their programs. */
export class Inspector {
  readonly #socket: WebSocket
  readonly #waiting = new Map<string, (answer: Answer) => void>()
  /** Sessions of worker threads, and what they are called. */
  readonly #workers = new Map<string, string>()
  #asked = 0

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.addEventListener('message', ({ data }) => this.#hear('', JSON.parse(String(data))))
  }

  static async open(port: number): Promise<Inspector> {
    const answer = await eventually('the inspector answers', () =>
      fetch(`http://127.0.0.1:${port}/json`).catch(() => undefined),
    )
    const [{ webSocketDebuggerUrl }] = (await answer.json()) as [{ webSocketDebuggerUrl: string }]
    const socket = new WebSocket(webSocketDebuggerUrl)
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve)
      socket.addEventListener('error', () => reject(new Error('the inspector refuses')))
    })
    const inspector = new Inspector(socket)
    await inspector.#ask('', 'NodeWorker.enable', { waitForDebuggerOnStart: false })
    return inspector
  }

  /** Collects the garbage of every thread and says what each holds then; the main thread is `main`. */
  async heaps(): Promise<Record<string, Heap>> {
    const heaps: Record<string, Heap> = {}
    for (const [session, name] of [['', 'main'] as const, ...this.#workers]) {
      await this.#ask(session, 'HeapProfiler.collectGarbage')
      const { result } = await this.#ask(session, 'Runtime.evaluate', READ)
      const heap = JSON.parse(result?.result?.value ?? '{}') as Heap
      const before = heaps[name]
      heaps[name] = before ? sum(before, heap) : heap // the media workers together
    }
    return heaps
  }

  close(): void {
    this.#socket.close()
  }

  #ask(session: string, method: string, params: object = {}): Promise<Answer> {
    const id = ++this.#asked
    const message = JSON.stringify({ id, method, params })
    const answered = new Promise<Answer>((resolve) => this.#waiting.set(`${session} ${id}`, resolve))
    if (session === '') this.#socket.send(message)
    else
      this.#socket.send(
        JSON.stringify({
          ...{ id: ++this.#asked, method: 'NodeWorker.sendMessageToWorker' },
          params: { sessionId: session, message },
        }),
      )
    return answered
  }

  #hear(session: string, { id, method, params, ...answer }: Answer): void {
    if (id !== undefined) {
      this.#waiting.get(`${session} ${id}`)?.(answer)
      this.#waiting.delete(`${session} ${id}`)
    } else if (!params) return
    else if (method === 'NodeWorker.receivedMessageFromWorker') this.#hear(params.sessionId, JSON.parse(params.message))
    else if (method === 'NodeWorker.attachedToWorker')
      this.#workers.set(params.sessionId, params.workerInfo.url.split('/').slice(-2).join('/'))
    else if (method === 'NodeWorker.detachedFromWorker') this.#workers.delete(params.sessionId)
  }
}

function sum(one: Heap, other: Heap): Heap {
  return {
    heapUsed: one.heapUsed + other.heapUsed,
    external: one.external + other.external,
    arrayBuffers: one.arrayBuffers + other.arrayBuffers,
    rss: other.rss,
  }
}
