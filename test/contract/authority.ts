import { once } from "node:events";
import { copyFile, mkdir, readFile } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

import { execa } from "execa";

import { ensureDebianProgram } from "../../local/install/debianProgram";
import type { Box, RunOptions } from "./box";

/** A company's CA, and an HTTPS server that it signed. */
export interface Authority {
  /** The server on this machine, which answers every request with "trusted". It is an empty git repository, too. */
  readonly url: string;
  /** Runs a container with the CA mounted by the procedure that Spacelift documents. */
  readonly mounted: RunOptions;
  /** Runs a container as root in which `install` adds the CA to the system's store, as the Dockerfile of a derived image does. */
  readonly installed: RunOptions;
  readonly install: string;
}

const authorities = new WeakMap<Box, Promise<Authority>>();

/** Starts the server once per box. It ends with the process. */
export function companyAuthority(box: Box): Promise<Authority> {
  const authority = authorities.get(box) ?? startServer(box);
  authorities.set(box, authority);
  return authority;
}

async function startServer(box: Box): Promise<Authority> {
  const folder = await box.workspace();
  const { authority, certificate, key } = await signCertificate(folder);
  const server = createServer({ cert: await readFile(certificate), key: await readFile(key) }, (request, response) => {
    // A repository without branches: https://git-scm.com/docs/http-protocol#_smart_server_response
    response.end(request.url?.includes("/info/refs") ? "" : "trusted");
  });
  await once(server.listen(0, "127.0.0.1").unref(), "listening");
  const bundles = join(folder, "certs");
  await mkdir(bundles);
  await copyFile(authority, join(bundles, "ca-certificates.crt"));
  const file = "/usr/local/share/ca-certificates/company.crt";
  return {
    url: `https://localhost:${(server.address() as AddressInfo).port}`,
    mounted: { network: true, mounts: { "/etc/ssl/certs": bundles } },
    installed: { network: true, certificates: false, user: "0", mounts: { [file]: authority } },
    // Its warnings do not matter.
    install: 'found=$(update-ca-certificates 2>&1) || { echo "$found"; exit 1; }',
  };
}

/** Creates a CA, and the key and the certificate of a server at a host, in a folder. */
export async function signCertificate(folder: string, host = "localhost") {
  const path = (name: string) => join(folder, name);
  const openssl = await ensureDebianProgram("openssl", "The certificate of a company's server is made with it");
  const request = ["req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-days", "2"];
  const ca = ["-subj", "/CN=company's CA", "-addext", "keyUsage=critical,keyCertSign,cRLSign"];
  await execa(openssl, [...request, ...ca, "-keyout", path("ca.key"), "-out", path("ca.pem")]);
  const names = ["-addext", `subjectAltName=DNS:${host}`, "-addext", "basicConstraints=critical,CA:FALSE"];
  const signer = ["-CA", path("ca.pem"), "-CAkey", path("ca.key")];
  const server = ["-subj", `/CN=${host}`, ...names, "-keyout", path("server.key"), "-out", path("server.pem")];
  await execa(openssl, [...request, ...signer, ...server]);
  return { authority: path("ca.pem"), certificate: path("server.pem"), key: path("server.key") };
}
