import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { delimiter, join } from "node:path";

import { execa } from "execa";

import { Fault } from "../ci/fault";
import { inFolder } from "./folder";
import { say } from "../ci/say";

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
  for (const source of sources) {
    if (!existsSync(rootOf(source.debianPackage))) await download(source.debianPackage, name, why);
    // Not so where the package of another release of Debian only links to one that has the program.
    if (existsSync(program(source))) return program(source);
  }
  const packages = sources.map(({ debianPackage }) => debianPackage).join(", ");
  throw new Fault(`${name} is not on PATH, and not in Debian's ${packages}. ${why}. Install it and retry.`);
}

function rootOf(debianPackage: string): string {
  return inFolder("tools", "debian", debianPackage);
}

async function download(debianPackage: string, name: string, why: string): Promise<void> {
  say(debianPackage, `${name} is not on PATH: taking it from this Debian package`);
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
  if (got.failed || file === undefined) {
    throw new Fault(
      `${name} is not on PATH and cannot be had from Debian's packages. ${why}. Install ${debianPackage} and retry.` +
        `\n${got.all ?? got.shortMessage}`,
    );
  }
  await unpack(join(folder, file), rootOf(debianPackage));
  await rm(folder, { recursive: true, force: true });
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
