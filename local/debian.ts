import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { delimiter, join } from "node:path";

import { execa } from "execa";

import { Fault } from "../ci/fault";
import { inFolder } from "./folder";
import { say } from "../ci/say";

/**
 * Finds a program on PATH, else takes it from its Debian package, unpacked into the folder: the system's own packages
 * stay as they are. Throws a Fault when neither has it.
 */
export async function ensureDebianProgram(name: string, why: string, debianPackage = name): Promise<string> {
  const onPath = findOnPath(name);
  if (onPath !== undefined) return onPath;
  const root = inFolder("tools", "debian", debianPackage);
  const program = join(root, "usr", "bin", name);
  if (existsSync(program)) return program;
  say(debianPackage, `not on PATH: taking it from its Debian package`);
  const download = inFolder("tools", "debian", "download");
  await mkdir(join(download, "lists", "partial"), { recursive: true });
  await mkdir(join(download, "archives", "partial"), { recursive: true });
  const own = [
    "-o",
    `Dir::State::lists=${download}/lists`,
    "-o",
    `Dir::Cache=${download}`,
    "-o",
    "APT::Sandbox::User=",
  ];
  await execa("apt-get", [...own, "-qq", "update"], { reject: false });
  const got = await execa("apt-get", [...own, "-qq", "download", debianPackage], {
    cwd: download,
    reject: false,
    all: true,
  });
  const file = (await readdir(download)).find((entry) => entry.startsWith(`${debianPackage}_`));
  if (got.failed || file === undefined) {
    throw new Fault(
      `${name} is not on PATH and cannot be had from Debian's packages. ${why}. Install ${debianPackage} and retry.` +
        `\n${got.all ?? got.shortMessage}`,
    );
  }
  await unpack(join(download, file), root);
  await rm(download, { recursive: true, force: true });
  return program;
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
