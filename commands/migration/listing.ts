import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { Fault } from "../../lib/errors";
import { readImages } from "../../lib/oci/image";
import { type Builder, readBuild } from "../builder";
import { reading } from "../inventory/servedImages";
import type { Listing } from "./comparison";

/** The lists are of this platform. Another one has other names only for the compiler's tools. */
export const platform = "linux/amd64";

// A relative folder of PATH has no commands of the image.
const list = `
IFS=:
for folder in $PATH; do
  case $folder in
    /*) for file in "$folder"/*; do if [ -f "$file" ] && [ -x "$file" ]; then echo "\${file##*/}"; fi; done ;;
  esac
done >/tmp/commands`;

/** Reads an image's config and runs it, offline, to list its commands. @throws {Fault} if it is missing or cannot be run */
export async function readListing(builder: Builder, repository: string, tag: string): Promise<Listing> {
  const { digest, config = {} } = await reading(repository, async (client) => {
    const found = await client.digest(tag);
    const images = found === undefined ? [] : await readImages(client, found);
    const image = images.find((candidate) => candidate.platform === platform);
    if (image === undefined) throw new Fault(`tag ${tag} has no image for ${platform}`);
    return { digest: image.digest, config: image.config.config };
  });
  const reference = `${repository}@${digest}`;
  // The quoted word keeps BuildKit from replacing variables.
  const inline = `FROM ${reference} AS listed
RUN --network=none <<'LIST'${list}
LIST
FROM scratch AS commands
COPY --from=listed /tmp/commands /
`;
  const build = { title: reference, platform, inputs: { dockerfile: { inline }, target: "commands" } } as const;
  const lines = await readBuild(builder, build, "files", (folder) => readFile(join(folder, "commands"), "utf8"));
  const env = (config.Env ?? []).map((entry) => entry.split(/=(.*)/s, 2) as [string, string]);
  const settings = env.map(([name, text]): [string, string] => [`ENV ${name}`, text]).sort();
  return {
    settings: { ...Object.fromEntries(settings), USER: config.User ?? "", WORKDIR: config.WorkingDir ?? "" },
    commands: [...new Set(lines.trimEnd().split("\n"))].sort(),
  };
}
