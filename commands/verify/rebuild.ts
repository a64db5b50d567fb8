import { mkdirSync, mkdtempDisposableSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { PassThrough } from "node:stream";

import * as pulumi from "@pulumi/pulumi";
import { LocalWorkspace } from "@pulumi/pulumi/automation";

import { type ReadRelease, readArchives } from "../../images/archive";
import type { Config } from "../../images/config";
import { scriptsContext } from "../../images/dockerfile";
import { getPulumiRelease } from "../../images/pulumiRelease";
import { repositoryUri } from "../../images/repositoryUri";
import { RunnerImage } from "../../images/runnerImage";
import { commandLine } from "../../lib/command";
import { Fault, messageOf } from "../../lib/errors";
import { log } from "../../lib/log";
import { RepositoryClient } from "../../lib/oci/repositoryClient";
import { createFilter } from "../buildOutput";
import { collectCauses } from "../failureCauses";
import type { ImageReference } from "./compare";
import type { RebuildTarget } from "./targets";

/** The checkout whose Dockerfiles are built. */
export const checkout = join(__dirname, "..", "..");

type Settings = "builder" | "bases" | "debianSnapshots" | "pulumiReleases" | "signatures";

/** How images are rebuilt, and where they are pushed. */
export interface Workplace extends Pick<Config, Settings> {
  /** An existing folder for temporary files. */
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  /** host[:port][/path]: the builder pushes there, and this process reads there. */
  readonly registry: string;
}

/**
 * Rebuilds images from this checkout's Dockerfiles, without any cache, for the version and the platforms of each. The
 * program's own RunnerImage does it, in a stack without smoke tests: inputs and export are those of a release.
 * @throws {Fault} if Pulumi's release is not available or if a build fails
 */
export async function rebuild(targets: readonly RebuildTarget[], place: Workplace): Promise<ImageReference[]> {
  const releases = await getReleases(targets, place);
  const declare = () => targets.map((target, index) => declareRebuild(target, releases[index]!, place));
  const digests = await runOnce(place, declare);
  return targets.map(({ language }, index) => ({
    source: new RepositoryClient(repositoryOf(language.name, place)),
    digest: digests[index] ?? "",
  }));
}

/** Pulumi's release for each image. Fetched once for images of the same version and platforms. */
function getReleases(targets: readonly RebuildTarget[], place: Workplace): Promise<ReadRelease[]> {
  const fetched = new Map<string, Promise<ReadRelease>>();
  const source = { ...place, warn: (sentence: string) => log("warning", sentence) };
  const releases = targets.map(({ version, platforms }) => {
    const key = [version, ...platforms].join();
    const release =
      fetched.get(key) ?? getPulumiRelease(version, platforms, source).then((found) => readArchives(found));
    fetched.set(key, release);
    return release;
  });
  return Promise.all(releases);
}

function repositoryOf(language: string, { registry }: Workplace): string {
  return repositoryUri({ registry, alias: "" }, language);
}

/** Declares the build of one image without cache. Returns its digest. */
export function declareRebuild({ language, platforms }: RebuildTarget, release: ReadRelease, place: Workplace) {
  const config = { ...place, platforms, cache: undefined, layers: undefined, crossCompile: false };
  const repository = pulumi.output(repositoryOf(language.name, place));
  const args = { language, config, release, dependencies: [], repository, credentials: undefined, pushesAgain: 0 };
  const withoutCache: pulumi.ResourceTransformation = ({ type, props, opts }) =>
    type === "docker-build:index:Image" ? { props: { ...props, noCache: true }, opts } : undefined;
  return new RunnerImage(language.name, args, { transformations: [withoutCache] }).digest;
}

/** Runs `pulumi up` on a stack with its own state, and removes both. Nothing that the program created is destroyed. */
async function runOnce({ folder, env }: Workplace, declare: () => pulumi.Output<string>[]): Promise<string[]> {
  using temporary = mkdtempDisposableSync(join(folder, "rebuild-"));
  const workDir = temporary.path;
  mkdirSync(join(workDir, "state"));
  // Build contexts are paths in the program's folder.
  const [dockerfiles = ""] = scriptsContext.split("/");
  symlinkSync(join(checkout, dockerfiles), join(workDir, dockerfiles));
  // The Automation API looks for pulumi only on the PATH of its own process.
  process.env["PATH"] = env["PATH"] ?? process.env["PATH"];
  // Whatever stack `env` selects.
  const own = { PULUMI_STACK: "", PULUMI_OPTION_CONFIG_FILE: "", PULUMI_CONFIG_PASSPHRASE: "rebuild" };
  const envVars = { ...env, ...own, PULUMI_BACKEND_URL: `file://${join(workDir, "state")}` };
  const program = () => Promise.resolve({ digests: declare() });
  const options = { stackName: "rebuild", projectName: "runner-pulumi", program };
  const stack = await LocalWorkspace.createStack(options, { workDir, envVars });
  const output = new PassThrough();
  const filter = createFilter();
  createInterface(output).on("line", (line) => filter(line).forEach((shown) => console.error(shown)));
  const up = stack.up({ onOutput: (chunk) => output.write(chunk), suppressProgress: true });
  const { outputs } = await up.catch((error: unknown) => {
    const causes = collectCauses({});
    // The error of a pulumi command contains its complete output.
    for (const line of messageOf(error).split("\n")) causes.add(line);
    const otherwise = `Correct what the log above names, then run the same command again: ${commandLine()}`;
    const [first = otherwise, ...others] = causes.sentences();
    throw new Fault(["The images could not be rebuilt, see above. No tag has moved.", first, ...others].join("\n"));
  });
  return outputs["digests"]?.value as string[];
}
