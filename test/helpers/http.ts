import { type IncomingMessage, type Server, createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** What a path is answered with: a body, a status, or all of it by the request. */
export type Answer = string | number | ((request: IncomingMessage) => FullAnswer);

/** An answer in full. */
export interface FullAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/**
 * A web server on the loopback interface that answers from a table; what is not in it is answered with 404. A function
 * answers everything.
 */
export async function serve(
  answers: Readonly<Record<string, Answer>> | ((request: IncomingMessage) => FullAnswer),
): Promise<{ url: string; server: Server }> {
  const server = createServer((request, response) => {
    const answer = typeof answers === "function" ? answers : (answers[(request.url ?? "").replace(/\?.*$/, "")] ?? 404);
    const { status = 200, headers = {}, body = "" } = fullAnswer(answer, request);
    response.writeHead(status, headers).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

function fullAnswer(answer: Answer, request: IncomingMessage): FullAnswer {
  if (typeof answer === "function") return answer(request);
  return typeof answer === "number" ? { status: answer } : { body: answer };
}
