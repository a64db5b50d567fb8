import { execa } from "execa";
import * as semver from "semver";

import { type Release, isPulumiVersion } from "../../images/gitTag";
import { Fault } from "../../lib/errors";
import type { ImageInputs } from "./pulumiPreview";

/** A resource in a stack's exported state, as far as it is read here. */
interface Resource {
  readonly type: string;
  readonly inputs?: ImageInputs;
}

/** Reads what the selected stack has released last from its state, secrets left encrypted. */
export async function readLastReleased(stack: Release["stack"], folder: string): Promise<Release> {
  const { stdout } = await execa("pulumi", ["stack", "export", "--non-interactive"], { cwd: folder });
  const { deployment } = JSON.parse(stdout) as { deployment?: { resources?: readonly Resource[] } };
  return lastReleased(stack, deployment?.resources ?? []);
}

/**
 * Finds what a stack has released last: a review previews that, so that only changes of the checkout show. If a release
 * ended halfway, that is the newest version.
 * @throws {Fault} if nothing was released
 */
export function lastReleased(stack: Release["stack"], resources: readonly Resource[]): Release {
  const images = resources.flatMap(({ type, inputs }): Release[] => {
    const pulumiVersion = inputs?.buildArgs?.["PULUMI_VERSION"] ?? "";
    const tag = inputs?.tags?.[0]?.replace(/^.*:/, "");
    const isImage = type === "docker-build:index:Image" && tag !== undefined && isPulumiVersion(pulumiVersion);
    return isImage ? [{ stack, pulumiVersion, tag }] : [];
  });
  const [newest] = images.sort((a, b) => semver.rcompare(a.pulumiVersion, b.pulumiVersion));
  if (newest !== undefined) return newest;
  const form = stack === "dev" ? "dev-vX.Y.Z" : "vX.Y.Z";
  throw new Fault(`Stack ${stack} has released nothing to compare with. Push a tag ${form}.`);
}
