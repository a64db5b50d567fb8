import { readFileSync, writeFileSync } from "node:fs";
import { type Server, createServer, setGlobalProxyFromEnv } from "node:http";
import { type AddressInfo, type Socket, connect } from "node:net";
import { delimiter, join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";

import { hash } from "bcryptjs";

import type { Credentials } from "../../lib/oci/repositoryClient";
import { stopDaemon } from "../../local/native/daemon";
import { folder as localFolder } from "../../local/folder";
import { portOf } from "../../local/native/ports";
import { startBuildKit } from "../../local/native/buildKit";
import { startRegistry } from "../../local/native/registry";
import { accountVariable, changeAccount, readAccount } from "./aws/account";
import { makeCertificates } from "../helpers/certificates";
import type { Place } from "../helpers/scratch";

const host = "public.ecr.aws";

/**
 * A fake of ECR Public under its own name: a registry with TLS and a password. pulumi, the provider, BuildKit and this process
 * reach it through a proxy for public.ecr.aws, so that the program and its repositories' URIs are those of a real release.
 */
export class EcrPublic {
  private constructor(
    private readonly place: Place,
    private readonly proxy: Server,
    private readonly restore: () => void,
    /** The environment variables of a program that should reach it. */
    readonly env: NodeJS.ProcessEnv,
    readonly credentials: Credentials,
  ) {}

  /** Starts it, and BuildKit again with the proxy. */
  static async start(place: Place, password: string): Promise<EcrPublic> {
    const { environment, folder } = place;
    const users = await writeUsers(folder, password);
    const { authority, ...server } = await makeCertificates(folder, [host]);
    const known = getCACertificates("default");
    setDefaultCACertificates([...known, readFileSync(authority, "utf8")]);
    const port = await portOf("registry", folder);
    await startRegistry(environment.tools, folder, {
      tls: server,
      auth: { htpasswd: { realm: "registry", path: users } },
    });
    const proxy = await startProxy(port);
    const bundle = join(folder, "authorities.pem");
    writeFileSync(bundle, [...getCACertificates("default")].join("\n"));
    const HTTPS_PROXY = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const NO_PROXY = "localhost,127.0.0.1";
    const routes = { HTTPS_PROXY, NO_PROXY, SSL_CERT_FILE: bundle };
    const restoreProxy = setGlobalProxyFromEnv({ https_proxy: HTTPS_PROXY, no_proxy: NO_PROXY });
    const restore = () => {
      restoreProxy();
      setDefaultCACertificates(known);
    };
    const { tools, platforms } = environment;
    await startBuildKit(tools, localFolder, { platforms, env: routes });
    const env = { ...routes, NODE_USE_ENV_PROXY: "1", NODE_EXTRA_CA_CERTS: bundle };
    return new EcrPublic(place, proxy, restore, env, { username: "AWS", password });
  }

  /** Creates an AWS account, and returns the environment variables of a program that is logged in to it. */
  account(alias: string, repositories: Readonly<Record<string, unknown>> = {}): NodeJS.ProcessEnv {
    const file = this.accountFile(alias);
    changeAccount(file, { alias, password: this.credentials.password, repositories });
    const path = [join(__dirname, "aws"), this.place.environment.env["PATH"]].join(delimiter);
    return { ...this.place.environment.env, ...this.env, PATH: path, [accountVariable]: file };
  }

  /** Lets an account issue another password, which the registry need not accept. */
  givePassword(alias: string, password: string): void {
    changeAccount(this.accountFile(alias), { password });
  }

  /** Lets the registry accept another password. */
  async takePassword(password: string): Promise<void> {
    await writeUsers(this.place.folder, password);
  }

  /** The repositories of an account, with their catalogue data. */
  repositories(alias: string): Readonly<Record<string, unknown>> {
    return readAccount(this.accountFile(alias)).repositories;
  }

  /** Stops it, and BuildKit too: the next set-up starts it without the proxy. */
  async stop(): Promise<void> {
    const { folder } = this.place;
    this.restore();
    this.proxy.close();
    this.proxy.closeAllConnections();
    await stopDaemon("registry", folder);
    await stopDaemon("buildkit", localFolder);
  }

  private accountFile(alias: string): string {
    return join(this.place.folder, `account-${alias}.json`);
  }
}

/** Writes the registry's users, which it reads again when they change. */
async function writeUsers(folder: string, password: string): Promise<string> {
  const users = join(folder, "htpasswd");
  writeFileSync(users, `AWS:${await hash(password, 5)}\n`);
  return users;
}

/** A proxy that connects public.ecr.aws to a port of this machine, and every other host to itself. */
async function startProxy(port: number): Promise<Server> {
  const proxy = createServer();
  proxy.on("connect", ({ url = "" }, client: Socket) => {
    const [name = "", wanted = "443"] = url.split(":");
    const server = name === host ? connect(port, "127.0.0.1") : connect(Number(wanted), name);
    server.on("connect", () => {
      client.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      server.pipe(client).pipe(server);
    });
    server.on("error", () => client.destroy());
    client.on("error", () => server.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  return proxy;
}
