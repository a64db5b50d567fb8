import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";

import { Fault } from "../../lib/errors";
import { readJson, writeJson } from "../../lib/json";

/**
 * The port of a service on the loopback interface. A free one is chosen once and kept for the folder, because published
 * references contain it. An environment variable may override it.
 */
export async function portOf(service: string, folder: string, variable = ""): Promise<number> {
  const file = join(folder, "ports.json");
  const ports = readJson<Record<string, number>>(file) ?? {};
  const given = process.env[variable];
  if (given !== undefined && (!/^[1-9]\d*$/.test(given) || Number(given) > 65535)) {
    throw new Fault(`${variable} "${given}" is not a port. Use a number from 1 to 65535.`);
  }
  const port = Number(given ?? ports[service] ?? (await freePort()));
  writeJson(file, { ...ports, [service]: port });
  return port;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await once(server.close(), "close");
  return port;
}
