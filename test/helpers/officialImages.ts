import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

import { execa } from "execa";

import { officialImages } from "../../local/offline/bases";
import { catalogue } from "../../images/catalogue";
import { readFile } from "./checkoutFiles";
import type { Place } from "./scratch";

/** The images that a release of yaml with Docker pulls, as they are pinned, by their path on Docker Hub. */
export interface OfficialImage {
  readonly path: string;
  readonly tag: string;
  /** The digest of what is served instead. */
  readonly digest: string;
}

/** The tag of an image in compose.yaml. */
function composeTag(image: string): string {
  const [, tag] = new RegExp(`image: ${image}:([^@]+)@`).exec(readFile("compose.yaml")) ?? [];
  assert.ok(tag !== undefined, image);
  return tag;
}

/**
 * Pushes images with the names and tags of those that compose.yaml and the Dockerfiles pin, but made from the project's own
 * programs and substitutes: the official ones cannot be pulled on every machine.
 */
export async function pushOfficialImages(place: Place, registry: string): Promise<OfficialImage[]> {
  const { tools, bases, buildKit } = place.environment;
  const build = async (path: string, tag: string, lines: readonly string[], files: readonly string[]) => {
    const folder = join(place.folder, "official", basename(path));
    mkdirSync(folder, { recursive: true });
    for (const file of files) copyFileSync(file, join(folder, basename(file)));
    writeFileSync(join(folder, "Dockerfile"), lines.join("\n"));
    const output = `--output=type=image,name=${registry}/${path}:${tag},push=true,oci-mediatypes=true`;
    const metadata = join(folder, "metadata.json");
    const context = [`--local=context=${folder}`, `--local=dockerfile=${folder}`];
    const debian = bases["debian"] === undefined ? [] : [`--opt=context:debian=${bases["debian"]}`];
    const args = [`--addr=${buildKit}`, "build", "--frontend=dockerfile.v0", ...context, ...debian, output];
    await execa(tools.buildctl, [...args, `--metadata-file=${metadata}`]);
    const { "containerimage.digest": digest = "" } = JSON.parse(readFileSync(metadata, "utf8")) as Record<
      string,
      string
    >;
    return { path, tag, digest };
  };
  const [name = ""] = [...officialImages(catalogue.filter(({ name: language }) => language === "yaml")).keys()];
  const [debian = "", debianTag = ""] = (name.split("@")[0] ?? "").split(":");
  const from = bases["debian"] === undefined ? `FROM ${name}` : "FROM debian";
  const registryConfig = join(place.folder, "config.yml");
  const config = {
    version: "0.1",
    storage: { filesystem: { rootdirectory: "/var/lib/registry" } },
    http: { addr: ":5000" },
  };
  writeFileSync(registryConfig, JSON.stringify(config));
  const library = (await execa("ldd", [tools.runc])).stdout.match(/\S+libseccomp\.so\.2/g)?.at(-1) ?? "";
  return [
    await build(`library/${debian}`, debianTag, [from], []),
    await build(
      "library/registry",
      composeTag("registry"),
      [
        ...["FROM scratch", "COPY registry /bin/registry", "COPY config.yml /etc/distribution/config.yml"],
        'ENTRYPOINT ["/bin/registry", "serve", "/etc/distribution/config.yml"]',
      ],
      [tools.registry, registryConfig],
    ),
    await build(
      "moby/buildkit",
      composeTag("moby/buildkit"),
      [from, "COPY libseccomp.so.2 /usr/lib/", "COPY buildkitd buildctl runc /usr/bin/", 'ENTRYPOINT ["buildkitd"]'],
      [tools.buildkitd, tools.buildctl, tools.runc, library],
    ),
  ];
}
