import { type IncomingMessage, createServer, request as send } from "node:http";
import type { AddressInfo } from "node:net";

/** The tag that a request would move: that of a PUT of a manifest, unless it is one by digest. */
export function movedTag({ method, url = "" }: IncomingMessage): string | undefined {
  return method === "PUT" ? /\/manifests\/(?!sha256:)([^/]+)$/.exec(url)?.[1] : undefined;
}

type Admission = boolean | number;

/**
 * Starts a proxy in front of a registry. It is not closed: mocha exits after the last test.
 * @param registry host:port
 * @param admit asked before each request; false drops the connection, a number answers with that status
 * @param onUpload called with the number of bytes of each part of a request's body
 * @returns the address of the proxy, host:port
 */
export async function startRegistryProxy(
  registry: string,
  admit: (request: IncomingMessage) => Admission | Promise<Admission>,
  onUpload: (bytes: number) => void = () => undefined,
): Promise<string> {
  const server = createServer((incoming, outgoing) => {
    const forward = async () => {
      const admission = await admit(incoming);
      if (admission === false) return outgoing.destroy();
      if (admission !== true) return outgoing.writeHead(admission).end();
      const { method, url, headers } = incoming;
      const forwarded = send(`http://${registry}${url}`, { method, headers }, (response) => {
        outgoing.writeHead(response.statusCode ?? 502, response.headers);
        response.pipe(outgoing);
      });
      forwarded.on("error", () => outgoing.destroy());
      return incoming.on("data", (part: Buffer) => onUpload(part.length)).pipe(forwarded);
    };
    void forward();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `localhost:${(server.address() as AddressInfo).port}`;
}
