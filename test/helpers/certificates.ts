import { join } from "node:path";

import { execa } from "execa";

import { ensureDebianProgram } from "../../local/install/debianProgram";

/** Makes a certificate for host names and 127.0.0.1, and the authority that signed it, in a folder. Returns their paths. */
export async function makeCertificates(
  folder: string,
  hosts: readonly string[],
): Promise<{ authority: string; certificate: string; key: string }> {
  const [authority, authorityKey] = [join(folder, "ca.pem"), join(folder, "ca.key")];
  const [certificate, key] = [join(folder, "cert.pem"), join(folder, "cert.key")];
  const openssl = await ensureDebianProgram("openssl", "A test's certificates are made with it");
  const request = ["req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-days", "2"];
  await execa(openssl, [...request, "-subj", "/CN=test authority", "-keyout", authorityKey, "-out", authority]);
  const alternatives = [...hosts.map((host) => `DNS:${host}`), "IP:127.0.0.1"].join();
  const names = ["-addext", `subjectAltName=${alternatives}`, "-addext", "basicConstraints=critical,CA:FALSE"];
  const signed = ["-CA", authority, "-CAkey", authorityKey, ...names];
  await execa(openssl, [...request, "-subj", `/CN=${hosts[0]}`, ...signed, "-keyout", key, "-out", certificate]);
  return { authority, certificate, key };
}
