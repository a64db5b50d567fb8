import { existsSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import { inFolder } from "./folder";

/**
 * Copies the CA certificates of this machine's network, SSL_CERT_FILE or Debian's bundle, to where an image has them.
 * @returns the folder that replaces an image's root; undefined if there are no certificates
 */
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
