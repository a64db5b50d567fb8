import { existsSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import { inFolder } from "./folder";

/** The folder for the CA certificates of this machine's network, laid out as an image has them. */
export async function copyCertificates(): Promise<string | undefined> {
  const bundle = process.env["SSL_CERT_FILE"] ?? "/etc/ssl/certs/ca-certificates.crt";
  if (!existsSync(bundle)) return undefined;
  const folder = inFolder("certificates");
  const copy = join(folder, "etc", "ssl", "certs", "ca-certificates.crt");
  const text = readFileSync(bundle);
  if (existsSync(copy) && readFileSync(copy).equals(text)) return folder;
  await mkdir(dirname(copy), { recursive: true });
  await writeFile(copy, text);
  return folder;
}
