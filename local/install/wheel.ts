import { readFileSync } from "node:fs";

import { execa } from "execa";

import { Fault } from "../../lib/errors";
import { withProgress } from "../../lib/log";
import { fillFolderOnce } from "./fillFolder";

/** A Python package whose wheel holds a program. */
export interface WheelInstall {
  /** The program's name in messages. */
  readonly title: string;
  /** The path of a requirements.txt that pins the wheel by version and hash. */
  readonly requirements: string;
  /** The folder for the package. It holds nothing else. */
  readonly output: string;
}

/**
 * Installs a wheel with pip, unless the output folder already holds it, installed from the same requirements.
 * @throws {Fault} if there is no python3 with pip, or if the wheel is not available or has another hash
 */
export async function installWheel({ title, requirements, output }: WheelInstall): Promise<void> {
  await fillFolderOnce(output, readFileSync(requirements, "utf8"), async (folder) => {
    await requirePip(title);
    await withProgress(title, "installing its wheel", () => download(title, requirements, folder));
  });
}

async function download(title: string, requirements: string, target: string): Promise<void> {
  const pinned = ["--no-deps", "--require-hashes", "--only-binary=:all:"];
  const result = await pip("install", "--quiet", ...pinned, "--target", target, "--requirement", requirements);
  if (!result.failed) return;
  const end = result.all.split("\n").slice(-15).join("\n");
  throw new Fault(
    `Could not install ${title} from ${requirements}, which pins wheels by their hashes. If the network failed, ` +
      `retry. If this machine needs another wheel, add its hash.\n${end}`,
  );
}

async function requirePip(title: string): Promise<void> {
  const { failed } = await pip("--version");
  if (!failed) return;
  throw new Fault(`python3 with pip is not on PATH and is needed to install ${title}. Install python3-pip and retry.`);
}

function pip(...args: string[]) {
  // Override settings for a developer's own projects that contradict --target.
  const env = { PIP_REQUIRE_VIRTUALENV: "0", PIP_USER: "0" };
  return execa("python3", ["-m", "pip", ...args], { env, reject: false, all: true });
}
