import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";

import { Fault } from "../../lib/errors";
import { readJson, writeJson } from "../../lib/json";

/**
 * The port of a service on the loopback interface. A free one is chosen once and kept for the folder, because published
 * references contain it.
 * @param variable an environment variable that overrides it
 * @throws {Fault} if the variable is not a port
 */
export async function portOf(service: string, folder: string, variable?: string): Promise<number> {
  const file = join(folder, "ports.json");
  const ports = readJson<Record<string, number>>(file) ?? {};
  const given = variable === undefined ? undefined : process.env[variable];
  if (given !== undefined && !isPort(given)) {
    throw new Fault(`${variable} "${given}" is not a port. Use a number from 1 to 65535.`);
  }
  const port = given === undefined ? (ports[service] ?? (await freePort())) : Number(given);
  writeJson(file, { ...ports, [service]: port });
  return port;
}

function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65535;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
