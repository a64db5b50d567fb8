import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { ExecaError, execa } from "execa";

import type { Platform } from "../../images/platform";
import { Fault, messageOf } from "../../lib/errors";
import { log } from "../../lib/log";
import { ensureDebianProgram } from "../offline/debian";
import { ownPlatform } from "./ownPlatform";

/** What QEMU, and after it the kernel, calls the emulator of a platform. */
const emulators: Readonly<Record<Platform, string>> = { "linux/amd64": "qemu-x86_64", "linux/arm64": "qemu-aarch64" };

/** Where the kernel keeps what it runs foreign programs with, https://docs.kernel.org/admin-guide/binfmt-misc.html */
const binfmt = "/proc/sys/fs/binfmt_misc";

/**
 * Sees to it that the kernel runs programs of these platforms: those of another than the machine's own by QEMU. What is
 * registered holds for the whole machine until it starts again. Throws a Fault where the kernel does not take it.
 */
export async function ensureEmulation(wanted: readonly Platform[]): Promise<void> {
  const own = ownPlatform();
  for (const platform of wanted.filter((each) => each !== own)) {
    const emulator = emulators[platform];
    if (existsSync(join(binfmt, emulator))) {
      log("emulation", `${platform} by ${emulator}, which the kernel knows already`);
      continue;
    }
    await register(emulator).catch((error: unknown) => {
      if (error instanceof Fault) throw error;
      throw new Fault(
        `${platform} cannot be emulated on this ${own} machine: its kernel does not take ${emulator} ` +
          `(${reasonOf(error)}). Leave ${platform} out of PLATFORMS, or build ` +
          `on a machine whose kernel has binfmt_misc.`,
      );
    });
    log("emulation", `${platform} by ${emulator}, registered with the kernel until this machine starts again`);
  }
}

/** What went wrong, in a line: what a program said of it, where one was run. */
function reasonOf(error: unknown): string {
  if (error instanceof ExecaError) return String(error.stderr).split("\n")[0] ?? error.shortMessage;
  return messageOf(error);
}

/** Registers an emulator by the line of its Debian package: the kernel opens the program now and keeps it. */
async function register(emulator: string): Promise<void> {
  const name = `${emulator}-static`;
  const program = await ensureDebianProgram(name, "Another platform than the machine's own is emulated by it", [
    { debianPackage: "qemu-user-static", program: name },
    // From Debian 13 on, that one only links to this one, which is static.
    { debianPackage: "qemu-user", program: emulator },
  ]);
  const prefix = program.replace(/\/bin\/[^/]*$/, "");
  const folders = [join(prefix, "lib", "binfmt.d"), join(prefix, "share", "qemu", "binfmt.d")];
  const file = folders.map((folder) => join(folder, `${emulator}.conf`)).find((path) => existsSync(path));
  if (file === undefined) {
    throw new Fault(
      `${program} is there without ${emulator}.conf in ${folders.join(" or ")}. ` +
        `Take it off PATH, so that Debian's is used, or leave its platform out of PLATFORMS.`,
    );
  }
  const line = await readFile(file, "utf8");
  if (!existsSync(join(binfmt, "register"))) await execa("mount", ["-t", "binfmt_misc", "binfmt_misc", binfmt]);
  await writeFile(join(binfmt, "register"), line.trim().replace(":/usr/", `:${prefix}/`));
}
