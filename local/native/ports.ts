import { once } from "node:events";
import { existsSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";

import { Fault } from "../../lib/errors";
import { readJson, writeJson } from "../../lib/json";
import { log } from "../../lib/log";

/**
 * The port of a service on the loopback interface. A free one is chosen once and kept for the folder, because published
 * references contain it. An environment variable may override it.
 */
export async function portOf(service: string, folder: string, variable = ""): Promise<number> {
  const file = join(folder, "ports.json");
  const ports = readPorts(file);
  const given = process.env[variable];
  if (given !== undefined && !isPort(given)) {
    throw new Fault(`${variable} "${given}" is not a port. Use a number from 1 to 65535.`);
  }
  const port = Number(given ?? ports[service] ?? (await freePort()));
  writeJson(file, { ...ports, [service]: port });
  return port;
}

function readPorts(file: string): Record<string, number> {
  const ports = readJson<unknown>(file);
  const isObject = typeof ports === "object" && ports !== null;
  if (isObject && Object.values(ports).every((port) => isPort(String(port)))) return ports as Record<string, number>;
  // The content is the same under another address, and so are the digests.
  if (existsSync(file)) log("ports", `${file} is damaged: other ports are chosen, which references contain`);
  return {};
}

function isPort(text: string): boolean {
  return /^[1-9]\d*$/.test(text) && Number(text) <= 65535;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await once(server.close(), "close");
  return port;
}
