import { type Server, createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** A web server on the loopback interface that answers from a table; what is not in it is answered with 404. */
export async function serve(
  answers: Readonly<Record<string, string | number>>,
): Promise<{ url: string; server: Server }> {
  const server = createServer((request, response) => {
    const answer = answers[request.url ?? ""] ?? 404;
    response.statusCode = typeof answer === "number" ? answer : 200;
    response.end(typeof answer === "number" ? "" : answer);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}
