import assert from "node:assert/strict";
import { once } from "node:events";
import { chmod, copyFile, mkdir, readFile } from "node:fs/promises";
import { createServer as createHttpsServer } from "node:https";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { pipeline } from "node:stream";

import { execa } from "execa";

import { inFolder as localFolder } from "../../local/folder";
import { signCertificate } from "../contract/authority";
import { workspaceOf } from "../contract/checks/programs";
import { type Program, passed, runPhases } from "../contract/phases";
import type { RuncBox } from "../contract/runcBox";
import { assertSucceeded } from "../helpers/assertRun";
import { readFile as readDocs } from "../helpers/checkoutFiles";
import { openBox, pushDerived } from "../helpers/derivedImage";
import { Scratch } from "../helpers/scratch";

const [, section = ""] = /^## Derive an image$([^]*?)^## /m.exec(readDocs("docs/images.md")) ?? [];
const [forWorker = "", forAnyUser = ""] = [...section.matchAll(/^```dockerfile\n([^]*?)^```$/gm)].map(
  ([, dockerfile]) => dockerfile,
);
const [, version = ""] = /resource docker-build (\S+)/.exec(section) ?? [];
const pulumiServer = { host: "get.pulumi.com", address: "127.0.0.2" };

/**
 * The Dockerfiles of docs/images.md as a user copies them, except:
 * - FROM names the image that was released here, and the build trusts what this machine trusts.
 * - get.pulumi.com is a fake: it serves the real plugin, with which this machine releases.
 * - BuildKit, which the plugin uses, runs on this machine. Phases have its socket, but no network.
 */
describe("an image derived as docs/images.md shows", () => {
  let scratch: Scratch;
  let released: string;
  const boxes: RuncBox[] = [];

  before(async () => {
    scratch = await Scratch.start(["3.66.0"], undefined, ["python"]);
    assertSucceeded(await scratch.up({ pulumiVersion: "3.66.0", tag: "v3.66.0" }));
    released = `${scratch.repository("python")}:v3.66.0`;
    await mkdir(inFolder("network"));
    const { certificates } = scratch.place.environment.bases;
    if (certificates !== undefined) {
      await copyFile(join(certificates, "etc/ssl/certs/ca-certificates.crt"), inFolder("network", "machine.pem"));
    }
    await servePlugin();
    await relayBuildKit();
  });
  after(async () => {
    for (const box of boxes) await box.close();
    await scratch?.stop();
  });

  const inFolder = (...names: string[]) => join(scratch.place.folder, ...names);

  /** Starts the fake of get.pulumi.com. */
  async function servePlugin(): Promise<void> {
    const { authority, certificate, key } = await signCertificate(scratch.place.folder, pulumiServer.host);
    await copyFile(authority, inFolder("network", "pulumi.pem"));
    const plugin = localFolder("pulumi", "plugins", `resource-docker-build-v${version}`);
    const archive = ["--create", "--gzip", `--directory=${plugin}`, "pulumi-resource-docker-build"];
    const { stdout } = await execa("tar", archive, { encoding: "buffer" });
    const tls = { cert: await readFile(certificate), key: await readFile(key) };
    const server = createHttpsServer(tls, ({ url = "" }, response) => {
      const found = url.startsWith(`/releases/plugins/pulumi-resource-docker-build-v${version}-linux-`);
      response.statusCode = found ? 200 : 404;
      response.end(found ? stdout : "");
    });
    await once(server.listen(443, pulumiServer.address), "listening");
  }

  /** Creates a socket of BuildKit to which every user may connect. */
  async function relayBuildKit(): Promise<void> {
    const address = scratch.place.environment.buildKit.replace("unix://", "");
    const server = createServer((client) => pipeline(client, connect(address), client, () => undefined));
    await once(server.listen(inFolder("buildkit.sock")), "listening");
    await chmod(inFolder("buildkit.sock"), 0o777);
  }

  /** Builds one of the Dockerfiles and opens the image. */
  async function derive(dockerfile: string, name: string): Promise<RuncBox> {
    const from = `FROM ${released} AS derived
USER root
RUN --mount=from=network,target=/run/network cat /run/network/* >>/etc/ssl/certs/ca-certificates.crt
USER 1983`;
    const reference = `${scratch.prefix}/derived/python:${name}`;
    const options = [`--opt=add-hosts=${pulumiServer.host}=${pulumiServer.address}`];
    const named = { network: { location: inFolder("network") } };
    await pushDerived(scratch, reference, dockerfile.replace(/^FROM .*/m, from), { named, options });
    return open(reference);
  }

  async function open(reference: string): Promise<RuncBox> {
    // These images differ in each run. Their files, a gigabyte each, are removed with the scratch.
    const box = await openBox(scratch, reference, undefined, inFolder("contract"));
    boxes.push(box);
    return box;
  }

  /** Runs a program that needs all that the image adds through all phases, without a network. */
  async function deploy(box: RuncBox, { env, ...options }: Partial<Program> = {}): Promise<string> {
    const workspace = await workspaceOf(box, "python/derived");
    if (options.user !== undefined) await execa("chown", ["--recursive", options.user, join(workspace, "source")]);
    const mounts = { "/run/buildkit.sock": inFolder("buildkit.sock") };
    const variables = { BUILDX_CONFIG: "/mnt/workspace/source/buildx", ...env };
    return runPhases(box, { workspace, mounts, env: variables, ...options });
  }

  it("runs a stack without a network in every phase", async () => {
    const box = await derive(forWorker, "worker");
    assert.equal(await deploy(box), passed("a page"));
    await assert.rejects(
      deploy(box, { env: { PULUMI_HOME: "/mnt/workspace/.pulumi" } }),
      /^Error: preview: .*docker-build/s,
    );
    await assert.rejects(deploy(box, { env: { HOME: "/tmp" } }), /^Error: preview: .*No module named 'pulumi/s);
  });

  it("runs it as an unknown uid and with a read-only root file system", async () => {
    const box = await derive(forAnyUser, "any-user");
    const env = { HOME: "/tmp", PULUMI_HOME: "/mnt/workspace/.pulumi" };
    assert.equal(await deploy(box, { user: "4242:4242", readOnly: true, env }), passed("a page"));
    assert.equal(await deploy(box), passed("a page"));
  });

  it("is needed: the released image lacks all of it", async () => {
    const box = await open(released);
    await assert.rejects(deploy(box), /^Error: preview: .*No module named 'pulumi/s);
    await assert.rejects(box.succeed("command -v rsync pulumi-resource-docker-build"));
  });
});
