import { existsSync } from "node:fs";
import { mkdir, readdir, rm } from "node:fs/promises";
import { delimiter, join } from "node:path";

import { execa } from "execa";

import { Fault, messageOf } from "../../lib/errors";
import { runStep } from "../../lib/runStep";
import { inFolder } from "../folder";
import { fillFolder } from "./fillFolder";

/**
 * Finds a program on PATH, or else unpacks the first Debian package that contains it into .local.
 * @param why what needs the program, as a sentence without its period
 * @param sources packages that may contain the program, and its name in each
 */
export async function ensureDebianProgram(
  name: string,
  why: string,
  sources = [{ debianPackage: name, program: name }],
): Promise<string> {
  const onPath = findOnPath(name);
  if (onPath !== undefined) return onPath;
  const reasons: string[] = [];
  for (const { debianPackage, program } of sources) {
    const root = inFolder("tools", "debian", debianPackage);
    const doing = `not on PATH: unpacking Debian's ${debianPackage} into .local`;
    const reason = existsSync(root) ? undefined : await runStep(name, doing, () => download(debianPackage, root));
    const path = join(root, "usr", "bin", program);
    if (existsSync(path)) return path;
    // In another release of Debian the package may not exist, or only link to another one's program.
    reasons.push(reason ?? `${debianPackage} does not contain it.`);
  }
  const packages = sources.map(({ debianPackage }) => debianPackage).join(" or ");
  throw new Fault(
    `${name} is not on PATH, and Debian's packages do not provide it. ${why}. Install ${packages} and retry.` +
      `\n${reasons.join("\n")}`,
  );
}

/** Returns why it failed. */
async function download(debianPackage: string, root: string): Promise<string | undefined> {
  const folder = inFolder("tools", "debian", "download");
  for (const list of ["lists", "archives"]) await mkdir(join(folder, list, "partial"), { recursive: true });
  const own = ["-o", `Dir::State::lists=${folder}/lists`, "-o", `Dir::Cache=${folder}`, "-o", "APT::Sandbox::User="];
  await execa("apt-get", [...own, "-qq", "update"], { reject: false });
  const options = { cwd: folder, reject: false, all: true } as const;
  const got = await execa("apt-get", [...own, "-qq", "download", debianPackage], options);
  const file = (await readdir(folder)).find((entry) => entry.startsWith(`${debianPackage}_`));
  if (got.failed || file === undefined) return got.all ?? got.shortMessage;
  const unpack = (unfinished: string) => execa("dpkg", ["--extract", join(folder, file), unfinished]);
  const reason = await fillFolder(root, unpack).then(() => undefined, messageOf);
  await rm(folder, { recursive: true, force: true });
  return reason;
}

/** The program's path; undefined if it is not on PATH. */
export function findOnPath(program: string): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return folders.map((folder) => join(folder, program)).find((path) => existsSync(path));
}
