import { type IncomingMessage, type Server, createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** Status, headers and body of a response; 200, none and empty by default. */
export interface FullAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | ArrayBufferView;
}

/** Answers a request; undefined leaves it without a response. */
type Handler = (request: IncomingMessage) => FullAnswer | undefined | Promise<FullAnswer | undefined>;

/** The response for a path: a body, a status, or a function of the request. */
export type Answer = string | number | Handler;

/**
 * Starts a web server on the loopback interface. It need not be closed: mocha exits after the last test.
 * @param answers responses by path, any other path is a 404; or a function that answers every request
 */
export async function serve(
  answers: Readonly<Record<string, Answer>> | Handler,
): Promise<{ url: string; server: Server }> {
  const answer = async (request: IncomingMessage): Promise<FullAnswer | undefined> => {
    const own = typeof answers === "function" ? answers : (answers[(request.url ?? "").replace(/\?.*$/, "")] ?? 404);
    if (typeof own === "function") return own(request);
    return typeof own === "number" ? { status: own } : { body: own };
  };
  const server = createServer((request, response) => {
    void answer(request).then((full) => full && response.writeHead(full.status ?? 200, full.headers).end(full.body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

/** Answers requests with these responses in order; the last one repeats. */
export function inOrder(...answers: FullAnswer[]): () => FullAnswer {
  return () => (answers.length > 1 ? answers.shift() : answers[0]) ?? {};
}

/** A URL on the loopback interface that refuses connections. */
export async function closedUrl(): Promise<string> {
  const { url, server } = await serve({});
  await new Promise((resolve) => server.close(resolve));
  return url;
}
