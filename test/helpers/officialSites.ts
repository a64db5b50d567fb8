import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { readFileSync } from "node:fs";
import { hash } from "node:crypto";
import { dirname, join } from "node:path";

import { execa } from "execa";

import { archiveName, checksumsName, signatureName } from "../../images/pulumiRelease";
import { inFolder } from "../../local/folder";
import { toolModule } from "../../local/install/goBuild";
import { pinnedVersion } from "../../local/install/pins";
import { ownPlatform } from "../../local/native/platforms";
import { type Site, files, forwardTo, redirect } from "../fakes/internet";
import { Sigstore } from "../fakes/sigstore";
import type { Place } from "./scratch";

/** The sites that `make up` uses with Docker, by host. What they serve was built on this machine. */
export interface OfficialSites {
  readonly sites: Readonly<Record<string, Site>>;
  /** The first root of the fake of Sigstore: a checkout that trusts it accepts the signature of the CLI. */
  readonly trustRoot: string;
}

/** Prepares the sites in a folder: Docker Hub from a registry, Pulumi's downloads, GitHub's API, Sigstore, Debian's snapshots. */
export async function officialSites(place: Place, registry: string, version: string): Promise<OfficialSites> {
  const site = join(place.folder, "site");
  const releases = join(site, "releases", "sdk");
  mkdirSync(releases, { recursive: true });
  for (const name of [archiveName(version, ownPlatform()), checksumsName(version)]) {
    cpSync(join(inFolder("releases"), name), join(releases, name));
  }
  const sigstore = await Sigstore.start();
  await packCli(place, releases, sigstore);
  const plugin = await packPlugin(site);
  writeFileSync(join(site, "latest-version"), version);
  const download = files(site);
  const release = {
    tag_name: plugin.tag,
    assets: [{ name: plugin.name, url: `https://api.github.com/${plugin.name}` }],
  };
  return {
    trustRoot: sigstore.trust.tufRootPath ?? "",
    sites: {
      "registry-1.docker.io": forwardTo(`http://${registry}`),
      "get.pulumi.com": download,
      "www.pulumi.com": download,
      "api.github.com": (request, response) => {
        if (!request.url?.endsWith(`/releases/tags/${plugin.tag}`)) return void download(request, response);
        response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(release));
      },
      "tuf-repo-cdn.sigstore.dev": forwardTo(sigstore.trust.tufMirrorURL ?? ""),
      // Today's archive serves as a snapshot.
      "snapshot.debian.org": redirect((path) => `http://deb.debian.org${path.replace(/^\/archive|\/\d+T\d+Z/g, "")}`),
    },
  };
}

/** Packs the CLI of this machine as Pulumi publishes one, with checksum file and signature. */
async function packCli(place: Place, folder: string, sigstore: Sigstore): Promise<void> {
  const version = pinnedVersion(toolModule("pulumi"), "github.com/pulumi/pulumi/pkg/v3");
  const { stdout: cli } = await execa("sh", ["-c", "command -v pulumi"], { env: place.environment.env });
  const archive = archiveName(version, ownPlatform());
  const rename = "--transform=s,^,pulumi/,";
  const programs = ["pulumi", "pulumi-language-nodejs"];
  await execa("tar", ["--create", "--dereference", "--gzip", `--file=${join(folder, archive)}`, rename, ...programs], {
    cwd: dirname(cli),
  });
  const checksums = `${hash("sha256", readFileSync(join(folder, archive)))}  ${archive}\n`;
  writeFileSync(join(folder, checksumsName(version)), checksums);
  writeFileSync(join(folder, signatureName(version)), JSON.stringify(await sigstore.sign(checksums)));
}

/** Packs the docker-build plugin of this machine as its release on GitHub has it. */
async function packPlugin(folder: string) {
  const tag = `v${pinnedVersion(toolModule("builder"), "github.com/pulumi/pulumi-docker-build")}`;
  const name = `pulumi-resource-docker-build-${tag}-${ownPlatform().replace("/", "-")}.tar.gz`;
  const plugins = inFolder("pulumi", "plugins", `resource-docker-build-${tag}`);
  await execa("tar", ["--create", "--gzip", `--file=${join(folder, name)}`, "pulumi-resource-docker-build"], {
    cwd: plugins,
  });
  return { tag, name };
}
