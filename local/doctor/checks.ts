import { existsSync } from "node:fs";

import { execa } from "execa";

import { whyUnavailable } from "../../lib/http";
import type { BackendName } from "../backend";
import { remedyFor } from "../docker/whyUnusable";
import { type Purpose, builderFolder, inFolder, measureDisk } from "../folder";
import { findOnPath } from "../install/debianProgram";
import { findCli } from "../pulumiCli";
import { officialReleases } from "../sources";

/** What was found out about a part of this machine. */
export interface Check {
  readonly part: string;
  /** `needed`: the command cannot run without it. `optional`: it does without. */
  readonly state: "there" | "needed" | "optional";
  /** What is there; or else what is missing and how to get it, a sentence. */
  readonly text: string;
}

/** What a command needs with a backend. Takes a fraction of a second. */
export async function checkNeeds(
  backend: BackendName,
  purpose: Purpose,
  platform: NodeJS.Platform = process.platform,
): Promise<Check[]> {
  const git = await checkProgram("git", "git", "needed", "Install git: it reads the repository's tags.");
  const common = [git, checkDisk(backend, purpose)];
  if (backend === "docker") return common;
  if (platform !== "linux") return [...common, { part: "Linux", state: "needed", text: "Use Docker instead." }];
  return [...common, checkRoot(), await checkGo(), checkApt()];
}

/** Docker, which no command needs. */
export function checkDocker(unusable: string | undefined): Check {
  const part = "Docker";
  if (unusable === undefined) return { part, state: "there", text: "it answers, with compose and buildx" };
  return { part, state: "optional", text: `${unusable}. ${remedyFor(unusable)}` };
}

/** What `make up` and `make lint` use if it is there, with any backend. */
export async function checkOptions(): Promise<Check[]> {
  const pip = checkProgram("pip", "python3", "optional", "Only make lint needs Python 3 with pip.");
  const sites = [
    { part: "Pulumi's releases", url: `${officialReleases}/`, instead: insteadOfReleases(process.platform) },
    { part: "Docker Hub", url: "https://registry-1.docker.io/v2/", instead: "Substitutes replace the base images." },
    { part: "Debian's snapshots", url: "http://snapshot.debian.org/", instead: "Today's packages are used." },
  ];
  return Promise.all([checkPulumi(), pip, ...sites.map(checkSite)]);
}

/** What happens if Pulumi's releases cannot be downloaded. They are built with Docker too. */
export function insteadOfReleases(platform: NodeJS.Platform): string {
  if (platform !== "linux") return "They are built only on Linux: make up needs it.";
  return findOnPath("go") === undefined
    ? "They are built then, with Go 1.26, which is not on PATH: https://go.dev/dl."
    : "They are built on this machine, with Go.";
}

async function checkProgram(part: string, program: string, otherwise: "needed" | "optional", text: string) {
  const { failed, stdout } = await execa(program, ["--version"], { reject: false, timeout: 2000 });
  return {
    part,
    ...(failed ? { state: otherwise, text } : { state: "there" as const, text: stdout.split("\n")[0] ?? "" }),
  };
}

function checkDisk(backend: BackendName, purpose: Purpose): Check {
  const { free, lack } = measureDisk(backend, purpose);
  if (lack !== undefined) return { part: "disk", state: "needed", text: lack };
  return { part: "disk", state: "there", text: `${free.toFixed(0)} GB free` };
}

function checkRoot(): Check {
  const uid = process.getuid?.();
  if (uid === 0) return { part: "root", state: "there", text: "this is root" };
  return {
    part: "root",
    state: "needed",
    text: `BuildKit needs root, but this is uid ${uid}. Run it with sudo, or use Docker.`,
  };
}

async function checkGo(): Promise<Check> {
  const { failed, stdout } = await execa("go", ["version"], { reject: false, timeout: 2000 });
  if (!failed) return { part: "Go", state: "there", text: stdout.replace("go version ", "") };
  const isBuilt = existsSync(builderFolder) && existsSync(inFolder("pulumi", "plugins"));
  const text = "Install Go 1.26 (https://go.dev/dl): it builds BuildKit and the registry. Docker needs none.";
  return { part: "Go", state: isBuilt ? "optional" : "needed", text };
}

function checkApt(): Check {
  if (findOnPath("apt-get") !== undefined)
    return { part: "apt-get", state: "there", text: "it provides what is missing" };
  const lacks = ["runc", "mmdebstrap"].filter((name) => findOnPath(name) === undefined);
  if (lacks.length === 0) return { part: "apt-get", state: "optional", text: "runc and mmdebstrap are on PATH." };
  return {
    part: "apt-get",
    state: "needed",
    text: `Install ${lacks.join(" and ")}: without apt, they must be on PATH.`,
  };
}

async function checkPulumi(): Promise<Check> {
  const { version, reason } = await findCli();
  if (version !== undefined) return { part: "Pulumi CLI", state: "there", text: `${version}, on PATH` };
  return { part: "Pulumi CLI", state: "optional", text: `${reason}. make up installs one into .local.` };
}

async function checkSite({ part, url, instead }: { part: string; url: string; instead: string }): Promise<Check> {
  const unavailable = await whyUnavailable(url, { timeout: 800, retries: 0 });
  const isReached = unavailable === undefined || unavailable.startsWith("it answers");
  if (isReached) return { part, state: "there", text: new URL(url).host };
  return { part, state: "optional", text: `${new URL(url).host} cannot be reached. ${instead}` };
}
