// The part of the internet that a set-up and a release use, under its own names: DNS, TLS with an own authority, and sites.
import { createSocket } from "node:dgram";
import { readFileSync, writeFileSync } from "node:fs";
import {
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
  createServer,
  request as send,
} from "node:http";
import { createServer as createTlsServer } from "node:https";
import { isIPv4 } from "node:net";
import { getServers } from "node:dns";
import { join } from "node:path";
import { getCACertificates } from "node:tls";

import { decode, encode } from "dns-packet";
import { execa } from "execa";
import handler from "serve-handler";

import { makeCertificates } from "../helpers/certificates";

/** Answers the requests to a host. */
export type Site = RequestListener;

/** A web site of files. */
export function files(folder: string): Site {
  return (request, response) => void handler(request, response, { public: folder, cleanUrls: false });
}

/** What another server has, on this machine. */
export function forwardTo(server: string): Site {
  return (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const { method, url, headers } = incoming;
    const forwarded = send(`${server}${url}`, { method, headers }, (response) => {
      outgoing.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(outgoing);
    });
    forwarded.on("error", () => outgoing.destroy());
    incoming.pipe(forwarded);
  };
}

/** Redirects to a URL that depends on the path. */
export function redirect(to: (path: string) => string): Site {
  return ({ url = "" }, response) => response.writeHead(302, { location: to(url) }).end();
}

/** Hosts at an address of this machine, for programs that are started by `launcher`, and for containers. */
export class Internet {
  private constructor(
    private readonly folder: string,
    /** A bridge that has their address. */
    readonly device: string,
    /** The certificates that its programs trust. */
    readonly authorities: string,
    private readonly servers: readonly { close: () => unknown }[],
    /** The hosts that were asked for, by their requests. */
    readonly requests: readonly string[],
  ) {}

  /**
   * Starts it.
   * @param folder for its certificates, which other users must reach
   */
  static async start(folder: string, sites: Readonly<Record<string, Site>>): Promise<Internet> {
    // Two suites may run at the same time, each with its own: https://mochajs.org/features/parallel-mode
    const worker = Number(process.env["MOCHA_WORKER_ID"] ?? 0);
    const [address, device] = [`10.213.${worker}.1`, `pulumi-test${worker}`];
    await execa("ip", ["link", "delete", device], { reject: false });
    await execa("ip", ["link", "add", device, "type", "bridge"]);
    await execa("ip", ["address", "add", `${address}/24`, "dev", device]);
    await execa("ip", ["link", "set", device, "up"]);
    const { authority, certificate, key } = await makeCertificates(folder, Object.keys(sites));
    const authorities = join(folder, "authorities.pem");
    writeFileSync(authorities, [...getCACertificates("default"), readFileSync(authority, "utf8")].join("\n"));
    writeFileSync(join(folder, "resolv.conf"), `nameserver ${address}\n`);
    const requests: string[] = [];
    const answer: RequestListener = (request, response) => {
      const host = (request.headers.host ?? "").replace(/:\d+$/, "");
      requests.push(`${host}${request.url}`);
      const site = sites[host];
      if (site === undefined) response.writeHead(404).end();
      else site(request, response);
    };
    const pair = { cert: readFileSync(certificate), key: readFileSync(key) };
    const web = [[createServer(answer), 80] as const, [createTlsServer(pair, answer), 443] as const];
    for (const [server, port] of web) await new Promise<void>((done) => server.listen(port, address, done));
    const servers = [...web.map(([server]) => server), serveNames(address, Object.keys(sites))];
    return new Internet(folder, device, authorities, servers, requests);
  }

  /** A command that runs a program, whose command line follows, where these names are resolved. */
  launcher(...mounts: readonly (readonly [from: string, to: string])[]): string[] {
    const all = [[join(this.folder, "resolv.conf"), "/etc/resolv.conf"], ...mounts];
    const lines = all.map(([from, to]) => `mount --bind '${from}' '${to}'`);
    return ["unshare", "--mount", "sh", "-c", [...lines, 'exec "$@"'].join(" && "), "sh"];
  }

  async stop(): Promise<void> {
    for (const server of this.servers) server.close();
    await execa("ip", ["link", "delete", this.device]);
  }
}

/** Resolves names to an address, and asks this machine's own name server for all others. */
function serveNames(address: string, names: readonly string[]) {
  const socket = createSocket("udp4");
  const upstream = getServers().find(isIPv4) ?? "127.0.0.1";
  socket.on("message", (message, sender) => {
    const { id, questions = [] } = decode(message);
    const [question] = questions;
    const reply = (data: Uint8Array) => socket.send(data, sender.port, sender.address);
    if (question === undefined || !names.includes(question.name)) {
      const relay = createSocket("udp4");
      relay.on("message", (data) => {
        reply(data);
        relay.close();
      });
      relay.send(message, 53, upstream);
      return;
    }
    const { name, type } = question;
    const answers = type === "A" ? [{ name, type, data: address, ttl: 60 } as const] : [];
    reply(encode({ type: "response", id, flags: 0x180, questions, answers }));
  });
  socket.bind(53, address);
  return socket;
}
