import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { delimiter, join } from "node:path";

import { execa } from "execa";

import { Fault } from "../../lib/errors";
import { inFolder } from "../folder";
import { log } from "../../lib/log";

/** A Debian package that may have a program, and what the program is called there. */
export interface DebianSource {
  readonly debianPackage: string;
  readonly program: string;
}

/**
 * Finds a program on PATH, else takes it from the first Debian package that has it, unpacked into the folder: the
 * system's own packages stay as they are. Throws a Fault where none has it.
 */
export async function ensureDebianProgram(
  name: string,
  why: string,
  sources: readonly DebianSource[] = [{ debianPackage: name, program: name }],
): Promise<string> {
  const onPath = findOnPath(name);
  if (onPath !== undefined) return onPath;
  const program = ({ debianPackage, program: file }: DebianSource) => join(rootOf(debianPackage), "usr", "bin", file);
  const reasons: string[] = [];
  for (const source of sources) {
    const { debianPackage } = source;
    const reason = existsSync(rootOf(debianPackage)) ? undefined : await download(debianPackage, name);
    if (existsSync(program(source))) return program(source);
    // Another release of Debian may have no such package, or one that only links to the program's.
    reasons.push(reason ?? `${debianPackage} does not hold it.`);
  }
  const packages = sources.map(({ debianPackage }) => debianPackage).join(" or ");
  throw new Fault(
    `${name} is not on PATH and cannot be had from Debian's packages. ${why}. Install ${packages} and retry.` +
      `\n${reasons.join("\n")}`,
  );
}

function rootOf(debianPackage: string): string {
  return inFolder("tools", "debian", debianPackage);
}

/** Unpacks a Debian package into the folder, or says why it cannot be had. */
async function download(debianPackage: string, name: string): Promise<string | undefined> {
  log(debianPackage, `${name} is not on PATH: taking it from this Debian package`);
  const folder = inFolder("tools", "debian", "download");
  await mkdir(join(folder, "lists", "partial"), { recursive: true });
  await mkdir(join(folder, "archives", "partial"), { recursive: true });
  const own = ["-o", `Dir::State::lists=${folder}/lists`, "-o", `Dir::Cache=${folder}`, "-o", "APT::Sandbox::User="];
  await execa("apt-get", [...own, "-qq", "update"], { reject: false });
  const got = await execa("apt-get", [...own, "-qq", "download", debianPackage], {
    cwd: folder,
    reject: false,
    all: true,
  });
  const file = (await readdir(folder)).find((entry) => entry.startsWith(`${debianPackage}_`));
  if (got.failed || file === undefined) return got.all ?? got.shortMessage;
  await unpack(join(folder, file), rootOf(debianPackage));
  await rm(folder, { recursive: true, force: true });
  return undefined;
}

/** Unpacks a Debian package into a folder, which is there with all of it or not at all. */
export async function unpack(file: string, root: string): Promise<void> {
  const unfinished = `${root}.unfinished`;
  for (const folder of [unfinished, root]) await rm(folder, { recursive: true, force: true });
  await execa("dpkg", ["--extract", file, unfinished]);
  await rename(unfinished, root);
}

/** The program's path, or undefined where it is not on PATH. */
export function findOnPath(program: string): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return folders.map((folder) => join(folder, program)).find((path) => existsSync(path));
}
